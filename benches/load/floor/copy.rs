//! HTTP before HTTP: bytes are passed on as they come, and nothing is looked at.

use super::pool::Pool;
use super::{Fault, listen};
use hyper::body::Incoming;
use hyper::{Request, Response};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;

pub(super) async fn serve(origin: SocketAddr) -> Result<(), Box<dyn Error>> {
    let pool = Pool::<Incoming>::of(origin).map_err(|fault| fault.to_string())?;
    listen(Arc::new(pool), answer).await
}

async fn answer(
    pool: Arc<Pool<Incoming>>,
    request: Request<Incoming>,
) -> Result<Response<Incoming>, Fault> {
    // the connection is free once the body has passed, and whoever takes it sooner waits
    let (response, _lent) = pool.send(request).await?;
    Ok(response)
}

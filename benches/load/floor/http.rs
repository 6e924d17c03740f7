//! HTTP before HTTP: envelopes are parsed both ways and get another id.

use super::envelope::Envelope;
use super::pool::Pool;
use super::{Fault, listen};
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::body::Incoming;
use hyper::header::CONTENT_LENGTH;
use hyper::{Request, Response};
use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

struct Floor {
    pool: Pool<Full<Bytes>>,
    next_id: AtomicU64,
}

pub(super) async fn serve(origin: SocketAddr) -> Result<(), Box<dyn Error>> {
    let pool = Pool::of(origin).map_err(|fault| fault.to_string())?;
    listen(Arc::new(Floor { pool, next_id: AtomicU64::new(1) }), answer).await
}

async fn answer(
    floor: Arc<Floor>,
    request: Request<Incoming>,
) -> Result<Response<Full<Bytes>>, Fault> {
    let (mut head, body) = request.into_parts();
    let text = body.collect().await?.to_bytes();
    let envelope = Envelope::of(&text).ok_or("no message")?;
    let own = floor.next_id.fetch_add(1, Ordering::Relaxed).to_string();
    let sent = renamed(&envelope, &text, &own);
    head.headers.remove(CONTENT_LENGTH);
    let request = Request::from_parts(head, Full::from(sent));
    let (response, lent) = floor.pool.send(request).await?;

    let (mut head, body) = response.into_parts();
    let reply = body.collect().await?.to_bytes();
    drop(lent);
    let back = match (envelope.id, Envelope::of(&reply)) {
        (Some(id), Some(answer)) => renamed(&answer, &reply, id.get()).into(),
        _ => reply,
    };
    head.headers.remove(CONTENT_LENGTH);
    Ok(Response::from_parts(head, Full::new(back)))
}

fn renamed(envelope: &Envelope<'_>, text: &[u8], id: &str) -> Vec<u8> {
    let mut buffer = Vec::with_capacity(text.len() + 24);
    envelope.write_as(text, id, &mut buffer);
    buffer
}

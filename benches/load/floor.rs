//! What a gateway costs at the least: pass-throughs of about a hundred lines each, on as many threads as the
//! gateway has.
//!
//! Three of them parse the envelope of each message and give it another id, as whoever shares one server among
//! clients must; the fourth copies bytes. None has sessions, deadlines, limits, health or a log.

mod bridge;
mod copy;
mod envelope;
mod http;
mod lines;
mod pool;

use crate::role::end_with_stdin;
use hyper::body::{Body, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::{TokioIo, TokioTimer};
use std::error::Error;
use std::net::Ipv4Addr;
use std::sync::Arc;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpListener;

/// Whatever fails.
pub(crate) type Fault = Box<dyn Error + Send + Sync>;

/// Serves as this floor: `http` and `copy` before the address given, `bridge` and `pipe` before this program
/// as a server over pipes.
pub(crate) async fn serve(floor: &str, arguments: &[String]) -> Result<(), Box<dyn Error>> {
    match (floor, arguments) {
        ("http", [address]) => http::serve(address.parse()?).await,
        ("copy", [address]) => copy::serve(address.parse()?).await,
        ("bridge", []) => bridge::serve().await,
        ("pipe", []) => lines::serve().await,
        _ => Err("there is no such role".into()),
    }
}

/// Prints its address, and answers every request with what the service makes of it.
async fn listen<S, F, B>(
    state: Arc<S>,
    answer: fn(Arc<S>, Request<Incoming>) -> F,
) -> Result<(), Box<dyn Error>>
where
    S: Send + Sync + 'static,
    F: Future<Output = Result<Response<B>, Fault>> + Send + 'static,
    B: Body<Data: Send, Error: Into<Fault>> + Send + 'static,
{
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await?;
    let address = listener.local_addr()?;
    tokio::io::stdout().write_all(format!("{address}\n").as_bytes()).await?;
    end_with_stdin();
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let state = Arc::clone(&state);
        tokio::spawn(async move {
            let service = service_fn(|request| answer(Arc::clone(&state), request));
            // a connection that breaks is the client's to notice
            let _broken = http1::Builder::new()
                .timer(TokioTimer::new())
                .serve_connection(TokioIo::new(stream), service)
                .await;
        });
    }
}

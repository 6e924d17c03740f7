//! The simulated server over HTTP: the listening socket, and who is let in.
//!
//! One thread does all reading and writing, so that [`Fault::FreezeLoop`] is what it is in real
//! servers: their event loop stands still.
//!
//! *Invariant:* while [`Fault::Refuse`] is on there is neither a listening socket nor a connection.

mod legacy;
mod modern;
mod reply;
mod socket;
mod streamable;

use super::fault::Fault;
use super::lines::complain;
use super::server::Server;
use super::settings::Kind;
use crate::websocket::Onward;
use axum::body::Body;
use axum::http::{Request, Response, StatusCode, header};
use bytes::Bytes;
use http_body_util::{BodyExt, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use reply::{Broken, plain};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinSet;

/// Largest body that is read.
const MOST: usize = 64 << 20;
/// Rest between two attempts to have the port or a connection.
const PAUSE: Duration = Duration::from_millis(20);

/// Serves on a bound socket for good.
pub(super) async fn serve(server: Arc<Server>, listener: std::net::TcpListener) -> io::Result<()> {
    listener.set_nonblocking(true)?;
    let mut listener = TcpListener::from_std(listener)?;
    let address = listener.local_addr()?;
    let mut changes = server.faults.changes();
    let mut connections = JoinSet::new();
    server.listening.store(true, Ordering::SeqCst);
    loop {
        if server.faults.on(Fault::FreezeLoop) {
            server.frozen.store(true, Ordering::SeqCst);
            server.faults.wait_while(Fault::FreezeLoop);
            server.frozen.store(false, Ordering::SeqCst);
        }
        if server.faults.on(Fault::Refuse) {
            drop(listener);
            connections.shutdown().await;
            server.listening.store(false, Ordering::SeqCst);
            listener = reopened(&server, address).await;
            server.listening.store(true, Ordering::SeqCst);
        }
        tokio::select! {
            // the sender lives as long as the server
            _ = changes.changed() => {}
            accepted = listener.accept() => match accepted {
                Ok((stream, _)) => {
                    let _best_effort = stream.set_nodelay(true);
                    let server = Arc::clone(&server);
                    // however it ends, it has ended
                    connections.spawn(converse(server, stream));
                }
                Err(error) => {
                    complain(&format!("error: cannot accept a connection: {error}"));
                    tokio::time::sleep(PAUSE).await;
                }
            },
            Some(_) = connections.join_next() => {}
        }
    }
}

/// Serves one connection, and whatever it is upgraded to.
async fn converse(server: Arc<Server>, stream: TcpStream) {
    let onward = Onward::default();
    let next = onward.clone();
    let route = service_fn(move |mut request: Request<Incoming>| {
        request.extensions_mut().insert(next.clone());
        route(Arc::clone(&server), request)
    });
    let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), route);
    let _ended = connection.with_upgrades().await;
    if let Some(next) = onward.take() {
        next.await;
    }
}

/// The same address again, once that is wanted and can be had.
async fn reopened(server: &Server, address: SocketAddr) -> TcpListener {
    let mut changes = server.faults.changes();
    let mut told = false;
    loop {
        while server.faults.on(Fault::Refuse) {
            let _changed = changes.changed().await;
        }
        match TcpListener::bind(address).await {
            Ok(listener) => return listener,
            Err(error) if !told => {
                complain(&format!("error: cannot listen on {address} again yet: {error}"));
                told = true;
            }
            Err(_) => {}
        }
        tokio::time::sleep(PAUSE).await;
    }
}

/// Answers one request, whatever is at its address, as the faults of HTTP say.
async fn route(server: Arc<Server>, request: Request<Incoming>) -> Result<Response<Body>, Broken> {
    if server.faults.on(Fault::BlackHole) {
        return std::future::pending().await;
    }
    if let Some(burst) = server.faults.next_status() {
        let status = StatusCode::from_u16(burst.status).unwrap_or(StatusCode::IM_A_TEAPOT);
        let mut response = Response::builder().status(status);
        if let Some(seconds) = burst.retry_after {
            response = response.header(header::RETRY_AFTER, seconds);
        }
        if status == StatusCode::UNAUTHORIZED {
            response = response.header(header::WWW_AUTHENTICATE, "Bearer");
        }
        return response.body(Body::from("simulated\n")).map_err(|_| Broken);
    }
    match (server.settings.transport, request.uri().path()) {
        (Kind::Http, "/mcp") => streamable::answer(server, request).await,
        (Kind::Sse, "/sse" | "/messages") => legacy::answer(server, request).await,
        (Kind::Ws, "/ws") => socket::answer(server, request),
        _ => Ok(plain(StatusCode::NOT_FOUND, "no such page; MCP is at /mcp, /sse or /ws\n")),
    }
}

/// The body of a request, on record; broken off when it is too large or does not end well.
async fn body(server: &Server, request: Request<Incoming>) -> Result<Bytes, Broken> {
    let body = Limited::new(request.into_body(), MOST).collect().await.map_err(|_| Broken)?;
    let bytes = body.to_bytes();
    server.files.record_body(&bytes);
    Ok(bytes)
}

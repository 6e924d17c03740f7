//! HTTP+SSE: one event stream for everything the server says, and an address to post to.
//!
//! Source: MCP 2024-11-05 "Transports", HTTP with SSE.

use super::reply::{Broken, events, plain};
use crate::simulate::outlet::Outlet;
use crate::simulate::request::receive;
use crate::simulate::server::{Exchange, Server};
use axum::body::Body;
use axum::http::{Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;

const ADDRESS: &str = "/messages?sessionId=";

/// Answers a request to `/sse` or `/messages`.
pub(super) async fn answer(
    server: Arc<Server>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    let address = request.uri().path_and_query().map_or("", |address| address.as_str());
    match (request.method(), address.strip_prefix(ADDRESS)) {
        (&Method::GET, None) if request.uri().path() == "/sse" => {
            server.sessions.forget_gone();
            let id = server.sessions.create();
            let first = format!("event: endpoint\ndata: {ADDRESS}{id}\n\n");
            Ok(events(server.sessions.open(&id), Some(first)))
        }
        (&Method::POST, Some(id)) if server.sessions.has(id) => {
            let stream = Outlet::Session(Arc::clone(&server.sessions), id.to_owned());
            let bytes = super::body(&server, request).await?;
            let exchange = Exchange { server, reply: stream.clone(), notes: stream };
            tokio::task::spawn_blocking(move || receive(&exchange, &bytes));
            Ok(plain(StatusCode::ACCEPTED, "Accepted\n"))
        }
        (&Method::POST, Some(_)) => Ok(plain(StatusCode::NOT_FOUND, "no such session\n")),
        _ => Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "GET /sse, then POST where it says\n")),
    }
}

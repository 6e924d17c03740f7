//! Streamable HTTP: POST a message, GET an event stream, DELETE a session.
//!
//! Source: MCP 2025-11-25 "Transports", Streamable HTTP.

use super::modern;
use super::reply::{Broken, events, object, plain, typed};
use crate::simulate::outlet::Outlet;
use crate::simulate::request::{Message, receive};
use crate::simulate::server::{Exchange, Server};
use crate::simulate::settings::{EraKind, ReplyKind};
use axum::body::Body;
use axum::http::{HeaderValue, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use std::sync::Arc;
use tokio::sync::mpsc;

const SESSION: &str = "mcp-session-id";
/// Messages of one answer on their way.
const ROOM: usize = 16;
const NOT_JSON: &str =
    "{\"jsonrpc\":\"2.0\",\"id\":null,\"error\":{\"code\":-32700,\"message\":\"Parse error\"}}\n";

/// Answers a request to `/mcp`.
pub(super) async fn answer(
    server: Arc<Server>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    if request.method() == Method::POST {
        server.files.record_headers(request.headers());
    }
    if server.settings.era != EraKind::Legacy && modern::speaks(request.headers()) {
        return modern::answer(server, request).await;
    }
    if server.settings.era == EraKind::Modern {
        return modern::refuse_legacy(server, request).await;
    }
    let session = request.headers().get(SESSION).and_then(|id| id.to_str().ok());
    let session = session.map(str::to_owned);
    match *request.method() {
        Method::POST => post(server, session, request).await,
        Method::GET | Method::DELETE => {
            let id = match known(&server, session) {
                Ok(id) => id,
                Err(refusal) => return Ok(*refusal),
            };
            if request.method() == Method::GET {
                return Ok(events(server.sessions.open(&id), None));
            }
            server.sessions.forget(&id);
            Ok(plain(StatusCode::OK, ""))
        }
        _ => Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "POST, GET or DELETE\n")),
    }
}

/// The session a request belongs to.
fn known(server: &Server, session: Option<String>) -> Result<String, Box<Response<Body>>> {
    let refuse = |status, text| Err(Box::new(plain(status, text)));
    match session {
        _ if server.settings.no_sessions => Ok(String::new()),
        None => refuse(StatusCode::BAD_REQUEST, "Mcp-Session-Id is missing\n"),
        Some(id) if server.sessions.has(&id) => Ok(id),
        Some(_) => refuse(StatusCode::NOT_FOUND, "no such session\n"),
    }
}

async fn post(
    server: Arc<Server>,
    session: Option<String>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    let bytes = super::body(&server, request).await?;
    let Ok(message) = serde_json::from_slice::<Message<'_>>(&bytes) else {
        let mut refusal = typed("application/json", Body::from(NOT_JSON));
        *refusal.status_mut() = StatusCode::BAD_REQUEST;
        return Ok(refusal);
    };
    let opens = message.is_request() && message.method.as_deref() == Some("initialize");
    let opens = opens && !server.settings.no_sessions;
    let id = match if opens { Ok(server.sessions.create()) } else { known(&server, session) } {
        Ok(id) => id,
        Err(refusal) => return Ok(*refusal),
    };
    let standing = Outlet::Session(Arc::clone(&server.sessions), id.clone());
    if !message.is_request() {
        let exchange = Exchange { server, reply: standing.clone(), notes: standing };
        let received = tokio::task::spawn_blocking(move || receive(&exchange, &bytes));
        received.await.map_err(|_| Broken)?;
        return Ok(plain(StatusCode::ACCEPTED, ""));
    }
    let (sender, parts) = mpsc::channel(ROOM);
    let reply = Outlet::Reply(sender);
    let kind = server.settings.http_reply;
    let notes = if kind == ReplyKind::Sse { reply.clone() } else { standing };
    let exchange = Exchange { server, reply, notes };
    // the answer ends when it has let go of the sender
    tokio::task::spawn_blocking(move || receive(&exchange, &bytes));
    let mut response = match kind {
        ReplyKind::Json => object(parts).await?,
        ReplyKind::Sse => events(parts, None),
    };
    if opens {
        let id = HeaderValue::from_str(&id).map_err(|_| Broken)?;
        response.headers_mut().insert(SESSION, id);
    }
    Ok(response)
}

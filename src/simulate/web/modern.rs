//! Streamable HTTP of 2026-07-28: every message is a POST of its own, there is no session.
//!
//! Source: MCP 2026-07-28 "Streamable HTTP".

use super::reply::{Broken, events, object, plain, typed};
use crate::simulate::modern::{error, judge};
use crate::simulate::outlet::Outlet;
use crate::simulate::request::receive;
use crate::simulate::server::{Exchange, Server};
use crate::simulate::settings::ReplyKind;
use axum::body::Body;
use axum::http::{HeaderMap, Method, Request, Response, StatusCode};
use hyper::body::Incoming;
use mcpvisor_actors::bridge::{Fault, MODERN, ParamHeaders, check_headers};
use mcpvisor_actors::wire::{Kind, Limits, Message, Strictness};
use std::sync::Arc;
use tokio::sync::mpsc;

/// Messages of one answer on their way.
const ROOM: usize = 64;

/// Whether a request is written in that revision.
pub(super) fn speaks(headers: &HeaderMap) -> bool {
    headers.get("mcp-protocol-version").is_some_and(|version| version == MODERN)
}

/// Answers a request.
pub(super) async fn answer(
    server: Arc<Server>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    if request.method() != Method::POST {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "POST only\n"));
    }
    let headers = request.headers().clone();
    let bytes = super::body(&server, request).await?;
    let limits = Limits { max_bytes: super::MOST, ..Limits::default() };
    let Ok(message) = Message::parse(bytes.clone(), limits, Strictness::Liberal) else {
        return Ok(refusal(StatusCode::BAD_REQUEST, "null", crate::simulate::answer::PARSE_ERROR));
    };
    let Kind::Request { id, method } = message.kind() else {
        let nowhere = Outlet::Session(Arc::clone(&server.sessions), String::new());
        let exchange = Exchange { server, reply: nowhere.clone(), notes: nowhere };
        tokio::task::spawn_blocking(move || receive(&exchange, &bytes));
        return Ok(plain(StatusCode::ACCEPTED, ""));
    };
    let given: Vec<_> =
        headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes())).collect();
    let annotations = annotations(&server, &message);
    if let Err(fault) = check_headers(&given, &message, annotations.as_ref()) {
        let error = error(&Fault::Header(fault));
        return Ok(refusal(StatusCode::BAD_REQUEST, &id.to_string(), &error));
    }
    let params = String::from_utf8_lossy(message.params().unwrap_or(b"{}")).into_owned();
    if let Err(error) = judge(&server, method, &params) {
        let unknown = error == crate::simulate::answer::METHOD_NOT_FOUND;
        let status = if unknown { StatusCode::NOT_FOUND } else { StatusCode::BAD_REQUEST };
        return Ok(refusal(status, &id.to_string(), &error));
    }
    let listens = &**method == "subscriptions/listen";
    let streams = listens || server.settings.http_reply == ReplyKind::Sse;
    let (sender, parts) = mpsc::channel(ROOM);
    let reply = Outlet::Reply(sender);
    let nowhere = Outlet::Session(Arc::clone(&server.sessions), String::new());
    let notes = if streams { reply.clone() } else { nowhere };
    let exchange = Exchange { server, reply, notes };
    // the answer ends when it has let go of the sender
    tokio::task::spawn_blocking(move || receive(&exchange, &bytes));
    if streams { Ok(events(parts, None)) } else { object(parts).await }
}

/// Which arguments of the tool called are to travel as headers.
fn annotations(server: &Server, message: &Message) -> Option<ParamHeaders> {
    let params: serde_json::Value = serde_json::from_slice(message.params()?).ok()?;
    let schema = server.tools.schema(params["name"].as_str()?);
    ParamHeaders::of_schema(schema.as_bytes()).ok()
}

/// A server of 2026-07-28 alone is asked something in an older revision.
pub(super) async fn refuse_legacy(
    server: Arc<Server>,
    request: Request<Incoming>,
) -> Result<Response<Body>, Broken> {
    if request.method() != Method::POST {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "POST only\n"));
    }
    let bytes = super::body(&server, request).await?;
    let said: serde_json::Value = serde_json::from_slice(&bytes).unwrap_or_default();
    let method = said["method"].as_str().unwrap_or_default();
    match judge(&server, method, &said["params"].to_string()) {
        Err(error) => Ok(refusal(StatusCode::BAD_REQUEST, &said["id"].to_string(), &error)),
        Ok(_) => Ok(plain(StatusCode::BAD_REQUEST, "MCP-Protocol-Version is missing\n")),
    }
}

/// An error as the whole answer.
fn refusal(status: StatusCode, id: &str, error: &str) -> Response<Body> {
    let text = format!("{{\"jsonrpc\":\"2.0\",\"id\":{id},\"error\":{error}}}\n");
    let mut response = typed("application/json", Body::from(text));
    *response.status_mut() = status;
    response
}

//! Requests of 2026-07-28 over HTTP: one POST each, and nothing else.
//!
//! Source: MCP 2026-07-28 "Streamable HTTP".
//!
//! *Invariant:* a client that closes the response of a request has given the request up; no session is
//! opened, and no event has an id.

use super::Shared;
use super::events::{EventStream, OnDrop, Purpose};
use super::media::Accepts;
use super::refusal::Refusal;
use super::reply::{self, Start};
use super::trace;
use crate::faces::outbox::Outbox;
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use mcpvisor_actors::bridge::{Fault, RequestMeta, check_version};
use mcpvisor_actors::session::Outgoing;
use mcpvisor_actors::wire::{Kind, Limits, Members, Message, Payload, Strictness, code};
use memchr::memmem;
use std::sync::Arc;

/// Serves a request.
pub(super) async fn call(
    face: &Shared,
    accepts: Accepts,
    headers: &HeaderMap,
    meta: &RequestMeta,
    message: Message,
) -> Result<Response, Refusal> {
    face.clients.check_headers(&ours(headers), &message)?;
    let listens = matches!(message.kind(), Kind::Request { method, .. } if &**method == LISTEN);
    if listens && accepts == Accepts::Json {
        return Err(Refusal::StreamNotAcceptable);
    }
    let admission = face.clients.admit().ok_or(Refusal::Overloaded)?;
    let (stream, outbox) = Outbox::new();
    let underway =
        face.clients.serve_within(meta, message, admission, stream, trace::ambient(headers));
    let underway = Arc::new(underway);
    let abandon = OnDrop::new({
        let underway = Arc::clone(&underway);
        move || underway.abandon()
    });
    let first = match reply::start(&outbox, accepts, face.settings.json_patience).await {
        Start::Answer(answer) => return Ok(answered(answer, face.settings.limits)),
        Start::Nothing => return Ok(reply::accepted()),
        Start::Events(first) => first,
    };
    let keep_alive = face.settings.keep_alive;
    let events = if listens {
        let end = OnDrop::new(move || underway.wind_up());
        let purpose = Purpose::Everything(face.closing.subscribe(), end);
        EventStream::new(outbox, purpose, keep_alive).finally(abandon)
    } else {
        EventStream::new(outbox, Purpose::Answer(abandon, 1), keep_alive)
    };
    Ok(events.starting_with(first).into_response())
}

const LISTEN: &str = "subscriptions/listen";

/// Why a request is refused that is no good one: headers that contradict it are told first.
pub(super) fn refused(headers: &HeaderMap, message: &Message, fault: Fault) -> Refusal {
    check_version(&ours(headers), message).err().map_or(fault, Fault::from).into()
}

/// Takes a notification, or a response to nothing: there is no session it could belong to.
pub(super) fn tell(
    face: &Shared,
    headers: &HeaderMap,
    message: &Message,
) -> Result<Response, Refusal> {
    face.clients.check_headers(&ours(headers), message)?;
    Ok(reply::accepted())
}

/// The headers that repeat what the body says.
fn ours(headers: &HeaderMap) -> Vec<(&str, &[u8])> {
    let pairs = headers.iter().map(|(name, value)| (name.as_str(), value.as_bytes()));
    pairs.filter(|(name, _)| name.starts_with("mcp-")).collect()
}

/// The answer as one document, with the status that fits to it.
fn answered(answer: Outgoing, limits: Limits) -> Response {
    let status = status(&answer.payload, limits);
    let mut response = reply::json(&answer.payload, answer.held);
    *response.status_mut() = status;
    response
}

/// Which status an answer has, whoever answered. Only what may be an error is looked into.
///
/// Source: MCP 2026-07-28 "Streamable HTTP", "Base protocol", error codes.
fn status(answer: &Payload, limits: Limits) -> StatusCode {
    let mentioned = |chunk: &[u8]| memmem::find(chunk, b"-32").is_some();
    if !answer.chunks().iter().any(|chunk| mentioned(chunk)) {
        return StatusCode::OK;
    }
    match code_of(answer, limits) {
        Some(code::METHOD_NOT_FOUND) => StatusCode::NOT_FOUND,
        Some(code::HEADER_MISMATCH | code::MISSING_CAPABILITY | code::UNSUPPORTED_VERSION) => {
            StatusCode::BAD_REQUEST
        }
        _ => StatusCode::OK,
    }
}

/// The code of an error.
fn code_of(answer: &Payload, limits: Limits) -> Option<i32> {
    let message = Message::parse(answer.to_bytes(), limits, Strictness::Liberal).ok()?;
    if !matches!(message.kind(), Kind::Response { ok: false, .. }) {
        return None;
    }
    let code = Members::of(message.outcome_raw()?)?.get("code").ok()??;
    serde_json::from_str(code.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn the_status_follows_from_the_code_of_an_error_and_from_nothing_else() {
        for (outcome, expected) in [
            (r#""result":{"text":"-32601"}"#, 200),
            (r#""result":{"error":{"code":-32601}}"#, 200),
            (r#""error":{"code":-32601,"message":"m"}"#, 404),
            (r#""error":{"message":"m","code":-32020}"#, 400),
            (r#""error":{"code":-32021,"message":"m"}"#, 400),
            (r#""error":{"code":-32022,"message":"m"}"#, 400),
            (r#""error":{"code":-32602,"message":"m"}"#, 200),
            (r#""error":{"code":-32003,"message":"m"}"#, 200),
            (r#""error":{"code":7,"message":"-32601"}"#, 200),
        ] {
            let text = Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":1,{outcome}}}"#));
            assert_eq!(status(&text.into(), Limits::default()).as_u16(), expected, "{outcome}");
        }
    }
}

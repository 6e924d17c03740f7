//! Calls a tool for an operator, on the path the calls of clients take.
//!
//! The call is one of a client of 2026-07-28 without a session that can be asked for nothing. Its answer
//! is handed on as the server wrote it.
//!
//! *Invariant:* an operator who is gone has given the call up; one is answered once, in bounded time.

mod frames;

use super::Running;
use super::refusal::Refusal;
use crate::gateway;
use crate::ledger::CallOutcome;
use frames::CallFrames;
use mcpvisor_actors::bridge::{MODERN, RequestMeta, key};
use mcpvisor_actors::fleet::Frame;
use mcpvisor_actors::session::{ClientStream, Underway};
use mcpvisor_actors::wire::{
    Kind, Limits, Message, Payload, Strictness, Subject, WireError, request_raw,
};
use serde::Serialize;
use serde_json::json;
use serde_json::value::RawValue;
use std::time::Duration;
use tokio::time::{Instant, timeout};
use utoipa::ToSchema;

/// How long a call may take when its server's policy has no end.
const LONGEST: Duration = Duration::from_secs(600);
/// The server's own ceiling ends a call first: it knows why.
const BEYOND: Duration = Duration::from_secs(5);

/// How a call ended.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Answered {
    /// The request's number.
    request: Option<u64>,
    /// How it ended.
    outcome: Option<CallOutcome>,
    /// The result, as the server wrote it.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    result: Option<Box<RawValue>>,
    /// The JSON-RPC error.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<Object>)]
    error: Option<Box<RawValue>>,
    /// How long it took, in milliseconds.
    took_ms: f64,
    /// The frames of it between the gateway and the server.
    frames: Vec<Frame>,
}

/// Calls a tool with these arguments, the JSON text of an object.
pub(super) async fn call_tool(
    running: &Running,
    tool: &str,
    arguments: &str,
) -> Result<Answered, Refusal> {
    let limits = gateway::limits(&running.config);
    let (message, meta) = request(tool, arguments, limits)?;
    let admission = running.clients.admit().ok_or(Refusal::Overloaded)?;
    let (stream, mut reader) = ClientStream::new();
    let (ceiling, mut frames) = at_server(running, tool, arguments);
    let since = Instant::now();
    let stream = stream.for_answers_only();
    let underway = GivenUp(running.clients.serve(&meta, message, admission, stream));
    let answer = async {
        while let Some(outgoing) = reader.next().await {
            if outgoing.answer {
                return Some(outgoing.payload);
            }
        }
        None
    };
    let late = || Refusal::NoAnswer(ceiling.as_secs());
    let answer = timeout(ceiling + BEYOND, async {
        tokio::select! {
            answer = answer => answer,
            () = frames.pick() => None,
        }
    });
    let answer = answer.await.map_err(|_| late())?.ok_or_else(late)?;
    let took_ms = since.elapsed().as_secs_f64() * 1e3;
    let request = underway.0.number();
    running.hub.settled().await;
    let seen = request.and_then(|number| running.ledger.call(number));
    let took_ms = seen.as_ref().map_or(took_ms, |call| call.took_ms);
    let (result, error) = parts(&answer, limits)
        .map_err(|error| Refusal::NotThat(format!("the answer cannot be read: {error}")))?;
    let outcome = seen.and_then(|call| call.outcome);
    Ok(Answered { request, outcome, result, error, took_ms, frames: frames.all() })
}

/// The request, and what it says of its client: that it can be asked for nothing.
fn request(tool: &str, arguments: &str, limits: Limits) -> Result<(Message, RequestMeta), Refusal> {
    let meta = json!({
        key::PROTOCOL_VERSION: MODERN,
        key::CLIENT_CAPABILITIES: {},
        key::CLIENT_INFO: { "name": "mcpvisor-api", "version": env!("CARGO_PKG_VERSION") },
    });
    let params = format!("{{\"name\":{},\"arguments\":{arguments},\"_meta\":{meta}}}", json!(tool));
    let bytes = request_raw(1, "tools/call", &params).to_bytes();
    let message = Message::parse(bytes, limits, Strictness::Strict)
        .map_err(|error| Refusal::NotThat(error.to_string()))?;
    let meta = RequestMeta::of(&message).map_err(|fault| Refusal::NotThat(fault.to_string()))?;
    Ok((message, meta))
}

/// How long a call may take at the server of this tool, and the frames of it there.
fn at_server(running: &Running, tool: &str, arguments: &str) -> (Duration, CallFrames) {
    let route = running.clients.view().snapshot().load().route(Subject::Tool, tool);
    let (server, own) = route.as_ref().map_or(("", ""), |it| (it.server.as_str(), &it.own));
    let ceiling = running.fleet.card(server).ok().map(|card| card.spec.limits.call_ceiling);
    let ceiling = ceiling.filter(|ceiling| !ceiling.is_zero()).unwrap_or(LONGEST);
    (ceiling, CallFrames::new(running.fleet.tap(server).ok(), own, arguments))
}

type Parts = (Option<Box<RawValue>>, Option<Box<RawValue>>);

/// The result or the error of an answer.
fn parts(answer: &Payload, limits: Limits) -> Result<Parts, WireError> {
    let message = Message::parse(answer.to_bytes(), limits, Strictness::Liberal)?;
    let text = String::from_utf8_lossy(message.outcome_raw().unwrap_or(b"null")).into_owned();
    let raw = RawValue::from_string(text).ok();
    Ok(match message.kind() {
        Kind::Response { ok: true, .. } => (raw, None),
        _ => (None, raw),
    })
}

/// Gives the call up when it is dropped before its end; after it, that changes nothing.
struct GivenUp(Underway);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.abandon();
    }
}

//! `POST /api/v1/servers/{name}/send`: a message to a server, as it is.

use super::BenchFault;
use crate::admin::Desk;
use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::{json, unknown};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use mcpvisor_actors::fleet::{
    Direction, Frame, FrameKind, FrameWatch, RawAnswer, RawFault, RawMessage, Seen, Shown,
};
use mcpvisor_actors::server::Mask;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use std::sync::Arc;
use std::time::Duration;
use tokio::task::spawn_blocking;
use utoipa::ToSchema;

/// Longest body: the longest message, and what is around it.
const BODY: usize = 4 * 1024 * 1024 + 64 * 1024;
/// How long an answer is waited for unless told, and at most.
const TIMEOUT_MS: u64 = 30_000;
const MOST_MS: u64 = 120_000;
/// Frames shown with the answer.
const FRAMES: usize = 64;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(send))
}

/// A message for a server.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[schema(as = SendRequest, example = json!({ "message": { "jsonrpc": "2.0", "id": 1, "method": "tools/list" } }))]
struct Ask {
    /// The JSON-RPC message.
    #[schema(value_type = Object)]
    message: Box<RawValue>,
    /// How long the answer to a request is waited for; 30,000 unless told, 120,000 at most.
    timeout_ms: Option<u64>,
    /// Whether to fill in what a request of 2026-07-28 must say in `_meta` and does not.
    #[serde(default)]
    fill_meta: bool,
}

/// What a server said to a message.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct SendAnswer {
    /// The answer to a request, with the request's own id and secrets masked.
    #[schema(value_type = Option<Object>)]
    pub response: Option<Box<RawValue>>,
    /// The id the request had at the server.
    pub id: Option<u64>,
    /// The number of the connection it went over.
    pub generation: u64,
    /// From sending it to its answer.
    pub took_ms: f64,
    /// The frames of it, and what was told meanwhile.
    pub frames: Vec<Frame>,
}

/// Sends a message to a server over the connection that is supervised. It is no client's call: no slot, no
/// statistics, not even of the server's quality.
#[utoipa::path(
    post,
    path = "/api/v1/servers/{name}/send",
    operation_id = "sendMessage",
    tag = "bench",
    params(("name" = String, Path, description = "The server", example = "files")),
    request_body = Ask,
    responses(
        (status = 200, description = "It was sent, and answered if it was a request", body = SendAnswer),
        (status = 400, description = "It is no message, or would disturb the connection", body = ErrorAnswer),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
        (status = 409, description = "The server is not ready, or the message names a request of a client", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
        (status = 502, description = "It was not delivered, or its answer got lost", body = ErrorAnswer),
        (status = 504, description = "No answer came in time", body = ErrorAnswer),
    )
)]
async fn send(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    desk.open_fleet()?;
    let Ask { message, timeout_ms, fill_meta } = json(request, BODY).await?;
    let (fleet, card) = desk.card(&name)?;
    let mut watch = fleet.tap(&name).map_err(|missing| unknown(missing, fleet))?;
    let raw = RawMessage {
        message: message.get().to_owned().into(),
        timeout: patience(timeout_ms),
        fill_meta,
    };
    let answered = fleet.send_raw(&name, raw).await.map_err(|fault| refused(&desk, fault))?;
    let RawAnswer { ref answer, id, generation, took } = answered;
    let said = SendAnswer {
        response: match answer.clone() {
            // it may be large
            Some(answer) => {
                let mask = card.spec.mask.clone();
                spawn_blocking(move || shown(&answer, &mask)).await.ok()
            }
            None => None,
        },
        id,
        generation: generation.number(),
        took_ms: took.as_secs_f64() * 1e3,
        frames: about(&mut watch, &answered),
    };
    Ok(self::answer(StatusCode::OK, &said))
}

/// How long to wait.
pub(super) fn patience(timeout_ms: Option<u64>) -> Duration {
    Duration::from_millis(timeout_ms.unwrap_or(TIMEOUT_MS).clamp(1, MOST_MS))
}

fn refused(desk: &Desk, fault: RawFault) -> Refusal {
    match (fault, desk.open_fleet()) {
        (RawFault::NoSuchServer(missing), Ok(fleet)) => unknown(missing, fleet),
        (fault, _) => BenchFault::Send(fault).into(),
    }
}

/// An answer without secrets: JSON still, or the JSON text of what is left of it.
fn shown(answer: &[u8], mask: &Mask) -> Box<RawValue> {
    let text = mask(&String::from_utf8_lossy(answer));
    RawValue::from_string(text).unwrap_or_else(|_| {
        let Shown { text, .. } = Shown::of(answer, mask);
        let quoted = serde_json::Value::from(text).to_string();
        RawValue::from_string(quoted).unwrap_or_default()
    })
}

/// The frames that have to do with a message: its own, its answer, and what was told or asked meanwhile.
fn about(watch: &mut FrameWatch, answered: &RawAnswer) -> Vec<Frame> {
    let id = answered.id.map(|id| id.to_string());
    let others = |frame: &Frame| {
        let answered_or_asked = matches!(
            (frame.direction, frame.kind),
            (Direction::Out, FrameKind::Request) | (Direction::In, FrameKind::Response)
        );
        frame.generation != answered.generation || answered_or_asked && frame.id != id
    };
    let seen = std::iter::from_fn(|| watch.so_far());
    let frames = seen.filter_map(|seen| match seen {
        Seen::Frame(frame) => Some(frame),
        Seen::Lost(_) => None,
    });
    frames.filter(|frame| !others(frame)).take(FRAMES).map(Arc::unwrap_or_clone).collect()
}

//! `GET /api/v1/servers/{name}/frames`: the frames of a server as they go by, as server-sent events.

use super::BenchFault;
use crate::admin::Desk;
use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal};
use crate::admin::request::unknown;
use crate::faces::Closing;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{Path, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::{StreamExt, stream};
use mcpvisor_actors::fleet::{FrameWatch, Seen};
use serde::Serialize;
use serde_json::json;
use std::convert::Infallible;
use std::time::Duration;
use tokio::time::sleep;

/// Who may watch one server at the same time.
const WATCHERS: usize = 16;
/// A stream on which nothing happens says so in between.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(frames))
}

/// The frames of a server from now on, both ways, handshakes included.
///
/// Events: `frame` with a frame; `lagged` with `{lost}` when frames were lost because they were not read in
/// time. The stream ends with the gateway.
#[utoipa::path(
    get,
    path = "/api/v1/servers/{name}/frames",
    operation_id = "watchFrames",
    tag = "bench",
    params(("name" = String, Path, description = "The server", example = "files")),
    responses(
        (status = 200, description = "The frames as they go by", body = String, content_type = "text/event-stream"),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
        (status = 429, description = "Too many watch this server", body = ErrorAnswer),
    )
)]
async fn frames(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    closing: Option<Extension<Closing>>,
) -> Result<Response, Refusal> {
    let (fleet, _) = desk.card(&name)?;
    let watch = fleet.tap(&name).map_err(|missing| unknown(missing, fleet))?;
    if watch.watchers() > WATCHERS {
        return Err(BenchFault::Watchers(WATCHERS).into());
    }
    let closing = closing.map(|Extension(closing)| closing);
    closing.iter().for_each(Closing::may_be_cut);
    // something at once, so that the watcher knows that it watches
    let first = stream::iter([Ok::<_, Infallible>(Bytes::from_static(b": watching\n\n"))]);
    let events = stream::unfold((watch, closing), async |(mut watch, mut closing)| {
        tokio::select! {
            biased;
            () = told(&mut closing) => None,
            text = next(&mut watch) => Some((Ok(text), (watch, closing))),
        }
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(first.chain(events))).into_response())
}

async fn told(closing: &mut Option<Closing>) {
    match closing {
        Some(closing) => closing.told().await,
        None => std::future::pending().await,
    }
}

/// The next event, or a sign that there is none.
async fn next(watch: &mut FrameWatch) -> Bytes {
    tokio::select! {
        seen = watch.next() => match seen {
            Seen::Frame(frame) => event("frame", &*frame),
            Seen::Lost(lost) => event("lagged", &json!({ "lost": lost })),
        },
        () = sleep(KEEP_ALIVE) => Bytes::from_static(b": nothing new\n\n"),
    }
}

fn event(name: &str, data: &impl Serialize) -> Bytes {
    let data = serde_json::to_string(data).unwrap_or_default();
    Bytes::from(format!("event: {name}\ndata: {data}\n\n"))
}

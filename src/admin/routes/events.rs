//! `/api/v1/events`: what happens, as server-sent events.
//!
//! Source: HTML Living Standard, server-sent events.
//!
//! *Invariant:* a stream ends at once when the gateway stops, so that it keeps nobody from stopping.

use crate::admin::Desk;
use crate::admin::feed::{Listener, Source, Topics, event};
use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal};
use crate::admin::request::asked;
use crate::downstream::looked;
use crate::faces::Closing;
use crate::logs::Log;
use axum::Extension;
use axum::body::{Body, Bytes};
use axum::extract::{RawQuery, State};
use axum::http::header;
use axum::response::{IntoResponse, Response};
use futures_util::stream;
use serde_json::json;
use std::convert::Infallible;
use std::future::pending;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::broadcast::Receiver;
use tokio::sync::broadcast::error::RecvError;
use tokio::time::sleep;

/// Silence after which a comment shows that the stream is alive.
const KEEP_ALIVE: Duration = Duration::from_secs(15);
const COMMENT: Bytes = Bytes::from_static(b": keep-alive\n\n");

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(events))
}

/// What happens, as it happens: server-sent events.
///
/// `hello {version}` comes first, then a `server` of each server. After that: `server` (a whole report,
/// when something of it changed, at most twice a second), `gone {name}`, `call` (a request that runs for a
/// moment, and again once it is over; about fifty a second, the others are counted in `skipped {calls}`),
/// `fact {server, event, words}`, `tools {}` and `session {}` (the lists are others now), and
/// `lagged {lost}` where a reader was too slow. With `logs`: `log` (an entry, as `/api/v1/logs` has it).
#[utoipa::path(
    get,
    path = "/api/v1/events",
    operation_id = "listenToEvents",
    tag = "events",
    params((
        "topics" = Option<String>, Query,
        description = "Some of `servers,calls,facts,logs,tools,sessions`; all but `logs` unless told",
        example = "servers,calls",
    )),
    responses(
        (status = 200, description = "The stream; it has no end", body = String, content_type = "text/event-stream"),
        (status = 400, description = "There is no such topic", body = ErrorAnswer),
        (status = 503, description = "Sixty-four listen already, or the gateway is still starting", body = ErrorAnswer),
    )
)]
async fn events(
    State(desk): State<Desk>,
    closing: Option<Extension<Closing>>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let topics = match asked(query.as_deref(), "topics") {
        None => Topics::USUAL,
        Some(value) => Topics::parse(&value).ok_or(Refusal::Query {
            key: "topics",
            value,
            choices: "some of servers, calls, facts, logs, tools and sessions, with commas between",
        })?,
    };
    let running = desk.running().ok_or(Refusal::Starting)?;
    looked().await;
    let source = Source { fleet: running.fleet.clone(), clients: running.clients.clone() };
    let listener = running.feed.listen(topics, source).map_err(|_| Refusal::TooManyListeners)?;
    let closing = closing.map(|Extension(closing)| closing);
    closing.iter().for_each(Closing::may_be_cut);
    let logs = topics.has(Topics::LOGS).then(|| running.logs.subscribe());
    let events = stream::unfold(Events { listener, logs, closing }, |mut events| async move {
        events.next().await.map(|event| (Ok::<_, Infallible>(event), events))
    });
    let headers = [
        (header::CONTENT_TYPE, "text/event-stream"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
        (header::HeaderName::from_static("x-accel-buffering"), "no"),
    ];
    Ok((headers, Body::from_stream(events)).into_response())
}

/// An open stream.
struct Events {
    listener: Listener,
    /// What is said, when that was asked for and is kept.
    logs: Option<Receiver<Arc<Log>>>,
    closing: Option<Closing>,
}

impl Events {
    /// The next bytes; asked for only while the client reads.
    async fn next(&mut self) -> Option<Bytes> {
        let stops = async {
            match &mut self.closing {
                Some(closing) => closing.told().await,
                None => pending().await,
            }
        };
        tokio::select! {
            biased;
            () = stops => None,
            event = told(&self.listener, &mut self.logs) => Some(event),
            () = sleep(KEEP_ALIVE) => Some(COMMENT),
        }
    }
}

/// The next event, or the next thing that is said, whichever comes first.
async fn told(listener: &Listener, logs: &mut Option<Receiver<Arc<Log>>>) -> Bytes {
    loop {
        let said = async {
            match logs {
                Some(logs) => logs.recv().await,
                None => pending().await,
            }
        };
        let said = tokio::select! {
            event = listener.next() => return event,
            said = said => said,
        };
        match said {
            Ok(log) => return event("log", &*log),
            Err(RecvError::Lagged(lost)) => return event("lagged", &json!({ "lost": lost })),
            // no log is kept, or no more
            Err(RecvError::Closed) => *logs = None,
        }
    }
}

//! `/metrics`, as Prometheus reads it.
//!
//! *Invariant:* a scrape never waits for a server.

use super::desk::Desk;
use super::refusal::{ErrorAnswer, Refusal};
use crate::admin::pages::{Pages, routes};
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};

/// The version of the format, as Prometheus asks for it.
const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The page.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(metrics))
}

/// Everything that can be counted, for Prometheus.
#[utoipa::path(
    get,
    path = "/metrics",
    operation_id = "getMetrics",
    tag = "metrics",
    responses(
        (status = 200, description = "The text format, version 0.0.4", body = String, content_type = "text/plain"),
        (status = 503, description = "The gateway starts", body = ErrorAnswer),
    )
)]
async fn metrics(State(desk): State<Desk>) -> Result<Response, Refusal> {
    let instruments = desk.instruments().ok_or(Refusal::Starting)?;
    // thousands of series take a while
    let text = tokio::task::spawn_blocking(move || instruments.text()).await;
    let text = text.map_err(|_panicked| Refusal::Starting)?;
    Ok(([(header::CONTENT_TYPE, KIND)], text).into_response())
}

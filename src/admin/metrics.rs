//! `/metrics`, as Prometheus reads it.
//!
//! *Invariant:* a scrape never waits for a server.

use super::desk::Desk;
use super::refusal::Refusal;
use axum::Router;
use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use axum::routing::get;

/// The version of the format, as Prometheus asks for it.
const KIND: &str = "text/plain; version=0.0.4; charset=utf-8";

/// The page.
pub(super) fn routes() -> Router<Desk> {
    Router::new().route("/metrics", get(metrics))
}

async fn metrics(State(desk): State<Desk>) -> Result<Response, Refusal> {
    let instruments = desk.instruments().ok_or(Refusal::Starting)?;
    // thousands of series take a while
    let text = tokio::task::spawn_blocking(move || instruments.text()).await;
    let text = text.map_err(|_panicked| Refusal::Starting)?;
    Ok(([(header::CONTENT_TYPE, KIND)], text).into_response())
}

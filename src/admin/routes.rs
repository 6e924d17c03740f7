//! All pages for people and programs who look after a gateway, merged here and nowhere else: `/health`,
//! `/readyz`, the REST API under `/api/v1`, and its description.
//!
//! Each group of pages is a file with a function `routes`, which carries its own part of the
//! description, so that no page is served without being described. What is served of the description is
//! `openapi.json`; a test makes it.
//!
//! *Invariant:* all but `/health`, `/readyz` and the files of the web interface stands behind
//! [`super::guard`]; those files are served only where the API is.

mod calls;
mod config;
mod description;
#[cfg(test)]
mod document;
mod events;
mod health;
mod monitor;
mod orders;
mod servers;
mod sessions;
mod tools;

use super::guard::{Exposure, Guard, guard};
use super::pages::Pages;
use super::refusal::Refusal;
use super::{Desk, bench, logs, metrics, ui};
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use axum::{Extension, Router};
pub(super) use description::actions;
use secrecy::SecretString;
use std::sync::Arc;

/// Where the description is found.
const DESCRIPTION: &str = "/api/v1/openapi.json";

/// Everything behind the guard.
fn guarded() -> Pages {
    Pages::default()
        .merge(servers::routes())
        .merge(orders::routes())
        .merge(monitor::routes())
        .merge(config::routes())
        .merge(tools::routes())
        .merge(calls::routes())
        .merge(sessions::routes())
        .merge(events::routes())
        .merge(metrics::routes())
        .merge(bench::routes())
        .merge(logs::routes())
}

/// The routes, to be merged into the listener's own. With a token the API asks for it; without one it is
/// served to this machine alone.
pub fn router(desk: Desk, exposure: Exposure, token: Option<&SecretString>) -> Router {
    let open = health::routes().into_router().layer(Extension(exposure));
    let rules = Guard::new(desk.clone(), exposure, token);
    let secured = token.is_some();
    let described =
        async move || ([(header::CONTENT_TYPE, "application/json")], description::text(secured));
    let guarded = guarded()
        .into_router()
        .route(DESCRIPTION, get(described))
        .route("/api/{*rest}", any(async || Refusal::NoSuchPage))
        .method_not_allowed_fallback(async || Refusal::Method)
        .layer(from_fn_with_state(Arc::new(rules), guard));
    let shown = exposure == Exposure::Local || token.is_some();
    let open = if shown { open.merge(ui::routes()) } else { open };
    open.method_not_allowed_fallback(async || Refusal::Method).merge(guarded).with_state(desk)
}

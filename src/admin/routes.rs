//! All pages for people and programs who look after a gateway, merged here and nowhere else: `/health`,
//! `/readyz`, the REST API under `/api/v1`, and its description.
//!
//! Each group of pages is a file with a function `routes`, which carries its own part of the
//! description, so that no page is served without being described.
//!
//! *Invariant:* all but `/health` and `/readyz` stands behind [`super::guard`].

mod calls;
mod config;
mod document;
mod events;
mod health;
mod monitor;
mod orders;
mod servers;
mod sessions;
mod tools;

use super::guard::{Exposure, Guard, guard};
use super::refusal::Refusal;
use super::{Desk, bench, logs, metrics};
use axum::Router;
use axum::http::header;
use axum::middleware::from_fn_with_state;
use axum::routing::{any, get};
use bytes::Bytes;
use secrecy::SecretString;
use std::sync::Arc;
use utoipa_axum::router::OpenApiRouter;

/// Where the description is found.
const DESCRIPTION: &str = "/api/v1/openapi.json";

/// Everything behind the guard.
fn guarded() -> OpenApiRouter<Desk> {
    OpenApiRouter::default()
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
    let (guarded, mut api) = guarded().split_for_parts();
    let (open, health) = health::routes(exposure).split_for_parts();
    api.merge(health);
    let api = document::whole(api, token.is_some());
    let rules = Guard::new(desk.clone(), exposure, token, document::actions(&api));
    let text = Bytes::from(serde_json::to_vec(&api).unwrap_or_default());
    let described = move || {
        let headers = [(header::CONTENT_TYPE, "application/json")];
        std::future::ready((headers, text.clone()))
    };
    let guarded = guarded
        .route(DESCRIPTION, get(described))
        .route("/api/{*rest}", any(async || Refusal::NoSuchPage))
        .method_not_allowed_fallback(async || Refusal::Method)
        .layer(from_fn_with_state(Arc::new(rules), guard));
    open.method_not_allowed_fallback(async || Refusal::Method).merge(guarded).with_state(desk)
}

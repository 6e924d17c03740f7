//! `/api/v1/servers`: everything known of the servers, what happened to one, and how it did.

use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::asked;
use crate::admin::{Desk, ServerReport, monitor};
use crate::downstream::looked;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use mcpvisor_actors::health::{Rollup, Tier};
use mcpvisor_actors::timeline::{Event, words};
use serde::Serialize;
use tokio::time::Instant;
use utoipa::ToSchema;

/// Facts of a timeline unless another number is asked for.
const FACTS: usize = 100;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default()
        .routes(routes!(servers))
        .routes(routes!(server))
        .routes(routes!(timeline))
        .routes(routes!(history))
}

/// All servers.
#[derive(Debug, Serialize, ToSchema)]
struct Servers {
    /// They, by name.
    servers: Vec<ServerReport>,
}

/// What happened to a server.
#[derive(Debug, Serialize, ToSchema)]
struct Timeline {
    /// Its name.
    server: String,
    /// The facts, oldest first.
    events: Vec<Told>,
}

/// A fact, also in words.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = TimelineEvent)]
struct Told {
    #[serde(flatten)]
    event: Event,
    /// The same for people.
    words: String,
}

/// How a server did.
#[derive(Debug, Serialize, ToSchema)]
struct History {
    /// Its name.
    server: String,
    /// How coarse the points are.
    tier: Tier,
    /// The periods in which something happened, oldest first.
    points: Vec<Rollup>,
}

/// All servers, with everything known of them.
#[utoipa::path(
    get,
    path = "/api/v1/servers",
    operation_id = "listServers",
    tag = "servers",
    responses((status = 200, description = "The servers by name", body = Servers))
)]
async fn servers(State(desk): State<Desk>) -> Result<Response, Refusal> {
    let fleet = desk.open_fleet()?;
    looked().await;
    let servers = ServerReport::all(fleet);
    Ok(answer(StatusCode::OK, &Servers { servers }))
}

/// One server.
#[utoipa::path(
    get,
    path = "/api/v1/servers/{name}",
    operation_id = "getServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server", example = "files")),
    responses(
        (status = 200, description = "What is known of it", body = ServerReport),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
    )
)]
async fn server(State(desk): State<Desk>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let (fleet, card) = desk.card(&name)?;
    looked().await;
    Ok(answer(StatusCode::OK, &ServerReport::of(card, fleet)))
}

/// What happened to a server.
#[utoipa::path(
    get,
    path = "/api/v1/servers/{name}/timeline",
    operation_id = "getTimeline",
    tag = "servers",
    params(
        ("name" = String, Path, description = "The server", example = "files"),
        ("limit" = Option<usize>, Query, description = "The last so many facts; 100 unless told", example = 20),
    ),
    responses(
        (status = 200, description = "The facts, oldest first", body = Timeline),
        (status = 400, description = "`limit` is no number", body = ErrorAnswer),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
    )
)]
async fn timeline(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let (fleet, card) = desk.card(&name)?;
    let limit = match asked(query.as_deref(), "limit") {
        None => FACTS,
        Some(value) => value.parse().map_err(|_| {
            let choices = "a number, at most 500 facts are kept";
            Refusal::Query { key: "limit", value, choices }
        })?,
    };
    let told = |event: &Event| Told { words: words(event), event: event.clone() };
    let events = fleet.timelines.get(&card.spec.name, limit).iter().map(told).collect();
    Ok(answer(StatusCode::OK, &Timeline { server: name, events }))
}

/// How a server did in the past.
#[utoipa::path(
    get,
    path = "/api/v1/servers/{name}/history",
    operation_id = "getHistory",
    tag = "servers",
    params(
        ("name" = String, Path, description = "The server", example = "files"),
        ("tier" = Option<Tier>, Query, description = "How coarse; `minutes` unless told"),
    ),
    responses(
        (status = 200, description = "The periods, oldest first", body = History),
        (status = 400, description = "There is no such tier", body = ErrorAnswer),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
    )
)]
async fn history(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let (_, card) = desk.card(&name)?;
    let tier = monitor::asked_tier(query.as_deref(), "tier")?.unwrap_or(Tier::Minutes);
    let points = card.history().history(tier, Instant::now());
    Ok(answer(StatusCode::OK, &History { server: name, tier, points }))
}

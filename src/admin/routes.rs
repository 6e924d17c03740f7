//! `/health`, `/readyz` and the REST API under `/api/v1`. Host and origin are checked by the listener's
//! own guard, in front of every route.
//!
//! What changes something takes no body or one of type `application/json`, which a page from elsewhere
//! cannot send without being asked for its origin first.
//!
//! *Invariant:* a listener that other machines reach tells nothing of any server and takes no order.

use super::metrics;
use super::monitor::{self, MonitorReport};
use super::refusal::{Refusal, answer};
use super::report::ServerReport;
use super::{Brief, Desk, Health, Status, Sums, millis};
use crate::config::PolicyPatch;
use axum::Router;
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::{StatusCode, header};
use axum::response::Response;
use axum::routing::{any, get, post};
use http_body_util::{BodyExt, Limited};
use mcpvisor_actors::fleet::{Fleet, NoSuchServer};
use mcpvisor_actors::server::Order;
use mcpvisor_actors::timeline::words;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::Duration;
use tokio::time::timeout;

/// Longest body, and how long it may take to come.
const BODY: usize = 64 * 1024;
const BODY_WITHIN: Duration = Duration::from_secs(10);
/// Facts of a timeline unless another number is asked for.
const FACTS: usize = 100;
/// How alike names must be to be suggested.
const ALIKE: f64 = 0.65;

/// Who reaches the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// This machine alone.
    Local,
    /// Other machines too.
    Remote,
}

impl Exposure {
    /// Who reaches a listener at this address.
    pub fn of(listening: SocketAddr) -> Self {
        if listening.ip().to_canonical().is_loopback() { Self::Local } else { Self::Remote }
    }
}

/// The routes, to be merged into the listener's own.
pub fn router(desk: Desk, exposure: Exposure) -> Router {
    if exposure == Exposure::Remote {
        return Router::new()
            .route("/health", get(health_in_a_word))
            .route("/readyz", get(readiness_in_a_word))
            .route("/api/{*rest}", any(async || Refusal::NotHere))
            .method_not_allowed_fallback(async || Refusal::Method)
            .with_state(desk);
    }
    Router::new()
        .route("/health", get(health))
        .route("/readyz", get(readiness))
        .route("/api/v1/servers", get(servers))
        .route("/api/v1/servers/{name}", get(server))
        .route("/api/v1/servers/{name}/timeline", get(timeline))
        .route("/api/v1/servers/{name}/{action}", post(order))
        .route("/api/v1/monitor", get(report).patch(change))
        .merge(metrics::routes())
        .route("/api/{*rest}", any(async || Refusal::NoSuchPage))
        .method_not_allowed_fallback(async || Refusal::Method)
        .with_state(desk)
}

impl Desk {
    fn open_fleet(&self) -> Result<&Fleet, Refusal> {
        self.fleet().map(|(fleet, _)| fleet).ok_or(Refusal::Starting)
    }

    async fn health(&self) -> Health {
        let Some((fleet, since)) = self.fleet() else { return Health::starting() };
        let turns = fleet.pulse().await;
        let loops = turns.into_iter().map(|(name, turns)| (name.to_owned(), turns)).collect();
        let servers = ServerReport::all(fleet);
        let (sessions, in_flight) = fleet.clients();
        Health {
            status: Status::of(&loops, &servers),
            uptime_ms: millis(since.elapsed()),
            clients: Sums { sessions, in_flight },
            loops,
            servers: servers.iter().map(Brief::from).collect(),
            ..Health::starting()
        }
    }

    /// The required servers that are missing.
    fn missed(&self) -> Result<Vec<String>, Refusal> {
        let servers = ServerReport::all(self.open_fleet()?);
        Ok(servers.into_iter().filter(ServerReport::is_missed).map(|server| server.name).collect())
    }
}

const fn status(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

async fn health(State(desk): State<Desk>) -> Response {
    let health = desk.health().await;
    answer(status(health.status.serves()), &health)
}

async fn health_in_a_word(State(desk): State<Desk>) -> Response {
    let health = desk.health().await;
    answer(status(health.status.serves()), &json!({ "status": health.status }))
}

async fn readiness(State(desk): State<Desk>) -> Result<Response, Refusal> {
    let missed = desk.missed()?;
    let ready = missed.is_empty();
    Ok(answer(status(ready), &json!({ "ready": ready, "waitingFor": missed })))
}

async fn readiness_in_a_word(State(desk): State<Desk>) -> Result<Response, Refusal> {
    let ready = desk.missed()?.is_empty();
    Ok(answer(status(ready), &json!({ "ready": ready })))
}

async fn servers(State(desk): State<Desk>) -> Result<Response, Refusal> {
    let servers = ServerReport::all(desk.open_fleet()?);
    Ok(answer(StatusCode::OK, &json!({ "servers": servers })))
}

async fn server(State(desk): State<Desk>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let fleet = desk.open_fleet()?;
    let card = fleet.card(&name).map_err(|missing| unknown(missing, fleet))?;
    Ok(answer(StatusCode::OK, &ServerReport::of(card, fleet)))
}

async fn timeline(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    RawQuery(query): RawQuery,
) -> Result<Response, Refusal> {
    let fleet = desk.open_fleet()?;
    let card = fleet.card(&name).map_err(|missing| unknown(missing, fleet))?;
    let limit = match asked(query.as_deref(), "limit") {
        None => FACTS,
        Some(value) => value.parse().map_err(|_| {
            let choices = "a number, at most 500 facts are kept";
            Refusal::Query { key: "limit", value, choices }
        })?,
    };
    let events: Vec<Value> = fleet
        .timelines
        .get(&card.spec.name, limit)
        .iter()
        .map(|event| {
            let mut shown = json!(event);
            shown["words"] = words(event).into();
            shown
        })
        .collect();
    Ok(answer(StatusCode::OK, &json!({ "server": name, "events": events })))
}

async fn report(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let history = match asked(query.as_deref(), "history") {
        None => None,
        Some(value) => Some(monitor::tier(&value).ok_or(Refusal::Query {
            key: "history",
            value,
            choices: "recent, minutes or hours",
        })?),
    };
    let fleet = desk.open_fleet()?;
    Ok(answer(StatusCode::OK, &MonitorReport::of(fleet, history).await))
}

async fn change(State(desk): State<Desk>, request: Request) -> Result<Response, Refusal> {
    let fleet = desk.open_fleet()?;
    let body = body(request).await?;
    let text = if body.is_empty() { "{}" } else { &body };
    let patch = PolicyPatch::parse(text, &fleet.policies.load()).map_err(Refusal::Policy)?;
    fleet.set_policies(&patch.monitor, &patch.ping);
    if let Some(count) = patch.max_concurrent_reconnections {
        fleet.set_max_concurrent_reconnections(count);
    }
    tracing::info!(change = ?patch, "an operator changed the policies");
    let MonitorReport { policy, .. } = MonitorReport::of(fleet, None).await;
    Ok(answer(StatusCode::OK, &json!({ "policy": policy })))
}

async fn order(
    State(desk): State<Desk>,
    Path((name, action)): Path<(String, String)>,
    request: Request,
) -> Result<Response, Refusal> {
    let fleet = desk.open_fleet()?;
    body(request).await?;
    let missing = |missing| unknown(missing, fleet);
    let card = fleet.card(&name).map_err(missing)?;
    let order = match &*action {
        "restart" => Some(Order::Restart),
        "stop" => Some(Order::Stop),
        "start" => Some(Order::Start),
        "probe" => None,
        _ => return Err(Refusal::NoSuchPage),
    };
    if card.standing().state == mcpvisor_actors::fleet::State::Quarantined {
        return Err(Refusal::Quarantined);
    }
    match order {
        Some(order) => fleet.order(&name, order),
        None => fleet.probe(&name),
    }
    .map_err(missing)?;
    Ok(answer(StatusCode::ACCEPTED, &json!({ "server": name, "accepted": action })))
}

/// The body of a request that changes something.
async fn body(request: Request) -> Result<String, Refusal> {
    let kind = request.headers().get(header::CONTENT_TYPE);
    let essence = kind.and_then(|kind| kind.to_str().ok()?.split(';').next());
    let is_json = essence.is_some_and(|kind| kind.trim().eq_ignore_ascii_case("application/json"));
    if kind.is_some() && !is_json {
        return Err(Refusal::ContentType);
    }
    let whole = Limited::new(request.into_body(), BODY).collect();
    let whole: Result<_, _> = timeout(BODY_WITHIN, whole).await.map_err(|_late| Refusal::Body)?;
    let bytes = whole.map_err(|_broken| Refusal::Body)?.to_bytes();
    if !is_json && !bytes.is_empty() {
        return Err(Refusal::ContentType);
    }
    String::from_utf8(bytes.into()).map_err(|_| Refusal::Body)
}

/// The value of a key of a query.
fn asked(query: Option<&str>, key: &str) -> Option<String> {
    let mut url = reqwest::Url::parse("http://localhost/").ok()?;
    url.set_query(query);
    let found = url.query_pairs().find(|(name, _)| name == key);
    found.map(|(_, value)| value.chars().take(80).collect())
}

fn unknown(NoSuchServer(name): NoSuchServer, fleet: &Fleet) -> Refusal {
    let name: String = name.chars().take(80).collect();
    let asked = name.to_lowercase();
    let likeness = |other: &str| {
        let other = other.to_lowercase();
        let swapped = strsim::normalized_damerau_levenshtein(&asked, &other);
        strsim::jaro_winkler(&asked, &other).max(swapped)
    };
    let names = fleet.board.cards().map(|card| card.spec.name.to_string());
    let mut near: Vec<(f64, String)> =
        names.map(|other| (likeness(&other), other)).filter(|(alike, _)| *alike > ALIKE).collect();
    near.sort_by(|a, b| b.0.total_cmp(&a.0));
    let near = near.into_iter().take(3).map(|(_, name)| name).collect();
    Refusal::NoSuchServer { name, near }
}

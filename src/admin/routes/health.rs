//! `/health` and `/readyz`: open to everybody the listener lets in, told in a word to other machines.
//!
//! *Invariant:* a listener that other machines reach names no server here.

use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::{Brief, Desk, Exposure, Health, ServerReport, Status, Sums, millis};
use axum::Extension;
use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use utoipa::ToSchema;

/// The pages, told as fully as the [`Exposure`] in an extension allows.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(health)).routes(routes!(readiness))
}

/// How the gateway is: the whole of it, or the word alone.
#[derive(Debug, Serialize, ToSchema)]
#[serde(untagged)]
enum Told {
    Whole(Health),
    Word { status: Status },
}

/// Whether every required server is there.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Readiness {
    /// Whether it is.
    ready: bool,
    /// The required servers that are missing; not told to other machines.
    #[serde(skip_serializing_if = "Option::is_none")]
    waiting_for: Option<Vec<String>>,
}

/// Is the gateway healthy, and which of its servers are not?
///
/// Other machines are told `status` alone.
#[utoipa::path(
    get,
    path = "/health",
    operation_id = "getHealth",
    tag = "health",
    responses(
        (status = 200, description = "The gateway does what it should", body = inline(Told)),
        (status = 503, description = "It starts, or a loop of its own stands still", body = inline(Told)),
    )
)]
async fn health(Extension(exposure): Extension<Exposure>, State(desk): State<Desk>) -> Response {
    let health = desk.health().await;
    let status = status(health.status.serves());
    match exposure {
        Exposure::Local => answer(status, &Told::Whole(health)),
        Exposure::Remote => answer(status, &Told::Word { status: health.status }),
    }
}

/// Are all required servers there?
///
/// Other machines are told `ready` alone.
#[utoipa::path(
    get,
    path = "/readyz",
    operation_id = "getReadiness",
    tag = "health",
    responses(
        (status = 200, description = "They are", body = Readiness),
        (
            status = 503,
            description = "Some are missing, or the gateway starts",
            body = inline(NotReady)
        ),
    )
)]
async fn readiness(
    Extension(exposure): Extension<Exposure>,
    State(desk): State<Desk>,
) -> Result<Response, Refusal> {
    let servers = ServerReport::all(desk.open_fleet()?);
    let missed = servers.into_iter().filter(ServerReport::is_missed).map(|server| server.name);
    let missed: Vec<String> = missed.collect();
    let ready = missed.is_empty();
    let waiting_for = (exposure == Exposure::Local).then_some(missed);
    Ok(answer(status(ready), &Readiness { ready, waiting_for }))
}

/// Why it is not ready.
#[derive(Serialize, ToSchema)]
#[serde(untagged)]
#[expect(dead_code, reason = "for the description alone")]
enum NotReady {
    Missing(Readiness),
    Starting(ErrorAnswer),
}

const fn status(good: bool) -> StatusCode {
    if good { StatusCode::OK } else { StatusCode::SERVICE_UNAVAILABLE }
}

impl Desk {
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
}

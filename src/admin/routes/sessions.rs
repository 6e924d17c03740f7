//! `/api/v1/sessions`: the clients that have a session, and a way to end one.

use crate::admin::Desk;
use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::{BODY, body};
use crate::ledger::ClientName;
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use mcpvisor_actors::clock::unix_millis;
use mcpvisor_actors::session::SessionSummary;
use serde::Serialize;
use utoipa::ToSchema;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(sessions)).routes(routes!(end))
}

/// Sessions.
#[derive(Debug, Serialize, ToSchema)]
struct Sessions {
    /// They, in the order in which they were opened.
    sessions: Vec<SessionReport>,
}

/// One session of a client.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Session)]
struct SessionReport {
    /// Its id.
    id: String,
    /// How its client came in: `http`, `sse`, `websocket`, `stdio`, `api`.
    face: &'static str,
    /// What its client says it is; nothing before `initialize`.
    client: Option<ClientName>,
    /// The revision of the protocol; nothing before `initialize`.
    revision: Option<&'static str>,
    /// What it sees: `/servers/NAME`, `/groups/NAME`, or nothing for everything.
    view: String,
    /// When it was opened, in Unix milliseconds.
    opened_at_ms: u64,
    /// How long its client said nothing, in milliseconds.
    idle_ms: u64,
    /// Its requests that are not answered.
    in_flight: usize,
    /// Whether its client listens for what belongs to no request.
    listening: bool,
}

impl From<SessionSummary> for SessionReport {
    fn from(session: SessionSummary) -> Self {
        Self {
            id: session.id.to_string(),
            face: session.face,
            client: session.client.map(|it| ClientName { name: it.name, version: it.version }),
            revision: session.revision,
            view: session.view,
            opened_at_ms: unix_millis(session.opened),
            idle_ms: crate::admin::millis(session.idle),
            in_flight: session.in_flight,
            listening: session.listening,
        }
    }
}

/// A session that will end in its own time.
#[derive(Debug, Serialize, ToSchema)]
struct Ending {
    /// Its id.
    session: String,
    /// What is done.
    accepted: &'static str,
}

/// The sessions of clients. Requests of 2026-07-28 have none.
#[utoipa::path(
    get,
    path = "/api/v1/sessions",
    operation_id = "listSessions",
    tag = "sessions",
    responses((status = 200, description = "The sessions, the oldest first", body = Sessions))
)]
async fn sessions(State(desk): State<Desk>) -> Result<Response, Refusal> {
    let sessions = desk.open_fleet()?.sessions().into_iter().map(SessionReport::from).collect();
    Ok(answer(StatusCode::OK, &Sessions { sessions }))
}

/// Ends a session, as if its client had: its requests are given up, and its client has to open another.
#[utoipa::path(
    delete,
    path = "/api/v1/sessions/{id}",
    operation_id = "endSession",
    tag = "sessions",
    params(("id" = String, Path, description = "The session", example = "0b87a2a4-8a2c-4b35-9ad5-6b9c2a9a3c11")),
    responses(
        (status = 202, description = "It ends", body = Ending),
        (status = 400, description = "The body is too large", body = ErrorAnswer),
        (status = 404, description = "There is no such session", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn end(
    State(desk): State<Desk>,
    Path(id): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let fleet = desk.open_fleet()?;
    body(request, BODY).await?;
    if !fleet.end_session(&id) {
        return Err(Refusal::NoSuchSession(id.chars().take(80).collect()));
    }
    Ok(answer(StatusCode::ACCEPTED, &Ending { session: id, accepted: "end" }))
}

//! `POST /api/v1/servers/{name}/…`: what a person wants of a server.

use crate::admin::Desk;
use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::{BODY, body, unknown};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use mcpvisor_actors::fleet;
use mcpvisor_actors::server::Order;
use serde::Serialize;
use utoipa::ToSchema;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default()
        .routes(routes!(restart))
        .routes(routes!(stop))
        .routes(routes!(start))
        .routes(routes!(probe))
}

/// An order that will be carried out in its own time.
#[derive(Debug, Serialize, ToSchema)]
#[schema(example = json!({ "server": "files", "accepted": "restart" }))]
struct Accepted {
    /// The server.
    server: String,
    /// The order.
    accepted: &'static str,
}

/// Ends the connection, and connects anew at once.
#[utoipa::path(
    post,
    path = "/api/v1/servers/{name}/restart",
    operation_id = "restartServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server", example = "files")),
    responses(
        (status = 202, description = "It is carried out in its own time", body = Accepted),
        (status = 400, description = "The body is too large", body = ErrorAnswer),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
        (status = 409, description = "The server is out of service", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn restart(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    order(&desk, &name, ("restart", Some(Order::Restart)), request).await
}

/// Ends the connection, until it is started again.
#[utoipa::path(
    post,
    path = "/api/v1/servers/{name}/stop",
    operation_id = "stopServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server", example = "files")),
    responses(
        (status = 202, description = "It is carried out in its own time", body = Accepted),
        (status = 400, description = "The body is too large", body = ErrorAnswer),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
        (status = 409, description = "The server is out of service", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn stop(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    order(&desk, &name, ("stop", Some(Order::Stop)), request).await
}

/// Connects, without waiting for the next attempt planned.
#[utoipa::path(
    post,
    path = "/api/v1/servers/{name}/start",
    operation_id = "startServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server", example = "files")),
    responses(
        (status = 202, description = "It is carried out in its own time", body = Accepted),
        (status = 400, description = "The body is too large", body = ErrorAnswer),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
        (status = 409, description = "The server is out of service", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn start(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    order(&desk, &name, ("start", Some(Order::Start)), request).await
}

/// Asks the server now whether it lives.
#[utoipa::path(
    post,
    path = "/api/v1/servers/{name}/probe",
    operation_id = "probeServer",
    tag = "servers",
    params(("name" = String, Path, description = "The server", example = "files")),
    responses(
        (status = 202, description = "It is carried out in its own time", body = Accepted),
        (status = 400, description = "The body is too large", body = ErrorAnswer),
        (status = 404, description = "There is no such server", body = ErrorAnswer),
        (status = 409, description = "The server is out of service", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn probe(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    order(&desk, &name, ("probe", None), request).await
}

/// Passes an order on; without one the server is probed.
async fn order(
    desk: &Desk,
    name: &str,
    (accepted, order): (&'static str, Option<Order>),
    request: Request,
) -> Result<Response, Refusal> {
    desk.open_fleet()?;
    body(request, BODY).await?;
    let (fleet, card) = desk.card(name)?;
    if card.standing().state == fleet::State::Quarantined {
        return Err(Refusal::Quarantined);
    }
    match order {
        Some(order) => fleet.order(name, order),
        None => fleet.probe(name),
    }
    .map_err(|missing| unknown(missing, fleet))?;
    Ok(answer(StatusCode::ACCEPTED, &Accepted { server: name.to_owned(), accepted }))
}

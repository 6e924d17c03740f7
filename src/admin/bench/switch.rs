//! `POST /api/v1/tools/{name}/…`: tools switched on and off.

use super::BenchFault;
use crate::admin::Desk;
use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::{BODY, body, unknown};
use axum::extract::{Path, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use mcpvisor_actors::catalog::STATUS_TOOL;
use mcpvisor_actors::fleet::{Switched, ToolPlace};
use serde::Serialize;
use utoipa::ToSchema;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(enable)).routes(routes!(disable))
}

/// How the switch of a tool stands now.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = ToolSwitch, example = json!({
    "name": "files.write", "server": "files", "own": "write", "enabled": false, "known": true,
    "remembered": true,
}))]
struct Switch {
    /// The tool as it was named.
    name: String,
    /// Its server.
    server: String,
    /// Its name there.
    own: String,
    /// Whether clients see it and may call it.
    enabled: bool,
    /// Whether the server has told it; one it has not told yet is switched all the same.
    known: bool,
    /// Whether the switch will stand so after a restart of the gateway.
    remembered: bool,
}

/// Shows a tool again.
#[utoipa::path(
    post,
    path = "/api/v1/tools/{name}/enable",
    operation_id = "enableTool",
    tag = "tools",
    params(("name" = String, Path, description = "The tool, by any name it is called by; one that is not known yet is `SERVER__TOOL`", example = "files.write")),
    responses(
        (status = 200, description = "Lists show it, and it may be called", body = Switch),
        (status = 400, description = "The body is too large", body = ErrorAnswer),
        (status = 404, description = "There is no such tool", body = ErrorAnswer),
        (status = 409, description = "It is the gateway's own", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn enable(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    switch(&desk, name, true, request).await
}

/// Hides a tool from every client and refuses its calls, also after a restart of the gateway.
#[utoipa::path(
    post,
    path = "/api/v1/tools/{name}/disable",
    operation_id = "disableTool",
    tag = "tools",
    params(("name" = String, Path, description = "The tool, by any name it is called by; one that is not known yet is `SERVER__TOOL`", example = "files.write")),
    responses(
        (status = 200, description = "No list shows it, and calls of it are refused", body = Switch),
        (status = 400, description = "The body is too large", body = ErrorAnswer),
        (status = 404, description = "There is no such tool", body = ErrorAnswer),
        (status = 409, description = "It is the gateway's own", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn disable(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    switch(&desk, name, false, request).await
}

async fn switch(
    desk: &Desk,
    name: String,
    enabled: bool,
    request: Request,
) -> Result<Response, Refusal> {
    let fleet = desk.open_fleet()?;
    body(request, BODY).await?;
    if name == STATUS_TOOL {
        return Err(BenchFault::OwnTool(STATUS_TOOL).into());
    }
    let Some(ToolPlace { server, own, known }) = fleet.tool(&name) else {
        return Err(BenchFault::NoTool(name.chars().take(128).collect()).into());
    };
    let switched = fleet.switch_tool(server.as_str(), &own, enabled).await;
    let Switched { remembered, .. } = switched.map_err(|missing| unknown(missing, fleet))?;
    let (server, own) = (server.to_string(), own.into_string());
    Ok(answer(StatusCode::OK, &Switch { name, server, own, enabled, known, remembered }))
}

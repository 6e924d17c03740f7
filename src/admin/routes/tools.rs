//! `/api/v1/tools`: what clients can call, how it does, and a way to call it.

use crate::admin::Desk;
use crate::admin::call::{Answered, call_tool};
use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::{asked, json};
use crate::admin::tools::{Search, ToolDetails, ToolReport};
use axum::extract::{Path, RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use mcpvisor_actors::catalog::STATUS_TOOL;
use mcpvisor_actors::wire::Subject;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use utoipa::ToSchema;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(tools)).routes(routes!(tool)).routes(routes!(call))
}

/// Tools.
#[derive(Debug, Serialize, ToSchema)]
struct Tools {
    /// They, by name.
    tools: Vec<ToolReport>,
}

/// What a tool is called with.
#[derive(Debug, Deserialize, ToSchema)]
struct Called {
    /// Its arguments: an object.
    #[schema(value_type = Option<Object>, example = json!({ "text": "hi" }))]
    arguments: Option<Box<RawValue>>,
}

/// The tools clients can call.
#[utoipa::path(
    get,
    path = "/api/v1/tools",
    operation_id = "listTools",
    tag = "tools",
    params(
        ("search" = Option<String>, Query, description = "Words that all stand in name, title, description or server", example = "read"),
        ("server" = Option<String>, Query, description = "Those of this server", example = "files"),
    ),
    responses((status = 200, description = "The tools by name", body = Tools))
)]
async fn tools(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let running = desk.running().ok_or(Refusal::Starting)?;
    let query = query.as_deref();
    let search = Search::new(asked(query, "search").as_deref(), asked(query, "server"));
    running.hub.settled().await;
    Ok(answer(StatusCode::OK, &Tools { tools: running.tools(&search) }))
}

/// One tool, with its schemas.
#[utoipa::path(
    get,
    path = "/api/v1/tools/{name}",
    operation_id = "getTool",
    tag = "tools",
    params(("name" = String, Path, description = "The tool, as clients call it", example = "files.read")),
    responses(
        (status = 200, description = "What is known of it", body = ToolDetails),
        (status = 404, description = "There is no such tool", body = ErrorAnswer),
    )
)]
async fn tool(State(desk): State<Desk>, Path(name): Path<String>) -> Result<Response, Refusal> {
    let running = desk.running().ok_or(Refusal::Starting)?;
    running.hub.settled().await;
    let tool = running.tool(&name);
    Ok(answer(StatusCode::OK, &tool.ok_or_else(|| desk.no_such_tool(&name))?))
}

/// Calls a tool, as a client would: through the same queue, breaker and limits.
///
/// A tool that asks its client for something (sampling, elicitation, roots) ends with an error.
#[utoipa::path(
    post,
    path = "/api/v1/tools/{name}/call",
    operation_id = "callTool",
    tag = "tools",
    params(("name" = String, Path, description = "The tool, as clients call it", example = "files.read")),
    request_body = Called,
    responses(
        (status = 200, description = "How it ended, well or not", body = Answered),
        (status = 400, description = "The body or the arguments are not what they should be", body = ErrorAnswer),
        (status = 404, description = "There is no such tool", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
        (status = 503, description = "All slots for requests are taken, or the gateway is still starting", body = ErrorAnswer),
        (status = 504, description = "It was not over in time and was given up", body = ErrorAnswer),
    )
)]
async fn call(
    State(desk): State<Desk>,
    Path(name): Path<String>,
    request: Request,
) -> Result<Response, Refusal> {
    let running = desk.running().ok_or(Refusal::Starting)?;
    let most = running.config.limits.max_message_bytes;
    let Called { arguments } = json(request, most).await?;
    let arguments = arguments.as_deref().map_or("{}", RawValue::get);
    if !arguments.starts_with('{') {
        return Err(Refusal::NotThat("`arguments` must be an object".into()));
    }
    let snapshot = running.clients.view().snapshot().load();
    let ours = running.config.status_tool && name == STATUS_TOOL;
    if !ours && snapshot.unknown == 0 && snapshot.route(Subject::Tool, &name).is_none() {
        return Err(desk.no_such_tool(&name));
    }
    Ok(answer(StatusCode::OK, &call_tool(running, &name, arguments).await?))
}

impl Desk {
    /// No such tool; names alike are told.
    fn no_such_tool(&self, name: &str) -> Refusal {
        let near = self
            .running()
            .map(|running| running.clients.view().snapshot().load().near(Subject::Tool, name));
        let name = name.chars().take(80).collect();
        Refusal::NoSuchTool { name, near: near.unwrap_or_default() }
    }
}

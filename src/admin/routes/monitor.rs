//! `/api/v1/monitor`: policies and who connects; the policies may be changed until the next start.

use crate::admin::Desk;
use crate::admin::audit::Detail;
use crate::admin::monitor::{self, MonitorReport};
use crate::admin::pages::{Pages, routes};
use crate::admin::policy::{PolicyChange, PolicyReport};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::{BODY, body};
use crate::config::PolicyPatch;
use axum::extract::{RawQuery, Request, State};
use axum::http::StatusCode;
use axum::response::Response;
use mcpvisor_actors::health::Tier;
use serde::Serialize;
use utoipa::ToSchema;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(report, change))
}

/// The policies after a change.
#[derive(Debug, Serialize, ToSchema)]
struct Changed {
    /// They.
    policy: PolicyReport,
}

/// Policies, who connects and who waits, and how well each server does.
#[utoipa::path(
    get,
    path = "/api/v1/monitor",
    operation_id = "getMonitor",
    tag = "monitor",
    params(("history" = Option<Tier>, Query, description = "Each server's history in this tier, too")),
    responses(
        (status = 200, description = "As things stand", body = MonitorReport),
        (status = 400, description = "There is no such tier", body = ErrorAnswer),
    )
)]
async fn report(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let history = monitor::asked_tier(query.as_deref(), "history")?;
    let fleet = desk.open_fleet()?;
    Ok(answer(StatusCode::OK, &MonitorReport::of(fleet, history).await))
}

/// Changes policies until the next start; what is not named stays.
///
/// The keys of the configuration's `monitor`, `ping` and `reconnection`, in either spelling; plain
/// numbers are milliseconds. A change with a fault changes nothing.
#[utoipa::path(
    patch,
    path = "/api/v1/monitor",
    operation_id = "changePolicies",
    tag = "monitor",
    request_body(content = inline(PolicyChange), example = json!({ "ping": { "timeout": "3s" } })),
    responses(
        (status = 200, description = "The policies as they are now", body = Changed),
        (status = 400, description = "Something in it is wrong; `faults` names all of it", body = ErrorAnswer),
        (status = 415, description = "The body is no JSON", body = ErrorAnswer),
    )
)]
async fn change(State(desk): State<Desk>, request: Request) -> Result<Response, Refusal> {
    let fleet = desk.open_fleet()?;
    let body = body(request, BODY).await?;
    let text = if body.is_empty() { "{}" } else { &body };
    let patch = PolicyPatch::parse(text, &fleet.policies.load()).map_err(Refusal::Policy)?;
    fleet.set_policies(&patch.monitor, &patch.ping);
    if let Some(count) = patch.max_concurrent_reconnections {
        fleet.set_max_concurrent_reconnections(count);
    }
    let MonitorReport { policy, .. } = MonitorReport::of(fleet, None).await;
    let mut response = answer(StatusCode::OK, &Changed { policy });
    let asked = serde_json::from_str(text).unwrap_or_default();
    response.extensions_mut().insert(Detail(asked));
    Ok(response)
}

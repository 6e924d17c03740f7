//! The monitoring report: policies, who connects and who waits, and how well each server does.

use super::ServerReport;
use super::policy::PolicyReport;
use super::refusal::Refusal;
use super::report::CheckReport;
use super::request::asked;
use mcpvisor_actors::fleet::{Card, Fleet};
use mcpvisor_actors::health::{QualityReport, Rollup, Tier};
use mcpvisor_actors::reconnection::{self, CauseClass, View};
use mcpvisor_actors::server::ServerName;
use serde::Serialize;
use std::sync::Arc;
use tokio::time::Instant;
use utoipa::ToSchema;

/// How monitoring stands at a moment.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Monitor)]
pub struct MonitorReport {
    /// The policies of this moment, spelled so that they may be sent back.
    pub policy: PolicyReport,
    /// Who connects and who waits; nothing when the coordinator does not answer.
    pub queue: Option<QueueReport>,
    /// The servers, by name.
    pub servers: Vec<ServerMonitor>,
}

/// Who connects and who waits.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Queue)]
pub struct QueueReport {
    /// How many may connect at the same time.
    pub max_concurrent: usize,
    /// Who connects now, by name.
    pub active: Vec<TaskReport>,
    /// Who waits: first those due, in order, then those waiting for their time.
    pub queued: Vec<TaskReport>,
}

/// A server's wish to connect. Times are in milliseconds, counted from this moment.
#[derive(Debug, Clone, PartialEq, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Task)]
pub struct TaskReport {
    /// The server.
    pub server: String,
    /// `background`, `lost`, `boot` or `call_waiting`.
    pub urgency: &'static str,
    /// Its importance, 0 to 100.
    pub priority: u8,
    /// How well it does, 0 to 100.
    pub score: u8,
    /// Attempts since it was last stable.
    pub attempt: u32,
    /// In how long it is due.
    pub not_before_ms: u64,
    /// Why it was lost, for programs.
    pub reason: Option<&'static str>,
    /// The server it waits for; only of one that waits.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(value_type = Option<String>)]
    pub held_by: Option<Option<String>>,
}

/// How one server does.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ServerMonitor {
    /// Its name.
    pub name: String,
    /// Its state, for programs.
    pub state: String,
    /// Score, parts, trend, forecast, issues.
    pub quality: QualityReport,
    /// What its checks showed.
    pub checks: CheckReport,
    /// What was, oldest first, when it was asked for.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub history: Option<Vec<Rollup>>,
}

impl MonitorReport {
    /// As things stand, with the history of this tier.
    pub async fn of(fleet: &Fleet, history: Option<Tier>) -> Self {
        let now = Instant::now();
        let queue = fleet.reconnections().await;
        let server = |card: &Arc<Card>| {
            let ServerReport { name, state, quality, checks, .. } = ServerReport::of(card, fleet);
            let history = history.map(|tier| card.history().history(tier, now));
            ServerMonitor { name, state, quality, checks, history }
        };
        Self {
            policy: PolicyReport::of(&fleet.policies.load(), queue.as_ref()),
            queue: queue.as_ref().map(|view| waiting(view, now)),
            servers: fleet.board.cards().map(server).collect(),
        }
    }
}

/// The tier a query names under this key.
pub(super) fn asked_tier(query: Option<&str>, key: &'static str) -> Result<Option<Tier>, Refusal> {
    match asked(query, key) {
        None => Ok(None),
        Some(value) => match &*value {
            "recent" => Ok(Some(Tier::Recent)),
            "minutes" => Ok(Some(Tier::Minutes)),
            "hours" => Ok(Some(Tier::Hours)),
            _ => Err(Refusal::Query { key, value, choices: "recent, minutes or hours" }),
        },
    }
}

fn waiting(view: &View, now: Instant) -> QueueReport {
    let task = |task: &reconnection::Task| TaskReport {
        server: task.server.to_string(),
        urgency: task.urgency.word(),
        priority: task.priority,
        score: task.score,
        attempt: task.attempt,
        not_before_ms: super::millis(task.not_before.saturating_duration_since(now)),
        reason: task.reason.map(CauseClass::word),
        held_by: None,
    };
    let queued = view.queued.iter().map(|queued| TaskReport {
        urgency: queued.urgency.word(),
        held_by: Some(queued.held_by.as_ref().map(ServerName::to_string)),
        ..task(&queued.task)
    });
    QueueReport {
        max_concurrent: view.max_concurrent,
        active: view.active.iter().map(|grant| task(&grant.task)).collect(),
        queued: queued.collect(),
    }
}

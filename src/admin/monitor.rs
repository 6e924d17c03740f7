//! The monitoring report: policies, who connects and who waits, and how well each server does.

use super::ServerReport;
use super::report::CheckReport;
use mcpvisor_actors::fleet::{Card, Fleet};
use mcpvisor_actors::health::{GlobalPolicy, QualityReport, Rollup, Tier};
use mcpvisor_actors::reconnection::{CauseClass, Task, View};
use mcpvisor_actors::server::ServerName;
use serde::Serialize;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How monitoring stands at a moment.
#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct MonitorReport {
    /// The policies of this moment, spelled so that they may be sent back.
    pub policy: Value,
    /// Who connects and who waits; nothing when the coordinator does not answer.
    pub queue: Option<Value>,
    /// The servers, by name.
    pub servers: Vec<ServerMonitor>,
}

/// How one server does.
#[derive(Debug, Clone, Serialize)]
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
            policy: policy(&fleet.policies.load(), queue.as_ref()),
            queue: queue.as_ref().map(|view| waiting(view, now)),
            servers: fleet.board.cards().map(server).collect(),
        }
    }
}

/// The tier a query names.
pub(super) fn tier(name: &str) -> Option<Tier> {
    match name {
        "recent" => Some(Tier::Recent),
        "minutes" => Some(Tier::Minutes),
        "hours" => Some(Tier::Hours),
        _ => None,
    }
}

fn policy(policy: &GlobalPolicy, queue: Option<&View>) -> Value {
    let GlobalPolicy { monitor, ping } = policy;
    let span = |span: Duration| humantime::format_duration(span).to_string();
    json!({
        "monitor": {
            "enabled": monitor.enabled,
            "checkInterval": span(monitor.check_interval),
            "adaptiveInterval": monitor.adaptive_interval,
            "stableInterval": span(monitor.stable_interval),
            "unstableInterval": span(monitor.unstable_interval),
            "qualityThreshold": monitor.quality_threshold,
        },
        "ping": {
            "enabled": ping.enabled,
            "interval": span(ping.interval),
            "timeout": span(ping.timeout),
            "maxFailures": ping.max_failures,
            "suspectAfter": span(ping.suspect_after),
        },
        "reconnection": { "maxConcurrent": queue.map(|view| view.max_concurrent) },
    })
}

fn waiting(view: &View, now: Instant) -> Value {
    let task = |task: &Task| {
        let in_ms = super::millis(task.not_before.saturating_duration_since(now));
        json!({
            "server": task.server.as_str(),
            "urgency": task.urgency.word(),
            "priority": task.priority,
            "score": task.score,
            "attempt": task.attempt,
            "notBeforeMs": in_ms,
            "reason": task.reason.map(CauseClass::word),
        })
    };
    let queued = view.queued.iter().map(|queued| {
        let mut shown = task(&queued.task);
        shown["urgency"] = queued.urgency.word().into();
        shown["heldBy"] = queued.held_by.as_ref().map(ServerName::as_str).into();
        shown
    });
    json!({
        "maxConcurrent": view.max_concurrent,
        "active": view.active.iter().map(|grant| task(&grant.task)).collect::<Vec<_>>(),
        "queued": queued.collect::<Vec<_>>(),
    })
}

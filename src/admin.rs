//! What people and programs see of a running gateway, and how they order it about: reports made from
//! the fleet's cards, the REST API they are served by, and the tool `mcpvisor.status`.
//!
//! Reports are plain values that the command line reads back. Nothing here watches a server or decides
//! about one; it passes on what the runtime knows and what a person wants.
//!
//! *Invariant:* a report never waits for a server, and shows nothing a log would not show: causes
//! arrive with secrets masked.

mod desk;
mod doctor;
mod health;
mod monitor;
mod refusal;
mod report;
mod routes;
mod status_tool;

pub use desk::Desk;
pub use doctor::{Finding, Severity, findings};
pub use health::{Brief, Health, Status, Sums};
pub use monitor::{MonitorReport, ServerMonitor};
pub use report::{CallCounts, CauseReport, CheckReport, ServerReport};
pub use routes::{Exposure, router};
pub use status_tool::StatusTool;

use std::time::Duration;

/// Whole milliseconds, as reports have them.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

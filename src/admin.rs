//! What people and programs see of a running gateway, and how they order it about: reports made from
//! the fleet's cards, the REST API they are served by, and the tool `mcpvisor.status`.
//!
//! Reports are plain values that the command line reads back. Nothing here watches a server or decides
//! about one; it passes on what the runtime knows and what a person wants.
//!
//! *Invariant:* a report never waits for a server, and shows nothing a log would not show: causes
//! arrive with secrets masked.

mod audit;
mod bench;
mod call;
mod desk;
mod doctor;
mod feed;
mod guard;
mod health;
mod logs;
mod metrics;
mod monitor;
mod pages;
mod policy;
mod refusal;
mod report;
mod request;
mod routes;
mod status_tool;
mod tools;
mod ui;

pub use bench::SendAnswer;
pub use desk::{Desk, Running};
pub use doctor::{Finding, Severity, findings};
pub use feed::Feed;
pub use guard::Exposure;
pub use health::{Brief, Health, Status, Sums};
pub use logs::Logs;
pub use monitor::{MonitorReport, QueueReport, ServerMonitor, TaskReport};
pub use policy::{Checking, Pinging, PolicyReport, Reconnecting};
pub use report::{CallCounts, CauseReport, CheckReport, ProcessReport, ServerReport};
pub use routes::router;
pub use status_tool::StatusTool;

use std::time::Duration;

/// Milliseconds as people read them, in one unit.
fn spell(millis: u64) -> String {
    let seconds = Duration::from_millis(millis).as_secs();
    match seconds {
        0 => format!("{millis} ms"),
        1..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

/// When something is to come.
fn when(millis: u64) -> String {
    if millis == 0 { "now".into() } else { format!("in {}", spell(millis)) }
}

/// Text as a part of a sentence: without its own full stop.
fn clause(text: &str) -> &str {
    text.trim_end_matches(['.', '?', '!', ' '])
}

/// Whole milliseconds, as reports have them.
fn millis(span: Duration) -> u64 {
    u64::try_from(span.as_millis()).unwrap_or(u64::MAX)
}

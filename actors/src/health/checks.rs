//! What the checks of one server showed, for people.

use super::ProbeOutcome;
use std::time::Duration;
use tokio::time::Instant;

/// What the checks of one server showed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Checks {
    /// When the last one ended.
    pub last: Option<Instant>,
    /// What it showed; `None` when real traffic made a probe unnecessary.
    pub outcome: Option<ProbeOutcome>,
    /// Failed ones in a row.
    pub failures: u32,
    /// When the next is due; `None` while checks are paused.
    pub next: Option<Instant>,
    /// The interval of this moment.
    pub interval: Duration,
}

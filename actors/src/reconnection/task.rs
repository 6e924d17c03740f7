//! What a server asks for, and what it is given. Values.

use super::CauseClass;
use crate::server::ServerName;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// After so many failed attempts nobody waits for a server any more.
const PATIENCE: u32 = 3;

/// How urgent a connection is; greater is sooner.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Urgency {
    /// Nobody would notice.
    Background,
    /// It was up and is not.
    Lost,
    /// It has not been up yet.
    Boot,
    /// A call waits for it.
    CallWaiting,
}

impl Urgency {
    /// A word for programs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Background => "background",
            Self::Lost => "lost",
            Self::Boot => "boot",
            Self::CallWaiting => "call_waiting",
        }
    }
}

/// A server's wish to connect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Task {
    /// The server.
    pub server: ServerName,
    /// How urgent it is.
    pub urgency: Urgency,
    /// How important the server is, 0 to 100; higher is sooner among the equally urgent.
    pub priority: u8,
    /// How well it did so far, 0 to 100; higher is sooner among the equally important.
    pub score: u8,
    /// It does not connect earlier; until then it takes no slot.
    pub not_before: Instant,
    /// The number of this attempt since it was last stable, from 1.
    pub attempt: u32,
    /// Tried now and then only: it has been down for long, or wants a login.
    pub parked: bool,
    /// Why it is down; `None` at boot.
    pub reason: Option<CauseClass>,
}

impl Task {
    /// Whether others should not wait for it: it fails again and again.
    pub(super) fn is_doubtful(&self) -> bool {
        self.parked || self.attempt > PATIENCE
    }

    /// Whether it is doubtful and calls wait for it all the same.
    pub(super) fn insists(&self) -> bool {
        self.urgency == Urgency::CallWaiting && self.is_doubtful()
    }
}

/// Numbers the grants of all servers; what carries an older number than the current one is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct GrantNumber(u64);

impl GrantNumber {
    /// The next number, unique in this process.
    pub(super) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl fmt::Display for GrantNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// A wish that came true.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    /// Which.
    pub number: GrantNumber,
    /// The wish.
    pub task: Task,
}

/// What became of a grant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// The server is connected.
    Ready,
    /// It is not.
    Failed,
    /// Whoever held the slot is gone, or did not want it any more.
    Gone,
}

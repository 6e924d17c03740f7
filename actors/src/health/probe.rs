//! One probe of one server: what is asked, and what came of it.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

/// Numbers the probes of all servers; the outcome of an older one than the one awaited is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ProbeNumber(u64);

impl ProbeNumber {
    /// The next number, unique in this process.
    pub(super) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeMethod {
    /// `ping`. Source: MCP 2025-11-25 "Ping".
    Ping,
    /// `tools/list`, where the server has tools, else `ping`: confirms silence by another method, and
    /// is the only way to ask a server that ignores pings.
    List,
}

/// What came of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ProbeOutcome {
    /// It answered: with a result or an error, which is life as well.
    Alive {
        /// From sending to hearing.
        rtt: Duration,
    },
    /// It answered that it cannot serve (HTTP 5xx): a life, if no good one.
    Ailing,
    /// It did not answer in time, or could not be reached.
    Silent,
    /// It did not answer in time, but its process was computing.
    Busy,
    /// The connection ended meanwhile.
    Gone,
}

impl ProbeOutcome {
    /// A word for programs.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Alive { .. } => "alive",
            Self::Ailing => "ailing",
            Self::Silent => "silent",
            Self::Busy => "busy",
            Self::Gone => "gone",
        }
    }
}

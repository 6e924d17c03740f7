//! Where a server is in its life. Each phase owns exactly what it needs.

use super::driver::Link;
use super::{Backoff, Loss};
use crate::catalog::Manifest;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::time::Instant;

/// Numbers the connections of all servers; what carries an older number than the current one is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Generation(u64);

impl Generation {
    /// The next number, unique in this process.
    pub fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl fmt::Display for Generation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// What a connection tells its server.
#[derive(Debug)]
pub enum Fact {
    /// Handshake and listing are done: calls may come.
    Ready(Link, Arc<Manifest>),
    /// Its tools changed.
    Changed(Arc<Manifest>),
    /// It ended, or never began.
    Lost(Loss),
}

/// The phase of a server.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not started; the first call starts it.
    Idle,
    /// Connecting, shaking hands, listing.
    Starting { generation: Generation },
    /// Calls are passed on.
    Ready { generation: Generation, link: Link, since: Instant },
    /// Down; the next attempt is at `until`.
    Waiting { until: Instant, cause: Loss },
}

impl Phase {
    /// For people.
    pub(super) fn word(&self) -> &'static str {
        match self {
            Self::Idle => "not started",
            Self::Starting { .. } => "starting",
            Self::Ready { .. } => "ready",
            Self::Waiting { .. } => "down",
        }
    }

    /// The connection of this phase.
    pub(super) fn generation(&self) -> Option<Generation> {
        match self {
            Self::Starting { generation } | Self::Ready { generation, .. } => Some(*generation),
            Self::Idle | Self::Waiting { .. } => None,
        }
    }
}

/// Attempts to connect: how many failed in a row, when the last began.
#[derive(Debug, Default)]
pub(super) struct Attempts {
    failures: u32,
    last: Option<Instant>,
}

/// Two attempts never begin closer together than this, however urgent.
const SPACING: Duration = Duration::from_secs(1);

impl Attempts {
    /// Notes that one begins.
    pub(super) fn begin(&mut self, now: Instant) {
        self.last = Some(now);
    }

    /// Notes that the connection ended; `up` tells how long it was ready. Says when to try again.
    pub(super) fn failed(
        &mut self,
        up: Option<Duration>,
        backoff: &Backoff,
        jitter: f64,
        now: Instant,
    ) -> Instant {
        if up.is_some_and(|up| up >= backoff.stable_after) {
            self.failures = 0;
        }
        let next = now + backoff.delay(self.failures, jitter);
        self.failures += 1;
        self.earliest().map_or(next, |earliest| next.max(earliest))
    }

    /// Connection attempts that failed since the last stable connection.
    pub(super) fn failures(&self) -> u32 {
        self.failures
    }

    /// When somebody who waits may have the next attempt.
    pub(super) fn earliest(&self) -> Option<Instant> {
        self.last.map(|last| last + SPACING)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_stable_connection_is_reconnected_at_once_and_a_crash_loop_slows_down() {
        let (backoff, start) = (Backoff::default(), Instant::now());
        let mut attempts = Attempts::default();
        let mut now = start;
        attempts.begin(now);
        now += Duration::from_secs(60);
        let next = attempts.failed(Some(Duration::from_secs(59)), &backoff, 0.0, now);
        assert_eq!(next, now, "stable: at once");
        let mut delays = Vec::new();
        for _ in 0..4 {
            attempts.begin(now);
            let next = attempts.failed(None, &backoff, 0.0, now);
            delays.push(next.duration_since(now).as_millis());
            now = next;
        }
        assert_eq!(delays, [1000, 1000, 2000, 4000], "never closer than a second");
    }
}

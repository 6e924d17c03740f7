//! Where a server is in its life. Each phase owns exactly what it needs.

use super::Loss;
use super::driver::Link;
use crate::catalog::Manifest;
use crate::fleet::State;
use crate::reconnection::{CauseClass, Slot};
use serde::{Deserialize, Serialize};
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tokio::time::Instant;

/// Numbers the connections of all servers; what carries an older number than the current one is late.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Generation(u64);

impl Generation {
    /// The next number, unique in this process.
    pub fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }
}

impl Generation {
    /// Its number.
    pub fn number(self) -> u64 {
        self.0
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
    /// What it offers is shown to clients now, or cannot be.
    Published,
    /// The server asked a client something and nobody can say which.
    Ambiguous,
    /// It died of being asked for its era and is made again, without that.
    DiedOfDiscovery,
    /// It ended, or never began.
    Lost(Loss),
}

/// The phase of a server. Each owns exactly what it needs.
#[derive(Debug)]
pub(super) enum Phase {
    /// Not started; the first call starts it.
    Idle,
    /// Wants to connect, not before `until`.
    Waiting { until: Instant, how: Wait, cause: Option<(CauseClass, Loss)> },
    /// Connecting, shaking hands, listing. The slot is given back early when that takes long.
    Starting { generation: Generation, slot: Option<Slot> },
    /// Its tools are being published; then it is ready.
    Publishing { generation: Generation, link: Link },
    /// Calls are passed on.
    Ready { generation: Generation, link: Link },
    /// Stopped by a person, until a person starts it.
    Stopped,
}

/// What kind of waiting it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Wait {
    /// For its first turn.
    Boot,
    /// For the next attempt.
    Down,
    /// For an attempt now and then: it has been down for long.
    Parked,
    /// For an attempt now and then: it wants a login.
    Login,
}

impl Phase {
    /// For people and programs.
    pub(super) fn state(&self, now: Instant) -> State {
        match self {
            Self::Idle => State::Idle,
            Self::Waiting { how: Wait::Boot, .. } => State::Queued,
            Self::Waiting { how: Wait::Parked, .. } => State::Parked,
            Self::Waiting { how: Wait::Login, .. } => State::NeedsLogin,
            Self::Waiting { how: Wait::Down, until, .. } if *until <= now => State::Queued,
            Self::Waiting { how: Wait::Down, .. } => State::Down,
            Self::Starting { .. } | Self::Publishing { .. } => State::Starting,
            Self::Ready { .. } => State::Ready,
            Self::Stopped => State::Stopped,
        }
    }

    /// The connection of this phase.
    pub(super) fn generation(&self) -> Option<Generation> {
        match self {
            Self::Starting { generation, .. }
            | Self::Publishing { generation, .. }
            | Self::Ready { generation, .. } => Some(*generation),
            Self::Idle | Self::Waiting { .. } | Self::Stopped => None,
        }
    }

    /// Takes the slot out, if this phase holds one.
    pub(super) fn take_slot(&mut self) -> Option<Slot> {
        match self {
            Self::Starting { slot, .. } => slot.take(),
            Self::Idle
            | Self::Waiting { .. }
            | Self::Publishing { .. }
            | Self::Ready { .. }
            | Self::Stopped => None,
        }
    }
}

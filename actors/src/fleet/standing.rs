//! Where a server stands: published by its actor at every change of phase.

use crate::reconnection::CauseClass;
use crate::server::{Generation, Link, Loss};
use serde::Serialize;
use tokio::time::Instant;

/// The state of a server, for people and programs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum State {
    /// Not started; the first call starts it.
    Idle,
    /// Waits for its turn to connect.
    Queued,
    /// Connecting, shaking hands, listing.
    Starting,
    /// Calls are passed on.
    Ready,
    /// Down; the next attempt has its time.
    Down,
    /// Down for long: tried now and then, or when a call asks for it.
    Parked,
    /// Alive, but it wants a login: tried now and then.
    NeedsLogin,
    /// Stopped by a person.
    Stopped,
    /// Its actor crashed too often and does not run for now.
    Quarantined,
}

impl State {
    /// For people.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Idle => "not started",
            Self::Queued => "waiting for its turn to connect",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Down => "down",
            Self::Parked => "down for long",
            Self::NeedsLogin => "asking for a login",
            Self::Stopped => "stopped by an operator",
            Self::Quarantined => "out of service",
        }
    }

    /// For programs; as serialised.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Idle => "idle",
            Self::Queued => "queued",
            Self::Starting => "starting",
            Self::Ready => "ready",
            Self::Down => "down",
            Self::Parked => "parked",
            Self::NeedsLogin => "needs_login",
            Self::Stopped => "stopped",
            Self::Quarantined => "quarantined",
        }
    }
}

/// Where a server stands.
#[derive(Debug, Clone)]
pub struct Standing {
    /// Its state.
    pub state: State,
    /// Since when.
    pub since: Instant,
    /// The connection of this state.
    pub generation: Option<Generation>,
    /// Why it is not ready, when that has a reason; of a server that is ready, why it was not.
    pub cause: Option<(CauseClass, Loss)>,
    /// Attempts to connect that failed since it was last stable.
    pub attempts: u32,
    /// When the next attempt is due.
    pub next: Option<Instant>,
    /// The way to its connection.
    pub(crate) link: Option<Link>,
}

impl Standing {
    /// A server nobody has started.
    pub fn idle(now: Instant) -> Self {
        Self {
            state: State::Idle,
            since: now,
            generation: None,
            cause: None,
            attempts: 0,
            next: None,
            link: None,
        }
    }
}

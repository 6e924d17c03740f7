//! How long to wait before the next attempt, and when to try only now and then. A value.

use std::time::Duration;

/// Delays between the attempts to connect one server.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct ReconnectionPolicy {
    /// Delay before the second attempt; the first after a stable connection is immediate.
    pub initial_delay: Duration,
    /// What each delay is the last one times.
    pub factor: f64,
    /// No delay is longer, until it is parked.
    pub max_delay: Duration,
    /// Whether a delay is drawn at random between nothing and its full length.
    pub jitter: bool,
    /// A server down for longer is parked: tried every five minutes only, or when a call asks for it.
    pub park_after: Duration,
    /// A connection that stood this long was stable: its loss starts the count anew.
    pub stable_after: Duration,
}

impl Default for ReconnectionPolicy {
    fn default() -> Self {
        Self {
            initial_delay: Duration::from_millis(500),
            factor: 2.0,
            max_delay: Duration::from_secs(30),
            jitter: true,
            park_after: Duration::from_secs(30 * 60),
            stable_after: Duration::from_secs(10),
        }
    }
}

//! How much is kept for clients that come back.

use std::time::Duration;

/// Bounds of what is kept of event streams for clients that resume them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ResumeSettings {
    /// Bytes for one session.
    pub max_bytes: usize,
    /// Events for one session.
    pub max_events: usize,
    /// Bytes for all sessions; half of it only for clients that are away.
    pub max_total_bytes: usize,
    /// How long a stream without a reader is kept. Zero: no event has an id, and a connection that ends
    /// before the answer has the call cancelled.
    pub ttl: Duration,
}

impl Default for ResumeSettings {
    fn default() -> Self {
        Self {
            max_bytes: 4 << 20,
            max_events: 4096,
            max_total_bytes: 64 << 20,
            ttl: Duration::from_secs(60),
        }
    }
}

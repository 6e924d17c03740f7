//! How often servers are looked at, and what silence may cost. Values.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// When a server is checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MonitorPolicy {
    /// Whether it is checked at all.
    pub enabled: bool,
    /// Time between two checks when the interval is not adaptive.
    pub check_interval: Duration,
    /// Whether the interval follows the server's quality.
    pub adaptive_interval: bool,
    /// Time between two checks of a server that does well.
    pub stable_interval: Duration,
    /// Time between two checks of a server that does not.
    pub unstable_interval: Duration,
    /// A score below this is doing badly (0 to 100).
    pub quality_threshold: u8,
}

impl Default for MonitorPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            check_interval: Duration::from_secs(30),
            adaptive_interval: true,
            stable_interval: Duration::from_secs(60),
            unstable_interval: Duration::from_secs(10),
            quality_threshold: 60,
        }
    }
}

/// A change of a [`MonitorPolicy`]: what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct MonitorPatch {
    /// See [`MonitorPolicy::enabled`].
    pub enabled: Option<bool>,
    /// See [`MonitorPolicy::check_interval`].
    pub check_interval: Option<Duration>,
    /// See [`MonitorPolicy::adaptive_interval`].
    pub adaptive_interval: Option<bool>,
    /// See [`MonitorPolicy::stable_interval`].
    pub stable_interval: Option<Duration>,
    /// See [`MonitorPolicy::unstable_interval`].
    pub unstable_interval: Option<Duration>,
    /// See [`MonitorPolicy::quality_threshold`].
    pub quality_threshold: Option<u8>,
}

impl MonitorPolicy {
    /// The policy with a change.
    #[must_use]
    pub fn with(self, patch: &MonitorPatch) -> Self {
        Self {
            enabled: patch.enabled.unwrap_or(self.enabled),
            check_interval: patch.check_interval.unwrap_or(self.check_interval),
            adaptive_interval: patch.adaptive_interval.unwrap_or(self.adaptive_interval),
            stable_interval: patch.stable_interval.unwrap_or(self.stable_interval),
            unstable_interval: patch.unstable_interval.unwrap_or(self.unstable_interval),
            quality_threshold: patch.quality_threshold.unwrap_or(self.quality_threshold),
        }
    }
}

/// How a server is probed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PingPolicy {
    /// Whether it is probed; without, only real traffic and transport facts tell how it is.
    pub enabled: bool,
    /// A server heard within this time needs no probe.
    pub interval: Duration,
    /// How long a probe waits; the confirming one waits twice as long.
    pub timeout: Duration,
    /// Checks in a row that may fail before the verdict.
    pub max_failures: u32,
    /// A call that waited this long with not one frame from its server starts a probe at once; zero
    /// never does.
    pub suspect_after: Duration,
}

impl Default for PingPolicy {
    fn default() -> Self {
        Self {
            enabled: true,
            interval: Duration::from_secs(10),
            timeout: Duration::from_secs(5),
            max_failures: 3,
            suspect_after: Duration::from_secs(2),
        }
    }
}

/// A change of a [`PingPolicy`]: what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PingPatch {
    /// See [`PingPolicy::enabled`].
    pub enabled: Option<bool>,
    /// See [`PingPolicy::interval`].
    pub interval: Option<Duration>,
    /// See [`PingPolicy::timeout`].
    pub timeout: Option<Duration>,
    /// See [`PingPolicy::max_failures`].
    pub max_failures: Option<u32>,
    /// See [`PingPolicy::suspect_after`].
    pub suspect_after: Option<Duration>,
}

impl PingPolicy {
    /// The policy with a change.
    #[must_use]
    pub fn with(self, patch: &PingPatch) -> Self {
        Self {
            enabled: patch.enabled.unwrap_or(self.enabled),
            interval: patch.interval.unwrap_or(self.interval),
            timeout: patch.timeout.unwrap_or(self.timeout),
            max_failures: patch.max_failures.unwrap_or(self.max_failures),
            suspect_after: patch.suspect_after.unwrap_or(self.suspect_after),
        }
    }
}

/// When calls to a server that is up and does not serve them are refused at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct BreakerPolicy {
    /// Calls in a row that fail for reasons of the server before it opens; zero never opens it.
    pub failures: u32,
    /// How long it stays open before one call is tried.
    pub open_for: Duration,
}

impl Default for BreakerPolicy {
    fn default() -> Self {
        Self { failures: 5, open_for: Duration::from_secs(10) }
    }
}

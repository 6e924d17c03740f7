//! The policies of this moment: they may be changed while the gateway runs.

use super::{MonitorPatch, MonitorPolicy, PingPatch, PingPolicy};
use arc_swap::ArcSwap;
use std::sync::Arc;

/// Policies of the whole gateway.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct GlobalPolicy {
    /// When servers are checked.
    pub monitor: MonitorPolicy,
    /// How they are probed.
    pub ping: PingPolicy,
}

/// Where the policies of this moment stand; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Policies(Arc<ArcSwap<GlobalPolicy>>);

impl Policies {
    /// Starts with these.
    pub fn new(policy: GlobalPolicy) -> Self {
        Self(Arc::new(ArcSwap::from_pointee(policy)))
    }

    /// The policies of this moment.
    pub fn load(&self) -> GlobalPolicy {
        **self.0.load()
    }

    /// Changes them; what is `None` stays.
    pub fn patch(&self, monitor: &MonitorPatch, ping: &PingPatch) -> GlobalPolicy {
        let change = |now: &Arc<GlobalPolicy>| GlobalPolicy {
            monitor: now.monitor.with(monitor),
            ping: now.ping.with(ping),
        };
        self.0.rcu(change);
        self.load()
    }
}

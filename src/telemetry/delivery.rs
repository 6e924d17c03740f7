//! What telemetry lost, and the one warning about it.
//!
//! *Invariant:* losing is counted and said once, never waited for.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// What became of one signal's items.
#[derive(Debug)]
pub(super) struct Delivery {
    signal: &'static str,
    /// Items that found the queue full.
    full: AtomicU64,
    /// Items the collector did not take.
    refused: AtomicU64,
    /// Whether the trouble of this moment was told.
    told: AtomicBool,
}

impl Delivery {
    pub(super) fn new(signal: &'static str) -> Arc<Self> {
        let zero = AtomicU64::new;
        Arc::new(Self { signal, full: zero(0), refused: zero(0), told: AtomicBool::new(false) })
    }

    /// Its word.
    pub(super) const fn signal(&self) -> &'static str {
        self.signal
    }

    /// Items lost: for want of room, and for want of a collector that takes them.
    pub(super) fn lost(&self) -> (u64, u64) {
        (self.full.load(Ordering::Relaxed), self.refused.load(Ordering::Relaxed))
    }

    /// There was no room.
    pub(super) fn no_room(&self) {
        self.full.fetch_add(1, Ordering::Relaxed);
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                signal = self.signal,
                "the collector does not keep up, so telemetry is dropped; /metrics counts it (mcpvisor_telemetry_dropped_total)"
            );
        }
    }

    /// A batch was sent, or was not.
    pub(super) fn sent(&self, items: usize, error: Option<&dyn std::fmt::Display>) {
        let Some(error) = error else {
            if self.told.swap(false, Ordering::Relaxed) {
                tracing::info!(signal = self.signal, "telemetry is delivered again");
            }
            return;
        };
        self.refused.fetch_add(items as u64, Ordering::Relaxed);
        if !self.told.swap(true, Ordering::Relaxed) {
            tracing::warn!(
                signal = self.signal, %error,
                "telemetry cannot be delivered and is dropped; check telemetry.endpoint and the collector"
            );
        }
    }
}

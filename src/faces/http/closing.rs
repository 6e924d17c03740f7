//! Word to routes that are not MCP's own that their listener closes, and word from them that nothing is
//! lost when their answer is cut.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::watch;

/// With each request: tells when the listener closes, so that an answer without an end ends then.
#[derive(Debug, Clone)]
pub struct Closing {
    told: watch::Receiver<bool>,
    endless: Endless,
}

/// Whether the answer a connection is at has no end of its own.
#[derive(Debug, Clone, Default)]
pub(super) struct Endless(Arc<AtomicBool>);

impl Closing {
    /// Fires when `told` becomes true, or nobody is left who could say so.
    pub(super) fn new(told: watch::Receiver<bool>, endless: Endless) -> Self {
        Self { told, endless }
    }

    /// Returns once it closes.
    pub async fn told(&mut self) {
        let _sender_gone = self.told.wait_for(|closing| *closing).await.is_err();
    }

    /// The answer has no end of its own, so nobody waits for it once the listener closes: a reader who
    /// does not take its end is cut a moment later.
    pub fn may_be_cut(&self) {
        self.endless.set(true);
    }
}

impl Endless {
    pub(super) fn set(&self, endless: bool) {
        self.0.store(endless, Ordering::Relaxed);
    }

    pub(super) fn is_set(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

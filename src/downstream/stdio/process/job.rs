//! A Windows job object stands in for the process group. Untested: no Windows machine at hand.
//!
//! *Invariant:* the keeper owns the job; closing its last handle ends every process in it.

use std::time::Duration;
use tokio::sync::Notify;

/// What is done to a job; Windows knows no polite way beyond closing stdin.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::downstream::stdio) enum Stop {
    /// Nothing.
    Politely,
    /// Termination.
    Now,
}

/// The wish to end the job, heard by the keeper.
#[derive(Debug, Default)]
pub(in crate::downstream::stdio) struct Group {
    kill: Notify,
}

impl Group {
    pub(super) fn new(_leader: u32) -> Self {
        Self::default()
    }

    /// Asks the keeper to terminate the job.
    pub(super) fn stop(&self, how: Stop) {
        if how == Stop::Now {
            self.kill.notify_one();
        }
    }

    /// Waits for that wish.
    pub(super) async fn killed(&self) {
        self.kill.notified().await;
    }

    /// Waiting for the child waited for the whole job.
    pub(super) async fn sweep(&self, _grace: Duration) {}
}

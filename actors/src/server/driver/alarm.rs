//! One timer for all that a driver has to do in time.
//!
//! *Invariant:* it rings in time; it may ring early, because what it was set for is over. So a call costs it
//! nothing, and what is due is looked up when it rings.

use pin_project_lite::pin_project;
use std::pin::Pin;
use tokio::time::{Instant, Sleep, sleep_until};

pin_project! {
    /// A timer that is moved only to an earlier time, or once it has rung.
    #[derive(Default)]
    pub(super) struct Alarm {
        #[pin]
        sleep: Option<Sleep>,
    }
}

impl Alarm {
    /// Rings at this time at the latest.
    pub(super) fn ring_by(self: Pin<&mut Self>, at: Option<Instant>) {
        let Some(at) = at else { return };
        let mut sleep = self.project().sleep;
        match sleep.as_mut().as_pin_mut() {
            None => sleep.set(Some(sleep_until(at))),
            Some(sleep) if sleep.is_elapsed() || at < sleep.deadline() => sleep.reset(at),
            Some(_) => {}
        }
    }

    /// Returns when it rings; with nothing to ring for it never does.
    pub(super) async fn rings(self: Pin<&mut Self>) {
        match self.project().sleep.as_pin_mut() {
            Some(sleep) if !sleep.is_elapsed() => sleep.await,
            _ => std::future::pending().await,
        }
    }
}

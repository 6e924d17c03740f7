//! One timer for all that a driver has to do in time.
//!
//! *Invariant:* it rings in time, also when that passes while nobody looks; it may ring early, because what it was
//! set for is over. So a call costs it nothing, and what is due is looked up when it rings.

use pin_project_lite::pin_project;
use std::pin::Pin;
use tokio::time::{Instant, Sleep, sleep_until};

pin_project! {
    /// A timer that is moved only to an earlier time, or once it has rung.
    #[derive(Default)]
    pub(super) struct Alarm {
        #[pin]
        sleep: Option<Sleep>,
        // it has not rung since it was set
        set: bool,
    }
}

impl Alarm {
    /// Rings at this time at the latest.
    pub(super) fn ring_by(self: Pin<&mut Self>, at: Option<Instant>) {
        let Some(at) = at else { return };
        let mut this = self.project();
        match this.sleep.as_mut().as_pin_mut() {
            None => this.sleep.set(Some(sleep_until(at))),
            Some(sleep) if !*this.set || at < sleep.deadline() => sleep.reset(at),
            Some(_) => {}
        }
        *this.set = true;
    }

    /// Returns when it rings; with nothing to ring for it never does.
    pub(super) async fn rings(self: Pin<&mut Self>) {
        let this = self.project();
        match this.sleep.as_pin_mut() {
            Some(sleep) if *this.set => sleep.await,
            _ => std::future::pending().await,
        }
        *this.set = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::pin::pin;
    use std::time::Duration;
    use tokio::time::{advance, pause};

    const SECOND: Duration = Duration::from_secs(1);

    #[tokio::test]
    async fn it_rings_once_for_each_time_it_is_set() {
        pause();
        let mut alarm = pin!(Alarm::default());
        assert_eq!(alarm.as_mut().rings().now_or_never(), None);
        let start = Instant::now();
        alarm.as_mut().ring_by(Some(start + 5 * SECOND));
        alarm.as_mut().ring_by(Some(start + 2 * SECOND));
        alarm.as_mut().ring_by(Some(start + 9 * SECOND));
        alarm.as_mut().rings().await;
        assert_eq!(start.elapsed().as_secs(), 2);
        assert_eq!(alarm.as_mut().rings().now_or_never(), None);
        alarm.as_mut().ring_by(Some(start + 9 * SECOND));
        alarm.as_mut().rings().await;
        assert_eq!(start.elapsed().as_secs(), 9);
    }

    #[tokio::test]
    async fn it_rings_for_a_time_that_passed_while_nobody_looked() {
        pause();
        let mut alarm = pin!(Alarm::default());
        alarm.as_mut().ring_by(Some(Instant::now() + SECOND));
        assert_eq!(alarm.as_mut().rings().now_or_never(), None);
        advance(5 * SECOND).await;
        tokio::task::yield_now().await;
        alarm.as_mut().ring_by(None);
        assert_eq!(alarm.as_mut().rings().now_or_never(), Some(()));
    }
}

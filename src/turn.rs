//! Turns of what wakes itself.
//!
//! The HTTP library wakes its own task in passing, for each body it hands over, and so do sets of futures. A
//! task that does so is taken for one that lets others go first: it goes to the end of the queue, and a second
//! thread is woken to help with it, which costs more than the call. Here it goes on in the same turn.
//!
//! *Invariant:* nobody who wakes is unheard: what was waked during a turn is polled again, in this turn or in
//! one that is asked for.

use futures_util::task::AtomicWaker;
use std::sync::Arc;
use std::sync::atomic::{AtomicU8, Ordering};
use std::task::{Context, Poll, Wake, Waker};

/// How often something may go on in one turn; then others have theirs.
const ROUNDS: usize = 4;

/// Nobody polls.
const AWAY: u8 = 0;
/// Somebody polls.
const POLLED: u8 = 1;
/// Somebody polls, and has to poll again.
const WOKEN: u8 = 2;

/// The waker of whatever takes its turns here.
#[derive(Debug)]
pub(crate) struct Turn {
    bell: Arc<Bell>,
    waker: Waker,
}

#[derive(Debug, Default)]
struct Bell {
    state: AtomicU8,
    task: AtomicWaker,
}

impl Default for Turn {
    fn default() -> Self {
        let bell = Arc::<Bell>::default();
        Self { waker: Waker::from(Arc::clone(&bell)), bell }
    }
}

impl Turn {
    /// Polls, and again what woke itself meanwhile. Whoever gets something polls once more, as with any stream.
    pub(crate) fn take<T>(
        &self,
        context: &mut Context<'_>,
        mut poll: impl FnMut(&mut Context<'_>) -> Poll<T>,
    ) -> Poll<T> {
        self.bell.task.register(context.waker());
        for _ in 0..ROUNDS {
            self.bell.state.store(POLLED, Ordering::SeqCst);
            let polled = poll(&mut Context::from_waker(&self.waker));
            let woken = self.bell.state.swap(AWAY, Ordering::SeqCst) == WOKEN;
            if polled.is_ready() || !woken {
                return polled;
            }
        }
        context.waker().wake_by_ref();
        Poll::Pending
    }
}

impl Wake for Bell {
    fn wake(self: Arc<Self>) {
        self.wake_by_ref();
    }

    fn wake_by_ref(self: &Arc<Self>) {
        let noted = self.state.compare_exchange(POLLED, WOKEN, Ordering::SeqCst, Ordering::SeqCst);
        if noted == Err(AWAY) {
            self.task.wake();
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::task::noop_waker;
    use std::sync::atomic::AtomicUsize;

    #[derive(Default)]
    struct Rings(AtomicUsize);

    impl Wake for Rings {
        fn wake(self: Arc<Self>) {
            self.0.fetch_add(1, Ordering::SeqCst);
        }
    }

    /// How often the task was woken, and what was polled, when it wakes itself so many times.
    fn turn(wakes: usize) -> (usize, usize) {
        let (rings, turn, mut polls) = (Arc::<Rings>::default(), Turn::default(), 0);
        let task = Waker::from(Arc::clone(&rings));
        let polled = turn.take(&mut Context::from_waker(&task), |context| {
            polls += 1;
            if polls <= wakes {
                context.waker().wake_by_ref();
            }
            Poll::<()>::Pending
        });
        assert!(polled.is_pending());
        (rings.0.load(Ordering::SeqCst), polls)
    }

    #[test]
    fn what_wakes_itself_goes_on_in_the_same_turn_unless_it_does_so_for_ever() {
        assert_eq!(turn(0), (0, 1));
        assert_eq!(turn(1), (0, 2));
        assert_eq!(turn(3), (0, 4));
        assert_eq!(turn(4), (1, 4));
        assert_eq!(turn(usize::MAX), (1, 4));
    }

    #[test]
    fn who_wakes_between_two_turns_wakes_the_task_once() {
        let (rings, turn) = (Arc::<Rings>::default(), Turn::default());
        let task = Waker::from(Arc::clone(&rings));
        let mut kept = noop_waker();
        let polled = turn.take(&mut Context::from_waker(&task), |context| {
            kept.clone_from(context.waker());
            Poll::<()>::Pending
        });
        assert!(polled.is_pending());
        kept.wake_by_ref();
        kept.wake_by_ref();
        assert_eq!(rings.0.load(Ordering::SeqCst), 1);
        let ready = turn.take(&mut Context::from_waker(&task), |context| {
            context.waker().wake_by_ref();
            Poll::Ready(7)
        });
        assert_eq!(ready, Poll::Ready(7));
        assert_eq!(rings.0.load(Ordering::SeqCst), 1);
    }
}

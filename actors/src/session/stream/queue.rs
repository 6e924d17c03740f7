//! A queue between tasks that takes no memory as long as nothing waits in it.
//!
//! Every request has one, mostly for a single answer, and every client that listens has one in which hardly
//! anything ever is; tokio's takes room for 32 messages from the beginning.
//!
//! *Invariant:* what was sent is received in this order, or dropped with the receiver; never under the lock.

use crate::mutex::lock;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::task::{Context, Poll, Waker, ready};
use tokio::sync::Notify;
use tokio::task::coop::poll_proceed;

/// The sending end.
#[derive(Debug)]
pub(super) struct Sender<T>(Arc<Shared<T>>);

/// The receiving end.
#[derive(Debug)]
pub(super) struct Receiver<T>(Arc<Shared<T>>);

/// A sending end that does not keep the queue open.
#[derive(Debug)]
pub(super) struct WeakSender<T>(Weak<Shared<T>>);

#[derive(Debug)]
struct Shared<T> {
    state: Mutex<State<T>>,
    /// Wakes who waits for the receiver to be gone.
    gone: Notify,
}

#[derive(Debug)]
struct State<T> {
    waiting: VecDeque<T>,
    senders: usize,
    /// Nothing more is taken.
    closed: bool,
    receiver: Option<Waker>,
}

/// A queue and both of its ends.
pub(super) fn queue<T>() -> (Sender<T>, Receiver<T>) {
    let state = State { waiting: VecDeque::new(), senders: 1, closed: false, receiver: None };
    let shared = Arc::new(Shared { state: Mutex::new(state), gone: Notify::new() });
    (Sender(Arc::clone(&shared)), Receiver(shared))
}

impl<T> Shared<T> {
    fn lock(&self) -> MutexGuard<'_, State<T>> {
        lock(&self.state)
    }
}

impl<T> Sender<T> {
    /// Puts in what is received later; gives it back when nothing more is taken.
    pub(super) fn send(&self, what: T) -> Result<(), T> {
        let mut state = self.0.lock();
        if state.closed {
            return Err(what);
        }
        state.waiting.push_back(what);
        let receiver = state.receiver.take();
        drop(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
        Ok(())
    }

    /// Whether nothing more is taken.
    pub(super) fn is_closed(&self) -> bool {
        self.0.lock().closed
    }

    /// Returns once nothing more is taken.
    pub(super) async fn closed(&self) {
        let gone = self.0.gone.notified();
        if !self.is_closed() {
            gone.await;
        }
    }

    /// The same for who shall not keep the queue open.
    pub(super) fn downgrade(&self) -> WeakSender<T> {
        WeakSender(Arc::downgrade(&self.0))
    }
}

impl<T> Clone for Sender<T> {
    fn clone(&self) -> Self {
        self.0.lock().senders += 1;
        Self(Arc::clone(&self.0))
    }
}

impl<T> Drop for Sender<T> {
    fn drop(&mut self) {
        let mut state = self.0.lock();
        state.senders -= 1;
        let receiver = if state.senders == 0 { state.receiver.take() } else { None };
        drop(state);
        if let Some(receiver) = receiver {
            receiver.wake();
        }
    }
}

impl<T> WeakSender<T> {
    /// Whether something may still be sent, and is taken.
    pub(super) fn is_open(&self) -> bool {
        self.0.upgrade().is_some_and(|shared| {
            let state = shared.lock();
            state.senders > 0 && !state.closed
        })
    }
}

impl<T> Receiver<T> {
    /// What comes next; `None` once nothing more will. The last to poll is woken.
    pub(super) fn poll_recv(&mut self, context: &mut Context<'_>) -> Poll<Option<T>> {
        let coop = ready!(poll_proceed(context));
        let mut state = self.0.lock();
        let next = state.waiting.pop_front();
        if next.is_none() && state.senders > 0 && !state.closed {
            match &mut state.receiver {
                Some(receiver) => receiver.clone_from(context.waker()),
                receiver => *receiver = Some(context.waker().clone()),
            }
            return Poll::Pending;
        }
        coop.made_progress();
        Poll::Ready(next)
    }

    /// What comes next if it is there already.
    pub(super) fn try_recv(&mut self) -> Option<T> {
        self.0.lock().waiting.pop_front()
    }

    /// Takes nothing more; what is there can still be received.
    pub(super) fn close(&mut self) {
        self.0.lock().closed = true;
        self.0.gone.notify_waiters();
    }

    /// How much waits.
    pub(super) fn len(&self) -> usize {
        self.0.lock().waiting.len()
    }
}

impl<T> Drop for Receiver<T> {
    fn drop(&mut self) {
        self.close();
        let mut state = self.0.lock();
        let (unread, receiver) = (std::mem::take(&mut state.waiting), state.receiver.take());
        drop(state);
        drop((unread, receiver));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::future::poll_fn;

    async fn next<T>(receiver: &mut Receiver<T>) -> Option<T> {
        poll_fn(|context| receiver.poll_recv(context)).await
    }

    #[tokio::test]
    async fn everything_is_received_in_order_and_then_the_end() {
        let (sender, mut receiver) = queue();
        let other = sender.clone();
        assert_eq!((sender.send(1), other.send(2), sender.send(3)), (Ok(()), Ok(()), Ok(())));
        drop(sender);
        assert_eq!((next(&mut receiver).await, receiver.len()), (Some(1), 2));
        assert_eq!((receiver.try_recv(), next(&mut receiver).await), (Some(2), Some(3)));
        assert!(next(&mut receiver).now_or_never().is_none(), "more may come");
        drop(other);
        assert_eq!(next(&mut receiver).await, None);
    }

    #[tokio::test]
    async fn a_receiver_that_waits_is_woken_by_what_comes_and_by_the_end() {
        let (sender, mut receiver) = queue();
        let receiving = tokio::spawn(async move {
            let first = next(&mut receiver).await;
            (first, next(&mut receiver).await)
        });
        tokio::task::yield_now().await;
        assert_eq!(sender.send("first"), Ok(()));
        tokio::task::yield_now().await;
        drop(sender);
        assert_eq!(receiving.await.expect("no panic"), (Some("first"), None));
    }

    #[tokio::test]
    async fn what_nobody_receives_is_dropped_with_the_receiver_and_given_back_after() {
        let (sender, mut receiver) = queue();
        let (what, weak) = (Arc::new(()), sender.downgrade());
        assert!(sender.send(Arc::clone(&what)).is_ok() && weak.is_open());
        let mut closed = Box::pin(sender.closed());
        assert!(closed.as_mut().now_or_never().is_none());
        receiver.close();
        assert!(closed.now_or_never().is_some());
        assert!(sender.is_closed() && !weak.is_open() && receiver.len() == 1);
        drop(receiver);
        assert_eq!(Arc::strong_count(&what), 1);
        assert!(sender.send(what).is_err());
    }

    #[tokio::test]
    async fn a_weak_end_does_not_keep_it_open() {
        let (sender, mut receiver) = queue::<()>();
        let weak = sender.downgrade();
        drop(sender);
        assert!(!weak.is_open());
        assert_eq!(next(&mut receiver).await, None);
    }

    #[tokio::test]
    async fn a_receiver_shares_its_thread_with_others() {
        let (sender, mut receiver) = queue();
        (0..1_000).for_each(|n| sender.send(n).expect("taken"));
        let all_at_once = async { while next(&mut receiver).await.is_some_and(|n| n < 999) {} };
        let mut all_at_once = Box::pin(all_at_once);
        assert!(all_at_once.as_mut().now_or_never().is_none());
        all_at_once.await;
    }
}

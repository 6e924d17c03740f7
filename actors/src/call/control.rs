//! How a call is given up, wherever it is at that moment.

use crate::mutex::lock;
use std::fmt;
use std::sync::atomic::{AtomicBool, AtomicU8, Ordering};
use std::sync::{Arc, Mutex};

/// Why nobody waits for a call any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum GoneBecause {
    /// The client sent `notifications/cancelled`; the reason's JSON text when it gave one.
    Cancelled(Option<bytes::Bytes>),
    /// The client's connection or session ended.
    Disconnected,
}

const OPEN: u8 = 0;
const GIVEN_UP: u8 = 1;
const FINISHED: u8 = 2;

type Canceller = Arc<dyn Fn(GoneBecause) + Send + Sync>;

/// Shared by whoever may give a call up (its session) and whoever runs it.
///
/// Giving up first marks the call, then tells the runner if there is one; a runner first makes itself
/// known, then looks at the mark. So one of the two always sees the other.
#[derive(Default)]
pub struct Control {
    state: AtomicU8,
    canceller: Mutex<Option<Canceller>>,
    /// What a subscription is of, and whether it was ended before it began.
    watching: Option<Box<str>>,
    withdrawn: AtomicBool,
}

impl Control {
    /// The control of a subscription to this URI.
    pub fn of_subscription(uri: &str) -> Self {
        Self { watching: Some(uri.into()), ..Self::default() }
    }

    /// The client unsubscribed from this URI: a subscription to it that is under way is answered, and
    /// over then.
    pub fn withdraw(&self, uri: &str) {
        if self.watching.as_deref() == Some(uri) {
            self.withdrawn.store(true, Ordering::SeqCst);
        }
    }

    /// Whether the subscription is over as soon as it begins.
    pub fn is_withdrawn(&self) -> bool {
        self.withdrawn.load(Ordering::SeqCst)
    }

    /// Gives the call up. Nothing happens when it is answered already.
    pub fn give_up(&self, because: GoneBecause) {
        let open =
            self.state.compare_exchange(OPEN, GIVEN_UP, Ordering::SeqCst, Ordering::SeqCst).is_ok();
        let cancel = lock(&self.canceller).clone().filter(|_| open);
        if let Some(cancel) = cancel {
            cancel(because);
        }
    }

    /// Makes the runner known, in place of an earlier one; `false` when the call was given up before.
    pub fn runs_at(&self, cancel: impl Fn(GoneBecause) + Send + Sync + 'static) -> bool {
        *lock(&self.canceller) = Some(Arc::new(cancel));
        !self.is_given_up()
    }

    /// Whether nobody waits any more.
    pub fn is_given_up(&self) -> bool {
        self.state.load(Ordering::SeqCst) == GIVEN_UP
    }

    /// Whether the call is over, one way or the other.
    pub fn is_over(&self) -> bool {
        self.state.load(Ordering::SeqCst) == FINISHED
    }

    pub(super) fn finish(&self) {
        self.state.store(FINISHED, Ordering::SeqCst);
    }
}

impl fmt::Debug for Control {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Control").field("state", &self.state).finish_non_exhaustive()
    }
}

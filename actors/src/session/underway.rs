//! A stateless request under way, as whoever took it in holds it.
//!
//! *Invariant:* the tasks of stateless requests belong to whoever holds this: they end with it at the
//! latest.

use crate::call::{Control, GoneBecause};
use crate::observation::{Outcome, Watched};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};

/// How a stateless request is given up. Dropping it ends what is served here, but no call.
#[derive(Debug)]
pub struct Underway {
    what: What,
    /// Its number as an observed request.
    number: Option<u64>,
}

#[derive(Debug)]
enum What {
    /// It was answered at once.
    Over,
    /// It is with a server.
    Call(Arc<Control>),
    /// A list that waits for servers.
    List(Task),
    /// A `subscriptions/listen`, and how it is told to end in order.
    Listen(Task, watch::Sender<bool>),
}

/// A task that ends with its owner.
#[derive(Debug)]
struct Task {
    handle: AbortHandle,
    _owned: JoinSet<()>,
}

impl Task {
    fn new(work: impl Future<Output = ()> + Send + 'static) -> Self {
        let mut owned = JoinSet::new();
        Self { handle: owned.spawn(work), _owned: owned }
    }
}

/// The guard of a request that is served by such a task: dropped, its client gave it up.
#[derive(Debug)]
pub(super) struct GivenUp(pub(super) Option<Watched>);

impl GivenUp {
    /// It is answered now.
    pub(super) fn take(mut self) -> Option<Watched> {
        self.0.take()
    }
}

impl Drop for GivenUp {
    fn drop(&mut self) {
        if let Some(watched) = self.0.take() {
            watched.over(Outcome::Cancelled, 0);
        }
    }
}

impl Underway {
    fn new(what: What) -> Self {
        Self { what, number: None }
    }

    pub(super) fn over() -> Self {
        Self::new(What::Over)
    }

    pub(super) fn call(control: Arc<Control>) -> Self {
        Self::new(What::Call(control))
    }

    pub(super) fn list(work: impl Future<Output = ()> + Send + 'static) -> Self {
        Self::new(What::List(Task::new(work)))
    }

    pub(super) fn listen(
        work: impl Future<Output = ()> + Send + 'static,
        end: watch::Sender<bool>,
    ) -> Self {
        Self::new(What::Listen(Task::new(work), end))
    }

    /// The same, with its number.
    pub(super) fn numbered(self, number: Option<u64>) -> Self {
        Self { number, ..self }
    }

    /// Its [`Observed::number`](crate::observation::Observed::number), when somebody looks at requests.
    pub fn number(&self) -> Option<u64> {
        self.number
    }

    /// The client sent `notifications/cancelled`, with this reason's JSON text: nothing more is sent.
    pub fn cancel(&self, reason: Option<Bytes>) {
        self.give_up(GoneBecause::Cancelled(reason));
    }

    /// The client is gone.
    pub fn abandon(&self) {
        self.give_up(GoneBecause::Disconnected);
    }

    fn give_up(&self, because: GoneBecause) {
        match &self.what {
            What::Over => {}
            What::Call(control) => control.give_up(because),
            What::List(task) | What::Listen(task, _) => task.handle.abort(),
        }
    }

    /// Nothing new will come: a `subscriptions/listen` is answered, all else goes on to its end.
    pub fn wind_up(&self) {
        if let What::Listen(_, end) = &self.what {
            end.send_replace(true);
        }
    }

    /// Whether nothing more will come of it.
    pub fn is_over(&self) -> bool {
        match &self.what {
            What::Over => true,
            What::Call(control) => control.is_over() || control.is_given_up(),
            What::List(task) | What::Listen(task, _) => task.handle.is_finished(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;
    use tokio::sync::oneshot;
    use tokio::task::yield_now;

    /// Tells when it is dropped.
    fn told() -> (impl Future<Output = ()> + Send, oneshot::Receiver<()>) {
        let (tells, told) = oneshot::channel::<()>();
        let work = async move {
            let _kept = tells;
            pending::<()>().await;
        };
        (work, told)
    }

    #[tokio::test]
    async fn what_is_served_here_ends_when_it_is_given_up_or_nobody_holds_it() {
        for given_up in [true, false] {
            let (work, gone) = told();
            let underway = Underway::list(work);
            yield_now().await;
            assert!(!underway.is_over());
            if given_up {
                underway.cancel(None);
                let _dropped = gone.await;
                yield_now().await;
                assert!(underway.is_over());
            } else {
                drop(underway);
                let _dropped = gone.await;
            }
        }
    }

    #[tokio::test]
    async fn only_a_listen_is_wound_up() {
        let (work, _gone) = told();
        let (end, told_to_end) = watch::channel(false);
        let listen = Underway::listen(work, end);
        listen.wind_up();
        assert!(*told_to_end.borrow() && !listen.is_over());

        let control = Arc::new(Control::default());
        let call = Underway::call(Arc::clone(&control));
        call.wind_up();
        assert!(!control.is_given_up() && !call.is_over());
        call.abandon();
        assert!(control.is_given_up() && call.is_over());
        assert!(Underway::over().is_over());
    }
}

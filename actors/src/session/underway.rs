//! A stateless request under way, as whoever took it in holds it.

use super::listening::Until;
use crate::call::{Control, GoneBecause};
use bytes::Bytes;
use std::sync::Arc;
use tokio::sync::watch;

/// How a stateless request is given up. Dropping it gives up a `subscriptions/listen` and nothing else.
#[derive(Debug)]
pub struct Underway(What);

#[derive(Debug)]
enum What {
    /// It was answered at once.
    Over,
    /// A call, or a list that waits for servers.
    Call(Arc<Control>),
    /// A `subscriptions/listen`.
    Listen(watch::Sender<Until>),
}

impl Underway {
    pub(super) fn over() -> Self {
        Self(What::Over)
    }

    pub(super) fn call(control: Arc<Control>) -> Self {
        Self(What::Call(control))
    }

    pub(super) fn listen(until: watch::Sender<Until>) -> Self {
        Self(What::Listen(until))
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
        match &self.0 {
            What::Over => {}
            What::Call(control) => control.give_up(because),
            What::Listen(until) => {
                until.send_replace(Until::Left);
            }
        }
    }

    /// Nothing new will come: a `subscriptions/listen` is answered, all else goes on to its end.
    pub fn wind_up(&self) {
        if let What::Listen(until) = &self.0 {
            until.send_if_modified(|until| {
                let open = *until == Until::Open;
                *until = if open { Until::Ended } else { *until };
                open
            });
        }
    }

    /// Whether nothing more will come of it.
    pub fn is_over(&self) -> bool {
        match &self.0 {
            What::Over => true,
            What::Call(control) => control.is_over() || control.is_given_up(),
            What::Listen(until) => until.is_closed(),
        }
    }
}

//! Subscriptions on their way down, and the news of them on its way up.
//!
//! What changed while there was no connection, nobody knows: once a resource is watched again, its
//! watchers are told that it may have changed.

use super::{Capability, Driver, Failure, Loss, Message, OutboundKind, Pending, RoutedCall};
use crate::bridge::{Era, Fault, untagged};
use crate::server::subscribing::{Joined, Step};
use crate::session::Fact;
use crate::wire::{Payload, Uris, notification_raw, request_raw, string};
use std::time::Duration;
use tokio::time::Instant;

/// How a request about a subscription ended.
pub(super) enum Ended<'a> {
    /// The server answered it; whether with a result.
    Answered(&'a Message, bool),
    /// It did not in time.
    Late(Duration),
    /// It was lost, sent or not.
    Lost(bool, Loss),
    /// The listen for all of them includes it.
    Honoured,
    /// The listen for all of them leaves it out.
    Refused,
}

impl Driver {
    /// A client asks to be told of a resource.
    pub(super) fn subscribe(&mut self, call: RoutedCall) {
        if call.ticket.control.is_given_up() {
            return; // its ticket sees that
        }
        if let Some(watched) = call.ticket.watched()
            && !self.subscribing.watches(&call.route.own)
        {
            watched.sent(); // it is over when its server has answered, it or one before it
        }
        match self.subscribing.join(call) {
            Joined::Already(call) => {
                self.enter(&call);
                if let Some(call) = call.ticket.redeem() {
                    call.done();
                }
            }
            Joined::Waits(_) if self.control.era() == Era::Modern => self.listen(),
            Joined::Waits(step) => self.step(step),
        }
    }

    /// The clients want other resources watched, or this connection has just become ready.
    pub(super) fn reconcile_subscriptions(&mut self) {
        if self.control.era() == Era::Modern {
            return self.listen();
        }
        let able = self.control.capabilities().has(Capability::Subscribe);
        if self.ready_by.is_none() && able {
            let wanted = self.context.sessions.subscriptions().wanted(&self.context.spec.name);
            let steps = self.subscribing.reconcile(&wanted);
            self.step(steps);
        }
    }

    fn step(&mut self, steps: impl IntoIterator<Item = Step>) {
        for step in steps {
            let id = self.pending.next_id();
            let (method, uri, leaving) = match step {
                Step::Subscribe(uri) => ("resources/subscribe", uri, false),
                Step::Unsubscribe(uri) => ("resources/unsubscribe", uri, true),
            };
            let payload = request_raw(id, method, &format!("{{\"uri\":{}}}", string(&uri)));
            let deadline = Instant::now() + self.context.spec.limits.call_timeout;
            self.pending.insert(id, Pending::Watch { uri: uri.into(), leaving, deadline });
            self.send(payload, OutboundKind::Request { id, initialize: false });
        }
    }

    /// A request about a subscription is over: who waited for it hears how.
    pub(super) fn watch_ended(&mut self, uri: &str, leaving: bool, ended: &Ended<'_>) {
        if leaving {
            let step = self.subscribing.unsubscribed(uri);
            self.step(step);
            return self.reconcile_subscriptions();
        }
        let ok = matches!(ended, Ended::Answered(_, true));
        let waiting = self.subscribing.subscribed(uri, ok);
        match (ok, waiting.is_empty()) {
            (true, true) => self.may_have_changed(uri),
            (false, true) => {
                let (server, mask) = (&self.context.spec.name, &self.context.spec.mask);
                let uri = mask(uri.split(['?', '#']).next().unwrap_or_default());
                tracing::warn!(%server, uri, "a resource clients watch is not watched any more");
            }
            (_, false) => {}
        }
        for call in waiting {
            self.answer_watcher(call, ended);
        }
        self.reconcile_subscriptions(); // those who waited may be gone
    }

    /// Everybody who waits to watch this hears how that ended; whether there was anybody.
    pub(super) fn answer_watchers(&mut self, uri: &str, ended: &Ended<'_>) -> bool {
        let waiting = self.subscribing.settled(uri);
        let any = !waiting.is_empty();
        for call in waiting {
            self.answer_watcher(call, ended);
        }
        any
    }

    fn answer_watcher(&self, call: RoutedCall, ended: &Ended<'_>) {
        if call.ticket.control.is_given_up() {
            return; // its ticket sees that
        }
        if matches!(ended, Ended::Answered(_, true) | Ended::Honoured) {
            self.enter(&call);
        }
        if let Ended::Lost(sent, loss) = ended {
            return self.fail(call, *sent, loss.clone());
        }
        let Some(call) = call.ticket.redeem() else { return };
        match ended {
            Ended::Answered(message, _) => call.answer(message, &[]),
            Ended::Late(after) => {
                let (server, after) = (self.context.spec.name.clone(), *after);
                call.fail(&Failure::Timeout { server, after });
            }
            Ended::Refused => {
                call.refuse(&Fault::BadParams("the server does not tell of changes of this URI"));
            }
            Ended::Honoured | Ended::Lost(..) => call.done(),
        }
    }

    /// From here on its session is told, unless that has unsubscribed meanwhile.
    fn enter(&self, call: &RoutedCall) {
        let (uri, asked) = (&call.route.own, &call.ticket.params.name);
        let (sessions, client) = (&self.context.sessions, &call.ticket.client);
        sessions.subscribe(client, &self.context.spec.name, uri, asked);
        if call.ticket.control.is_withdrawn() {
            sessions.unsubscribe(client, asked);
        }
    }

    /// A resource changed: whoever watches it hears so, under the URI they know it by.
    pub(super) fn updated(&self, message: &Message) {
        for (uri, span) in Uris::of_update(message).iter() {
            self.spread(uri, |told| {
                let mut edits = untagged(message);
                if told != uri {
                    edits.put(span, string(told));
                }
                message.notified(&edits.as_slices())
            });
        }
    }

    pub(super) fn may_have_changed(&self, uri: &str) {
        self.spread(uri, |told| {
            let params = format!("{{\"uri\":{}}}", string(told));
            notification_raw("notifications/resources/updated", &params)
        });
    }

    /// Tells all who watch this.
    fn spread(&self, uri: &str, news: impl Fn(&str) -> Payload) {
        let (sessions, server) = (&self.context.sessions, &self.context.spec.name);
        for (session, told) in sessions.subscriptions().watchers(server, uri) {
            let payload = news(&told);
            sessions.tell(&session, &Fact::Updated(told.into(), payload));
        }
    }
}

//! The driver of one connection: the task that alone reads from and writes to a server.
//!
//! It rewrites id, name or URI and progress token on the way down and back on the way up, keeps the
//! pending table, enforces deadlines, passes cancellation on. Payloads are not looked at.
//!
//! *Invariant:* every ticket it holds is answered, also when the connection or the driver itself ends.

use super::control::{Action, Control, Purpose};
use super::instance::Connected;
use super::listening::Listening;
use super::pending::{Pending, PendingCall, PendingProbe, PendingTable};
use super::subscribing::Subscribing;
use super::transport::{Inbound, Noise, Outbound, OutboundKind, Transport};
use super::{Fact, Loss, RoutedCall};
use crate::bridge::Era;
use crate::call::Failure;
use crate::catalog::Capability;
use crate::health::PingPolicy;
use crate::observation::TraceContext;
use crate::session::LogLevel;
use crate::wire::{
    Kind, Message, Payload, ProgressParams, RawId, notification, notification_raw, request_raw,
};
use asking::Asking;
use bytes::Bytes;
use eliciting::Eliciting;
use owning::GivenUp;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use subscribing::Ended;
use tokio::sync::{mpsc, watch};
use tokio::task::{coop::consume_budget, yield_now};
use tokio::time::Instant;

mod alarm;
mod asking;
mod calling;
mod eliciting;
mod link;
mod listening;
mod owning;
mod parking;
mod posting;
mod probing;
mod raw;
mod signals;
mod subscribing;
mod tapping;
mod tasking;
mod translating;
mod upward;

use alarm::Alarm;
use link::Command;
pub(crate) use link::Link;
use signals::{Signal, Signals};

/// An alarm that comes later than this says that the whole process was suspended.
const SUSPENDED: Duration = Duration::from_secs(1);

/// Commands that are obeyed before the transport gets its turn.
const TOGETHER: usize = 64;

/// How a connection ended.
#[derive(Debug)]
pub(super) enum End {
    /// It was lost, as its server was told.
    Lost(Loss),
    /// It died as its server was asked for its era: another one is to be made, which is not.
    OfDiscovery,
}

pub(super) use parking::ParkedCall;
pub(super) use raw::Reply as RawReply;
pub(crate) use raw::{RawLeft, RawSent};

/// What a driver works with.
pub(super) struct Driver {
    context: Connected,
    transport: Box<dyn Transport>,
    levels: watch::Receiver<Option<LogLevel>>,
    subscribing: Subscribing,
    asking: Asking,
    given_up: GivenUp,
    /// When the monitor was told last that calls wait without a frame.
    suspected_at: Option<Instant>,
    eliciting: Eliciting,
    listening: Listening,
    pending: PendingTable,
    control: Control,
    link: Link,
    commands: mpsc::UnboundedReceiver<Command>,
    /// When the handshake must be done; `None` once it is.
    ready_by: Option<Instant>,
    /// How often something was heard that is no message.
    noises: u64,
    /// Calls answered so far; some are noted in the timeline.
    calls: u64,
    /// Since when calls wait without a frame.
    silent_since: Instant,
    /// Nothing ends for lack of time before: we were not running ourselves, so what came meanwhile is
    /// heard first.
    resumed_until: Option<Instant>,
}

impl Driver {
    pub(super) fn new(
        context: Connected,
        transport: Box<dyn Transport>,
        ready_by: Instant,
    ) -> Self {
        let (sender, commands) = mpsc::unbounded_channel();
        let mut levels = context.sessions.levels();
        let level = *levels.borrow_and_update();
        let control = Control::new(level, context.remembered.clone(), context.guess);
        Self {
            context,
            transport,
            levels,
            subscribing: Subscribing::default(),
            asking: Asking::default(),
            given_up: GivenUp::default(),
            suspected_at: None,
            eliciting: Eliciting::default(),
            listening: Listening::default(),
            pending: PendingTable::default(),
            control,
            link: Link(sender),
            commands,
            ready_by: Some(ready_by),
            noises: 0,
            calls: 0,
            silent_since: Instant::now(),
            resumed_until: None,
        }
    }

    /// Runs until the connection is lost or `close` says why to end it. Returns how it ended and the
    /// transport, to be closed politely.
    pub(super) async fn run(
        mut self,
        close: watch::Receiver<Option<Loss>>,
    ) -> (End, Box<dyn Transport>) {
        let _telling = self.signals(close).tell(self.link.0.clone());
        let mut alarm = pin!(Alarm::default());
        let mut next = vec![self.control.begin(Instant::now())];
        let loss = loop {
            if let Some(loss) = self.perform(next) {
                break loss;
            }
            alarm.as_mut().ring_by(self.wake_at());
            next = tokio::select! {
                inbound = poll_fn(|context| self.transport.poll_next(context)) => {
                    match self.hear(inbound) {
                        Ok(actions) => actions,
                        Err(loss) => break loss,
                    }
                }
                Some(command) = self.commands.recv() => match self.obey_crowd(command).await {
                    Ok(actions) => actions,
                    Err(loss) => break loss,
                },
                () = alarm.as_mut().rings() => match self.expire() {
                    Ok(actions) => actions,
                    Err(loss) => break loss,
                },
            };
            // a server that has much to say shares the thread with others
            consume_budget().await;
        };
        if self.control.died_of_discovery(&loss) {
            return (End::OfDiscovery, self.transport);
        }
        let loss = loss.masked(&self.context.spec.mask);
        // first, so that what is routed again finds a server that knows, and nothing passes its gate
        self.commands.close();
        self.tell(Fact::Lost(loss.clone()));
        self.settle(&loss);
        (End::Lost(loss), self.transport)
    }

    fn wake_at(&mut self) -> Option<Instant> {
        let own = [
            self.control.due(),
            self.ready_by,
            self.suspicious_at(),
            self.listening.due(),
            self.asking.due(),
        ];
        let next = own.into_iter().chain([self.pending.next_deadline()]).flatten().min();
        next.max(self.resumed_until.filter(|_| next.is_some()))
    }

    /// Performs what our own conversation asks for; the loss when it gives up.
    fn perform(&mut self, actions: Vec<Action>) -> Option<Loss> {
        for action in actions {
            match action {
                Action::Request(purpose, params) => self.request(purpose, &params),
                Action::Established(era) => {
                    if era != Era::Modern {
                        let initialized = notification("notifications/initialized");
                        self.send(initialized, OutboundKind::Notification);
                    }
                    self.transport.established(era);
                    self.reconcile_subscriptions();
                }
                Action::Publish(manifest) => {
                    let manifest = Arc::new(manifest);
                    if self.ready_by.take().is_some() {
                        self.tell(Fact::Ready(self.link.clone(), manifest));
                    } else {
                        self.tell(Fact::Changed(manifest));
                    }
                    self.subscribing.forgive();
                    self.listening.forgive();
                    self.reconcile_subscriptions();
                }
                Action::GiveUp(loss) => return Some(loss),
            }
        }
        None
    }

    fn tell(&self, fact: Fact) {
        let _gone =
            self.context.server.send_message(super::Message::Heard(self.context.generation, fact));
    }

    fn send(&mut self, payload: Payload, kind: OutboundKind) {
        self.send_within(None, payload, kind);
    }

    /// Sends a frame of this trace.
    fn send_within(&mut self, trace: Option<TraceContext>, payload: Payload, kind: OutboundKind) {
        self.sends(&payload);
        let headers = self.headers(&payload, kind);
        self.transport.send(Outbound { payload, kind, headers, trace });
    }

    fn request(&mut self, purpose: Purpose, params: &str) {
        let id = self.pending.next_id();
        let deadline = Instant::now() + self.context.spec.connect_timeout;
        self.pending.insert(id, Pending::Own(purpose, deadline));
        let initialize = purpose == Purpose::Initialize;
        let payload = request_raw(id, purpose.method(), params);
        self.send(payload, OutboundKind::Request { id, initialize });
    }

    fn signals(&self, close: watch::Receiver<Option<Loss>>) -> Signals {
        let sessions = &self.context.sessions;
        let wishes = match &self.context.own {
            None => sessions.subscriptions().changes(&self.context.spec.name),
            Some(_) => watch::channel(()).1, // resources are watched on the shared connection
        };
        Signals { levels: self.levels.clone(), roots: sessions.roots(), wishes, close }
    }

    /// Obeys what there is, so that the transport can send it together; the loss when that ends the
    /// connection.
    fn obey_all(&mut self, first: Command) -> Result<Vec<Action>, Loss> {
        let (mut actions, mut next, mut left) = (Vec::new(), Some(first), TOGETHER);
        while let Some(command) = next {
            match command {
                Command::Signal(Signal::Close(loss)) => return Err(loss),
                command => actions.extend(self.obey(command)),
            }
            left -= 1;
            next =
                if left > 0 && actions.is_empty() { self.commands.try_recv().ok() } else { None };
        }
        Ok(actions)
    }

    /// The same; among many calls those that are just about to come are let come first.
    async fn obey_crowd(&mut self, first: Command) -> Result<Vec<Action>, Loss> {
        let actions = self.obey_all(first)?;
        if !(actions.is_empty() && self.pending.is_crowded() && self.transport.gathers()) {
            return Ok(actions);
        }
        yield_now().await;
        match self.commands.try_recv() {
            Ok(next) => self.obey_all(next),
            Err(_none) => Ok(actions),
        }
    }

    fn obey(&mut self, command: Command) -> Vec<Action> {
        match command {
            Command::Signal(signal) => return self.notice(&signal),
            Command::Call(call) => self.call(*call),
            Command::Probe(method, timeout, reply) => self.probe(method, timeout, reply),
            Command::Raw(raw) => self.raw(*raw),
            Command::RawLeft => self.raw_left(),
            Command::Said(id, said) => self.heard_answer(id, said),
            Command::Cancel(id, because) => self.give_up(id, because),
        }
        Vec::new()
    }

    fn notice(&mut self, signal: &Signal) -> Vec<Action> {
        match signal {
            Signal::Levels => {
                let level = *self.levels.borrow_and_update();
                return self.control.level(level);
            }
            Signal::Roots => self.roots_changed(),
            Signal::Wishes => self.reconcile_subscriptions(),
            Signal::Close(_) => {} // ends the loop
        }
        Vec::new()
    }

    fn cancel(&mut self, id: u64, reason: &Bytes) {
        let reason = String::from_utf8_lossy(reason);
        let params = format!("{{\"requestId\":{id},\"reason\":{reason}}}");
        let payload = notification_raw("notifications/cancelled", &params);
        self.send(payload, OutboundKind::Cancel { id });
    }

    /// Ends what is due.
    fn expire(&mut self) -> Result<Vec<Action>, Loss> {
        let now = Instant::now();
        let due = self.wake_at();
        match self.resumed_until {
            None if due.is_some_and(|at| at + SUSPENDED < now) => {
                self.resumed_until = Some(now + SUSPENDED);
                return Ok(Vec::new());
            }
            Some(until) if now < until => return Ok(Vec::new()),
            _ => self.resumed_until = None,
        }
        if self.ready_by.is_some_and(|by| by <= now) {
            let after = self.context.spec.connect_timeout;
            let ready = self.control.hurry();
            if ready.is_empty() {
                return Err(Loss::TimedOut { stage: "initialize and tools/list", after });
            }
            return Ok(ready);
        }
        self.suspect_if_due(now);
        self.listen_if_due(now);
        self.expire_questions(now);
        let mut actions = self.control.act_if_due(now);
        for (id, pending) in self.pending.expired(now) {
            match pending {
                Pending::Call(pending) => self.time_out(id, *pending)?,
                Pending::Parked(_) => self.cancel(id, &Bytes::from_static(b"\"timeout\"")),
                Pending::Probe(probe) => self.unanswered(id, *probe),
                Pending::Raw(raw) => {
                    self.give_up_raw(id, b"\"timeout\"");
                    raw.late();
                }
                Pending::Watch { uri, leaving, .. } => {
                    self.cancel(id, &Bytes::from_static(b"\"timeout\""));
                    let ended = Ended::Late(self.context.spec.limits.call_timeout);
                    self.watch_ended(&uri, leaving, &ended);
                }
                Pending::Own(purpose, _) => {
                    if !purpose.opens() {
                        self.cancel(id, &Bytes::from_static(b"\"timeout\""));
                    }
                    let error = Bytes::from_static(b"\"no answer in time\"");
                    actions.extend(self.control.answered(purpose, Err(error), now));
                }
            }
        }
        Ok(actions)
    }

    /// The connection is over: every call is answered by what is known of it.
    fn settle(&mut self, loss: &Loss) {
        self.withdraw_all();
        for (id, pending) in self.pending.drain() {
            let sent = !self.transport.is_unsent(id);
            match pending {
                Pending::Call(pending) => {
                    // a call in its second round was executed in part
                    let sent = sent || pending.rounds.is_some();
                    self.fail(pending.call, sent, loss.clone());
                }
                Pending::Raw(raw) => raw.lost(sent, loss.clone()),
                Pending::Parked(_)
                | Pending::Own(..)
                | Pending::Probe(_)
                | Pending::Watch { .. } => {}
            }
        }
        for call in self.subscribing.drain() {
            self.fail(call, false, loss.clone()); // asking twice does no harm
        }
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Call(call) = command {
                self.fail(*call, false, loss.clone());
            }
        }
    }
}

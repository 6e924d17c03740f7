//! The driver of one connection: the task that alone reads from and writes to a server.
//!
//! It rewrites id, name or URI and progress token on the way down and back on the way up, keeps the
//! pending table, enforces deadlines, passes cancellation on. Payloads are not looked at.
//!
//! *Invariant:* every ticket it holds is answered, also when the connection or the driver itself ends.

use super::control::{Action, Control, Purpose};
use super::instance::Connected;
use super::pending::{Pending, PendingCall, PendingProbe, PendingTable};
use super::subscribing::Subscribing;
use super::transport::{Inbound, Noise, Outbound, OutboundKind, Transport};
use super::{Fact, Loss, RoutedCall};
use crate::call::{Failure, GoneBecause};
use crate::catalog::Capability;
use crate::health::{PingPolicy, ProbeMethod, ProbeOutcome};
use crate::session::LogLevel;
use crate::wire::{
    Kind, Message, Method, Payload, ProgressParams, RawId, code, error_reply, notification,
    notification_raw, request_raw, result_raw, string,
};
use bytes::Bytes;
use std::future::poll_fn;
use std::sync::Arc;
use std::time::Duration;
use subscribing::Ended;
use tokio::sync::{mpsc, oneshot, watch};
use tokio::time::Instant;

mod probing;
mod subscribing;
mod translating;
mod upward;

/// An alarm that comes later than this says that the whole process was suspended.
const SUSPENDED: Duration = Duration::from_secs(1);

/// What a driver is told.
#[derive(Debug)]
enum Command {
    Call(Box<RoutedCall>),
    Cancel(u64, GoneBecause),
    Probe(ProbeMethod, Duration, oneshot::Sender<ProbeOutcome>),
}

/// Hands calls to a driver. Unbounded, because a server admits no more calls than it has slots.
#[derive(Debug, Clone)]
pub struct Link(mpsc::UnboundedSender<Command>);

impl Link {
    /// Hands a call over; a driver that is gone drops its ticket, which then says "not sent".
    pub(super) fn send(&self, call: RoutedCall) {
        let _gone = self.0.send(Command::Call(Box::new(call)));
    }

    /// Probes the server; the answer comes within `timeout`, or the connection is gone.
    pub(crate) fn probe(
        &self,
        method: ProbeMethod,
        timeout: Duration,
    ) -> oneshot::Receiver<ProbeOutcome> {
        let (reply, outcome) = oneshot::channel();
        let _gone = self.0.send(Command::Probe(method, timeout, reply));
        outcome
    }
}

/// What a driver works with.
pub(super) struct Driver {
    context: Connected,
    transport: Box<dyn Transport>,
    levels: watch::Receiver<Option<LogLevel>>,
    /// Fires when the clients want other resources watched.
    wishes: watch::Receiver<()>,
    subscribing: Subscribing,
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
    /// Since when calls wait without a frame, or since that was told last.
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
        let wishes = context.sessions.subscriptions().changes(&context.spec.name);
        let control = Control::new(*levels.borrow_and_update(), context.remembered.clone());
        Self {
            context,
            transport,
            levels,
            wishes,
            subscribing: Subscribing::default(),
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

    /// Runs until the connection is lost or `close` says why to end it. Returns why it ended and the
    /// transport, to be closed politely.
    pub(super) async fn run(
        mut self,
        mut close: watch::Receiver<Option<Loss>>,
    ) -> (Loss, Box<dyn Transport>) {
        let mut next = vec![Control::begin()];
        let loss = loop {
            if let Some(loss) = self.perform(next) {
                break loss;
            }
            let wake = self.wake_at();
            next = tokio::select! {
                inbound = poll_fn(|context| self.transport.poll_next(context)) => {
                    match self.hear(inbound) {
                        Ok(actions) => actions,
                        Err(loss) => break loss,
                    }
                }
                Some(command) = self.commands.recv() => { self.obey(command); Vec::new() }
                Ok(()) = self.levels.changed() => {
                    let level = *self.levels.borrow_and_update();
                    self.control.level(level)
                }
                Ok(()) = self.wishes.changed() => {
                    self.reconcile_subscriptions();
                    Vec::new()
                }
                () = sleep_until(wake) => match self.expire() {
                    Ok(actions) => actions,
                    Err(loss) => break loss,
                },
                loss = super::instance::closing(&mut close) => break loss,
            };
        };
        let loss = loss.masked(&self.context.spec.mask);
        // first, so that what is routed again finds a server that knows
        self.tell(Fact::Lost(loss.clone()));
        self.settle(&loss);
        (loss, self.transport)
    }

    fn wake_at(&self) -> Option<Instant> {
        let own = [self.control.list_due(), self.ready_by, self.suspicious_at()];
        let next = own.into_iter().chain([self.pending.next_deadline()]).flatten().min();
        next.max(self.resumed_until.filter(|_| next.is_some()))
    }

    /// Performs what our own conversation asks for; the loss when it gives up.
    fn perform(&mut self, actions: Vec<Action>) -> Option<Loss> {
        for action in actions {
            match action {
                Action::Request(purpose, params) => self.request(purpose, &params),
                Action::Initialized(version) => {
                    self.send(
                        notification("notifications/initialized"),
                        OutboundKind::Notification,
                    );
                    self.transport.established(version);
                }
                Action::Publish(manifest) => {
                    let manifest = Arc::new(manifest);
                    if self.ready_by.take().is_some() {
                        self.tell(Fact::Ready(self.link.clone(), manifest));
                    } else {
                        self.tell(Fact::Changed(manifest));
                    }
                    self.subscribing.forgive();
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
        self.transport.send(Outbound { payload, kind });
    }

    fn request(&mut self, purpose: Purpose, params: &str) {
        let id = self.pending.next_id();
        let deadline = Instant::now() + self.context.spec.connect_timeout;
        self.pending.insert(id, Pending::Own(purpose, deadline));
        let initialize = purpose == Purpose::Initialize;
        let payload = request_raw(id, purpose.method(), params);
        self.send(payload, OutboundKind::Request { id, initialize });
    }

    fn obey(&mut self, command: Command) {
        match command {
            Command::Call(call) => self.call(*call),
            Command::Probe(method, timeout, reply) => self.probe(method, timeout, reply),
            Command::Cancel(id, because) => {
                if let Some(Pending::Call(pending)) = self.pending.remove(id) {
                    let reason = match because {
                        GoneBecause::Cancelled(Some(raw)) => raw,
                        GoneBecause::Cancelled(None) => Bytes::from_static(b"\"cancelled\""),
                        GoneBecause::Disconnected => Bytes::from_static(b"\"client disconnected\""),
                    };
                    self.cancel(id, &reason);
                    if let Some(call) = pending.call.ticket.redeem() {
                        call.forget();
                    }
                }
            }
        }
    }

    fn call(&mut self, mut call: RoutedCall) {
        let method = call.ticket.params.method;
        if !self.control.capabilities().has(Capability::of_method(method)) {
            return self.refuse(call, method);
        }
        if method == Method::Subscribe {
            return self.subscribe(call);
        }
        self.catch_up_with_levels();
        let translated = match self.carried_down(&call.ticket, None) {
            Ok(edits) => edits,
            Err(fault) => {
                if let Some(call) = call.ticket.redeem() {
                    call.refuse(&fault);
                }
                return;
            }
        };
        let id = self.pending.next_id();
        let commands = self.link.0.clone();
        let awaited = call.ticket.control.runs_at(move |because| {
            let _gone = commands.send(Command::Cancel(id, because));
        });
        if !awaited {
            return; // its ticket sees that it was given up
        }
        let id_text = id.to_string();
        let params = &call.ticket.params;
        let own = string(&call.route.own);
        let mut edits = translated.as_slices();
        edits.push((params.name_span, own.as_bytes()));
        if let Some((_, span)) = &params.progress_token {
            edits.push((*span, id_text.as_bytes()));
        }
        let payload = call.ticket.message.with_id(id_text.as_bytes(), &edits);
        call.ticket.mark_sent();
        let now = Instant::now();
        if !self.pending.has_calls() {
            self.silent_since = now; // nobody waited before
        }
        let pending = PendingCall::new(call, &self.context.spec.limits, now);
        self.pending.insert(id, Pending::Call(Box::new(pending)));
        self.send(payload, OutboundKind::Request { id, initialize: false });
    }

    /// The server of this connection did not declare what one before it had.
    fn refuse(&self, call: RoutedCall, method: Method) {
        let (server, method) = (self.context.spec.name.clone(), method.as_str());
        if let Some(call) = call.ticket.redeem() {
            call.fail(&Failure::NotDeclared { server, method });
        }
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
        match self.resumed_until {
            None if self.wake_at().is_some_and(|at| at + SUSPENDED < now) => {
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
        let mut actions = self.control.list_if_due(now);
        for (id, pending) in self.pending.expired(now) {
            match pending {
                Pending::Call(pending) => self.time_out(id, *pending),
                Pending::Probe(probe) => self.unanswered(id, *probe),
                Pending::Watch { uri, leaving, .. } => {
                    self.cancel(id, &Bytes::from_static(b"\"timeout\""));
                    let ended = Ended::Late(self.context.spec.limits.call_timeout);
                    self.watch_ended(&uri, leaving, &ended);
                }
                Pending::Own(purpose, _) => {
                    self.cancel(id, &Bytes::from_static(b"\"timeout\""));
                    let error = Bytes::from_static(b"\"no answer in time\"");
                    actions.extend(self.control.answered(purpose, Err(error), now));
                }
            }
        }
        Ok(actions)
    }

    fn time_out(&mut self, id: u64, pending: PendingCall) {
        let unsent = self.transport.is_unsent(id);
        self.cancel(id, &Bytes::from_static(b"\"timeout\"")); // unsent, it is withdrawn
        let limits = &self.context.spec.limits;
        let after = if pending.hit_ceiling() { limits.call_ceiling } else { limits.call_timeout };
        let server = self.context.spec.name.clone();
        let cause = format!("no sign of it for {} s", after.as_secs_f32());
        self.ended(&pending, "timeout", cause);
        if let Some(call) = pending.call.ticket.redeem() {
            call.fail(&if unsent {
                let detail = format!("it has not read its input for {} s", after.as_secs_f32());
                Failure::Refused { server, cause: Loss::Protocol { detail } }
            } else {
                Failure::Timeout { server, after }
            });
        }
    }

    /// The connection is over: every call is answered by what is known of it.
    fn settle(&mut self, loss: &Loss) {
        for (id, pending) in self.pending.drain() {
            if let Pending::Call(pending) = pending {
                let sent = !self.transport.is_unsent(id);
                self.fail(pending.call, sent, loss.clone());
            }
        }
        for call in self.subscribing.drain() {
            self.fail(call, false, loss.clone()); // asking twice does no harm
        }
        self.commands.close(); // what comes later drops its ticket: not sent
        while let Ok(command) = self.commands.try_recv() {
            if let Command::Call(call) = command {
                self.fail(*call, false, loss.clone());
            }
        }
    }

    /// Answers a call that cannot be answered by its server. What was not sent because the server is
    /// gone is not answered but routed again once, by dropping its ticket.
    fn fail(&self, mut call: RoutedCall, sent: bool, cause: Loss) {
        let server = self.context.spec.name.clone();
        if !sent {
            call.ticket.mark_unsent();
            if cause.is_of_connection() && call.ticket.goes_again() {
                return;
            }
        }
        if let Some(call) = call.ticket.redeem() {
            call.fail(&if sent {
                Failure::OutcomeUnknown { server, cause }
            } else {
                Failure::Refused { server, cause }
            });
        }
    }
}

/// Sleeps until `at`, or for ever.
async fn sleep_until(at: Option<Instant>) {
    match at {
        Some(at) => tokio::time::sleep_until(at).await,
        None => std::future::pending().await,
    }
}

//! The server actor: phase, queue and slots of one downstream server.

use super::admission::{Admission, Waiting};
use super::backoff::jitter;
use super::driver::Link;
use super::instance::{self, Instance};
use super::phase::{Attempts, Phase};
use super::{Backoff, Fact, Generation, Loss, RoutedCall, ServerSpec};
use crate::call::{CallTicket, Failure};
use crate::catalog::{self, Known, Manifest};
use crate::otp::{Address, Exit, Lease, Shutdown, Timer};
use crate::session::SessionTable;
use futures_util::future::join_all;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How often a server looks whether the catalog has what it offers.
const RECONCILE: Duration = Duration::from_secs(10);

/// What a server hears.
#[derive(Debug)]
pub enum Message {
    /// A call for it.
    Call(RoutedCall),
    /// A call of a tool that must be its, before it has told any.
    Unlisted(CallTicket),
    /// A connection of it tells something.
    Heard(Generation, Fact),
    /// A call at that connection is over.
    SlotFreed(Generation),
    /// Time for the next attempt.
    RetryDue,
    /// The earliest deadline in the queue has come.
    QueueDue,
    /// Time to look whether a fact was lost.
    Reconcile,
}

/// What every incarnation is made of.
#[derive(Clone)]
pub struct Arguments {
    /// Its configuration.
    pub spec: Arc<ServerSpec>,
    /// When to try again.
    pub backoff: Backoff,
    /// Whom to tell what it offers.
    pub catalog: Address<catalog::Message>,
    /// What the catalog knows.
    pub known: Known,
    /// Whom log messages go to.
    pub sessions: SessionTable,
}

/// The server actor.
#[derive(Debug)]
pub struct Server;

/// A running server actor.
pub struct State {
    arguments: Arguments,
    phase: Phase,
    attempts: Attempts,
    admission: Admission,
    instance: Option<ActorCell>,
    /// Instances of earlier connections that still close.
    closing: Vec<ActorCell>,
    offers: Option<Arc<Manifest>>,
    /// The alarm for the next attempt.
    retry_timer: Option<Timer>,
    /// The alarm for the earliest deadline in the queue.
    queue_timer: Option<(Instant, Timer)>,
}

impl Actor for Server {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        if catalog::Arguments::starts_at_boot(&arguments.spec, &arguments.known) {
            me.send_message(Message::RetryDue)?;
        }
        let _timer = me.send_after(RECONCILE, || Message::Reconcile);
        let limits = arguments.spec.limits;
        Ok(State {
            phase: Phase::Idle,
            attempts: Attempts::default(),
            admission: Admission::new(limits.max_in_flight, limits.max_queue),
            instance: None,
            closing: Vec::new(),
            offers: None,
            retry_timer: None,
            queue_timer: None,
            arguments,
        })
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Call(call) => state.call(call, &me).await,
            Message::Unlisted(ticket) => state.unlisted(ticket),
            Message::Heard(generation, fact) => state.heard(generation, fact, &me),
            Message::SlotFreed(generation) => state.slot_freed(generation, &me),
            Message::RetryDue => state.retry(&me).await,
            Message::QueueDue => state.expire(&me),
            Message::Reconcile => state.reconcile(&me),
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<Message>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let Some((cell, exit)) = Exit::of(event) else { return Ok(()) };
        state.closing.retain(|closing| closing.get_id() != cell.get_id());
        if let Exit::Abnormal(reason) = exit
            && state.instance.as_ref().is_some_and(|current| current.get_id() == cell.get_id())
        {
            tracing::error!(server = %state.arguments.spec.name, %reason, "an instance ended");
            if let Some(generation) = state.phase.generation() {
                state.heard(generation, Fact::Lost(Loss::Internal), &me);
            }
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _me: ActorRef<Message>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        // bounded by the transport's grace and our own
        let instances = state.instance.take().into_iter().chain(state.closing.drain(..));
        join_all(instances.map(|cell| async move { Shutdown::Infinite.stop(&cell).await })).await;
        Ok(())
    }
}

impl State {
    async fn call(&mut self, call: RoutedCall, me: &ActorRef<Message>) {
        let now = Instant::now();
        let limits = self.arguments.spec.limits;
        let wait = match self.phase {
            Phase::Waiting { .. } => limits.call_wait.min(limits.route_timeout),
            _ => limits.route_timeout,
        };
        let waiting = Waiting { call, since: now, deadline: now + wait };
        if let Err(refused) = self.admission.enqueue(waiting) {
            let server = self.arguments.spec.name.clone();
            let (in_flight, queued) = (self.admission.in_flight(), self.admission.queued());
            fail(refused.call.ticket, &Failure::Overloaded { server, in_flight, queued });
            return;
        }
        match &self.phase {
            Phase::Idle => self.start(me).await,
            Phase::Waiting { .. } if self.attempts.earliest().is_none_or(|at| at <= now) => {
                self.start(me).await;
            }
            Phase::Waiting { .. } => self.hurry(now, me),
            Phase::Ready { .. } | Phase::Starting { .. } => {}
        }
        self.dispatch(me);
    }

    /// Somebody waits: the next attempt comes as soon as the spacing allows it.
    fn hurry(&mut self, now: Instant, me: &ActorRef<Message>) {
        if let Some(at) = self.attempts.earliest() {
            self.try_at(at, now, me);
        }
    }

    fn try_at(&mut self, at: Instant, now: Instant, me: &ActorRef<Message>) {
        let delay = at.saturating_duration_since(now);
        self.retry_timer = Some(Timer::from(me.send_after(delay, || Message::RetryDue)));
    }

    /// Says why nothing of this server can be called yet.
    fn unlisted(&self, ticket: CallTicket) {
        if matches!(self.phase, Phase::Ready { .. }) {
            return; // its tools are about to be published: not sent, so routed once more
        }
        fail(ticket, &self.unavailable(Duration::ZERO, Instant::now()));
    }

    /// Passes on what has a slot; sets the alarm for what must wait.
    fn dispatch(&mut self, me: &ActorRef<Message>) {
        if let Phase::Ready { generation, link, .. } = &self.phase {
            let (generation, link): (Generation, Link) = (*generation, link.clone());
            while let Some(waiting) = self.admission.next() {
                let mut call = waiting.call;
                call.ticket.hold(Lease::new(me.clone(), Message::SlotFreed(generation)));
                link.send(call);
            }
        }
        let Some(deadline) = self.admission.next_deadline() else { return };
        if self.queue_timer.as_ref().is_none_or(|(at, _)| deadline < *at) {
            let delay = deadline.saturating_duration_since(Instant::now());
            let timer = Timer::from(me.send_after(delay, || Message::QueueDue));
            self.queue_timer = Some((deadline, timer));
        }
    }

    /// Answers the calls that waited too long.
    fn expire(&mut self, me: &ActorRef<Message>) {
        let now = Instant::now();
        self.queue_timer = None;
        for late in self.admission.expired(now) {
            let waited = late.waited(now);
            fail(late.call.ticket, &self.unavailable(waited, now));
        }
        self.dispatch(me);
    }

    fn unavailable(&self, waited: Duration, now: Instant) -> Failure {
        let server = self.arguments.spec.name.clone();
        let (cause, next) = match &self.phase {
            Phase::Ready { .. } => return Failure::QueueTimeout { server, waited },
            Phase::Waiting { until, cause } => {
                (Some(cause.clone()), Some(until.saturating_duration_since(now)))
            }
            Phase::Idle | Phase::Starting { .. } => (None, None),
        };
        let attempt = self.attempts.failures();
        Failure::Unavailable { server, state: self.phase.word(), cause, attempt, next }
    }

    async fn retry(&mut self, me: &ActorRef<Message>) {
        let now = Instant::now();
        match self.phase {
            Phase::Idle => self.start(me).await,
            Phase::Waiting { until, .. } => {
                let wanted = self.admission.queued() > 0;
                let urgent = wanted && self.attempts.earliest().is_none_or(|at| at <= now);
                if until <= now || urgent {
                    self.start(me).await;
                } else {
                    self.try_at(until, now, me); // whoever hurried does not wait any more
                }
            }
            Phase::Starting { .. } | Phase::Ready { .. } => {}
        }
    }

    /// Starts a new connection; the old one, if it still closes, does so on its own.
    async fn start(&mut self, me: &ActorRef<Message>) {
        let generation = Generation::next();
        self.attempts.begin(Instant::now());
        self.phase = Phase::Starting { generation };
        let arguments = instance::Arguments {
            spec: Arc::clone(&self.arguments.spec),
            generation,
            server: me.clone(),
            sessions: self.arguments.sessions.clone(),
        };
        match Actor::spawn_linked(None, Instance, arguments, me.get_cell()).await {
            Ok((instance, _task)) => self.instance = Some(instance.get_cell()),
            Err(error) => {
                tracing::error!(server = %self.arguments.spec.name, %error, "no instance");
                self.heard(generation, Fact::Lost(Loss::Internal), me);
            }
        }
    }

    fn heard(&mut self, generation: Generation, fact: Fact, me: &ActorRef<Message>) {
        if self.phase.generation() != Some(generation) {
            return; // an older connection
        }
        let name = &self.arguments.spec.name;
        match fact {
            Fact::Ready(link, manifest) => {
                let version = manifest.version;
                tracing::info!(server = %name, %generation, %version, tools = manifest.tools.len(), "ready");
                self.phase = Phase::Ready { generation, link, since: Instant::now() };
                self.offer(manifest);
                self.dispatch(me);
            }
            Fact::Changed(manifest) => {
                tracing::info!(server = %name, tools = manifest.tools.len(), "tools changed");
                self.offer(manifest);
            }
            Fact::Lost(loss) => self.lost(loss, me),
        }
    }

    fn lost(&mut self, cause: Loss, me: &ActorRef<Message>) {
        let now = Instant::now();
        let up = match self.phase {
            Phase::Ready { since, .. } => Some(now.duration_since(since)),
            _ => None,
        };
        if let Some(instance) = self.instance.take() {
            instance.stop(None);
            self.closing.push(instance);
        }
        let until = self.attempts.failed(up, &self.arguments.backoff, jitter(), now);
        let delay = until.saturating_duration_since(now);
        let attempt = self.attempts.failures();
        tracing::warn!(server = %self.arguments.spec.name, %cause, attempt, next_in = ?delay, "down");
        self.admission.all_freed();
        if up.is_none() {
            // an attempt failed: who waits for it waits `call_wait` more, not for the next ones
            self.admission.hurry(now + self.arguments.spec.limits.call_wait);
            self.arguments
                .catalog
                .tell(catalog::Message::Unreachable(self.arguments.spec.name.clone()));
        }
        self.phase = Phase::Waiting { until, cause };
        self.try_at(until, now, me);
        if self.admission.queued() > 0 {
            self.hurry(now, me);
        }
        self.dispatch(me);
    }

    fn slot_freed(&mut self, generation: Generation, me: &ActorRef<Message>) {
        if self.phase.generation() == Some(generation) {
            self.admission.freed();
            self.dispatch(me);
        }
    }

    fn offer(&mut self, manifest: Arc<Manifest>) {
        self.offers = Some(Arc::clone(&manifest));
        let offered = catalog::Message::Offered(self.arguments.spec.name.clone(), manifest);
        self.arguments.catalog.tell(offered);
    }

    fn reconcile(&mut self, me: &ActorRef<Message>) {
        if let Some(mine) = self.offers.clone()
            && self.arguments.known.get(&self.arguments.spec.name).is_none_or(|known| known != mine)
        {
            self.offer(mine);
        }
        let _timer = me.send_after(RECONCILE, || Message::Reconcile);
    }
}

fn fail(ticket: CallTicket, failure: &Failure) {
    if let Some(call) = ticket.redeem() {
        if call.control.is_given_up() { call.forget() } else { call.fail(failure) }
    }
}

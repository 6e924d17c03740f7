//! The server actor: phase, queue and slots of one downstream server.

use super::admission::{Admission, Waiting};
use super::driver::Link;
use super::gate::{Closing, Way};
use super::opening::Doubts;
use super::phase::{Phase, Wait};
use super::{Fact, Generation, Loss, Parking, RoutedCall, ServerSpec, Whose};
use crate::call::{CallTicket, Failure};
use crate::catalog::{self, Known, Manifest, Switches};
use crate::fleet::Card;
use crate::health::{Policies, monitor};
use crate::observation::Observer;
use crate::otp::{Address, Exit, Shutdown, Timer};
use crate::reconnection::{self, Schedule, Slot};
use crate::session::SessionTable;
use crate::timeline::Timelines;
use apart::Apart;
use futures_util::future::join_all;
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

mod apart;
mod connection;
mod switched;
mod waiting;

use connection::fail;
use waiting::hear_of_its_end;

/// How often a server looks whether a fact was lost.
const RECONCILE: Duration = Duration::from_secs(10);

/// What a person asks of a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// End its connection and make a new one.
    Restart,
    /// End its connection and make none.
    Stop,
    /// Connect, if it does not.
    Start,
}

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
    /// It may connect now.
    Granted(Slot),
    /// The coordinator is another one, which knows nothing of us.
    AskAgain,
    /// A person asks.
    Order(Order),
    /// An alarm it set.
    Due(Alarm),
}

/// What a server has itself reminded of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Alarm {
    /// The earliest deadline in the queue has come.
    Queue,
    /// That connection takes long to become ready: others need not wait for it.
    Slow(Generation),
    /// Time to look whether a fact was lost.
    Reconcile,
}

/// What every incarnation is made of.
#[derive(Clone)]
pub struct Arguments {
    /// Its card on the board, with its configuration.
    pub card: Arc<Card>,
    /// Whom to tell what it offers.
    pub catalog: Address<catalog::Message>,
    /// What the catalog knows.
    pub known: Known,
    /// Whom log messages go to.
    pub sessions: SessionTable,
    /// Who says when it may connect.
    pub coordinator: Address<reconnection::Message>,
    /// Who watches its connection.
    pub monitor: Address<monitor::Message>,
    /// The policies of this moment.
    pub policies: Policies,
    /// Where facts are noted.
    pub timelines: Timelines,
    /// Who is told what it says, if anybody is.
    pub observer: Option<Arc<dyn Observer>>,
    /// Where calls wait for input of their clients.
    pub parking: Parking,
    /// Which tools are switched off.
    pub switches: Switches,
    /// Whose connection it is, if it is not shared.
    pub own: Option<Whose>,
}

/// The server actor.
#[derive(Debug)]
pub struct Server;

/// A running server actor.
pub struct State {
    arguments: Arguments,
    spec: Arc<ServerSpec>,
    phase: Phase,
    schedule: Schedule,
    admission: Admission,
    gate: Closing,
    /// Calls of tools it has not told yet, and until when they wait for it to do so.
    unlisted: Vec<(Instant, CallTicket)>,
    /// The current instance, and how it is told why to end.
    instance: Option<(ActorCell, watch::Sender<Option<Loss>>)>,
    /// Instances of earlier connections that still close.
    closing: Vec<ActorCell>,
    offers: Option<Arc<Manifest>>,
    /// Whether what is remembered of its era is to be believed.
    doubts: Doubts,
    /// Why it was down the last time.
    last_loss: Option<Loss>,
    /// The alarm for the earliest deadline in the queue.
    queue_timer: Option<(Instant, Timer)>,
    /// The alarm for a connection that takes long.
    slow_timer: Option<Timer>,
    reconcile_timer: Timer,
    apart: Apart,
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
        let spec = Arc::clone(&arguments.card.spec);
        let starts = catalog::Arguments::starts_at_boot(&spec, &arguments.known);
        let mut state = State {
            phase: Phase::Idle,
            schedule: Schedule::default(),
            admission: Admission::new(arguments.card.gate.clone(), spec.limits.max_queue),
            gate: Closing(arguments.card.gate.clone(), me.get_id()),
            unlisted: Vec::new(),
            instance: None,
            closing: Vec::new(),
            offers: None,
            doubts: Doubts::default(),
            last_loss: None,
            queue_timer: None,
            slow_timer: None,
            reconcile_timer: Timer::from(
                me.send_after(RECONCILE, || Message::Due(Alarm::Reconcile)),
            ),
            apart: match &arguments.own {
                None => Apart::of(spec.sharing),
                Some(_) => Apart::default(),
            },
            spec,
            arguments,
        };
        // nothing is left of an earlier incarnation
        state.gate.0.end();
        state.arguments.card.vitals.queue(0);
        state.arguments.monitor.tell(monitor::Message::Down(state.spec.name.clone()));
        if starts {
            state.enter(Phase::Waiting { until: Instant::now(), how: Wait::Boot, cause: None });
        } else {
            state.enter(Phase::Idle);
        }
        state.want(&me);
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Call(mut call) => {
                let _nobody_passes = call.detour.take().unwrap_or_else(|| state.gate.0.detour());
                if let Some(call) = state.sent_apart(call, &me).await {
                    state.call(call, &me);
                }
            }
            Message::Unlisted(ticket) => state.unlisted(ticket, &me),
            Message::Heard(generation, fact) => state.heard(generation, fact, &me),
            Message::SlotFreed(generation) => state.slot_freed(generation, &me),
            Message::Granted(slot) => state.granted(slot, &me).await,
            Message::AskAgain => {
                state.apart.tell(|| Message::AskAgain);
                state.want(&me);
            }
            Message::Order(order) => {
                state.apart.tell(|| Message::Order(order));
                state.order(order, &me);
            }
            Message::Due(Alarm::Queue) => state.expire(&me),
            Message::Due(Alarm::Slow(generation)) => state.slow(generation),
            Message::Due(Alarm::Reconcile) => state.reconcile(&me),
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
        if state.apart.ended(&cell) {
            return Ok(());
        }
        if let Exit::Abnormal(reason) = exit
            && state.instance.as_ref().is_some_and(|(current, _)| current.get_id() == cell.get_id())
        {
            tracing::error!(server = %state.spec.name, %reason, "an instance ended");
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
        state.leave_queue();
        // bounded by the transport's grace and our own
        let current = state.instance.take().map(|(cell, _)| cell);
        let own = state.apart.stop();
        let instances = current.into_iter().chain(state.closing.drain(..));
        let instances = instances.map(|cell| async move { Shutdown::Infinite.stop(&cell).await });
        futures_util::future::join(own, join_all(instances)).await;
        Ok(())
    }
}

impl State {
    fn call(&mut self, call: RoutedCall, me: &ActorRef<Message>) {
        let now = Instant::now();
        // whoever sent it here may have counted it already
        self.arguments.card.vitals.queue(self.admission.queued());
        if let Some(failure) = self.refusal(now) {
            return fail(call.ticket, &failure);
        }
        let limits = self.spec.limits;
        let wait = match self.phase {
            Phase::Waiting { .. } => limits.call_wait.min(limits.route_timeout),
            _ => limits.route_timeout,
        };
        let first = !self.is_awaited();
        self.mark(&call.ticket);
        if !(matches!(self.phase, Phase::Ready { .. }) && self.admission.passes()) {
            hear_of_its_end(&call.ticket, me);
        }
        let waiting = Waiting { call, since: now, deadline: now + wait };
        if let Err(refused) = self.admission.enqueue(waiting) {
            let (server, admission) = (self.spec.name.clone(), &self.admission);
            let (in_flight, queued) = (admission.in_flight(), admission.queued());
            let overloaded = Failure::Overloaded { server, in_flight, queued };
            return fail(refused.call.ticket, &overloaded);
        }
        self.awaited(first, me);
        self.dispatch(me);
    }

    /// A call waits, the first of them or not.
    fn awaited(&mut self, first: bool, me: &ActorRef<Message>) {
        if let Phase::Idle = self.phase {
            let until = Instant::now();
            self.enter(Phase::Waiting { until, how: Wait::Boot, cause: None });
            self.want(me);
        } else if first && matches!(self.phase, Phase::Waiting { .. }) {
            self.want(me); // somebody waits: as soon as the spacing of attempts allows
        }
    }

    /// Whether calls wait for it.
    fn is_awaited(&self) -> bool {
        self.admission.queued() + self.unlisted.len() > 0
    }

    /// A call of a tool that must be its, before it has told any: it is tried, and the call waits as
    /// any other does for a server that is down.
    fn unlisted(&mut self, ticket: CallTicket, me: &ActorRef<Message>) {
        let (now, limits) = (Instant::now(), self.spec.limits);
        if let Some(watched) = ticket.watched() {
            watched.guessed(&self.spec.name);
        }
        match self.phase {
            // its tools are about to be published: not sent, so routed once more
            Phase::Publishing { .. } | Phase::Ready { .. } => return,
            Phase::Stopped => return fail(ticket, &self.unavailable(Duration::ZERO, now)),
            _ if self.unlisted.len() >= limits.max_queue => {
                return fail(ticket, &self.unavailable(Duration::ZERO, now));
            }
            Phase::Idle | Phase::Waiting { .. } | Phase::Starting { .. } => {}
        }
        let first = !self.is_awaited();
        self.mark(&ticket);
        hear_of_its_end(&ticket, me);
        self.unlisted.push((now + limits.call_wait.min(limits.route_timeout), ticket));
        self.awaited(first, me);
        self.dispatch(me);
    }

    /// Passes on what has a slot; sets the alarm for what must wait.
    fn dispatch(&mut self, me: &ActorRef<Message>) {
        if let Phase::Ready { link, .. } = &self.phase {
            let link: Link = link.clone();
            while let Some(call) = self.admission.next() {
                switched::send(call, &link, &self.arguments.switches);
            }
            if self.admission.queued() == 0 && !self.apart.is_on() {
                let (vitals, breaker) =
                    (Arc::clone(&self.arguments.card.vitals), self.spec.breaker);
                self.gate.0.open(Way { link, vitals, breaker });
            } else {
                self.gate.0.close();
            }
        }
        self.arguments.card.vitals.queue(self.admission.queued());
        let unlisted = self.unlisted.iter().map(|(deadline, _)| *deadline);
        let next = unlisted.chain(self.admission.next_deadline()).min();
        let Some(deadline) = next else { return };
        if self.queue_timer.as_ref().is_none_or(|(at, _)| deadline < *at) {
            let delay = deadline.saturating_duration_since(Instant::now());
            let timer = Timer::from(me.send_after(delay, || Message::Due(Alarm::Queue)));
            self.queue_timer = Some((deadline, timer));
        }
    }

    /// Answers the calls that waited too long, and forgets those nobody waits for.
    fn expire(&mut self, me: &ActorRef<Message>) {
        let now = Instant::now();
        self.queue_timer = None;
        for late in self.admission.expired(now) {
            let waited = late.waited(now);
            fail(late.call.ticket, &self.unavailable(waited, now));
        }
        let over = |(deadline, ticket): &mut (Instant, CallTicket)| {
            *deadline <= now || ticket.control.is_given_up()
        };
        let late = self.unlisted.extract_if(.., over);
        for (_, ticket) in late.collect::<Vec<_>>() {
            fail(ticket, &self.unavailable(self.spec.limits.call_wait, now));
        }
        self.dispatch(me);
    }

    fn slot_freed(&mut self, generation: Generation, me: &ActorRef<Message>) {
        if self.phase.generation() == Some(generation) {
            self.dispatch(me);
        }
    }

    /// Makes good what may have been lost with an actor that died.
    fn reconcile(&mut self, me: &ActorRef<Message>) {
        if let (Phase::Ready { generation, .. }, Some(mine)) = (&self.phase, self.offers.clone()) {
            let (generation, name) = (*generation, self.spec.name.clone());
            if self.arguments.known.get(&name).is_none_or(|known| known != mine) {
                self.offer(generation, mine, me);
            }
            self.arguments.monitor.tell(monitor::Message::Up(name, generation));
        }
        if matches!(self.phase, Phase::Stopped | Phase::Waiting { cause: Some(_), .. }) {
            self.unreachable();
        }
        self.tidy_own();
        self.want(me);
        self.reconcile_timer =
            Timer::from(me.send_after(RECONCILE, || Message::Due(Alarm::Reconcile)));
    }
}

//! The life of a server's connections: wanting one, getting it, losing it.

use super::{Alarm, Arguments, Message, Order, State};
use crate::call::{CallTicket, Failure};
use crate::catalog::{self, Manifest};
use crate::fleet::Standing;
use crate::health::{LinkEvent, monitor};
use crate::otp::{Lease, Timer, chance};
use crate::reconnection::{self, CauseClass, Grantee, Outcome, Slot, Task, Urgency};
use crate::server::instance::{self, Connected, Instance};
use crate::server::phase::{Phase, Wait};
use crate::server::{Fact, Generation, Loss};
use crate::timeline::EventKind;
use crate::wire::Subject;
use ractor::{Actor, ActorRef};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::Instant;

/// An attempt that takes longer gives its slot back and goes on without: a server that never answers
/// must not keep others waiting.
const SLOW: Duration = Duration::from_secs(5);
/// What takes a server down often takes down at the same moment those it depends on: so long it waits
/// for word of them before it wants to connect.
const TOGETHER: Duration = Duration::from_millis(100);

impl State {
    /// Tells the coordinator what this server wants at the moment. May be said again and again.
    pub(super) fn want(&mut self, me: &ActorRef<Message>) {
        let name = self.spec.name.clone();
        let coordinator = &self.arguments.coordinator;
        let (until, how, reason) = match &self.phase {
            Phase::Waiting { until, how, cause } => (*until, *how, cause.as_ref().map(|c| c.0)),
            Phase::Publishing { .. } | Phase::Ready { .. } => {
                return coordinator.tell(reconnection::Message::Up(name));
            }
            Phase::Starting { slot: Some(_), .. } => return,
            // not wanting any, or slow to start: nobody is to wait for word of it
            Phase::Idle | Phase::Stopped | Phase::Starting { .. } => {
                return coordinator.tell(reconnection::Message::Down(name));
            }
        };
        let awaited = self.is_awaited();
        let parked = matches!(how, Wait::Parked | Wait::Login);
        let task = Task {
            server: name,
            urgency: match how {
                _ if awaited => Urgency::CallWaiting,
                Wait::Boot => Urgency::Boot,
                Wait::Down => Urgency::Lost,
                Wait::Parked | Wait::Login => Urgency::Background,
            },
            priority: self.spec.priority,
            score: self.arguments.card.quality().score,
            not_before: if awaited {
                self.schedule.earliest().unwrap_or(until).min(until)
            } else {
                until
            },
            attempt: self.schedule.attempt(),
            parked,
            reason,
        };
        let me = me.clone();
        let grantee = Grantee::new(move |slot| {
            let _gone = me.send_message(Message::Granted(slot));
        });
        coordinator.tell(reconnection::Message::Want(task, grantee));
    }

    /// Its turn has come: starts a new connection; the old one, if it still closes, does so on its own.
    pub(super) async fn granted(&mut self, slot: Slot, me: &ActorRef<Message>) {
        if !matches!(self.phase, Phase::Waiting { .. }) {
            return; // not wanted any more: dropped, it goes back
        }
        let (generation, now) = (Generation::next(), Instant::now());
        let kind = EventKind::Attempt {
            attempt: self.schedule.attempt(),
            urgency: slot.task().urgency.word().to_owned(),
        };
        self.note(Some(generation), kind);
        self.schedule.begin(now);
        self.enter(Phase::Starting { generation, slot: Some(slot) });
        self.slow_timer =
            Some(Timer::from(me.send_after(SLOW, move || Message::Due(Alarm::Slow(generation)))));
        let (close, _closing) = watch::channel(None);
        let arguments = self.arguments.clone();
        let Arguments {
            card, sessions, monitor, policies, timelines, observer, parking, own, ..
        } = arguments;
        let remembered = self.arguments.known.get(&self.spec.name);
        let context = Connected {
            spec: Arc::clone(&self.spec),
            generation,
            server: me.clone(),
            sessions,
            card,
            monitor,
            policies,
            timelines,
            observer,
            parking,
            own,
            guess: self.doubts.guess(
                self.spec.era,
                self.spec.connector.carriage(),
                remembered.as_deref(),
                self.schedule.attempt(),
            ),
            remembered,
        };
        let arguments = instance::Arguments { context, close: close.clone() };
        match Actor::spawn_linked(None, Instance, arguments, me.get_cell()).await {
            Ok((instance, _task)) => self.instance = Some((instance.get_cell(), close)),
            Err(error) => {
                tracing::error!(server = %self.spec.name, %error, "no instance");
                self.heard(generation, Fact::Lost(Loss::Internal), me);
            }
        }
    }

    /// An attempt takes long: its slot goes back, the attempt goes on.
    pub(super) fn slow(&mut self, generation: Generation) {
        if self.phase.generation() == Some(generation)
            && let Some(slot) = self.phase.take_slot()
        {
            tracing::info!(server = %self.spec.name, "slow to start, others go on");
            slot.finish(Outcome::Gone);
        }
    }

    pub(super) fn heard(&mut self, generation: Generation, fact: Fact, me: &ActorRef<Message>) {
        if self.phase.generation() != Some(generation) {
            return; // an older connection
        }
        match fact {
            Fact::Ready(link, manifest) => {
                let slot = self.phase.take_slot();
                self.enter(Phase::Publishing { generation, link });
                // the next one may connect while this one's tools are published with those of others
                match slot {
                    Some(slot) => slot.finish(Outcome::Ready),
                    None => self.want(me), // it went back before: the coordinator hears that it is up
                }
                self.offer(generation, manifest, me);
            }
            Fact::Changed(manifest) => {
                let count = |subject| manifest.items[subject].len();
                let (tools, prompts) = (count(Subject::Tool), count(Subject::Prompt));
                let resources = count(Subject::Resource) + count(Subject::Template);
                tracing::info!(server = %self.spec.name, tools, prompts, resources, "lists changed");
                self.offer(generation, manifest, me);
            }
            Fact::Published => self.published(me),
            Fact::Ambiguous => self.ambiguous(),
            Fact::DiedOfDiscovery => self.doubts.died(),
            Fact::Lost(loss) => self.lost(loss, me),
        }
    }

    /// Hands the catalog what it offers; word comes back when that is published, or cannot be.
    pub(super) fn offer(
        &mut self,
        generation: Generation,
        manifest: Arc<Manifest>,
        me: &ActorRef<Message>,
    ) {
        let before = self.arguments.known.get(&self.spec.name);
        self.note_tools(generation, before.as_deref(), &manifest);
        self.offers = Some(Arc::clone(&manifest));
        let done = Lease::new(me.clone(), Message::Heard(generation, Fact::Published));
        let offered = catalog::Message::Offered(self.spec.name.clone(), manifest, done);
        self.arguments.catalog.tell(offered);
    }

    fn note_tools(&self, generation: Generation, before: Option<&Manifest>, after: &Manifest) {
        let names = |manifest: &Manifest| -> BTreeSet<String> {
            manifest.items[Subject::Tool].iter().map(|tool| tool.name.clone()).collect()
        };
        let (before, now) = (before.map(names).unwrap_or_default(), names(after));
        if before == now {
            return;
        }
        let kind = EventKind::Tools {
            count: after.items[Subject::Tool].len(),
            added: now.difference(&before).cloned().collect(),
            removed: before.difference(&now).cloned().collect(),
        };
        self.note(Some(generation), kind);
    }

    /// What it offers is published: from here on calls are passed on.
    fn published(&mut self, me: &ActorRef<Message>) {
        let Phase::Publishing { generation, link } = &self.phase else { return };
        let (generation, link, now) = (*generation, link.clone(), Instant::now());
        self.slow_timer = None;
        self.doubts.dispelled();
        self.schedule.ready(now);
        let card = &self.arguments.card;
        card.history().link(LinkEvent::Up, now);
        card.vitals.ping_answered(true); // what was learnt of an earlier connection may be over
        if let Some(state) = card.vitals.reset_breaker() {
            self.note(Some(generation), EventKind::Breaker { state: state.word().to_owned() });
        }
        let tools = self.offers.as_ref().map_or(0, |offers| offers.items[Subject::Tool].len());
        tracing::info!(server = %self.spec.name, %generation, tools, "ready");
        self.gate.0.serve(generation, me.clone());
        self.enter(Phase::Ready { generation, link });
        self.mark_all();
        let up = monitor::Message::Up(self.spec.name.clone(), generation);
        self.arguments.monitor.tell(up);
        self.unlisted.clear(); // not sent, so routed once more: now it is known whose they are
        self.dispatch(me);
    }

    /// The connection of this phase ended, or never began: there will be another one.
    fn lost(&mut self, loss: Loss, me: &ActorRef<Message>) {
        let now = Instant::now();
        let was_ready = matches!(self.phase, Phase::Ready { .. });
        let class = CauseClass::of(&loss, was_ready);
        let retry_after = loss.retry_after();
        let policy = &self.spec.reconnection;
        let mut verdict = self.schedule.lost(class, retry_after, policy, chance(), now);
        if !self.spec.depends_on.is_empty() {
            verdict.not_before = verdict.not_before.max(now + TOGETHER);
        }
        let next = verdict.not_before.saturating_duration_since(now);
        let attempt = self.schedule.failures();
        tracing::warn!(server = %self.spec.name, cause = %loss, attempt, next_in = ?next, "down");
        if let Loss::Exited { stderr, .. } | Loss::OutputClosed { stderr } = &loss
            && !stderr.is_empty()
        {
            let generation = self.phase.generation();
            self.note(generation, EventKind::Stderr { lines: stderr.clone() });
        }
        self.arguments.card.history().link(LinkEvent::Down, now);
        let slot = self.disconnect(&loss);
        if !was_ready {
            self.doubts.failed(&loss);
            // an attempt failed: who waits for it waits `call_wait` more, not for the next ones
            self.admission.hurry(now + self.spec.limits.call_wait);
            self.unreachable();
        }
        let how = match verdict {
            _ if verdict.login => Wait::Login,
            _ if verdict.parked => Wait::Parked,
            _ => Wait::Down,
        };
        self.last_loss = Some(loss.clone());
        self.enter(Phase::Waiting { until: verdict.not_before, how, cause: Some((class, loss)) });
        self.mark_all();
        // in this order, so that those who depend on it never see it neither up nor wanting to be
        self.arguments.coordinator.tell(reconnection::Message::Down(self.spec.name.clone()));
        self.want(me);
        if let Some(slot) = slot {
            slot.finish(Outcome::Failed);
        }
        self.dispatch(me);
    }

    /// Ends the connection there is, and all that hangs on it; the slot it held, if any.
    fn disconnect(&mut self, loss: &Loss) -> Option<Slot> {
        self.slow_timer = None;
        if let Some((instance, close)) = self.instance.take() {
            close.send_replace(Some(loss.clone()));
            instance.stop(None);
            self.closing.push(instance);
        }
        self.arguments.monitor.tell(monitor::Message::Down(self.spec.name.clone()));
        self.gate.0.end();
        self.phase.take_slot()
    }

    /// Nobody needs to wait for its tools.
    pub(super) fn unreachable(&self) {
        let unreachable = catalog::Message::Unreachable(self.spec.name.clone());
        self.arguments.catalog.tell(unreachable);
    }

    /// A person asks.
    pub(super) fn order(&mut self, order: Order, me: &ActorRef<Message>) {
        let action = match order {
            Order::Restart => "restart",
            Order::Stop => "stop",
            Order::Start => "start",
        };
        tracing::info!(server = %self.spec.name, action, "an operator's order");
        self.note(self.phase.generation(), EventKind::Operator { action: action.to_owned() });
        let now = Instant::now();
        let connected = self.phase.generation().is_some();
        if order == Order::Start && connected || order == Order::Stop && self.is_stopped() {
            return; // it is so already
        }
        let slot = self.disconnect(&Loss::Stopped);
        self.schedule.forgive();
        if order == Order::Stop {
            self.enter(Phase::Stopped);
            self.unreachable();
            let queued = self.admission.take_all().into_iter().map(|w| w.call.ticket);
            let unlisted = self.unlisted.drain(..).map(|(_, ticket)| ticket);
            for ticket in queued.chain(unlisted).collect::<Vec<_>>() {
                fail(ticket, &self.unavailable(Duration::ZERO, now));
            }
            let name = self.spec.name.clone();
            self.arguments.coordinator.tell(reconnection::Message::Withdraw(name));
        } else {
            let until = self.schedule.earliest().unwrap_or(now).max(now);
            self.enter(Phase::Waiting { until, how: Wait::Boot, cause: None });
            self.mark_all();
            self.arguments.coordinator.tell(reconnection::Message::Down(self.spec.name.clone()));
        }
        self.want(me);
        drop(slot);
        self.dispatch(me);
    }

    fn is_stopped(&self) -> bool {
        matches!(self.phase, Phase::Stopped)
    }

    /// Another phase: said on the board and in the timeline.
    pub(super) fn enter(&mut self, phase: Phase) {
        let now = Instant::now();
        let card = &self.arguments.card;
        let before = card.standing();
        let state = phase.state(now);
        self.phase = phase;
        let (cause, next) = match &self.phase {
            Phase::Waiting { cause, until, .. } => (cause.clone(), Some(*until)),
            _ => (before.cause.clone(), None),
        };
        let link = match &self.phase {
            Phase::Ready { link, .. } => Some(link.clone()),
            _ => None,
        };
        let changed = before.state != state;
        if changed {
            let cause = match &self.phase {
                Phase::Waiting { cause: Some((_, loss)), .. } => Some(loss.to_string()),
                _ => None,
            };
            let state = state.name().to_owned();
            self.note(self.phase.generation(), EventKind::State { state, cause });
        }
        card.stands(Standing {
            state,
            since: if changed { now } else { before.since },
            generation: self.phase.generation(),
            cause,
            attempts: self.schedule.failures(),
            next,
            link,
        });
    }

    fn note(&self, generation: Option<Generation>, kind: EventKind) {
        let server = instance::shared_name(&self.spec.name, self.arguments.own.as_ref());
        self.arguments.timelines.note(&server, generation, kind);
    }
}

/// Answers a call with a failure, unless its client gave it up.
pub(super) fn fail(ticket: CallTicket, failure: &Failure) {
    if let Some(call) = ticket.redeem() {
        if call.control.is_given_up() { call.forget() } else { call.fail(failure) }
    }
}

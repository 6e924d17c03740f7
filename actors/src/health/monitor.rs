//! The connection monitor: decides when each server is probed and what follows from it.
//!
//! It sends no probe and ends no connection itself: the ping manager does the first, the server's own
//! actor the second. What it knows stands on the board, so that a new incarnation takes up where the
//! last one died.

use super::{Policies, ProbeNumber, ProbeOutcome, Rules, Step, Watch, cadence, pings};
use crate::fleet::{Board, Card, State as ServerState};
use crate::otp::{Address, Timer, chance};
use crate::server::{self, Generation, Loss, ServerName};
use crate::timeline::{EventKind, Timelines};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::HashMap;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// What the monitor hears.
#[derive(Debug)]
pub enum Message {
    /// A connection is ready.
    Up(ServerName, Generation),
    /// A connection ended: checks are paused until the next one.
    Down(ServerName),
    /// A call has waited for long with not one frame from its server.
    Suspect(ServerName, Generation),
    /// A probe ended.
    Probed {
        /// Whose.
        server: ServerName,
        /// Over which connection.
        generation: Generation,
        /// Which.
        number: ProbeNumber,
        /// How.
        outcome: ProbeOutcome,
    },
    /// A person wants a server probed now.
    Check(ServerName),
    /// A check is due.
    Due,
    /// The policy is another one: intervals start anew.
    PolicyChanged,
    /// Somebody looks whether this loop turns.
    Echo(oneshot::Sender<()>),
}

/// What every incarnation is made of.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// All servers.
    pub board: Board,
    /// The policies of this moment.
    pub policies: Policies,
    /// Who sends probes.
    pub pings: Address<pings::Message>,
    /// Where verdicts are noted.
    pub timelines: Timelines,
}

/// The connection monitor actor.
#[derive(Debug)]
pub struct ConnectionMonitor;

/// A running connection monitor.
#[derive(Debug)]
pub struct State {
    arguments: Arguments,
    watches: HashMap<ServerName, Watch>,
    timer: Option<(Instant, Timer)>,
}

impl Actor for ConnectionMonitor {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let mut state = State { arguments, watches: HashMap::new(), timer: None };
        for card in state.arguments.board.clone().cards() {
            let standing = card.standing();
            if let (ServerState::Ready, Some(generation)) = (standing.state, standing.generation) {
                state.up(&card.spec.name, generation);
            }
        }
        state.wind(&me);
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            // said again and again, lest it be lost: only the first time is news
            Message::Up(server, generation) if state.watches_over(&server, generation) => {}
            Message::Up(server, generation) => state.up(&server, generation),
            Message::Down(server) => state.with(&server, |watch, _, _| {
                watch.down();
                Step::Nothing
            }),
            Message::Suspect(server, generation) => state.with(&server, |watch, card, rules| {
                let current = watch.generation() == Some(generation) && is_watched(card, rules);
                if current { watch.suspect(rules, Instant::now()) } else { Step::Nothing }
            }),
            Message::Probed { server, generation, number, outcome } => {
                state.with(&server, |watch, card, rules| {
                    if (watch.generation(), watch.awaits()) != (Some(generation), Some(number)) {
                        return Step::Nothing;
                    }
                    watch.probed(outcome, card.vitals.heard(), rules, Instant::now())
                });
            }
            Message::Check(server) => {
                state.with(&server, |watch, _, rules| watch.ask(rules, Instant::now()));
            }
            Message::Due => state.due(),
            Message::PolicyChanged => state.anew(),
            Message::Echo(reply) => {
                let _gone = reply.send(());
            }
        }
        state.wind(&me);
        Ok(())
    }
}

/// Whether a server is checked at all.
fn is_watched(card: &Card, rules: &Rules) -> bool {
    rules.ping.enabled && card.standing().state == ServerState::Ready
}

impl State {
    fn watches_over(&self, server: &ServerName, generation: Generation) -> bool {
        self.watches.get(server).is_some_and(|watch| watch.generation() == Some(generation))
    }

    fn up(&mut self, server: &ServerName, generation: Generation) {
        let unit = chance();
        self.with(server, |watch, _, rules| {
            // the first check comes somewhere within the first interval, each server's elsewhere
            watch.up(generation, rules.interval.mul_f64(unit.max(0.1)), Instant::now());
            Step::Nothing
        });
    }

    /// Every watch whose time has come.
    fn due(&mut self) {
        self.timer = None;
        let now = Instant::now();
        let due = |watch: &Watch| watch.next().is_some_and(|next| next <= now);
        let names: Vec<ServerName> =
            self.watches.iter().filter(|(_, w)| due(w)).map(|(name, _)| name.clone()).collect();
        for name in names {
            self.with(&name, |watch, card, rules| watch.due(card.vitals.heard(), rules, now));
        }
    }

    /// Starts the intervals anew.
    fn anew(&mut self) {
        let watched: Vec<_> = self
            .watches
            .iter()
            .filter_map(|(name, watch)| Some((name.clone(), watch.generation()?)))
            .collect();
        for (name, generation) in watched {
            self.up(&name, generation);
        }
    }

    /// Lets a watch decide, does what it says, and publishes what it shows.
    fn with(
        &mut self,
        server: &ServerName,
        decide: impl FnOnce(&mut Watch, &Card, &Rules) -> Step,
    ) {
        let Some(card) = self.arguments.board.card(server).cloned() else { return };
        let watch = self.watches.entry(server.clone()).or_default();
        let rules = rules(&self.arguments.policies, &card);
        let step = decide(watch, &card, &rules);
        tracing::debug!(%server, ?step, failures = watch.checks().failures, "check");
        card.checked(watch.checks());
        let Some(generation) = watch.generation() else { return };
        let awaited = watch.awaits();
        match step {
            Step::Nothing => {}
            Step::Probe { method, timeout, suspicion } => {
                let (Some(link), Some(number)) = (card.standing().link.clone(), awaited) else {
                    return;
                };
                let probe =
                    pings::Probe { card, generation, number, link, method, timeout, suspicion };
                self.arguments.pings.tell(pings::Message::Probe(probe));
            }
            Step::Condemn { silent, probes } => {
                watch.down();
                let loss = Loss::Unresponsive { silent, probes };
                let kind = EventKind::Verdict { text: loss.to_string() };
                self.arguments.timelines.note(server, Some(generation), kind);
                card.address.tell(server::Message::Heard(generation, server::Fact::Lost(loss)));
            }
        }
    }

    /// Sets the alarm for the next watch that is due.
    fn wind(&mut self, me: &ActorRef<Message>) {
        let next = self.watches.values().filter_map(Watch::next).min();
        if self.timer.as_ref().map(|(at, _)| *at) == next {
            return;
        }
        self.timer = next.map(|at| {
            let delay = at.saturating_duration_since(Instant::now());
            (at, Timer::from(me.send_after(delay, || Message::Due)))
        });
    }
}

/// What a server's watch goes by at this moment.
fn rules(policies: &Policies, card: &Arc<Card>) -> Rules {
    let policies = policies.load();
    let monitor = policies.monitor.with(&card.spec.monitor);
    let mut ping = policies.ping.with(&card.spec.ping);
    ping.enabled &= monitor.enabled;
    let interval = cadence::interval(&monitor, &card.quality());
    Rules {
        ping,
        interval: cadence::spread(interval, chance()),
        recheck: monitor.unstable_interval.min(interval / 2),
        busy_limit: card.spec.limits.call_timeout,
        ignores_ping: card.vitals.ignores_ping(),
        at_work: ping.suspect_after.is_zero() && card.gate.in_flight() > 0,
    }
}

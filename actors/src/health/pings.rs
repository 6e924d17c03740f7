//! The ping manager: sends probes, a bounded number at a time, and tells the monitor what came of them.

use super::{Outcome, ProbeMethod, ProbeNumber, ProbeOutcome, monitor};
use crate::fleet::Card;
use crate::otp::Address;
use crate::server::{Generation, Link};
use crate::timeline::{EventKind, Timelines};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, oneshot};
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout};

/// Above a probe's own time, for its connection to say that it ended.
const SLACK: Duration = Duration::from_millis(500);

/// One probe to be sent.
#[derive(Debug)]
pub struct Probe {
    /// Whom.
    pub card: Arc<Card>,
    /// Over which connection.
    pub generation: Generation,
    /// Which probe of all.
    pub number: ProbeNumber,
    /// The way to it.
    pub link: Link,
    /// What to ask.
    pub method: ProbeMethod,
    /// How long to wait.
    pub timeout: Duration,
    /// Whether a call's silence is the reason.
    pub suspicion: bool,
}

/// What the ping manager hears.
#[derive(Debug)]
pub enum Message {
    /// Send this probe.
    Probe(Probe),
    /// Somebody looks whether this loop turns.
    Echo(oneshot::Sender<()>),
}

/// What every incarnation is made of.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// Whom to tell.
    pub monitor: Address<monitor::Message>,
    /// Probes at the same time; owned outside, so that it holds over incarnations.
    pub places: Arc<Semaphore>,
    /// Where probes are noted.
    pub timelines: Timelines,
}

/// The ping manager actor.
#[derive(Debug)]
pub struct PingManager;

/// A running ping manager.
#[derive(Debug)]
pub struct State {
    arguments: Arguments,
    probes: JoinSet<()>,
}

impl Actor for PingManager {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        _me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { arguments, probes: JoinSet::new() })
    }

    async fn handle(
        &self,
        _me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Probe(probe) => state.probe(probe),
            Message::Echo(reply) => {
                let _gone = reply.send(());
            }
        }
        Ok(())
    }
}

impl State {
    /// Sends it from a task of its own, so that a slow server delays no other one.
    fn probe(&mut self, probe: Probe) {
        while self.probes.try_join_next().is_some() {}
        let Arguments { monitor, places, timelines } = self.arguments.clone();
        self.probes.spawn(async move {
            // somebody waits for this one: it does not wait behind servers that do not answer either
            let _place = if probe.suspicion { None } else { places.acquire().await.ok() };
            let outcome = send(&probe).await;
            note(&probe, outcome, &timelines);
            monitor.tell(monitor::Message::Probed {
                server: probe.card.spec.name.clone(),
                generation: probe.generation,
                number: probe.number,
                outcome,
            });
        });
    }
}

async fn send(probe: &Probe) -> ProbeOutcome {
    let heard = probe.link.probe(probe.method, probe.timeout);
    match timeout(probe.timeout + SLACK, heard).await {
        Ok(Ok(outcome)) => outcome,
        // its connection ended, or its driver does not answer, which is our fault and no sign of it
        Ok(Err(_)) | Err(_) => ProbeOutcome::Gone,
    }
}

fn note(probe: &Probe, outcome: ProbeOutcome, timelines: &Timelines) {
    let (vitals, now) = (&probe.card.vitals, Instant::now());
    let heard_meanwhile = vitals.heard().is_some_and(|at| now - at < probe.timeout);
    match outcome {
        ProbeOutcome::Alive { rtt } => vitals.probe(Outcome::Answered { took: rtt }, now),
        ProbeOutcome::Ailing => vitals.probe(Outcome::Failed, now),
        ProbeOutcome::Silent if !heard_meanwhile => vitals.probe(Outcome::Failed, now),
        ProbeOutcome::Silent | ProbeOutcome::Busy | ProbeOutcome::Gone => {}
    }
    match (probe.method, outcome) {
        (ProbeMethod::Ping, ProbeOutcome::Alive { .. }) => vitals.ping_answered(true),
        // it lives and does not answer pings: other things came, or the list it was asked for instead
        (ProbeMethod::Ping, ProbeOutcome::Silent) if heard_meanwhile => vitals.ping_answered(false),
        (ProbeMethod::List, ProbeOutcome::Alive { .. }) => vitals.ping_answered(false),
        _ => {}
    }
    let rtt_us = match outcome {
        ProbeOutcome::Alive { rtt } => Some(u64::try_from(rtt.as_micros()).unwrap_or(u64::MAX)),
        _ => None,
    };
    let kind =
        EventKind::Probe { outcome: outcome.word().to_owned(), rtt_us, suspicion: probe.suspicion };
    timelines.note(&probe.card.spec.name, Some(probe.generation), kind);
}

//! The quality analyzer: collects every server's samples and rates it.
//!
//! What it knows of a server stands on that server's card, so nothing is lost with an incarnation.

use super::{Policies, QualityReport, Trend};
use crate::fleet::{Board, Card};
use crate::otp::Timer;
use crate::server::ServerName;
use crate::timeline::{EventKind, Timelines};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::HashSet;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// How often samples are collected.
const EVERY: Duration = Duration::from_secs(5);

/// What the analyzer hears.
#[derive(Debug)]
pub enum Message {
    /// Time to collect.
    Collect,
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
    /// Where changes are noted.
    pub timelines: Timelines,
}

/// The quality analyzer actor.
#[derive(Debug)]
pub struct QualityAnalyzer;

/// A running quality analyzer.
#[derive(Debug)]
pub struct State {
    arguments: Arguments,
    /// Servers that do badly, until they are clearly better.
    bad: HashSet<ServerName>,
    rounds: u64,
    timer: Timer,
}

impl Actor for QualityAnalyzer {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let timer = Timer::from(me.send_after(EVERY, || Message::Collect));
        Ok(State { arguments, bad: HashSet::new(), rounds: 0, timer })
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Collect => {
                state.collect();
                state.timer = Timer::from(me.send_after(EVERY, || Message::Collect));
            }
            Message::Echo(reply) => {
                let _gone = reply.send(());
            }
        }
        Ok(())
    }
}

/// Without anything new a server is rated anew only every so many rounds: a minute.
const IDLE_ROUNDS: u64 = 12;

/// A server that did badly does well again so much above the threshold.
const CLEARLY_BETTER: u8 = 5;

impl State {
    fn collect(&mut self) {
        let now = Instant::now();
        self.rounds += 1;
        let idle = self.rounds.is_multiple_of(IDLE_ROUNDS);
        for card in self.arguments.board.clone().cards() {
            let samples = card.vitals.collect();
            if samples.is_empty() && !idle {
                continue;
            }
            let threshold = self.threshold(card);
            let report = {
                let mut quality = card.history();
                for sample in samples {
                    quality.observe(sample);
                }
                quality.report(now, threshold)
            };
            self.note(card, &card.quality(), &report, threshold);
            card.rated(report);
        }
    }

    fn threshold(&self, card: &Card) -> u8 {
        self.arguments.policies.load().monitor.with(&card.spec.monitor).quality_threshold
    }

    /// Notes what a person would want to know: a crossed threshold, another trend.
    fn note(&mut self, card: &Card, before: &QualityReport, after: &QualityReport, threshold: u8) {
        let name = &card.spec.name;
        let crossed = if after.score < threshold {
            self.bad.insert(name.clone())
        } else {
            after.score >= threshold.saturating_add(CLEARLY_BETTER) && self.bad.remove(name)
        };
        let turned = before.trend != after.trend && after.trend != Trend::Stable;
        if !crossed && !turned {
            return;
        }
        let (server, score, trend) = (&card.spec.name, after.score, after.trend.word());
        let issues = after.issues.clone();
        if after.score < threshold || after.trend == Trend::Degrading {
            tracing::warn!(server = %server, score, trend, issues = issues.join("; "), "quality");
        } else {
            tracing::info!(server = %server, score, trend, "quality");
        }
        let kind = EventKind::Quality { score, trend: trend.to_owned(), issues };
        self.arguments.timelines.note(server, card.standing().generation, kind);
    }
}

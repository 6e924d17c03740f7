//! Everything known of one server at a moment, as a value that is written as JSON and read back.

use super::millis;
use crate::downstream;
use mcpvisor_actors::fleet::{Card, Fleet, State};
use mcpvisor_actors::health::{Checks, QualityReport};
use mcpvisor_actors::reconnection::CauseClass;
use mcpvisor_actors::server::{Loss, Start};
use mcpvisor_actors::wire::Subject;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use utoipa::ToSchema;

/// One server at a moment. Times are in milliseconds, counted from that moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Server)]
pub struct ServerReport {
    /// Its name.
    pub name: String,
    /// How it is reached: `stdio`, `streamable-http`, `sse`, `websocket`.
    pub transport: String,
    /// Its state, for programs: `idle`, `queued`, `starting`, `ready`, `down`, `parked`,
    /// `needs_login`, `stopped`, `quarantined`.
    pub state: String,
    /// The same for people.
    pub word: String,
    /// Whether calls are served: it is ready, or the first call starts it.
    pub available: bool,
    /// How long it has been in this state.
    pub since_ms: u64,
    /// Why it is not ready; of a server that is, nothing.
    pub cause: Option<CauseReport>,
    /// Attempts to connect that failed since it was last stable.
    pub attempts: u32,
    /// In how long the next attempt is made, when one is planned.
    pub next_try_ms: Option<u64>,
    /// Whether the gateway is not ready without it.
    pub required: bool,
    /// Its importance among those that want to connect, 0 to 100.
    pub priority: u8,
    /// Servers that are connected before it.
    pub depends_on: Vec<String>,
    /// How many tools it has; nothing when it never told.
    pub tools: Option<usize>,
    /// Calls at it.
    pub in_flight: usize,
    /// Calls that wait for a place at it.
    pub queued: usize,
    /// Calls so far.
    pub calls: CallCounts,
    /// How well it does, 0 to 100.
    pub score: u8,
    /// A score below this is doing badly.
    pub quality_threshold: u8,
    /// What the score is made of, and where it is heading.
    pub quality: QualityReport,
    /// What its checks showed.
    pub checks: CheckReport,
    /// Its circuit breaker: `closed`, `open`, `half_open`.
    pub breaker: String,
    /// Things it sent that are no messages.
    pub noises: u64,
    /// Its process, when it is a child of ours.
    pub pid: Option<u32>,
    /// What its processes use, when they are ours and the system tells.
    #[serde(default)]
    pub process: Option<ProcessReport>,
}

/// What the processes of a server use together: the one that was started, and all they started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ProcessReport {
    /// The one that was started.
    pub pid: u32,
    /// How many there are.
    pub processes: usize,
    /// Memory that is in RAM, in bytes; what they share counts for each.
    pub rss_bytes: u64,
    /// Processor time used so far, in milliseconds.
    pub cpu_ms: u64,
    /// Files, sockets and pipes that are open.
    pub fds: Option<usize>,
}

impl ProcessReport {
    fn of(pid: u32) -> Option<Self> {
        let usage = downstream::usage(pid)?;
        Some(Self {
            pid,
            processes: usage.processes,
            rss_bytes: usage.resident,
            cpu_ms: millis(usage.processor),
            fds: usage.descriptors,
        })
    }
}

/// Why a server is not ready.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Cause)]
pub struct CauseReport {
    /// What kind of fault, for programs.
    pub class: String,
    /// What happened.
    pub text: String,
    /// What a person should do about it.
    pub remedy: String,
}

/// How many calls ended how.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CallCounts {
    /// Answered by the server.
    pub served: u64,
    /// Not answered.
    pub failed: u64,
}

/// What the checks of a server showed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Checks)]
pub struct CheckReport {
    /// How long ago the last one ended.
    pub last_ms_ago: Option<u64>,
    /// What it showed: `alive`, `silent`, `busy`, `gone`; nothing when traffic made it unnecessary.
    pub outcome: Option<String>,
    /// Failed ones in a row.
    pub failures: u32,
    /// In how long the next is due; nothing while checks are paused.
    pub next_ms: Option<u64>,
    /// The interval of this moment.
    pub interval_ms: u64,
}

impl ServerReport {
    /// What a card shows now; of its processes, what was there when somebody looked last. Never waits.
    pub fn of(card: &Card, fleet: &Fleet) -> Self {
        let now = Instant::now();
        let (spec, standing) = (&card.spec, card.standing());
        let state = standing.state;
        let available = is_available(state, spec.start);
        let policy = fleet.policies.load().monitor.with(&spec.monitor);
        let quality = QualityReport::clone(&card.quality());
        let (served, failed) = card.vitals.calls();
        let waits =
            matches!(state, State::Queued | State::Down | State::Parked | State::NeedsLogin);
        Self {
            name: spec.name.to_string(),
            transport: spec.connector.kind().to_owned(),
            state: state.name().to_owned(),
            word: state.word().to_owned(),
            available,
            since_ms: millis(now.saturating_duration_since(standing.since)),
            cause: cause(state, standing.cause.as_ref()),
            attempts: standing.attempts,
            next_try_ms: standing.next.filter(|_| waits).map(|next| until(next, now)),
            required: spec.required,
            priority: spec.priority,
            depends_on: spec.depends_on.iter().map(ToString::to_string).collect(),
            tools: fleet.known.get(&spec.name).map(|manifest| manifest.items[Subject::Tool].len()),
            in_flight: card.gate.in_flight(),
            queued: card.vitals.queued(),
            calls: CallCounts { served, failed },
            score: quality.score,
            quality_threshold: policy.quality_threshold,
            quality,
            checks: CheckReport::of(&card.checks(), now),
            breaker: card.vitals.breaker_state(now).word().to_owned(),
            noises: card.vitals.noises(),
            pid: card.vitals.process(),
            process: card.vitals.process().and_then(ProcessReport::of),
        }
    }

    /// All servers, by name.
    pub fn all(fleet: &Fleet) -> Vec<Self> {
        fleet.board.cards().map(|card| Self::of(card, fleet)).collect()
    }

    /// Whether the gateway is not ready because of it.
    pub fn is_missed(&self) -> bool {
        self.required && !self.available
    }

    /// Whether nothing is wrong with it: it serves, is about to for the first time, or was stopped on
    /// purpose.
    pub fn is_well(&self) -> bool {
        let coming = matches!(&*self.state, "queued" | "starting") && self.attempts == 0;
        let at_rest = matches!(&*self.state, "idle" | "stopped");
        (self.available || coming || at_rest) && self.breaker == "closed" && !self.is_missed()
    }
}

/// Whether calls of a server in this state are served: it is ready, or the first call starts it.
pub(super) fn is_available(state: State, start: Start) -> bool {
    match state {
        State::Ready => true,
        State::Idle => start == Start::Lazy,
        _ => false,
    }
}

fn cause(state: State, known: Option<&(CauseClass, Loss)>) -> Option<CauseReport> {
    match (state, known) {
        (State::Quarantined, _) => Some(CauseReport {
            class: "quarantined".into(),
            text: "its actor crashed again and again, so it is left alone for five minutes".into(),
            remedy: "Report it with the gateway's log; it is tried again by itself.".into(),
        }),
        (State::Ready | State::Idle | State::Stopped, _) | (_, None) => None,
        (_, Some((class, loss))) => Some(CauseReport {
            class: class.word().to_owned(),
            text: loss.to_string(),
            remedy: class.remedy().to_owned(),
        }),
    }
}

impl CheckReport {
    fn of(checks: &Checks, now: Instant) -> Self {
        Self {
            last_ms_ago: checks.last.map(|last| millis(now.saturating_duration_since(last))),
            outcome: checks.outcome.map(|outcome| outcome.word().to_owned()),
            failures: checks.failures,
            next_ms: checks.next.map(|next| until(next, now)),
            interval_ms: millis(checks.interval),
        }
    }
}

fn until(at: Instant, now: Instant) -> u64 {
    millis(at.saturating_duration_since(now))
}

//! The short report: is the gateway healthy, and which of its servers are not?

use super::ServerReport;
use super::report::CauseReport;
use mcpvisor_actors::health::{Parts, Trend};
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use utoipa::ToSchema;

/// The gateway at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Health {
    /// In one word.
    pub status: Status,
    /// The gateway's version.
    pub version: String,
    /// How long it has been running.
    pub uptime_ms: u64,
    /// What it has to do.
    pub clients: Sums,
    /// Whether each of the runtime's own loops turns.
    pub loops: BTreeMap<String, bool>,
    /// The servers, by name.
    pub servers: Vec<Brief>,
}

/// What the gateway has to do.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Sums {
    /// Sessions open.
    pub sessions: usize,
    /// Requests in flight.
    pub in_flight: usize,
}

/// How it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Status {
    /// Nothing is wrong.
    Ok,
    /// Something is wrong with a server; the gateway itself does what it should.
    Degraded,
    /// A loop of the gateway itself does not turn.
    Stalled,
    /// It does not serve yet.
    Starting,
}

/// One server, in short.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = ServerBrief)]
pub struct Brief {
    /// Its name.
    pub name: String,
    /// Its state, for programs.
    pub state: String,
    /// The same for people.
    pub word: String,
    /// Whether calls are served.
    pub available: bool,
    /// How long it has been in this state.
    pub since_ms: u64,
    /// Why it is not ready.
    pub cause: Option<CauseReport>,
    /// In how long the next attempt to connect is made.
    pub next_try_ms: Option<u64>,
    /// Whether the gateway is not ready without it.
    pub required: bool,
    /// How well it does, 0 to 100.
    pub score: u8,
    /// What the score is made of.
    pub parts: Parts,
    /// Where it is heading.
    pub trend: Trend,
    /// How long ago it was last checked.
    pub last_check_ms_ago: Option<u64>,
    /// Checks that failed in a row.
    pub failures: u32,
    /// Its circuit breaker.
    pub breaker: String,
}

impl Health {
    /// A gateway that does not serve yet.
    pub(super) fn starting() -> Self {
        Self {
            status: Status::Starting,
            version: env!("CARGO_PKG_VERSION").to_owned(),
            uptime_ms: 0,
            clients: Sums { sessions: 0, in_flight: 0 },
            loops: BTreeMap::new(),
            servers: Vec::new(),
        }
    }
}

impl Status {
    /// By the loops and the servers.
    pub(super) fn of(loops: &BTreeMap<String, bool>, servers: &[ServerReport]) -> Self {
        if loops.values().any(|turns| !turns) {
            Self::Stalled
        } else if servers.iter().all(ServerReport::is_well) {
            Self::Ok
        } else {
            Self::Degraded
        }
    }

    /// Whether the gateway itself does what it should.
    pub fn serves(self) -> bool {
        matches!(self, Self::Ok | Self::Degraded)
    }

    /// For people.
    pub fn word(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Degraded => "degraded",
            Self::Stalled => "stalled",
            Self::Starting => "starting",
        }
    }
}

impl From<&ServerReport> for Brief {
    fn from(server: &ServerReport) -> Self {
        Self {
            name: server.name.clone(),
            state: server.state.clone(),
            word: server.word.clone(),
            available: server.available,
            since_ms: server.since_ms,
            cause: server.cause.clone(),
            next_try_ms: server.next_try_ms,
            required: server.required,
            score: server.score,
            parts: server.quality.parts,
            trend: server.quality.trend,
            last_check_ms_ago: server.checks.last_ms_ago,
            failures: server.checks.failures,
            breaker: server.breaker.clone(),
        }
    }
}

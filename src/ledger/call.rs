//! One request as the API shows it.

use super::entry::Entry;
use mcpvisor_actors::clock::unix_millis;
use mcpvisor_actors::observation::{Observed, Outcome, Phase};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use std::time::Duration;
use utoipa::ToSchema;

/// One request of a client, while it runs or once it is over. Offsets count from its arrival.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Call {
    /// Its number in this process, from 1.
    pub number: u64,
    /// When it came, in Unix milliseconds.
    pub at_ms: u64,
    /// The session it belongs to, if it has one.
    pub session: Option<String>,
    /// How it came in: `http`, `sse`, `websocket`, `stdio`, `api`.
    pub face: String,
    /// What its client says it is.
    pub client: Option<ClientName>,
    /// The revision of the protocol it is written in.
    pub revision: Option<String>,
    /// Its id at the client: a number or a text.
    pub id: Value,
    /// Its method.
    pub method: String,
    /// What it names, as its client wrote it; at most 200 characters.
    pub name: Option<String>,
    /// The server it went to.
    pub server: Option<String>,
    /// What it names by that server's own name: a tool, a prompt, a URI without its query.
    pub tool: Option<String>,
    /// Where it is: `routing`, `starting`, `queued`, `downstream`, `over`.
    pub phase: String,
    /// How long it waited for its server to be ready, in milliseconds.
    pub starting_ms: f64,
    /// How long it waited for a place at its server, in milliseconds.
    pub queued_ms: f64,
    /// How long it was with its server, in milliseconds; nothing when it never was.
    pub downstream_ms: Option<f64>,
    /// How long it took in all, or has taken so far, in milliseconds.
    pub took_ms: f64,
    /// When its server was found not ready, in milliseconds from its arrival.
    pub waits_at_ms: Option<f64>,
    /// When it was in the queue of a server that is ready, in milliseconds from its arrival.
    pub queued_at_ms: Option<f64>,
    /// When it was handed to its server, in milliseconds from its arrival.
    pub sent_at_ms: Option<f64>,
    /// When it was over, in milliseconds from its arrival.
    pub over_at_ms: Option<f64>,
    /// Its size, in bytes.
    pub bytes: u64,
    /// The size of its answer, in bytes.
    pub answer_bytes: u64,
    /// How it ended; nothing while it has not.
    pub outcome: Option<CallOutcome>,
    /// Its trace, when it is traced: 32 hexadecimal digits.
    pub trace_id: Option<String>,
}

/// What a client says it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct ClientName {
    /// Its name.
    pub name: String,
    /// Its version.
    #[serde(default)]
    pub version: String,
}

/// How a request ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct CallOutcome {
    /// `ok`, `tool_error`, `error`, `failed`, `cancelled`, `lost`.
    pub kind: String,
    /// The code of a JSON-RPC error.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<i32>,
    /// Which failure of ours, in a word for programs.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The same in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub text: Option<String>,
    /// Whether its server may have executed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub sent: Option<bool>,
}

impl Call {
    /// A request as it stands now.
    pub fn of(request: &Observed) -> Self {
        Self::from(&Entry::of(request))
    }
}

impl From<&Entry> for Call {
    fn from(entry: &Entry) -> Self {
        let text = |text: &str| text.to_owned();
        Self {
            number: entry.number,
            at_ms: unix_millis(entry.arrived),
            session: Some(text(&entry.session)).filter(|id| !id.is_empty()),
            face: text(entry.face),
            client: entry.client.as_deref().and_then(ClientName::read),
            revision: entry.revision.map(text),
            id: serde_json::from_str(&entry.id).unwrap_or_else(|_cut| text(&entry.id).into()),
            method: text(&entry.method),
            name: entry.name.as_deref().map(text),
            server: entry.server.as_ref().map(|server| text(server.as_str())),
            tool: entry.own.as_deref().map(text),
            phase: text(phase(entry.phase)),
            starting_ms: millis(entry.starting),
            queued_ms: millis(entry.queued),
            downstream_ms: entry.downstream.map(millis),
            took_ms: millis(entry.took),
            waits_at_ms: entry.waits_at.map(millis),
            queued_at_ms: entry.queued_at.map(millis),
            sent_at_ms: entry.sent_at.map(millis),
            over_at_ms: entry.over_at.map(millis),
            bytes: entry.bytes,
            answer_bytes: entry.answer_bytes,
            outcome: entry.outcome.as_ref().map(CallOutcome::from),
            trace_id: entry.trace.map(|id| format!("{:032x}", u128::from_be_bytes(id))),
        }
    }
}

impl From<&Outcome> for CallOutcome {
    fn from(outcome: &Outcome) -> Self {
        let plain =
            Self { kind: outcome.word().into(), code: None, reason: None, text: None, sent: None };
        match outcome {
            Outcome::Ok | Outcome::ToolError | Outcome::Cancelled | Outcome::Lost => plain,
            Outcome::Error { code } => Self { code: Some(*code), ..plain },
            Outcome::Failed { reason, sent, text } => Self {
                reason: Some((*reason).into()),
                text: Some(text.to_string()),
                sent: Some(*sent),
                ..plain
            },
        }
    }
}

impl ClientName {
    /// Reads an `Implementation`; `None` when it has no name.
    pub fn read(implementation: &[u8]) -> Option<Self> {
        let Self { name, version } = serde_json::from_slice(implementation).ok()?;
        let short = |text: String| text.chars().take(200).collect();
        Some(Self { name: short(name), version: short(version) })
    }
}

const fn phase(phase: Phase) -> &'static str {
    match phase {
        Phase::Routing => "routing",
        Phase::Starting => "starting",
        Phase::Queued => "queued",
        Phase::Downstream => "downstream",
        Phase::Over => "over",
    }
}

/// Milliseconds with three places.
pub(super) fn millis(span: Duration) -> f64 {
    (span.as_secs_f64() * 1e6).round() / 1e3
}

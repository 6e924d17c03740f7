//! What is kept: one thing somebody said.

use mcpvisor_actors::clock::unix_millis;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use std::time::SystemTime;
use utoipa::ToSchema;

/// How severe it is, least severe first.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    ToSchema,
    clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// Every step.
    Trace,
    /// For whoever looks for a fault.
    Debug,
    /// Worth knowing.
    Info,
    /// Something is not as it should be.
    Warn,
    /// Something failed.
    Error,
}

impl Level {
    /// All of them, least severe first.
    pub const ALL: [Self; 5] = [Self::Trace, Self::Debug, Self::Info, Self::Warn, Self::Error];

    /// As programs write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Trace => "trace",
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Warn => "warn",
            Self::Error => "error",
        }
    }
}

/// Who said it.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, ToSchema, clap::ValueEnum,
)]
#[serde(rename_all = "lowercase")]
pub enum Source {
    /// The gateway's own log.
    Gateway,
    /// A line a server's process wrote to stderr.
    Stderr,
    /// A log message of a server (`notifications/message`).
    Mcp,
    /// What an operator changed, or was refused.
    Audit,
}

impl Source {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Gateway, Self::Stderr, Self::Mcp, Self::Audit];

    /// As programs write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Gateway => "gateway",
            Self::Stderr => "stderr",
            Self::Mcp => "mcp",
            Self::Audit => "audit",
        }
    }
}

/// One thing somebody said.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Entry {
    /// When, in Unix milliseconds.
    pub at_ms: u64,
    /// How severe.
    pub level: Level,
    /// Who.
    pub source: Source,
    /// The server it is about.
    pub server: Option<String>,
    /// The client's session it is about.
    pub session: Option<String>,
    /// The number of the request it is about, in this run of the gateway; what an earlier run said has none,
    /// because numbers begin anew.
    pub request: Option<u64>,
    /// The part of the gateway, or of the server, that said it.
    pub logger: Option<String>,
    /// What was said.
    pub text: String,
    /// What was said beside it, by name.
    #[schema(value_type = Object)]
    #[serde(default)]
    pub fields: Map<String, Value>,
}

impl Entry {
    /// Said now, about nothing in particular.
    pub fn new(source: Source, level: Level, text: impl Into<String>) -> Self {
        Self {
            at_ms: unix_millis(SystemTime::now()),
            level,
            source,
            server: None,
            session: None,
            request: None,
            logger: None,
            text: text.into(),
            fields: Map::new(),
        }
    }

    /// What it takes while it waits, about, in bytes.
    pub(super) fn weight(&self) -> usize {
        let fields = self.fields.iter().map(|(key, value)| key.len() + 32 + weight(value));
        size_of::<Self>() + self.text.len() + fields.sum::<usize>()
    }
}

fn weight(value: &Value) -> usize {
    match value {
        Value::String(text) => text.len(),
        Value::Array(items) => items.iter().map(|item| 32 + weight(item)).sum(),
        Value::Object(members) => {
            members.iter().map(|(key, value)| key.len() + 32 + weight(value)).sum()
        }
        Value::Null | Value::Bool(_) | Value::Number(_) => 0,
    }
}

/// An entry that is kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Log {
    /// Its place: later ones have higher ids, also after a restart.
    pub id: u64,
    /// What was said.
    #[serde(flatten)]
    pub entry: Entry,
}

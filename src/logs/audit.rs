//! Who changed what: one record for each order an operator gives, carried out or not.

use super::LogStore;
use super::entry::{Entry, Level, Source};
use serde_json::{Map, Value};

/// The target of the tracing events that go with the records.
const TARGET: &str = "mcpvisor::audit";

/// What an operator did.
#[derive(Debug, Clone, PartialEq)]
pub struct Audit<'a> {
    /// Who, as far as that is known: `api`, `ui`, `cli`, or an address.
    pub who: &'a str,
    /// What was to be done, in a word: `restart`, `disable`, `change`.
    pub action: &'a str,
    /// To what: `servers/files`, `tools/files.read`, `monitor`.
    pub target: &'a str,
    /// The server it is about, when it is about one.
    pub server: Option<&'a str>,
    /// What came of it.
    pub outcome: AuditOutcome,
    /// More about it; secrets in it are hidden.
    pub detail: Value,
}

/// What came of an order.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditOutcome {
    /// It was carried out, or will be.
    Done,
    /// It was not allowed, or makes no sense.
    Refused,
    /// It was tried and failed.
    Failed,
}

impl AuditOutcome {
    /// As programs write it.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Refused => "refused",
            Self::Failed => "failed",
        }
    }
}

impl LogStore {
    /// Keeps a record of what an operator did, and logs it.
    pub fn audit(&self, record: &Audit<'_>) {
        let Audit { who, action, target, server, outcome, detail } = record;
        let done = *outcome == AuditOutcome::Done;
        let (on, outcome) = (*target, outcome.word());
        // the log on stderr has it too; the relay leaves it to this function
        if done {
            tracing::info!(target: TARGET, who, action, on, server, outcome, %detail, "audit");
        } else {
            tracing::warn!(target: TARGET, who, action, on, server, outcome, %detail, "audit");
        }
        let level = if done { Level::Info } else { Level::Warn };
        let mut entry =
            Entry::new(Source::Audit, level, format!("{who}: {action} {target}: {outcome}"));
        entry.server = server.map(str::to_owned);
        entry.logger = Some(TARGET.to_owned());
        let told = [("who", *who), ("action", action), ("target", target), ("outcome", outcome)];
        entry.fields = Map::from_iter(told.map(|(key, value)| (key.to_owned(), value.into())));
        if !detail.is_null() {
            entry.fields.insert("detail".to_owned(), detail.clone());
        }
        self.keep(entry);
    }
}

//! What is remembered of a session, so that a client can go on after the gateway was restarted.

use serde::{Deserialize, Serialize};
use std::time::Duration;

/// A session as it is remembered. Fields may be added; an older record then lacks them.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SessionRecord {
    /// SHA-256 of the session's id, in hexadecimal: the id itself is what lets a client in.
    pub id: String,
    /// What the client said at `initialize`, with the revision that was agreed on: JSON text.
    pub initialize: String,
    /// What it sees: nothing, `/servers/NAME` or `/groups/NAME`.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub selector: String,
    /// The level of log messages it wants.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub level: Option<String>,
    /// The resources it watches, as it calls them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub subscriptions: Vec<String>,
    /// When it was last used, roughly: milliseconds since 1970.
    pub last_used: u64,
}

/// Keeps the sessions of a gateway from run to run. Loading and saving may block; they are called on
/// threads made for that. Losing what was saved is allowed.
pub trait SessionStore: Send + Sync + 'static {
    /// The time since 1970, by the clock that goes on while no gateway runs.
    fn now(&self) -> Duration;

    /// What was saved last.
    fn load(&self) -> Vec<SessionRecord>;

    /// Saves these, and nothing else; whether it did. Never called twice at a time.
    fn save(&self, records: &[SessionRecord]) -> bool;
}

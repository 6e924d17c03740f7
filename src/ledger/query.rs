//! Which requests somebody wants to see.

use super::entry::Entry;
use mcpvisor_actors::observation::Outcome;
use mcpvisor_actors::server::ServerName;
use std::time::Duration;

/// A choice of requests; what is not said does not matter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// At most so many.
    pub limit: usize,
    /// Those of this server.
    pub server: Option<String>,
    /// Those of this method.
    pub method: Option<String>,
    /// Those that name this: as their client wrote it, or by the server's own name.
    pub name: Option<String>,
    /// Those that ended so: a word of [`Outcome::word`].
    pub outcome: Option<String>,
    /// Those that took longer.
    pub slower_than: Option<Duration>,
    /// Those that run, or those that are over.
    pub live: Option<bool>,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            limit: usize::MAX,
            server: None,
            method: None,
            name: None,
            outcome: None,
            slower_than: None,
            live: None,
        }
    }
}

impl Query {
    pub(super) fn wants(&self, entry: &Entry) -> bool {
        let is = |asked: &Option<String>, found: Option<&str>| {
            asked.as_deref().is_none_or(|asked| found == Some(asked))
        };
        is(&self.server, entry.server.as_ref().map(ServerName::as_str))
            && is(&self.method, Some(&entry.method))
            && (is(&self.name, entry.name.as_deref()) || is(&self.name, entry.own.as_deref()))
            && is(&self.outcome, entry.outcome.as_ref().map(Outcome::word))
            && self.slower_than.is_none_or(|than| entry.took > than)
    }
}

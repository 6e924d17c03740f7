//! A group of servers, as configured: what is shown under one name of its own.

use crate::server::{Expose, ServerName};
use std::collections::BTreeSet;

/// A part of all servers, and of their tools.
#[derive(Debug, Clone, Default)]
pub struct Group {
    /// What it is for; models are told.
    pub description: Option<String>,
    /// Its servers.
    pub servers: BTreeSet<ServerName>,
    /// Which of their tools are shown. The globs are over `server.tool`, and over the name the tool is
    /// shown under when that is another one.
    pub tools: Expose,
}

impl Group {
    /// Whether it shows a tool of one of its servers. `tool` is its name before any prefix, `shown` the
    /// one clients know.
    pub(super) fn admits(&self, server: &str, tool: &str, shown: &str) -> bool {
        let Expose { allow, deny } = &self.tools;
        if allow.is_empty() && deny.is_empty() {
            return true;
        }
        let whole = format!("{server}.{tool}");
        let named = |globs: &[globset::GlobMatcher]| {
            globs.iter().any(|glob| glob.is_match(&whole) || glob.is_match(shown))
        };
        (allow.is_empty() || named(allow)) && !named(deny)
    }
}

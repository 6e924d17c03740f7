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
    /// Whether it shows all tools of its servers.
    pub(super) fn admits_all(&self) -> bool {
        self.tools.allow.is_empty() && self.tools.deny.is_empty()
    }

    /// Whether it shows a tool of one of its servers. `tool` is its name before any prefix, `shown` the
    /// one clients know.
    pub(super) fn admits(&self, server: &str, tool: &str, shown: &str) -> bool {
        if self.admits_all() {
            return true;
        }
        let Expose { allow, deny } = &self.tools;
        let whole = format!("{server}.{tool}");
        let named = |globs: &[globset::GlobMatcher]| {
            globs.iter().any(|glob| glob.is_match(&whole) || glob.is_match(shown))
        };
        (allow.is_empty() || named(allow)) && !named(deny)
    }
}

//! The shape of `groups`: parts of the servers under names of their own.

use super::Expose;
use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

/// A part of the servers, for clients at `/mcp/groups/NAME`. With neither `servers` nor `tags` it has
/// all of them.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Group {
    /// Names of servers, or patterns (`db-*`).
    pub(in crate::config) servers: Vec<String>,
    /// Servers with one of these tags belong to it, too.
    pub(in crate::config) tags: Vec<String>,
    /// Which tools of these servers are shown: patterns over `server.tool`.
    pub(in crate::config) tools: Expose,
    /// What it is for; models are told.
    pub(in crate::config) description: Option<String>,
}

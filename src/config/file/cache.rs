//! How long clients may keep what they were told.

use super::Span;
use mcpvisor_actors::bridge::modern_client::{CacheHints, CacheScope};
use serde::Deserialize;
use std::time::Duration;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

/// What clients of 2026-07-28 are told of results that may be kept.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Cache {
    /// For how long; 0s: not at all.
    pub(in crate::config) ttl: Span,
    /// By whom: `private` for the one who asked, `public` for everybody.
    pub(in crate::config) scope: Scope,
}

impl Default for Cache {
    fn default() -> Self {
        Self { ttl: Span(Duration::ZERO), scope: Scope::Private }
    }
}

/// Who may share a result.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(in crate::config) enum Scope {
    Private,
    Public,
}

impl Cache {
    /// As the runtime takes it.
    pub(in crate::config) fn hints(self) -> CacheHints {
        let ttl_ms = u64::try_from(self.ttl.0.as_millis()).unwrap_or(u64::MAX);
        let scope = match self.scope {
            Scope::Private => CacheScope::Private,
            Scope::Public => CacheScope::Public,
        };
        CacheHints { ttl_ms, scope }
    }
}

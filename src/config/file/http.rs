//! The keys of the HTTP endpoint.

use crate::config::quantity::{Size, Span};
use crate::faces::ResumeSettings;
use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

/// The HTTP endpoint.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Http {
    /// `Host` headers that are answered besides those of the listener itself, such as
    /// `mcp.example.com` or `mcp.example.com:8443`.
    pub(in crate::config) allowed_hosts: Vec<String>,
    /// Web pages that may call the gateway from a browser, such as `https://app.example.com`.
    pub(in crate::config) allowed_origins: Vec<String>,
    /// Whether `listen` may be an address that other machines can reach.
    pub(in crate::config) allow_remote: bool,
    /// What is kept for clients whose connection ends in the middle of an event stream.
    pub(in crate::config) resume: Resume,
    /// The sessions of Streamable HTTP clients.
    pub(in crate::config) sessions: Sessions,
}

/// The sessions of Streamable HTTP clients.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Sessions {
    /// Whether they are kept in `state_dir`, so that clients go on after the gateway was restarted.
    pub(in crate::config) persist: bool,
}

impl Default for Sessions {
    fn default() -> Self {
        Self { persist: true }
    }
}

/// What is kept for clients whose connection ends in the middle of an event stream.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Resume {
    /// Bytes of events kept for one session.
    pub(in crate::config) max_bytes: Size,
    /// Events kept for one session.
    pub(in crate::config) max_events: usize,
    /// Bytes of events kept for all sessions; half of it only for clients that are away.
    pub(in crate::config) max_total_bytes: Size,
    /// How long a call goes on, and what it says is kept, while its client is away. `0` turns this off:
    /// a connection that ends has its call cancelled.
    pub(in crate::config) ttl: Span,
}

impl Default for Resume {
    fn default() -> Self {
        let ResumeSettings { max_bytes, max_events, max_total_bytes, ttl } =
            ResumeSettings::default();
        Self {
            max_bytes: Size(max_bytes),
            max_events,
            max_total_bytes: Size(max_total_bytes),
            ttl: Span(ttl),
        }
    }
}

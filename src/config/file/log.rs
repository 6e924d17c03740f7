//! The keys of the log.

use super::seconds;
use crate::config::quantity::{Size, Span};
use crate::config::settings::LogFormat;
use serde::Deserialize;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

/// Logging: what is said on stderr, and what is kept.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Log {
    /// `error`, `warn`, `info`, `debug`, `trace`, or a filter such as `info,mcpvisor=debug`.
    pub(in crate::config) level: String,
    /// `human` for people, `json` for machines; `auto` is `human` on a terminal.
    pub(in crate::config) format: LogFormat,
    /// What is kept in `state_dir`: this log, what servers write to stderr, their log messages, and what
    /// operators changed. `mcpvisor logs` shows it.
    pub(in crate::config) store: LogStore,
}

impl Default for Log {
    fn default() -> Self {
        Self { level: "info".into(), format: LogFormat::Auto, store: LogStore::default() }
    }
}

/// What is kept of the log and of what servers say.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct LogStore {
    /// Whether anything is kept.
    pub(in crate::config) enabled: bool,
    /// Bytes of all its files, at least 1MiB; the oldest entries go first. Without a state folder at most
    /// 8MiB are kept, in memory.
    pub(in crate::config) max_bytes: Size,
    /// Age of the oldest entry.
    pub(in crate::config) max_age: Span,
}

impl Default for LogStore {
    fn default() -> Self {
        Self { enabled: true, max_bytes: Size(64 << 20), max_age: seconds(7 * 24 * 60 * 60) }
    }
}

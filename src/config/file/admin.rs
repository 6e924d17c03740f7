//! The keys of the API for people and programs who look after the gateway.

use super::text::Secret;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;

/// The REST API, the metrics and the web pages.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Admin {
    /// What requests must send as `Authorization: Bearer`: 16 visible characters or more. Without it the
    /// API and the metrics answer only on a loopback listener, under this machine's own names.
    pub(in crate::config) token: Option<Secret>,
}

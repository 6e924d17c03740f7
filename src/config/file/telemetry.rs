//! The keys of telemetry.

use super::{Secret, Text};
use crate::telemetry::Protocol;
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;
use std::collections::BTreeMap;

/// Traces, metrics and logs sent to an OpenTelemetry collector (OTLP). Off without an endpoint. What is not
/// written here is taken from the standard variables `OTEL_*`.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(in crate::config) struct Telemetry {
    /// The collector, such as `http://127.0.0.1:4318`; for HTTP, `/v1/traces` and so on are added.
    pub(in crate::config) endpoint: Option<String>,
    /// `http/protobuf` (the default), `http/json` or `grpc`.
    pub(in crate::config) protocol: Option<Protocol>,
    /// Sent with every request. They never appear in logs.
    pub(in crate::config) headers: BTreeMap<String, Secret>,
    /// Whether spans are sent; by default they are.
    pub(in crate::config) traces: Option<bool>,
    /// Whether metrics are sent; by default they are. `/metrics` is served either way.
    pub(in crate::config) metrics: Option<bool>,
    /// Whether the gateway's log is sent; by default it is.
    pub(in crate::config) logs: Option<bool>,
    /// Share of the requests that are traced, 0 to 1, where the client does not say itself.
    pub(in crate::config) sample_ratio: Option<f64>,
    /// Name of this gateway in what is sent; `mcpvisor` by default.
    pub(in crate::config) service_name: Option<Text>,
}

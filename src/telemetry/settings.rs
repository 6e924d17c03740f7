//! What is exported, where to, and how much of it: the values, as the configuration made them.
//!
//! *Invariant:* whoever holds a [`Settings`] need not check any of it again; its `Debug` shows no secret.

use secrecy::SecretString;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

/// What is exported over OTLP. `/metrics` is there whatever this says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Whether requests are not even counted: `OTEL_SDK_DISABLED`.
    pub disabled: bool,
    /// `service.name` of all that is exported.
    pub service_name: String,
    /// Further attributes of the resource: `OTEL_RESOURCE_ATTRIBUTES`.
    pub resource: Vec<(String, String)>,
    /// Where spans go, if anywhere.
    pub traces: Option<Target>,
    /// Where metrics go, if anywhere.
    pub metrics: Option<Target>,
    /// Where the gateway's log goes, if anywhere.
    pub logs: Option<Target>,
    /// Which requests are traced.
    pub sampling: Sampling,
    /// How spans wait: `OTEL_BSP_*`.
    pub span_queue: Queue,
    /// How log records wait: `OTEL_BLRP_*`.
    pub log_queue: Queue,
    /// How often metrics are sent: `OTEL_METRIC_EXPORT_INTERVAL`.
    pub metric_interval: Duration,
}

impl Settings {
    /// Whether anything is exported at all.
    pub fn is_on(&self) -> bool {
        self.targets().next().is_some()
    }

    /// The places anything goes to.
    pub fn targets(&self) -> impl Iterator<Item = &Target> {
        [&self.traces, &self.metrics, &self.logs].into_iter().flatten()
    }
}

impl Default for Settings {
    /// Nothing is exported.
    fn default() -> Self {
        Self {
            disabled: false,
            service_name: "mcpvisor".into(),
            resource: Vec::new(),
            traces: None,
            metrics: None,
            logs: None,
            sampling: Sampling::default(),
            span_queue: Queue { size: 16_384, batch: 512, delay: Duration::from_secs(5) },
            log_queue: Queue { size: 2_048, batch: 512, delay: Duration::from_secs(1) },
            metric_interval: Duration::from_secs(60),
        }
    }
}

/// Where one signal goes.
#[derive(Clone)]
pub struct Target {
    /// The whole URL; of gRPC, scheme and authority.
    pub endpoint: String,
    /// How it is spoken to.
    pub protocol: Protocol,
    /// Sent with every request, by lower-case names.
    pub headers: BTreeMap<String, SecretString>,
    /// Longest time for one request, its repetitions included.
    pub timeout: Duration,
    /// Whether requests are compressed with gzip.
    pub gzip: bool,
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Target")
            .field("endpoint", &self.endpoint)
            .field("protocol", &self.protocol)
            .field("headers", &self.headers.keys())
            .field("timeout", &self.timeout)
            .field("gzip", &self.gzip)
            .finish()
    }
}

/// The three bindings of OTLP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[cfg_attr(test, schemars(inline))]
pub enum Protocol {
    /// gRPC, usually at port 4317.
    #[serde(rename = "grpc")]
    Grpc,
    /// HTTP with protobuf, usually at port 4318.
    #[serde(rename = "http/protobuf")]
    HttpProtobuf,
    /// HTTP with JSON, usually at port 4318.
    #[serde(rename = "http/json")]
    HttpJson,
}

impl Protocol {
    /// By its word.
    pub fn of(word: &str) -> Option<Self> {
        match word {
            "grpc" => Some(Self::Grpc),
            "http/protobuf" => Some(Self::HttpProtobuf),
            "http/json" => Some(Self::HttpJson),
            _ => None,
        }
    }
}

/// Which requests are traced.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Sampling {
    /// Whether a client that says so itself decides.
    pub parent_based: bool,
    /// The share of the others, 0 to 1.
    pub ratio: f64,
}

impl Default for Sampling {
    /// As `OTEL_TRACES_SAMPLER=parentbased_always_on`.
    fn default() -> Self {
        Self { parent_based: true, ratio: 1.0 }
    }
}

/// How things wait for being sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Queue {
    /// Most that wait; more are dropped and counted.
    pub size: usize,
    /// Most that are sent together.
    pub batch: usize,
    /// Longest wait.
    pub delay: Duration,
}

//! What is known of a server's quality at a moment. A value, written as JSON.

use super::forecast::Forecast;
use super::score::Parts;
use super::trend::Trend;
use serde::{Deserialize, Serialize};
use std::time::Duration;
use utoipa::ToSchema;

/// The quality of a server at a moment.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Quality)]
pub struct Report {
    /// 0 to 100; a new server has 100.
    pub score: u8,
    /// What the score is made of.
    pub parts: Parts,
    /// Mean time of the last answers to probes, or to calls when there were no probes; written in
    /// milliseconds, as are all times here.
    #[serde(rename = "latencyMeanMs", with = "super::millis::fine")]
    #[schema(value_type = Option<f64>)]
    pub latency_mean: Option<Duration>,
    /// The time 95 of 100 of them did not exceed.
    #[serde(rename = "latencyP95Ms", with = "super::millis::fine")]
    #[schema(value_type = Option<f64>)]
    pub latency_p95: Option<Duration>,
    /// What is usual for this server, learnt from it.
    #[serde(rename = "latencyUsualMs", with = "super::millis::fine")]
    #[schema(value_type = Option<f64>)]
    pub latency_usual: Option<Duration>,
    /// Mean difference between one answer's time and the next one's.
    #[serde(rename = "jitterMs", with = "super::millis::fine")]
    #[schema(value_type = Option<f64>)]
    pub jitter: Option<Duration>,
    /// Share of the last probes and calls without an answer, 0 to 1.
    pub loss: f32,
    /// Where the score is heading.
    pub trend: Trend,
    /// When it will be too low, if that can be told.
    pub forecast: Option<Forecast>,
    /// What is wrong or will be, in words.
    pub issues: Vec<String>,
    /// Nothing was heard for so long that all this is of the past.
    pub stale: bool,
    /// How long ago the last sample was; none when there was none.
    #[serde(rename = "lastSampleMs", with = "super::millis::fine")]
    #[schema(value_type = Option<f64>)]
    pub last_sample: Option<Duration>,
}

//! What leaves the gateway: spans, metrics and logs, at a collector and at `/metrics`.
#![allow(clippy::unwrap_used, clippy::expect_used)]
#![allow(clippy::float_cmp)] // numbers of things, as the formats have them

#[path = "telemetry/collector.rs"]
mod collector;
#[path = "telemetry/dead.rs"]
mod dead;
#[path = "telemetry/delivered.rs"]
mod delivered;
#[path = "telemetry/exposition.rs"]
mod exposition;
#[path = "telemetry/logs.rs"]
mod logs;
#[path = "telemetry/metrics.rs"]
mod metrics;
#[path = "telemetry/names.rs"]
mod names;
#[path = "telemetry/off.rs"]
mod off;
#[path = "telemetry/peer.rs"]
mod peer;
#[path = "support/running.rs"]
mod running;
#[path = "telemetry/spans.rs"]
mod spans;
#[path = "telemetry/world.rs"]
mod world;

//! Whether servers live and how well they do: probes, verdicts, quality.
//!
//! Evidence first: any frame from a server is a sign of life, real traffic counts as a probe, and
//! silence is confirmed by a second, longer probe before anything is concluded from it. Nothing here
//! takes a connection down itself; the server's own actor does, told by a verdict.

pub mod analyzer;
pub mod cadence;
mod checks;
pub mod monitor;
pub mod pings;
mod policies;
mod policy;
mod probe;
mod quality;
mod watch;

pub use analyzer::QualityAnalyzer;
pub use checks::Checks;
pub use monitor::ConnectionMonitor;
pub use pings::PingManager;
pub use policies::{GlobalPolicy, Policies};
pub use policy::{BreakerPolicy, MonitorPatch, MonitorPolicy, PingPatch, PingPolicy};
pub use probe::{ProbeMethod, ProbeNumber, ProbeOutcome};
pub use quality::{
    CALLS_IN_LATENCY, Forecast, LATENCY_WEIGHT, LinkEvent, Outcome, Parts, Quality,
    RELIABILITY_WEIGHT, Report as QualityReport, Rollup, STABILITY_WEIGHT, STALE_AFTER, Sample,
    SampleKind, Tally, Tier, Trend,
};
pub use watch::{Rules, Step, Watch};

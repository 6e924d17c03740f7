//! How each tool does: counts and percentiles, by server and own name.

use super::call::millis;
use super::entry::Entry;
use hdrhistogram::Histogram;
use mcpvisor_actors::clock::unix_millis;
use mcpvisor_actors::observation::Outcome;
use serde::{Deserialize, Serialize};
use std::collections::HashMap;
use std::time::{Duration, SystemTime};
use utoipa::ToSchema;

/// Tools that have figures of their own.
const TOOLS: usize = 2_000;
/// The server and the tool all others are counted under.
pub const OTHER: &str = "_other";
/// Latencies above this are counted as this, in microseconds.
const LONGEST: u64 = 3_600_000_000;
/// Significant digits of a latency.
const DIGITS: u8 = 2;

/// How a tool does since the gateway started.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ToolFigures {
    /// Calls that are over.
    pub calls: u64,
    /// Those that failed: for reasons of the tool, of its server or of ours.
    pub errors: u64,
    /// Those their clients gave up.
    pub cancelled: u64,
    /// How long calls took in all; nothing before the first that was not given up.
    pub whole: Option<Percentiles>,
    /// How long they were with the server.
    pub downstream: Option<Percentiles>,
    /// When the last one came, in Unix milliseconds.
    pub last_at_ms: Option<u64>,
}

/// Percentiles of latencies, in milliseconds, to two digits.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Percentiles {
    /// Half of them took no longer.
    pub p50_ms: f64,
    /// 95 of 100.
    pub p95_ms: f64,
    /// 99 of 100.
    pub p99_ms: f64,
}

/// The figures of all tools.
#[derive(Debug, Default)]
pub(super) struct Tally {
    servers: HashMap<Box<str>, HashMap<Box<str>, Tool>>,
    count: usize,
}

#[derive(Debug, Default)]
struct Tool {
    calls: u64,
    errors: u64,
    cancelled: u64,
    whole: Option<Histogram<u32>>,
    downstream: Option<Histogram<u32>>,
    last: Option<SystemTime>,
}

impl Tally {
    /// Counts a request that is over; only calls of tools count.
    pub(super) fn count(&mut self, entry: &Entry) {
        let (Some(server), Some(own)) = (&entry.server, &entry.own) else { return };
        if !entry.is_tool_call() {
            return;
        }
        let server = server.as_str();
        if let Some(tool) = self.servers.get_mut(server).and_then(|tools| tools.get_mut(own)) {
            return tool.count(entry);
        }
        let (server, own) = if self.count < TOOLS { (server, &**own) } else { (OTHER, OTHER) };
        let tools = self.servers.entry(server.into()).or_default();
        self.count += usize::from(!tools.contains_key(own));
        tools.entry(own.into()).or_default().count(entry);
    }

    /// The figures of one tool.
    pub(super) fn get(&self, server: &str, own: &str) -> Option<ToolFigures> {
        self.servers.get(server)?.get(own).map(Tool::figures)
    }

    /// How many tools have figures, the place of all others included.
    pub(super) const fn len(&self) -> usize {
        self.count
    }
}

impl Tool {
    fn count(&mut self, entry: &Entry) {
        self.calls += 1;
        self.errors += u64::from(entry.is_failed());
        let cancelled = entry.outcome == Some(Outcome::Cancelled);
        self.cancelled += u64::from(cancelled);
        self.last = self.last.max(Some(entry.arrived));
        // how long a client waits before it gives up says nothing of the tool
        if !cancelled {
            record(&mut self.whole, entry.took);
            entry.downstream.into_iter().for_each(|span| record(&mut self.downstream, span));
        }
    }

    fn figures(&self) -> ToolFigures {
        ToolFigures {
            calls: self.calls,
            errors: self.errors,
            cancelled: self.cancelled,
            whole: self.whole.as_ref().and_then(Percentiles::of),
            downstream: self.downstream.as_ref().and_then(Percentiles::of),
            last_at_ms: self.last.map(unix_millis),
        }
    }
}

/// Notes a latency, to the microsecond.
fn record(histogram: &mut Option<Histogram<u32>>, span: Duration) {
    if histogram.is_none() {
        // it grows by itself; two digits are allowed, so this never fails
        *histogram = Histogram::new(DIGITS).ok();
    }
    if let Some(histogram) = histogram {
        let micros = u64::try_from(span.as_micros()).unwrap_or(u64::MAX);
        let _always_fits = histogram.record(micros.clamp(1, LONGEST));
    }
}

impl Percentiles {
    fn of(histogram: &Histogram<u32>) -> Option<Self> {
        let at = |percent| millis(Duration::from_micros(histogram.value_at_percentile(percent)));
        let (p50_ms, p95_ms, p99_ms) = (at(50.0), at(95.0), at(99.0));
        (!histogram.is_empty()).then_some(Self { p50_ms, p95_ms, p99_ms })
    }
}

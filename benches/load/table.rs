//! The results, as a table a human reads.

use crate::Mode;
use crate::batch::Batch;
use crate::measure::percentile_us;
use crate::subject::Subject;
use std::fmt::Write;
use std::time::Duration;

/// Everything about one mode.
pub(crate) struct Row {
    pub(crate) mode: Mode,
    pub(crate) subject: Option<Subject>,
    pub(crate) batch: Batch,
    pub(crate) wall: Duration,
    pub(crate) cpu_ms: u64,
    pub(crate) rss_mib: f64,
    /// Why there are no, or not all, results.
    pub(crate) failure: Option<String>,
}

/// What is printed of a row, and compared.
struct Figures {
    calls: usize,
    p50_us: f64,
    p99_us: f64,
    per_second: f64,
    cpu_ms_per_1000: f64,
    rss_mib: f64,
}

impl Row {
    pub(crate) fn new(mode: Mode) -> Self {
        let batch = Batch::default();
        let wall = Duration::ZERO;
        Self { mode, subject: None, batch, wall, cpu_ms: 0, rss_mib: 0.0, failure: None }
    }

    /// Starts counting again.
    pub(crate) fn forget_warm_up(&mut self) {
        self.batch = Batch::default();
        self.wall = Duration::ZERO;
        self.cpu_ms = 0;
    }

    #[allow(clippy::cast_precision_loss)] // counts of calls and milliseconds are small
    fn figures(&self) -> Option<Figures> {
        let mut sorted = self.batch.latencies.clone();
        sorted.sort_unstable();
        let calls = sorted.len();
        (calls > 0).then(|| Figures {
            calls,
            p50_us: percentile_us(&sorted, 50),
            p99_us: percentile_us(&sorted, 99),
            per_second: calls as f64 / self.wall.as_secs_f64(),
            cpu_ms_per_1000: self.cpu_ms as f64 * 1000.0 / calls as f64,
            rss_mib: self.rss_mib,
        })
    }
}

/// The table, then what each mode costs over the one it is compared with.
pub(crate) fn render(rows: &[Row]) -> String {
    let mut text = format!(
        "{:<14} {:>8} {:>7} {:>9} {:>9} {:>9} {:>10} {:>8}\n",
        "mode", "calls", "failed", "p50 µs", "p99 µs", "calls/s", "cpu ms/1k", "rss MiB"
    );
    for row in rows {
        let name = row.mode.name();
        if let Some(f) = row.figures() {
            add(
                &mut text,
                format_args!(
                    "{name:<14} {:>8} {:>7} {:>9.1} {:>9.1} {:>9.0} {:>10.1} {:>8.1}\n",
                    f.calls,
                    row.batch.failed,
                    f.p50_us,
                    f.p99_us,
                    f.per_second,
                    f.cpu_ms_per_1000,
                    f.rss_mib
                ),
            );
        }
        if let Some(failure) = &row.failure {
            add(&mut text, format_args!("{name:<14} gave up: {failure}\n"));
        }
    }
    text.push_str("cpu and memory are of the gateway, or in direct modes of the server\n");
    for row in rows {
        let mut bases = row.mode.baselines().iter();
        let Some(base) = bases.find_map(|mode| rows.iter().find(|r| r.mode == *mode)) else {
            continue;
        };
        let Some((ours, other)) = row.figures().zip(base.figures()) else { continue };
        add(
            &mut text,
            format_args!(
                "{} against {}: p50 ×{:.2} ({:+.1} µs), p99 ×{:.2} ({:+.1} µs), calls/s ×{:.2}, cpu ×{:.2}\n",
                row.mode.name(),
                base.mode.name(),
                ours.p50_us / other.p50_us,
                ours.p50_us - other.p50_us,
                ours.p99_us / other.p99_us,
                ours.p99_us - other.p99_us,
                ours.per_second / other.per_second,
                ours.cpu_ms_per_1000 / other.cpu_ms_per_1000,
            ),
        );
    }
    text
}

/// Appends; writing to a string cannot fail.
fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _infallible = text.write_fmt(arguments);
}

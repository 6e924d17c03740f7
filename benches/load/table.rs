//! What several modes gave, as a table a human reads.

use crate::rounds::{Figures, Turns, over_rounds};
use std::fmt::Write;

/// The table, then what each mode costs over the one it is compared with.
pub(crate) fn render(all: &[Turns]) -> String {
    let mut text = format!(
        "{:<14} {:>7} {:>9} {:>9} {:>9} {:>9} {:>11} {:>8}\n",
        "mode", "failed", "p50 µs", "p99 µs", "calls/s", "cpu µs", "writes/call", "rss MiB"
    );
    for turns in all {
        let name = turns.mode.name();
        if !turns.rounds.is_empty() {
            let of = |figure: fn(&Figures) -> f64| turns.median(figure);
            add(
                &mut text,
                format_args!(
                    "{name:<14} {:>7} {:>9.1} {:>9.1} {:>9.0} {:>9.2} {:>11.2} {:>8.1}\n",
                    turns.failed(),
                    of(|it| it.p50_us),
                    of(|it| it.p99_us),
                    of(|it| it.per_second),
                    of(|it| it.cpu_us),
                    of(|it| it.writes),
                    of(|it| it.rss_kib) / 1024.0
                ),
            );
        }
        if let Some(failure) = &turns.failure {
            add(&mut text, format_args!("{name:<14} gave up: {failure}\n"));
        }
    }
    text.push_str(
        "cpu, writes and memory are of what is between, or in direct modes of the server\n",
    );
    for turns in all {
        let measured = |mode| all.iter().any(|other| other.mode == mode);
        for base in turns.mode.baselines().iter().copied().filter(|mode| measured(*mode)) {
            let over = |of: fn([&Figures; 2]) -> f64| {
                over_rounds(all, [turns.mode, base], of).unwrap_or(f64::NAN)
            };
            add(
                &mut text,
                format_args!(
                    "{} against {}: p50 ×{:.2} ({:+.1} µs), p99 ×{:.2}, calls/s ×{:.2}, cpu ×{:.2} ({:+.1} µs)\n",
                    turns.mode.name(),
                    base.name(),
                    over(|[ours, other]| ours.p50_us / other.p50_us),
                    over(|[ours, other]| ours.p50_us - other.p50_us),
                    over(|[ours, other]| ours.p99_us / other.p99_us),
                    over(|[ours, other]| ours.per_second / other.per_second),
                    over(|[ours, other]| ours.cpu_us / other.cpu_us),
                    over(|[ours, other]| ours.cpu_us - other.cpu_us),
                ),
            );
        }
    }
    text
}

/// Appends; writing to a string cannot fail.
fn add(text: &mut String, arguments: std::fmt::Arguments<'_>) {
    let _infallible = text.write_fmt(arguments);
}

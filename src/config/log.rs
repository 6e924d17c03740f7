//! The checks of `log`.

use super::file;
use super::settings::{Log, LogStore};
use super::validate::Judge;

/// The smallest store: less would be gone before it is read.
const SMALLEST: usize = 1 << 20;

/// Judges what is logged, and what is kept of it.
pub(super) fn log(log: file::Log, judge: &mut Judge<'_>) -> Log {
    if tracing_subscriber::EnvFilter::try_new(&log.level).is_err() {
        let remedy =
            "write error, warn, info, debug, trace or a filter such as `info,mcpvisor=debug`";
        judge.fault(&["log", "level"], "is no log filter", remedy);
    } else if log.level.trim().is_empty() {
        judge.fault(&["log", "level"], "is empty", "write error, warn, info, debug or trace");
    }
    let max_bytes = log.store.max_bytes;
    if max_bytes.0 < SMALLEST {
        let path = ["log", "store", "max_bytes"];
        let message = format!("{max_bytes} is less than 1MiB");
        judge.fault(&path, message, "write `1MiB` or more; `enabled: false` turns it off");
    }
    let max_age = log.store.max_age.0;
    judge.positive(&["log", "store", "max_age"], max_age, "write a duration such as `7d`");
    Log {
        level: log.level,
        format: log.format,
        store: LogStore { enabled: log.store.enabled, max_bytes: max_bytes.0 as u64, max_age },
    }
}

//! Numbers about processes and about samples.

use std::fs;
use std::time::Duration;

/// Milliseconds in one tick of `/proc/<pid>/stat`; the kernel reports 100 ticks a second.
const TICK_MS: u64 = 10;

/// CPU time of a process and all its threads, without its children. Linux only.
pub(crate) fn cpu_ms(pid: u32) -> Option<u64> {
    let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
    // the name may contain anything, even blanks; what follows its parenthesis is field 3
    let mut fields = stat.rsplit_once(')')?.1.split_whitespace().skip(14 - 3);
    let user: u64 = fields.next()?.parse().ok()?;
    let system: u64 = fields.next()?.parse().ok()?;
    Some((user + system) * TICK_MS)
}

/// Resident memory of a process. Linux only.
pub(crate) fn rss_mib(pid: u32) -> Option<f64> {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).ok()?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"))?;
    let kib: f64 = line.split_whitespace().next()?.parse().ok()?;
    Some(kib / 1024.0)
}

/// The value that `percent` of the sorted samples do not exceed, in microseconds.
pub(crate) fn percentile_us(sorted: &[Duration], percent: usize) -> f64 {
    let rank = (sorted.len() * percent).div_ceil(100).clamp(1, sorted.len().max(1));
    sorted.get(rank - 1).map_or(0.0, |sample| sample.as_secs_f64() * 1e6)
}

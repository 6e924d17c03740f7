//! Numbers about processes and about samples. Linux only.

use nix::time::{clock_getcpuclockid, clock_gettime};
use nix::unistd::Pid;
use std::fs;
use std::time::Duration;

/// CPU time of a process and all its threads, the ended ones too, without its children; to the nanosecond.
pub(crate) fn cpu(pid: u32) -> Option<Duration> {
    let clock = clock_getcpuclockid(Pid::from_raw(pid.cast_signed())).ok()?;
    Some(clock_gettime(clock).ok()?.into())
}

/// Resident memory of a process.
pub(crate) fn rss_kib(pid: u32) -> Option<f64> {
    field(pid, "status", "VmRSS:")
}

/// The most resident memory it ever had.
pub(crate) fn peak_rss_kib(pid: u32) -> Option<f64> {
    field(pid, "status", "VmHWM:")
}

/// Threads of a process.
pub(crate) fn threads(pid: u32) -> Option<f64> {
    field(pid, "status", "Threads:")
}

/// How often a process has written to pipes, sockets and its log (`send` is not counted, but nobody here uses it).
pub(crate) fn writes(pid: u32) -> Option<f64> {
    field(pid, "io", "syscw:")
}

/// Open descriptors of a process.
pub(crate) fn descriptors(pid: u32) -> Option<usize> {
    Some(fs::read_dir(format!("/proc/{pid}/fd")).ok()?.count())
}

/// The children of a process that have not been waited for.
pub(crate) fn children(pid: u32) -> Vec<u32> {
    let tasks = fs::read_dir(format!("/proc/{pid}/task")).into_iter().flatten().flatten();
    let listed = tasks.filter_map(|task| fs::read_to_string(task.path().join("children")).ok());
    listed
        .flat_map(|text| {
            text.split_whitespace().filter_map(|pid| pid.parse().ok()).collect::<Vec<_>>()
        })
        .collect()
}

/// What a process was started with.
pub(crate) fn arguments(pid: u32) -> String {
    let line = fs::read(format!("/proc/{pid}/cmdline")).unwrap_or_default();
    String::from_utf8_lossy(&line).replace('\0', " ")
}

fn field(pid: u32, file: &str, name: &str) -> Option<f64> {
    let text = fs::read_to_string(format!("/proc/{pid}/{file}")).ok()?;
    let line = text.lines().find_map(|line| line.strip_prefix(name))?;
    line.split_whitespace().next()?.parse().ok()
}

/// The value that `percent` of the samples do not exceed, in microseconds.
pub(crate) fn percentile_us(samples: &mut [Duration], percent: usize) -> f64 {
    samples.sort_unstable();
    let rank = (samples.len() * percent).div_ceil(100).clamp(1, samples.len().max(1));
    samples.get(rank - 1).map_or(0.0, |sample| sample.as_secs_f64() * 1e6)
}

/// The one in the middle; of an even number the mean of both; of none, nothing.
pub(crate) fn median(figures: impl IntoIterator<Item = f64>) -> f64 {
    let mut figures: Vec<f64> = figures.into_iter().collect();
    figures.sort_by(f64::total_cmp);
    let middle = figures.len() / 2;
    match (figures.len() % 2, figures.get(middle)) {
        (1, Some(figure)) => *figure,
        (_, Some(figure)) => f64::midpoint(*figure, figures[middle - 1]),
        _ => f64::NAN,
    }
}

//! Processor time of a process group, from `/proc`: tells a server that computes from one that hangs.

use std::time::Duration;

/// What the processes of the group, as far as they live, have used so far.
pub(super) fn used_by(group: u32) -> Option<Duration> {
    let ticks_per_second = rustix::param::clock_ticks_per_second();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let numbers = processes.filter(|entry| {
        entry.file_name().as_encoded_bytes().first().is_some_and(u8::is_ascii_digit)
    });
    let ticks: u64 = numbers
        .filter_map(|entry| std::fs::read_to_string(entry.path().join("stat")).ok())
        .filter_map(|stat| ticks_in(&stat, group))
        .sum();
    Some(Duration::from_millis(ticks.saturating_mul(1000) / ticks_per_second.max(1)))
}

/// User and system time in a `stat` line, if it is of the group. Source: `proc_pid_stat(5)`.
fn ticks_in(stat: &str, group: u32) -> Option<u64> {
    // the name, in brackets, may hold anything; state, parent and group follow it
    let mut fields = stat.rsplit_once(") ")?.1.split(' ').skip(2);
    if fields.next()?.parse() != Ok(group) {
        return None;
    }
    let mut times = fields.skip(8).map(str::parse::<u64>);
    Some(times.next()?.ok()? + times.next()?.ok()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_of_the_group_alone_whatever_the_name() {
        let stat = "7 (a) b) S 1 42 7 0 -1 4194560 1 2 3 4 250 50 9 9 20 0 1 0";
        assert_eq!(ticks_in(stat, 42), Some(300));
        assert_eq!(ticks_in(stat, 43), None);
        assert_eq!(ticks_in("7 (a", 42), None);
    }

    #[test]
    fn our_own_group_has_used_some() {
        let group = rustix::process::getpgrp().as_raw_nonzero().get().unsigned_abs();
        assert!(used_by(group).is_some());
    }
}

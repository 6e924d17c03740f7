//! What a process group does, from `/proc`: tells a server that works from one that hangs.

use std::time::Duration;

/// What the processes of the group, as far as they live, have used so far, and whether one of them is
/// stopped by a signal.
pub(super) fn of_group(group: u32) -> Option<(Duration, bool)> {
    let ticks_per_second = rustix::param::clock_ticks_per_second();
    let processes = std::fs::read_dir("/proc").ok()?.flatten();
    let numbers = processes.filter(|entry| {
        entry.file_name().as_encoded_bytes().first().is_some_and(u8::is_ascii_digit)
    });
    let (mut ticks, mut stopped) = (0u64, false);
    for entry in numbers {
        let Ok(stat) = std::fs::read_to_string(entry.path().join("stat")) else { continue };
        if let Some((used, state)) = read(&stat, group) {
            ticks = ticks.saturating_add(used);
            stopped |= matches!(state, "T" | "t");
        }
    }
    let used = Duration::from_millis(ticks.saturating_mul(1000) / ticks_per_second.max(1));
    Some((used, stopped))
}

/// User and system time and the state in a `stat` line, if it is of the group. Source:
/// `proc_pid_stat(5)`.
fn read(stat: &str, group: u32) -> Option<(u64, &str)> {
    // the name, in brackets, may hold anything; state, parent and group follow it
    let mut fields = stat.rsplit_once(") ")?.1.split(' ');
    let state = fields.next()?;
    if fields.nth(1)?.parse() != Ok(group) {
        return None;
    }
    let mut times = fields.skip(8).map(str::parse::<u64>);
    Some((times.next()?.ok()? + times.next()?.ok()?, state))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_and_states_are_read_of_the_group_alone_whatever_the_name() {
        let stat = "7 (a) b) T 1 42 7 0 -1 4194560 1 2 3 4 250 50 9 9 20 0 1 0";
        assert_eq!(read(stat, 42), Some((300, "T")));
        assert_eq!(read(stat, 43), None);
        assert_eq!(read("7 (a", 42), None);
    }

    #[test]
    fn our_own_group_has_used_some_and_runs() {
        let group = rustix::process::getpgrp().as_raw_nonzero().get().unsigned_abs();
        assert!(matches!(of_group(group), Some((_, false))));
    }
}

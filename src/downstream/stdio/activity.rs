//! What a process group does: tells a server that works from one that hangs.

use crate::downstream::processes::{self, Stat};
use std::time::Duration;

/// What the processes of the group, as far as they live, have used so far, and whether one of them is
/// stopped by a signal.
pub(super) fn of_group(group: u32) -> Option<(Duration, bool)> {
    Some(sum(processes::all()?.map(|(_, stat)| stat).filter(|stat| stat.group == group)))
}

fn sum(stats: impl Iterator<Item = Stat>) -> (Duration, bool) {
    let (ticks, stopped) = stats.fold((0u64, false), |(ticks, stopped), stat| {
        (ticks.saturating_add(stat.used), stopped | matches!(stat.state, b'T' | b't'))
    });
    (processes::span(ticks), stopped)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_that_is_stopped_stops_the_group_and_their_times_add_up() {
        let stat =
            |state, used| Stat { state, parent: 1, group: 42, used, used_by_ended: 0, resident: 0 };
        let group = [stat(b'S', 100), stat(b'T', 200)];
        assert_eq!(sum(group.into_iter()), (processes::span(300), true));
        assert_eq!(sum(group.into_iter().take(1)), (processes::span(100), false));
    }

    #[test]
    fn our_own_group_has_used_some_and_runs() {
        let group = rustix::process::getpgrp().as_raw_nonzero().get().unsigned_abs();
        assert!(matches!(of_group(group), Some((_, false))));
    }
}

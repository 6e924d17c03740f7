//! The guard: a second process that outlives the gateway by a moment.
//!
//! A gateway that gets SIGKILL cannot clean up. So one guard process holds the reading end of a pipe.
//! The gateway writes `+GROUP` after each start and `-GROUP` after each end; when the pipe ends, by
//! whatever means the gateway ended, the guard sends SIGKILL to every group still listed.
//!
//! It has a name of its own: who kills all processes of the gateway's name spares it.
//!
//! Why not Linux's parent-death signal: it reaches children only, not theirs (`npx` → `node`), comes when
//! the thread ends that started them, and to ask for it the gateway would have to be copied at each start.
//!
//! It never talks to a server, never decides anything and never writes.
//!
//! *Invariant:* a line cut off by the end of the pipe is never acted upon, so no group is killed by
//! a truncated number.

use std::collections::BTreeSet;
use std::io::{self, BufRead};
use std::process::ExitCode;

/// Runs the guard until its stdin ends; the hidden command `mcpvisor guard`.
pub fn run_guard() -> ExitCode {
    #[cfg(target_os = "linux")]
    let _still_the_gateways = rustix::thread::set_name(c"mcp-guard");
    for group in registered(io::stdin().lock()) {
        kill(group);
    }
    ExitCode::SUCCESS
}

/// The groups listed when the input ends.
fn registered(mut input: impl BufRead) -> BTreeSet<u32> {
    let mut groups = BTreeSet::new();
    let mut line = Vec::new();
    while input.read_until(b'\n', &mut line).is_ok() && line.last() == Some(&b'\n') {
        match entry(&line) {
            Some((true, group)) => groups.insert(group),
            Some((false, group)) => groups.remove(&group),
            None => false,
        };
        line.clear();
    }
    groups
}

/// `+GROUP` or `-GROUP`; groups 0 and 1 would mean ourselves and everybody.
fn entry(line: &[u8]) -> Option<(bool, u32)> {
    let text = std::str::from_utf8(line).ok()?.trim_end();
    let (listed, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (true, digits),
        ("-", digits) => (false, digits),
        _ => return None,
    };
    let group = digits.parse().ok()?;
    (group > 1).then_some((listed, group))
}

#[cfg(unix)]
fn kill(group: u32) {
    use rustix::process::{Pid, Signal, kill_process_group};
    if let Some(group) = i32::try_from(group).ok().and_then(Pid::from_raw) {
        // It may have ended on its own meanwhile; there is nobody to tell.
        let _gone = kill_process_group(group, Signal::KILL);
    }
}

/// Job objects do this on Windows; no guard is started there.
#[cfg(not(unix))]
fn kill(_group: u32) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_whole_and_sane_lines_count() {
        for (text, expected) in [
            ("", &[][..]),
            ("+12\n+13\n-12\n", &[13]),
            ("+12\n+13", &[12]),
            ("+0\n+1\n+-5\nhello\n\n+\n+99999999999\n+7\n", &[7]),
            ("-5\n+5\n", &[5]),
        ] {
            let groups: Vec<u32> = registered(text.as_bytes()).into_iter().collect();
            assert_eq!(groups, expected, "{text:?}");
        }
    }
}

//! A process group: the leader and everything it started that stayed in the group.
//!
//! *Invariant:* no signal is sent once the group was seen empty, because its number may then belong
//! to somebody else.

use mcpvisor_actors::mutex::lock;
use rustix::io::Errno;
use rustix::process::{
    Pid, Signal, WaitOptions, kill_process_group, test_kill_process_group, waitpgid,
};
use std::sync::Mutex;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often a group without its leader is looked at.
const LOOK_EVERY: Duration = Duration::from_millis(10);
/// How long SIGKILL may take; longer only for processes stuck in the kernel, or zombies that the
/// machine's init does not collect.
const KILL_TAKES: Duration = Duration::from_secs(2);

/// What is sent to a group.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::downstream::stdio) enum Stop {
    /// SIGTERM, and SIGCONT so that a stopped process can act on it.
    Politely,
    /// SIGKILL.
    Now,
}

/// The group led by a child of ours.
#[derive(Debug)]
pub(in crate::downstream::stdio) struct Group {
    leader: Option<Pid>,
    gone: Mutex<bool>,
}

impl Group {
    pub(super) fn new(leader: u32) -> Self {
        let leader = i32::try_from(leader).ok().and_then(Pid::from_raw);
        Self { leader, gone: Mutex::new(false) }
    }

    /// Signals every member.
    pub(super) fn stop(&self, how: Stop) {
        self.unless_gone(|leader| match how {
            Stop::Now => kill_process_group(leader, Signal::KILL),
            Stop::Politely => kill_process_group(leader, Signal::TERM)
                .and_then(|()| kill_process_group(leader, Signal::CONT)),
        });
    }

    /// Whether no member is left. To be asked after the leader was reaped.
    fn is_gone(&self) -> bool {
        self.unless_gone(|leader| {
            // As PID 1 of a container we inherit orphans: collect those of this group.
            while let Ok(Some(_)) = waitpgid(leader, WaitOptions::NOHANG) {}
            test_kill_process_group(leader)
        })
    }

    /// Ends what the leader left behind: TERM, grace, KILL.
    pub(super) async fn sweep(&self, grace: Duration) {
        for (how, patience) in [(Stop::Politely, grace), (Stop::Now, KILL_TAKES)] {
            if self.is_gone() {
                return;
            }
            self.stop(how);
            let deadline = Instant::now() + patience;
            while Instant::now() < deadline {
                if self.is_gone() {
                    return;
                }
                sleep(LOOK_EVERY).await;
            }
        }
        tracing::warn!(group = ?self.leader, "processes are still there after SIGKILL");
    }

    /// Acts on the group unless it is known to be gone; says whether it is gone now.
    fn unless_gone(&self, act: impl FnOnce(Pid) -> Result<(), Errno>) -> bool {
        let mut gone = lock(&self.gone);
        *gone = *gone || self.leader.is_none_or(|leader| act(leader) == Err(Errno::SRCH));
        *gone
    }
}

//! The parent-death signal: the kernel kills the child when the thread that started it is gone.
//!
//! The only `unsafe` of the package. It covers the direct child; the guard covers the rest.
#![allow(unsafe_code)] // `pre_exec` runs between fork and exec; there is no safe way to get there

use rustix::io::Errno;
use rustix::process::{Signal, getpid, getppid, set_parent_process_death_signal};
use tokio::process::Command;

/// Arms the signal in the child to be.
pub(super) fn arm(command: &mut Command) {
    let gateway = Some(getpid());
    let in_child = move || {
        set_parent_process_death_signal(Some(Signal::KILL))?;
        // The gateway may have died between fork and the line above.
        if getppid() == gateway { Ok(()) } else { Err(Errno::SRCH.into()) }
    };
    // SAFETY: the closure makes two system calls and touches a copied integer. It neither allocates
    // nor locks nor panics, so it is async-signal-safe as `pre_exec` demands.
    unsafe {
        command.pre_exec(in_child);
    }
}

//! How the process ends or stands still by its own hand.

use std::process::exit;

/// Dies of a signal nobody can catch.
#[cfg(unix)]
pub(super) fn kill() -> ! {
    raise(rustix::process::Signal::KILL);
    // not reached: a process can always kill itself
    exit(137)
}

/// Stands still until somebody sends SIGCONT.
#[cfg(unix)]
pub(super) fn stop() {
    raise(rustix::process::Signal::STOP);
}

#[cfg(unix)]
fn raise(signal: rustix::process::Signal) {
    if let Err(error) = rustix::process::kill_process(rustix::process::getpid(), signal) {
        super::lines::complain(&format!("error: cannot signal myself: {error}"));
    }
}

#[cfg(not(unix))]
pub(super) fn kill() -> ! {
    exit(137)
}

#[cfg(not(unix))]
pub(super) fn stop() {
    super::lines::complain("error: to freeze needs Unix signals");
}

/// Lets go of stdout while the process goes on: the client reads the end of the stream.
#[cfg(unix)]
pub(super) fn close_stdout() {
    let nowhere = std::fs::OpenOptions::new().write(true).open("/dev/null");
    let closed = nowhere.and_then(|null| Ok(rustix::stdio::dup2_stdout(null)?));
    if let Err(error) = closed {
        super::lines::complain(&format!("error: cannot close stdout: {error}"));
    }
}

#[cfg(not(unix))]
pub(super) fn close_stdout() {
    super::lines::complain("error: --close-stdout-on-call needs Unix");
}

//! An exit status in words.

use std::process::ExitStatus;

/// `exit code 3`, `killed by SIGKILL`.
pub(super) fn words(status: ExitStatus) -> String {
    if let Some(code) = status.code() {
        return format!("exit code {code}");
    }
    #[cfg(unix)]
    if let Some(number) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return match name(number) {
            Some(name) => format!("killed by {name}"),
            None => format!("killed by signal {number}"),
        };
    }
    "unknown exit status".to_owned()
}

/// The names of signals that end processes.
#[cfg(unix)]
fn name(number: i32) -> Option<&'static str> {
    use rustix::process::Signal;
    let names = [
        (Signal::HUP, "SIGHUP"),
        (Signal::INT, "SIGINT"),
        (Signal::QUIT, "SIGQUIT"),
        (Signal::ILL, "SIGILL"),
        (Signal::TRAP, "SIGTRAP"),
        (Signal::ABORT, "SIGABRT"),
        (Signal::BUS, "SIGBUS"),
        (Signal::FPE, "SIGFPE"),
        (Signal::KILL, "SIGKILL"),
        (Signal::USR1, "SIGUSR1"),
        (Signal::SEGV, "SIGSEGV"),
        (Signal::USR2, "SIGUSR2"),
        (Signal::PIPE, "SIGPIPE"),
        (Signal::ALARM, "SIGALRM"),
        (Signal::TERM, "SIGTERM"),
        (Signal::XCPU, "SIGXCPU"),
        (Signal::XFSZ, "SIGXFSZ"),
        (Signal::SYS, "SIGSYS"),
    ];
    names.iter().find(|(signal, _)| signal.as_raw() == number).map(|(_, name)| *name)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;
    use std::os::unix::process::ExitStatusExt;

    #[test]
    fn codes_and_signals_have_words() {
        for (raw, expected) in [
            (0, "exit code 0"),
            (3 << 8, "exit code 3"),
            (9, "killed by SIGKILL"),
            (0x8b, "killed by SIGSEGV"),
            (40, "killed by signal 40"),
        ] {
            assert_eq!(words(ExitStatus::from_raw(raw)), expected, "{raw}");
        }
    }
}

//! Exit codes, as in `sysexits.h`.

use std::process::ExitCode;

/// How the program ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done, or stopped in order.
    Ok,
    /// 1: what was asked failed (a tool's error, a gateway that is not healthy).
    Failure,
    /// 64: the command line is wrong.
    Usage,
    /// 70: the supervision tree gave up, or a fault inside.
    GaveUp,
    /// 78: the configuration is wrong.
    Config,
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(match exit {
            Exit::Ok => 0,
            Exit::Failure => 1,
            Exit::Usage => 64,
            Exit::GaveUp => 70,
            Exit::Config => 78,
        })
    }
}

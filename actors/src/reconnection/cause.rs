//! What kind of fault a loss is, what a person should do about it, and how eagerly it is tried again.
//!
//! A [`Loss`] is evidence; a [`CauseClass`] is the little that retrying and advice depend on.
//!
//! *Invariant:* every loss has exactly one class and every class one treatment; none is ever given up.

use crate::server::Loss;
use std::fmt;

/// The kind of a fault.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum CauseClass {
    /// No TCP connection.
    Refused,
    /// The host name does not resolve.
    NameNotResolved,
    /// No secure connection.
    Tls,
    /// Alive, but it wants a login.
    NeedsLogin,
    /// The command cannot be run.
    CannotStart,
    /// The process ended before it was ready.
    CrashAtStart,
    /// The process ended after it had been ready.
    CrashLater,
    /// No answer in time.
    Hang,
    /// The server forgot the session.
    SessionLost,
    /// HTTP 429 or 503: alive, but not now.
    Busy,
    /// Another HTTP status that is no answer, or a response that broke off.
    ServerError,
    /// It answered, but not as MCP asks.
    Protocol,
    /// A fault of the gateway.
    Internal,
    /// Ended by the gateway on purpose.
    Stopped,
}

/// How a class of faults is tried again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Treatment {
    /// Longer and longer delays; at once after a stable connection.
    Backoff,
    /// The first at once even when the connection was young, then as [`Self::Backoff`].
    AtOnce,
    /// As [`Self::Backoff`], but never at once: the server asked for time.
    Patient,
    /// As [`Self::Backoff`], from five seconds on: it rarely heals by itself.
    Slow,
    /// Every few minutes: a person has to act.
    Login,
}

impl CauseClass {
    /// All of them.
    pub const ALL: [Self; 14] = [
        Self::Refused,
        Self::NameNotResolved,
        Self::Tls,
        Self::NeedsLogin,
        Self::CannotStart,
        Self::CrashAtStart,
        Self::CrashLater,
        Self::Hang,
        Self::SessionLost,
        Self::Busy,
        Self::ServerError,
        Self::Protocol,
        Self::Internal,
        Self::Stopped,
    ];

    /// The class of a loss; `was_ready` tells whether the connection had been.
    pub const fn of(loss: &Loss, was_ready: bool) -> Self {
        match loss {
            Loss::CannotStart { .. } => Self::CannotStart,
            Loss::Exited { .. } | Loss::OutputClosed { .. } if was_ready => Self::CrashLater,
            Loss::Exited { .. } | Loss::OutputClosed { .. } => Self::CrashAtStart,
            Loss::Unreachable { .. } => Self::Refused,
            Loss::NameNotResolved { .. } => Self::NameNotResolved,
            Loss::Tls { .. } => Self::Tls,
            Loss::HttpStatus { status: 429 | 503, .. } => Self::Busy,
            Loss::HttpStatus { .. } | Loss::StreamEnded => Self::ServerError,
            Loss::NeedsLogin { .. } => Self::NeedsLogin,
            Loss::SessionLost => Self::SessionLost,
            Loss::TimedOut { .. } | Loss::Unresponsive { .. } => Self::Hang,
            Loss::Protocol { .. } => Self::Protocol,
            Loss::Stopped => Self::Stopped,
            Loss::Internal => Self::Internal,
        }
    }

    /// A word for programs and metrics.
    pub const fn word(self) -> &'static str {
        match self {
            Self::Refused => "refused",
            Self::NameNotResolved => "name_not_resolved",
            Self::Tls => "tls",
            Self::NeedsLogin => "needs_login",
            Self::CannotStart => "cannot_start",
            Self::CrashAtStart => "crash_at_start",
            Self::CrashLater => "crash_later",
            Self::Hang => "hang",
            Self::SessionLost => "session_lost",
            Self::Busy => "busy",
            Self::ServerError => "server_error",
            Self::Protocol => "protocol",
            Self::Internal => "internal",
            Self::Stopped => "stopped",
        }
    }

    /// What a person should do about it, as one sentence.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Refused => "Check that the server runs and that `url` has its host and port.",
            Self::NameNotResolved => "Check the host name in `url` and that DNS works here.",
            Self::Tls => "Check the server's certificate and that `url` has the right host name.",
            Self::NeedsLogin => "Log in, or put valid credentials into `headers`.",
            Self::CannotStart => "Check `command`, PATH and that the file may be executed.",
            Self::CrashAtStart => {
                "Run the command by hand and read its stderr; check `args` and `env`."
            }
            Self::CrashLater => {
                "Read the server's last stderr lines; it is started again by itself."
            }
            Self::Hang => "Check what keeps the server busy; a slow start needs more time allowed.",
            Self::SessionLost => "Nothing to do: a new session is opened.",
            Self::Busy => "Wait, or call less often: the server limits its load.",
            Self::ServerError => "Read the server's own log and check the path in `url`.",
            Self::Protocol => "Check that this is an MCP server, and that its version is current.",
            Self::Internal => "Report it with the gateway's log; it is tried again by itself.",
            Self::Stopped => "Nothing to do: it was stopped on purpose.",
        }
    }

    /// How it is tried again.
    pub const fn treatment(self) -> Treatment {
        match self {
            Self::Refused
            | Self::CrashAtStart
            | Self::CrashLater
            | Self::Hang
            | Self::ServerError
            | Self::Internal => Treatment::Backoff,
            Self::SessionLost | Self::Stopped => Treatment::AtOnce,
            Self::Busy => Treatment::Patient,
            Self::NameNotResolved | Self::Tls | Self::CannotStart | Self::Protocol => {
                Treatment::Slow
            }
            Self::NeedsLogin => Treatment::Login,
        }
    }
}

impl fmt::Display for CauseClass {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;
    use std::time::Duration;

    fn status(status: u16) -> Loss {
        Loss::HttpStatus { status, retry_after: None, body: String::new() }
    }

    #[test]
    fn every_loss_has_its_class_and_its_treatment() {
        use CauseClass as C;
        use Treatment as T;
        let text = String::new;
        let exited = || Loss::Exited { status: text(), stderr: Vec::new() };
        let closed = || Loss::OutputClosed { stderr: Vec::new() };
        let timeout = Loss::TimedOut { stage: "initialize", after: Duration::from_secs(1) };
        let unreachable = Loss::Unreachable { address: text(), detail: text() };
        let cannot = Loss::CannotStart { command: text(), detail: text() };
        let table = [
            (cannot, false, C::CannotStart, T::Slow),
            (exited(), false, C::CrashAtStart, T::Backoff),
            (exited(), true, C::CrashLater, T::Backoff),
            (closed(), false, C::CrashAtStart, T::Backoff),
            (closed(), true, C::CrashLater, T::Backoff),
            (unreachable.clone(), false, C::Refused, T::Backoff),
            (unreachable, true, C::Refused, T::Backoff),
            (Loss::NameNotResolved { address: text() }, false, C::NameNotResolved, T::Slow),
            (Loss::Tls { address: text(), detail: text() }, false, C::Tls, T::Slow),
            (status(429), true, C::Busy, T::Patient),
            (status(503), false, C::Busy, T::Patient),
            (status(500), false, C::ServerError, T::Backoff),
            (status(404), false, C::ServerError, T::Backoff),
            (Loss::StreamEnded, false, C::ServerError, T::Backoff),
            (Loss::NeedsLogin { status: 401 }, true, C::NeedsLogin, T::Login),
            (Loss::SessionLost, true, C::SessionLost, T::AtOnce),
            (timeout, false, C::Hang, T::Backoff),
            (Loss::Protocol { detail: text() }, false, C::Protocol, T::Slow),
            (Loss::Stopped, true, C::Stopped, T::AtOnce),
            (Loss::Internal, true, C::Internal, T::Backoff),
        ];
        let mut met = HashSet::new();
        for (loss, was_ready, class, treatment) in table {
            assert_eq!(CauseClass::of(&loss, was_ready), class, "{loss}, ready: {was_ready}");
            assert_eq!(class.treatment(), treatment, "{class}");
            met.insert(class);
        }
        assert_eq!(met.len(), CauseClass::ALL.len(), "each class is met");
    }

    #[test]
    fn every_class_has_a_word_of_its_own_and_advice_that_is_a_sentence() {
        let words: HashSet<_> = CauseClass::ALL.iter().map(|class| class.word()).collect();
        assert_eq!(words.len(), CauseClass::ALL.len());
        for class in CauseClass::ALL {
            let remedy = class.remedy();
            assert!(remedy.starts_with(char::is_uppercase) && remedy.ends_with('.'), "{remedy}");
        }
    }
}

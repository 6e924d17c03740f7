//! Why a connection could not be made, or ended: evidence, not guesses.

use super::spec::Mask;
use std::fmt;
use std::time::Duration;

/// The cause of a lost or failed connection. Part of every message a user sees about it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Loss {
    /// The command does not exist or may not be executed.
    #[error("cannot start `{command}`: {detail}; check `command`, PATH and permissions")]
    CannotStart {
        /// The command as configured.
        command: String,
        /// What the operating system said.
        detail: String,
    },
    /// The child process ended.
    #[error("the process ended ({status}){}", Tail(.stderr))]
    Exited {
        /// Exit code or signal, in words.
        status: String,
        /// The last lines it wrote to stderr.
        stderr: Vec<String>,
    },
    /// The child closed its stdout but still runs, so nothing can be heard from it any more.
    #[error("the process closed its output{}", Tail(.stderr))]
    OutputClosed {
        /// The last lines it wrote to stderr.
        stderr: Vec<String>,
    },
    /// No TCP connection: refused, reset or unreachable.
    #[error("no connection to {address}: {detail}; is the server running?")]
    Unreachable {
        /// Where to.
        address: String,
        /// What the operating system said.
        detail: String,
    },
    /// The host name does not resolve.
    #[error("the host name of {address} does not resolve; check `url`")]
    NameNotResolved {
        /// Where to.
        address: String,
    },
    /// The TLS handshake failed.
    #[error("no secure connection to {address}: {detail}; check the certificate")]
    Tls {
        /// Where to.
        address: String,
        /// What the TLS library said.
        detail: String,
    },
    /// An HTTP status that is no answer.
    #[error("HTTP status {status}{}", Excerpt(.body))]
    HttpStatus {
        /// The status code.
        status: u16,
        /// `Retry-After`, when given.
        retry_after: Option<Duration>,
        /// The start of the body.
        body: String,
    },
    /// HTTP 401 or 403: alive, but it wants a login.
    #[error("the server asks for a login (HTTP {status}); check `headers`")]
    NeedsLogin {
        /// The status code.
        status: u16,
    },
    /// HTTP 404 for a session the server had given us.
    #[error("the server no longer knows the session")]
    SessionLost,
    /// The response stream of one request ended without its answer.
    #[error("the response stream ended without an answer")]
    StreamEnded,
    /// Something did not come in time.
    #[error("no answer to `{stage}` within {} s", .after.as_secs_f32())]
    TimedOut {
        /// What was waited for.
        stage: &'static str,
        /// How long.
        after: Duration,
    },
    /// The server answered, but not as MCP asks.
    #[error("protocol fault: {detail}")]
    Protocol {
        /// What was wrong.
        detail: String,
    },
    /// It did not answer probes, nor anything else, while its connection stood.
    #[error(
        "nothing was heard for {:.1} s and {probes} probes went unanswered",
        .silent.as_secs_f32()
    )]
    Unresponsive {
        /// How long nothing was heard.
        silent: Duration,
        /// Probes that went unanswered.
        probes: u32,
    },
    /// We ended it ourselves (stop, reload, shutdown).
    #[error("stopped by the gateway")]
    Stopped,
    /// A fault in the gateway's own code; the actor was restarted.
    #[error("a fault inside the gateway; please report it")]
    Internal,
}

/// Longest text from outside that is shown, in characters.
const SHOWN: usize = 240;

/// The start of a text from outside, without secrets. Cut after masking, so that no part of a secret is
/// left: whoever made the text kept more than is shown.
pub(super) fn shown(mask: &Mask, text: &str) -> String {
    mask(text).chars().take(SHOWN).collect()
}

/// The last lines of stderr, for a sentence.
struct Tail<'a>(&'a [String]);

impl fmt::Display for Tail<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.0.iter().rev().find(|line| !line.trim().is_empty()) {
            Some(last) => write!(f, "; its last words: {}", last.trim()),
            None => Ok(()),
        }
    }
}

/// The start of a body, for a sentence.
struct Excerpt<'a>(&'a str);

impl fmt::Display for Excerpt<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() { Ok(()) } else { write!(f, ": {}", self.0) }
    }
}

impl Loss {
    /// The same without secrets in whatever came from outside.
    #[must_use]
    pub(super) fn masked(mut self, mask: &Mask) -> Self {
        match &mut self {
            Self::CannotStart { detail, .. }
            | Self::Unreachable { detail, .. }
            | Self::Tls { detail, .. }
            | Self::Protocol { detail }
            | Self::HttpStatus { body: detail, .. } => *detail = shown(mask, detail),
            Self::Exited { stderr, .. } | Self::OutputClosed { stderr } => {
                for line in stderr {
                    *line = mask(line);
                }
            }
            Self::NameNotResolved { .. }
            | Self::NeedsLogin { .. }
            | Self::SessionLost
            | Self::StreamEnded
            | Self::TimedOut { .. }
            | Self::Unresponsive { .. }
            | Self::Stopped
            | Self::Internal => {}
        }
        self
    }

    /// Whether this is about the connection itself, so that a request that was not sent may go over
    /// the next one.
    pub const fn is_of_connection(&self) -> bool {
        match self {
            Self::CannotStart { .. }
            | Self::Exited { .. }
            | Self::OutputClosed { .. }
            | Self::Unreachable { .. }
            | Self::NameNotResolved { .. }
            | Self::SessionLost
            | Self::TimedOut { .. }
            | Self::Unresponsive { .. }
            | Self::Stopped
            | Self::Internal => true,
            Self::Tls { .. }
            | Self::HttpStatus { .. }
            | Self::NeedsLogin { .. }
            | Self::StreamEnded
            | Self::Protocol { .. } => false,
        }
    }

    /// How long the server asked not to be tried again.
    pub const fn retry_after(&self) -> Option<Duration> {
        match self {
            Self::HttpStatus { retry_after, .. } => *retry_after,
            _ => None,
        }
    }

    /// Whether the server itself said so, so that it certainly lives.
    pub const fn is_of_server(&self) -> bool {
        matches!(self, Self::HttpStatus { .. } | Self::NeedsLogin { .. } | Self::Protocol { .. })
    }
}

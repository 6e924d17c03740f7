//! Where a message of the server goes: stdout, the answer of one HTTP request, an event stream.
//!
//! *Invariant:* lines of concurrent messages never mix.

use super::sessions::Sessions;
use std::io::Write;
use std::sync::Arc;
use tokio::sync::mpsc;

/// A piece of what a client is told over HTTP.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// Lines that belong together, without their line breaks.
    Lines(Vec<Vec<u8>>),
    /// Nothing more comes, and the end neither.
    Hold,
    /// The connection breaks.
    Cut,
}

/// A way to a client, or to all of them.
#[derive(Debug, Clone)]
pub(super) enum Outlet {
    Stdout,
    /// The answer of one HTTP request.
    Reply(mpsc::Sender<Part>),
    /// The event stream of a session.
    Session(Arc<Sessions>, String),
    /// The event streams of all sessions.
    Everyone(Arc<Sessions>),
}

impl Outlet {
    /// Sends lines; blocks while the client reads slowly. Whether anybody is there to hear them.
    pub(super) fn deliver(&self, lines: Vec<Vec<u8>>, survive: bool) -> bool {
        match self {
            Self::Stdout => {
                write(&lines, survive);
                true
            }
            Self::Reply(reply) => reply.blocking_send(Part::Lines(lines)).is_ok(),
            Self::Session(sessions, id) => sessions.tell(id, lines),
            Self::Everyone(sessions) => sessions.tell_all(&lines),
        }
    }

    /// Whether certainly nobody is there.
    pub(super) fn is_gone(&self) -> bool {
        match self {
            Self::Reply(reply) => reply.is_closed(),
            Self::Session(sessions, id) => !sessions.has(id),
            Self::Stdout | Self::Everyone(_) => false,
        }
    }

    /// Leaves whoever waits here waiting.
    pub(super) fn hold(&self) {
        self.end(Part::Hold);
    }

    /// Breaks off.
    pub(super) fn cut(&self) {
        if matches!(self, Self::Stdout) {
            super::end::close_stdout();
        }
        self.end(Part::Cut);
    }

    /// A client that has gone does not mind.
    fn end(&self, part: Part) {
        match self {
            Self::Reply(reply) => {
                let _gone = reply.blocking_send(part);
            }
            Self::Session(sessions, id) if part == Part::Cut => sessions.forget(id),
            Self::Stdout | Self::Session(..) | Self::Everyone(_) => {}
        }
    }
}

/// Writes to stdout in one go. Nobody reading is the end, unless the process is to survive that.
fn write(lines: &[Vec<u8>], survive: bool) {
    let mut bytes = lines.join(&b'\n');
    bytes.push(b'\n');
    let mut stdout = std::io::stdout().lock();
    let written = stdout.write_all(&bytes).and_then(|()| stdout.flush());
    if written.is_err() && !survive {
        std::process::exit(0);
    }
}

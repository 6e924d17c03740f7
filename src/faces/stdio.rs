//! The stdio face: one client, one session, one message a line.
//!
//! Source: MCP "Transports", stdio (all revisions).
//!
//! *Invariant:* only protocol messages are written to the output; memory is bounded whatever the
//! client sends and however little it reads.

mod lines;
mod writer;

use super::outbox::Outbox;
use lines::{Line, Lines};
use mcpvisor_actors::session::{ClientStream, Clients, SessionGone, SessionHandle};
use mcpvisor_actors::wire::{
    Kind, Limits, Message, RawId, Strictness, WireError, code, error_reply,
};
use std::io;
use std::pin::pin;
use std::time::Duration;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::time::timeout;

/// Why serving a client over stdio ended before its input did.
#[derive(Debug, thiserror::Error)]
pub enum StdioError {
    /// The runtime opened no session.
    #[error("no session could be opened; the gateway is stopping or full")]
    NoSession,
    /// The input cannot be read.
    #[error("cannot read from the client: {0}")]
    Input(#[source] io::Error),
    /// The client no longer reads.
    #[error("cannot write to the client: {0}")]
    Output(#[source] io::Error),
}

/// Closes the session however serving it ends.
struct Closing(SessionHandle);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.close();
    }
}

/// Serves one client until its input ends (or `stop` resolves) and what it asked for is answered (for
/// at most `drain`), or until it no longer reads.
pub async fn serve_stdio(
    clients: Clients,
    input: impl AsyncRead,
    output: impl AsyncWrite,
    limits: Limits,
    drain: Duration,
    stop: impl Future<Output = ()>,
) -> Result<(), StdioError> {
    let session = Closing(clients.open().await.ok_or(StdioError::NoSession)?);
    let (stream, outbox) = Outbox::of_connection();
    session.0.attach(stream.clone()).map_err(|SessionGone| StdioError::NoSession)?;
    let intake = Intake { clients, session: session.0.clone(), stream, limits };
    let mut writing = pin!(writer::write(&outbox, output));
    tokio::select! {
        written = &mut writing => return written.map_err(StdioError::Output),
        read = intake.run(input, &outbox) => read.map_err(StdioError::Input)?,
        () = stop => {}
    }
    // the intake and the session's own stream are gone: the outbox ends with the last call's stream
    let (elsewhere, _unread) = ClientStream::new();
    let _ended_already = session.0.attach(elsewhere);
    match timeout(drain, writing).await {
        Ok(written) => written.map_err(StdioError::Output),
        Err(_elapsed) => {
            tracing::warn!("the client's input ended and calls in flight did not finish in time");
            Ok(())
        }
    }
}

/// Takes the client's messages in.
struct Intake {
    clients: Clients,
    session: SessionHandle,
    stream: ClientStream,
    limits: Limits,
}

impl Intake {
    /// Reads to the end of the input; pauses while the client leaves its answers unread.
    async fn run(self, input: impl AsyncRead, outbox: &Outbox) -> io::Result<()> {
        let input = pin!(input);
        let mut lines = Lines::new(input, self.limits.max_bytes);
        loop {
            outbox.flowing().await;
            match lines.next().await? {
                None => return Ok(()),
                Some(Line::TooLong) => {
                    self.refuse(None, &WireError::TooLarge { limit: self.limits.max_bytes });
                }
                Some(Line::Text(text)) if text.trim_ascii().is_empty() => {}
                Some(Line::Text(text)) => {
                    match Message::parse(text, self.limits, Strictness::Strict) {
                        Ok(message) => self.deliver(message),
                        Err(error) => self.refuse(None, &error),
                    }
                }
            }
        }
    }

    fn deliver(&self, message: Message) {
        let request = match message.kind() {
            Kind::Request { id, .. } => Some(id.clone()),
            Kind::Notification { .. } | Kind::Response { .. } => None,
        };
        let admission = match &request {
            Some(id) => match self.clients.admit() {
                Some(admission) => Some(admission),
                None => return self.error(Some(id), code::OVERLOADED, OVERLOADED),
            },
            None => None,
        };
        let delivered = self.session.deliver(message, admission, self.stream.clone());
        if let (Err(SessionGone), Some(id)) = (delivered, request) {
            self.error(Some(&id), code::NOT_READY, LOST);
        }
    }

    fn refuse(&self, id: Option<&RawId>, error: &WireError) {
        self.error(id, error.code(), &error.to_string());
    }

    fn error(&self, id: Option<&RawId>, code: i32, message: &str) {
        self.stream.answer(error_reply(id, code, message, None), None);
    }
}

const OVERLOADED: &str = "too many requests are in flight; nothing was done, try again soon";
const LOST: &str = "session lost; restart the client";

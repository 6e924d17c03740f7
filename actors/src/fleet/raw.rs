//! A message of an operator's own writing, sent to a server as it is.
//!
//! It goes over the connection that is supervised, beside the calls of clients, and is none: it takes no
//! slot, is no sample of the server's quality, and says nothing about its silence.
//!
//! *Invariant:* what would disturb the connection for others is refused before it is sent.

use super::{Card, Fleet, NoSuchServer, State};
use crate::server::{Generation, Loss, RawLeft, RawSent};
use crate::wire::{Kind, Limits, Message, NotCallParams, ProgressParams, Strictness, WireError};
use bytes::Bytes;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;

/// Caps on a message of an operator's.
const LIMITS: Limits = Limits { max_bytes: 4 * 1024 * 1024, max_depth: 256 };

/// What opens a connection, and belongs to the gateway alone.
const OPENING: [&str; 2] = ["initialize", "notifications/initialized"];

/// What changes what the server does for clients, or lasts as long as the connection.
const SHARED: [&str; 3] = ["resources/unsubscribe", "logging/setLevel", "subscriptions/listen"];

/// Longest wait for an answer: as long, questions of the server's that do not say whom they concern reach no
/// client.
const LONGEST: Duration = Duration::from_secs(120);

/// A message to be sent as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawMessage {
    /// Its JSON text. The id of a request is put back into its answer.
    pub message: Bytes,
    /// Longest wait for the answer to a request; at most 120 s.
    pub timeout: Duration,
    /// Whether the members of `_meta` that every request of 2026-07-28 must have are filled in where they
    /// are missing, if the server lives in that era.
    pub fill_meta: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RawAnswer {
    /// The answer to a request, with the request's own id; `None` of what is not answered.
    pub answer: Option<Bytes>,
    /// The id a request had at the server.
    pub id: Option<u64>,
    /// The connection it went over.
    pub generation: Generation,
    /// From sending it to its answer.
    pub took: Duration,
}

/// Why there is no answer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RawFault {
    /// There is no server of this name.
    #[error(transparent)]
    NoSuchServer(#[from] NoSuchServer),
    /// It has no connection it could be sent over. Nothing was sent.
    #[error("the server is {0}, so nothing was sent")]
    NotReady(&'static str),
    /// It is no message. Nothing was sent.
    #[error("{0}; nothing was sent")]
    NoMessage(#[from] WireError),
    /// It would open the connection once more. Nothing was sent.
    #[error("`{0}` opens a connection, and this one is open; nothing was sent")]
    Opening(&'static str),
    /// It would change what clients share. Nothing was sent.
    #[error("`{0}` changes what clients share on this connection; nothing was sent")]
    Shared(&'static str),
    /// It meddles with a request of somebody else's. Nothing was sent.
    #[error("the request it names is no operator's; nothing was sent")]
    OfOthers,
    /// It names its progress token twice, so that progress of it could be a client's. Nothing was sent.
    #[error("`params._meta.progressToken` stands twice; nothing was sent")]
    TwoTokens,
    /// Too many requests of operators wait for their answers. Nothing was sent.
    #[error("{0} requests of operators wait for their answers there; nothing was sent")]
    Busy(usize),
    /// No answer came in time. The server was told that it is not awaited any more.
    #[error("no answer within {} s; the request was given up", .0.as_secs_f32())]
    Late(Duration),
    /// It could not be delivered, or its answer got lost.
    #[error("{}: {cause}", if *.sent { "the answer got lost" } else { "nothing was sent" })]
    Lost {
        /// Whether any of it may have reached the server.
        sent: bool,
        /// Why.
        cause: Loss,
    },
}

impl RawMessage {
    /// The message, if it may be sent.
    pub(crate) fn checked(&self) -> Result<Message, RawFault> {
        let message = Message::parse(self.message.clone(), LIMITS, Strictness::Strict)?;
        let method = match message.kind() {
            Kind::Request { method, .. } | Kind::Notification { method } => Some(&**method),
            Kind::Response { .. } => None,
        };
        let one_of = |methods: &[&'static str]| {
            methods.iter().copied().find(|one| method.is_some_and(|method| method == *one))
        };
        if let Some(opening) = one_of(&OPENING) {
            return Err(RawFault::Opening(opening));
        }
        if let Some(shared) = one_of(&SHARED) {
            return Err(RawFault::Shared(shared));
        }
        match ProgressParams::asked(&message) {
            Err(NotCallParams::Duplicate) => Err(RawFault::TwoTokens),
            _ => Ok(message),
        }
    }
}

impl Fleet {
    /// Sends a message of an operator's to a server as it is; a request is answered within its timeout.
    /// Dropped before that, the request is given up.
    pub async fn send_raw(&self, name: &str, raw: RawMessage) -> Result<RawAnswer, RawFault> {
        let card: &Arc<Card> = self.card(name)?;
        let message = raw.checked()?;
        let standing = card.standing();
        let not_ready = RawFault::NotReady(standing.state.word());
        let link = standing.link.as_ref().filter(|_| standing.state == State::Ready);
        let Some(link) = link else { return Err(not_ready) };
        let (sent, _left) = (RawSent::default(), RawLeft::of(link));
        let (reply, answer) = oneshot::channel();
        let raw = RawMessage { timeout: raw.timeout.min(LONGEST), ..raw };
        link.raw(message, &raw, sent.clone(), reply);
        // dropped: the connection had ended before it was taken, or its driver died
        answer.await.unwrap_or_else(|_dropped| {
            let lost = RawFault::Lost { sent: true, cause: Loss::Internal };
            Err(if sent.is_set() { lost } else { not_ready })
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_no_message_or_would_disturb_the_connection_is_refused() {
        for (text, expected) in [
            (
                "nonsense",
                "invalid JSON at line 1 column 2; send one JSON-RPC 2.0 object; nothing was sent",
            ),
            (
                r#"{"id":1,"method":"ping"}"#,
                "not a JSON-RPC 2.0 message: `jsonrpc` must be \"2.0\"; nothing was sent",
            ),
            (
                "[]",
                "a batch of messages, which only revision 2025-03-26 has; send one message at a time; nothing was sent",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"initi\u0061lize"}"#,
                "`initialize` opens a connection, and this one is open; nothing was sent",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"resources/unsubscribe","params":{"uri":"u"}}"#,
                "`resources/unsubscribe` changes what clients share on this connection; nothing was sent",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"logging/setLevel"}"#,
                "`logging/setLevel` changes what clients share on this connection; nothing was sent",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"subscriptions/listen"}"#,
                "`subscriptions/listen` changes what clients share on this connection; nothing was sent",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":1},"_meta":{}}}"#,
                "`params._meta.progressToken` stands twice; nothing was sent",
            ),
            (
                r#"{"jsonrpc":"2.0","id":1,"method":"m","params":{"_meta":{"progressToken":1,"progressToken":2}}}"#,
                "`params._meta.progressToken` stands twice; nothing was sent",
            ),
            (
                r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#,
                "`notifications/initialized` opens a connection, and this one is open; nothing was sent",
            ),
        ] {
            let raw = RawMessage {
                message: Bytes::copy_from_slice(text.as_bytes()),
                timeout: Duration::ZERO,
                fill_meta: false,
            };
            let fault = raw.checked().expect_err(text);
            assert_eq!(fault.to_string(), expected);
        }
    }
}

//! A server's request to a client: on its way there, and what the client says to it.
//!
//! Whoever asks gives a number that no other question of this process has; it is the request's id at
//! the client, and its progress token. So a question can be withdrawn by whoever asked it, wherever it
//! is at that moment.
//!
//! *Invariant:* every question is answered exactly once, also when the client or its session is gone.

use super::ClientStream;
use crate::bridge::Need;
use crate::server::ServerName;
use crate::wire::{Message, Payload, notification_raw, string};
use bytes::Bytes;
use std::collections::HashMap;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};

/// Questions one client may have open at a time.
const MOST: usize = 64;
/// Those of them that one server may have open, so that it leaves room for others.
const OF_ONE_SERVER: usize = 16;

/// What names a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AskId(u64);

impl AskId {
    /// The next one, unique in this process.
    pub(crate) fn next() -> Self {
        static LAST: AtomicU64 = AtomicU64::new(0);
        Self(LAST.fetch_add(1, Ordering::Relaxed) + 1)
    }

    /// As the id of a request.
    pub(crate) fn number(self) -> u64 {
        self.0
    }
}

/// What a client says to a question.
#[derive(Debug)]
pub(crate) enum Said {
    /// It is at it: its progress notification, as it came.
    Progress(Message),
    /// The result's JSON text.
    Result(Bytes),
    /// The error's JSON text.
    Error(Bytes),
    /// It will not answer any more: it left, or cannot be asked.
    Gone,
}

/// Where what the client says goes; a last word is said also when it is dropped.
pub(crate) struct Reply(Option<Box<dyn Fn(Said) + Send>>);

impl Reply {
    /// Passes on what is said.
    pub(crate) fn new(tell: impl Fn(Said) + Send + 'static) -> Self {
        Self(Some(Box::new(tell)))
    }

    fn progress(&self, message: &Message) {
        if let Some(tell) = &self.0 {
            tell(Said::Progress(message.clone()));
        }
    }

    fn ended(mut self, said: Said) {
        if let Some(tell) = self.0.take() {
            tell(said);
        }
    }
}

impl Drop for Reply {
    fn drop(&mut self) {
        if let Some(tell) = self.0.take() {
            tell(Said::Gone);
        }
    }
}

impl fmt::Debug for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Reply")
    }
}

/// A question on its way to a session.
#[derive(Debug)]
pub struct Ask {
    /// Its number.
    pub(crate) id: AskId,
    /// Who asks.
    pub(crate) server: ServerName,
    /// What it asks of the client.
    pub(crate) need: Need,
    /// The request, with the number as its id.
    pub(crate) request: Payload,
    /// The stream of the call it belongs to, if it belongs to one.
    pub(crate) stream: Option<ClientStream>,
    /// Where the answer goes.
    pub(crate) reply: Reply,
}

/// The questions a client has not answered yet.
#[derive(Debug, Default)]
pub(super) struct Questions(HashMap<AskId, Open>);

/// One of them.
#[derive(Debug)]
struct Open {
    server: ServerName,
    reply: Reply,
    stream: ClientStream,
}

impl Questions {
    /// Puts a question to the client, on the stream of its call or on `outbound`. One that cannot be
    /// put is answered at once, by dropping it.
    pub(super) fn put(&mut self, ask: Ask, outbound: Option<&ClientStream>) {
        let Ask { id, server, request, stream, reply, .. } = ask;
        let stream = stream.filter(ClientStream::can_ask);
        let stream = stream.or_else(|| outbound.cloned().filter(ClientStream::can_ask));
        let of_server = self.0.values().filter(|open| open.server == server).count();
        let room = self.0.len() < MOST && of_server < OF_ONE_SERVER;
        let Some(stream) = stream.filter(|_| room) else { return };
        if stream.notify(request).is_ok() {
            self.0.insert(id, Open { server, reply, stream });
        }
    }

    /// The client answered a request with this id.
    pub(super) fn answered(&mut self, id: Option<u64>, ok: bool, message: &Message) {
        let Some(Open { reply, .. }) = id.and_then(|id| self.0.remove(&AskId(id))) else { return };
        let outcome = message.outcome().unwrap_or_default();
        reply.ended(if ok { Said::Result(outcome) } else { Said::Error(outcome) });
    }

    /// The client is at the question with this token.
    pub(super) fn progress(&self, token: u64, message: &Message) {
        if let Some(Open { reply, .. }) = self.0.get(&AskId(token)) {
            reply.progress(message);
        }
    }

    /// The answer is not wanted any more; the client hears why.
    pub(super) fn withdraw(&mut self, id: AskId, reason: &str) {
        if let Some(Open { reply, stream, .. }) = self.0.remove(&id) {
            let params = format!("{{\"requestId\":{},\"reason\":{}}}", id.number(), string(reason));
            let _full = stream.notify(notification_raw("notifications/cancelled", &params));
            reply.ended(Said::Gone);
        }
    }

    /// Whether the client may still answer one.
    pub(super) fn wait(&self) -> bool {
        self.0.values().any(|open| !open.stream.is_closed())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Limits, Strictness};
    use std::sync::mpsc;

    fn ask(heard: &mpsc::Sender<String>, stream: Option<&ClientStream>) -> (AskId, Ask) {
        let (id, heard) = (AskId::next(), heard.clone());
        let reply = Reply::new(move |said| {
            let said = match said {
                Said::Progress(_) => "progress".to_owned(),
                Said::Result(text) | Said::Error(text) => {
                    String::from_utf8(text.to_vec()).expect("text")
                }
                Said::Gone => "gone".to_owned(),
            };
            heard.send(said).expect("somebody listens");
        });
        let request = crate::wire::request_raw(id.number(), "roots/list", "{}");
        let (server, stream) = (ServerName::new("s"), stream.cloned());
        (id, Ask { id, server, need: Need::Roots, request, stream, reply })
    }

    fn message(text: &str) -> Message {
        let bytes = Bytes::copy_from_slice(text.as_bytes());
        Message::parse(bytes, Limits::default(), Strictness::Strict).expect("a message")
    }

    #[test]
    fn a_question_is_answered_once_whatever_becomes_of_it() {
        let (heard, said) = mpsc::channel();
        let (stream, mut reader) = ClientStream::new();
        let mut questions = Questions::default();
        let answer = message(r#"{"jsonrpc":"2.0","id":1,"result":{"roots":[]}}"#);
        // answered
        let (id, question) = ask(&heard, Some(&stream));
        questions.put(question, None);
        questions.progress(id.number(), &answer);
        questions.answered(Some(id.number()), true, &answer);
        questions.answered(Some(id.number()), true, &answer);
        assert_eq!(said.try_iter().collect::<Vec<_>>(), ["progress", r#"{"roots":[]}"#]);
        // withdrawn: the client hears it
        let (id, question) = ask(&heard, None);
        questions.put(question, Some(&stream));
        questions.withdraw(id, "timeout");
        assert_eq!(said.try_iter().collect::<Vec<_>>(), ["gone"]);
        let told: Vec<_> = std::iter::from_fn(|| reader.try_next()).collect();
        assert_eq!(told.len(), 3, "two requests and a cancellation");
        // nobody there, and a session that ends
        questions.put(ask(&heard, None).1, None);
        assert_eq!(said.try_iter().collect::<Vec<_>>(), ["gone"]);
        questions.put(ask(&heard, None).1, Some(&stream));
        drop(questions);
        assert_eq!(said.try_iter().collect::<Vec<_>>(), ["gone"]);
    }

    #[test]
    fn a_client_that_takes_only_answers_to_a_call_is_asked_where_it_listens() {
        let (heard, said) = mpsc::channel();
        let (stream, mut of_call) = ClientStream::new();
        let stream = stream.for_answers_only();
        let (outbound, mut standing) = ClientStream::new();
        let mut questions = Questions::default();
        questions.put(ask(&heard, Some(&stream)).1, Some(&outbound));
        assert!(of_call.try_next().is_none() && standing.try_next().is_some());
        assert_eq!(said.try_iter().count(), 0);
        questions.put(ask(&heard, Some(&stream)).1, None);
        assert_eq!(said.try_iter().collect::<Vec<_>>(), ["gone"]);
    }

    #[test]
    fn a_client_has_a_bounded_number_of_questions_open() {
        let (heard, said) = mpsc::channel();
        let (stream, _reader) = ClientStream::of_connection();
        let mut questions = Questions::default();
        for number in 0..MOST {
            let server = ServerName::new(&format!("s{}", number / OF_ONE_SERVER));
            questions.put(Ask { server, ..ask(&heard, Some(&stream)).1 }, None);
        }
        assert_eq!(said.try_iter().count(), 0);
        questions.put(ask(&heard, Some(&stream)).1, None);
        assert_eq!(said.try_iter().collect::<Vec<_>>(), ["gone"]);
    }

    #[test]
    fn a_server_leaves_room_for_the_questions_of_others() {
        let (heard, said) = mpsc::channel();
        let (stream, _reader) = ClientStream::of_connection();
        let mut questions = Questions::default();
        for _ in 0..=OF_ONE_SERVER {
            questions.put(ask(&heard, Some(&stream)).1, None);
        }
        assert_eq!(said.try_iter().count(), 1);
        let server = ServerName::new("other");
        questions.put(Ask { server, ..ask(&heard, Some(&stream)).1 }, None);
        assert_eq!(said.try_iter().count(), 0);
    }
}

//! Several messages sent at once, as a JSON array: part of revision 2025-03-26 alone.
//!
//! Source: JSON-RPC 2.0 §6; MCP 2025-03-26 "Base protocol", batching, and "Lifecycle": `initialize` is
//! never part of a batch.
//!
//! *Invariant:* a batch has from one to [`Batch::MAX`] messages, none of them `initialize`.

use super::{Kind, Limits, Message, Payload, RawId, Strictness, WireError, elements, not_json};
use bytes::Bytes;
use serde_json::value::RawValue;

/// The messages of a batch in their order; what is none of JSON-RPC is there as its fault.
#[derive(Debug)]
pub struct Batch(Vec<Result<Message, WireError>>);

impl Batch {
    /// Messages in one batch.
    pub const MAX: usize = 128;

    /// Reads an array of messages; `limits` hold for the whole of it.
    pub fn parse(bytes: &Bytes, limits: Limits) -> Result<Self, WireError> {
        limits.check(bytes)?;
        if let Err(fault) = std::str::from_utf8(bytes) {
            return Err(WireError::NotUtf8 { at: fault.valid_up_to() });
        }
        let parts = elements(bytes, Self::MAX).map_err(|error| not_json(&error))?;
        let parts = parts.ok_or(WireError::LongBatch { limit: Self::MAX })?;
        if parts.is_empty() {
            return Err(WireError::NotJsonRpc("a batch without a message"));
        }
        let read = |part: &RawValue| {
            let part = bytes.slice_ref(part.get().as_bytes());
            match Message::parse(part, limits, Strictness::Strict) {
                Err(WireError::Batch) => Err(WireError::NotJsonRpc("a batch within a batch")),
                read => read,
            }
        };
        let all: Vec<_> = parts.into_iter().map(read).collect();
        let opens = |message: &Message| match message.kind() {
            Kind::Request { method, .. } => &**method == "initialize",
            Kind::Notification { .. } | Kind::Response { .. } => false,
        };
        if all.iter().flatten().any(opens) {
            return Err(WireError::NotJsonRpc("`initialize` must not be part of a batch"));
        }
        Ok(Self(all))
    }

    /// The ids of the requests in it.
    pub fn requests(&self) -> Vec<RawId> {
        let id = |message: &Message| match message.kind() {
            Kind::Request { id, .. } => Some(id.clone()),
            Kind::Notification { .. } | Kind::Response { .. } => None,
        };
        self.0.iter().flatten().filter_map(id).collect()
    }

    /// How many answers it gets: one for each request, and one for what is no message.
    pub fn answers(&self) -> usize {
        self.requests().len() + self.0.iter().filter(|message| message.is_err()).count()
    }

    /// The answers to a batch, as an array.
    pub fn of_answers(answers: &[Payload]) -> Payload {
        let between = answers.iter().enumerate().flat_map(|(at, answer)| {
            let before = Bytes::from_static(if at == 0 { b"[" } else { b"," });
            [before].into_iter().chain(answer.chunks().iter().cloned())
        });
        Payload::concat(between.chain([Bytes::from_static(b"]")]))
    }
}

impl IntoIterator for Batch {
    type Item = Result<Message, WireError>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const PING: &str = r#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

    fn parse(text: &str) -> Result<Batch, WireError> {
        Batch::parse(&Bytes::copy_from_slice(text.as_bytes()), Limits::default())
    }

    #[test]
    fn requests_and_what_is_no_message_are_answered_and_nothing_else() {
        let note = r#"{"jsonrpc":"2.0","method":"notifications/x"}"#;
        let answer = r#"{"jsonrpc":"2.0","id":3,"result":{}}"#;
        for (text, requests, answers) in [
            (format!("[{PING}]"), 1, 1),
            (format!(" [ {PING} , {note}, {PING} ] "), 2, 2),
            (format!("[{note},{answer}]"), 0, 0),
            (format!("[1,{{}},[],[{PING}],{PING}]"), 1, 5),
        ] {
            let batch = parse(&text).expect(&text);
            assert_eq!((batch.requests().len(), batch.answers()), (requests, answers), "{text}");
        }
    }

    #[test]
    fn what_is_refused_is_refused_as_a_whole() {
        let initialize = PING.replace("ping", "initialize");
        let many = |count| format!("[{}]", vec![PING; count].join(","));
        for (text, says) in [
            ("[]".to_owned(), "without a message"),
            (format!("[{PING},{initialize}]"), "initialize"),
            (many(Batch::MAX + 1), "more than 128 messages"),
            (format!("[{PING},"), "invalid JSON"),
            (PING.to_owned(), "invalid JSON"),
        ] {
            let fault = parse(&text).expect_err(&text).to_string();
            assert!(fault.contains(says), "{fault}");
        }
        assert_eq!(parse(&many(Batch::MAX)).expect("it fits").answers(), Batch::MAX);
    }

    #[test]
    fn answers_become_an_array() {
        let payload = |text: &'static str| Payload::from(Bytes::from_static(text.as_bytes()));
        for (answers, array) in [(vec!["1"], "[1]"), (vec!["1", "{}", "3"], "[1,{},3]")] {
            let answers: Vec<Payload> = answers.into_iter().map(payload).collect();
            assert_eq!(&Batch::of_answers(&answers).to_bytes()[..], array.as_bytes());
        }
    }
}

//! What is asked of a session, and what came of it.

use memchr::memmem;
use std::time::Duration;

/// One call, many times.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load {
    /// Calls of each session.
    pub(crate) calls: usize,
    /// Calls in flight in each session.
    pub(crate) in_flight: usize,
    pub(crate) what: What,
    /// Rest after each call, as a multiple of the time it took.
    pub(crate) rest: u32,
}

impl Load {
    pub(crate) fn new(calls: usize, in_flight: usize, what: What) -> Self {
        Self { calls, in_flight, what, rest: 0 }
    }
}

/// A call.
#[derive(Debug, Clone, Copy)]
pub(crate) enum What {
    /// With a text of so many bytes, that comes back.
    Echo(usize),
    /// With a result of so many bytes that is one text.
    Plain(usize),
    /// With a result of so many bytes that is many records.
    Structured(usize),
}

/// The text of a call but for its id, which always has as many digits as [`FIRST_ID`].
pub(crate) struct Template {
    text: Vec<u8>,
}

/// Ids count from here.
pub(crate) const FIRST_ID: u64 = 1_000_000_000;
const BEFORE_ID: &str = r#"{"jsonrpc":"2.0","id":"#;
const DIGITS: usize = 10;

impl Template {
    pub(crate) fn of(tool: &str, what: What) -> Self {
        let arguments = match what {
            What::Echo(bytes) => format!(r#"{{"text":"{}"}}"#, "x".repeat(bytes)),
            What::Plain(bytes) => format!(r#"{{"bytes":{bytes}}}"#),
            What::Structured(bytes) => format!(r#"{{"bytes":{bytes},"structured":true}}"#),
        };
        let text = format!(
            r#"{BEFORE_ID}{FIRST_ID},"method":"tools/call","params":{{"name":"{tool}","arguments":{arguments}}}}}"#
        );
        Self { text: text.into_bytes() }
    }

    pub(crate) fn len(&self) -> usize {
        self.text.len()
    }

    /// Appends the call under this id.
    pub(crate) fn write(&self, id: u64, buffer: &mut Vec<u8>) {
        let start = buffer.len() + BEFORE_ID.len();
        buffer.extend_from_slice(&self.text);
        let mut rest = id;
        for digit in buffer[start..start + DIGITS].iter_mut().rev() {
            *digit = b'0' + u8::try_from(rest % 10).unwrap_or_default();
            rest /= 10;
        }
    }
}

/// What is looked at of an answer: its two ends, for what is between may be long.
pub(crate) struct Reply<'a> {
    head: &'a [u8],
    tail: &'a [u8],
}

impl<'a> Reply<'a> {
    const LOOKED_AT: usize = 256;

    pub(crate) fn of(text: &'a [u8]) -> Self {
        let length = Self::LOOKED_AT.min(text.len());
        Self { head: &text[..length], tail: &text[text.len() - length..] }
    }

    /// Its id; nothing if it is no answer but a request or a notification.
    pub(crate) fn id(&self) -> Option<u64> {
        let number = |part: &[u8]| {
            let start = memmem::find(part, b"\"id\":")? + 5;
            let digits = part[start..].iter().take_while(|byte| byte.is_ascii_digit()).count();
            std::str::from_utf8(&part[start..start + digits]).ok()?.parse().ok()
        };
        number(self.head).or_else(|| number(self.tail))
    }

    /// Whether the call did what it should.
    pub(crate) fn succeeded(&self) -> bool {
        let has = |text: &str| {
            [self.head, self.tail].iter().any(|part| memmem::find(part, text.as_bytes()).is_some())
        };
        has("\"result\":") && !has("\"isError\":true")
    }
}

/// The latency of every answered call, and how many were answered with an error.
#[derive(Debug, Default)]
pub(crate) struct Batch {
    pub(crate) latencies: Vec<Duration>,
    pub(crate) failed: usize,
}

impl Batch {
    pub(crate) fn merge(&mut self, other: Self) {
        self.latencies.extend(other.latencies);
        self.failed += other.failed;
    }

    pub(crate) fn note(&mut self, latency: Duration, reply: &Reply<'_>) {
        self.latencies.push(latency);
        self.failed += usize::from(!reply.succeeded());
    }
}

/// The request that opens a session, under id 0.
pub(crate) const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"load","version":"1"}}}"#;

/// What follows it.
pub(crate) const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

//! What is asked of a session and what came of it.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::time::Duration;

/// A number of calls to make.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Load<'a> {
    pub(crate) calls: usize,
    pub(crate) in_flight: usize,
    pub(crate) payload: &'a str,
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

/// The envelope of an answer; what is in it stays unparsed.
#[derive(Debug, Deserialize)]
pub(crate) struct Reply<'a> {
    pub(crate) id: Option<u64>,
    #[serde(borrow)]
    result: Option<&'a RawValue>,
    /// Present in requests and notifications of the server, which are not for us.
    #[serde(borrow)]
    method: Option<&'a RawValue>,
}

impl<'a> Reply<'a> {
    /// The answer in this text; nothing if it is any other message, or none.
    pub(crate) fn parse(text: &'a [u8]) -> Option<Self> {
        let reply: Self = serde_json::from_slice(text).ok()?;
        (reply.id.is_some() && reply.method.is_none()).then_some(reply)
    }

    /// Whether the call did what it should.
    pub(crate) fn succeeded(&self) -> bool {
        self.result.is_some_and(|result| {
            // the flag stands before or behind the text, which may be long
            let text = result.get();
            let tail = text.len().saturating_sub(64);
            let ends = [text.get(..64), text.get(tail..)];
            !ends.map(|end| end.unwrap_or(text)).iter().any(|end| end.contains("\"isError\":true"))
        })
    }
}

/// Writes the text of a call into `buffer`, replacing what is there.
pub(crate) fn write_call(buffer: &mut Vec<u8>, id: u64, tool: &str, payload: &str) {
    buffer.clear();
    let start = format!(
        r#"{{"jsonrpc":"2.0","id":{id},"method":"tools/call","params":{{"name":"{tool}","arguments":{{"text":""#
    );
    for part in [start.as_str(), payload, "\"}}}"] {
        buffer.extend_from_slice(part.as_bytes());
    }
}

/// The request that opens a session, under id 0.
pub(crate) const INITIALIZE: &str = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{"protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"load","version":"1"}}}"#;

/// What follows it.
pub(crate) const INITIALIZED: &str = r#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;

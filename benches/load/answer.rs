//! What both servers of the bench answer, over HTTP and over pipes: the same bytes, made as cheaply as it goes.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt::Write;

const INITIALIZED: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"logging":{}},"serverInfo":{"name":"origin","version":"1"}}"#;

#[derive(Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Cow<'a, str>,
    #[serde(borrow)]
    params: Option<Params<'a>>,
}

#[derive(Deserialize)]
struct Params<'a> {
    #[serde(borrow)]
    arguments: Option<Arguments<'a>>,
}

#[derive(Default, Deserialize)]
struct Arguments<'a> {
    #[serde(borrow)]
    text: Option<&'a RawValue>,
    /// Bytes of the result that is asked for.
    #[serde(default)]
    bytes: usize,
    /// Whether it is to be all structure.
    #[serde(default)]
    structured: bool,
}

/// What is answered to a message.
pub(crate) enum Answer {
    /// It was a notification.
    Nothing,
    /// It opens a session.
    Opening(String),
    /// Anything else.
    Other(String),
}

/// A server with so many tools.
pub(crate) struct Answers {
    tools: String,
    /// The large results that were asked for last.
    plain: String,
    structured: String,
}

impl Answers {
    pub(crate) fn new(tools: usize) -> Self {
        Self { tools: tool_list(tools), plain: String::new(), structured: String::new() }
    }

    /// The answer to this message; nothing if it is none.
    pub(crate) fn to(&mut self, bytes: &[u8]) -> Option<Answer> {
        let message: Message<'_> = serde_json::from_slice(bytes).ok()?;
        let Some(id) = message.id else { return Some(Answer::Nothing) };
        let arguments = message.params.and_then(|params| params.arguments).unwrap_or_default();
        let whole = |member: &str, value: &str| {
            [r#"{"jsonrpc":"2.0","id":"#, id.get(), ",\"", member, "\":", value, "}"].concat()
        };
        Some(Answer::Other(match message.method.as_ref() {
            "initialize" => return Some(Answer::Opening(whole("result", INITIALIZED))),
            "ping" | "logging/setLevel" => whole("result", "{}"),
            "tools/list" => whole("result", &self.tools),
            "tools/call" if arguments.bytes > 0 => whole("result", self.large(&arguments)),
            "tools/call" => {
                let text = arguments.text.map_or("\"\"", RawValue::get);
                whole("result", &[r#"{"content":[{"type":"text","text":"#, text, "}]}"].concat())
            }
            _ => whole("error", r#"{"code":-32601,"message":"Method not found"}"#),
        }))
    }

    fn large(&mut self, asked: &Arguments<'_>) -> &str {
        let (kept, make): (_, fn(usize) -> String) = if asked.structured {
            (&mut self.structured, structured)
        } else {
            (&mut self.plain, plain)
        };
        if kept.len().abs_diff(asked.bytes) > 256 {
            *kept = make(asked.bytes);
        }
        kept
    }
}

/// A list of `echo` and so many tools altogether.
fn tool_list(tools: usize) -> String {
    let schema = r#"{"type":"object","properties":{"text":{"type":"string","description":"What comes back"}}}"#;
    let mut text = format!(r#"{{"tools":[{{"name":"echo","inputSchema":{schema}}}"#);
    for number in 1..tools {
        let _infallible = write!(
            text,
            r#",{{"name":"tool-{number}","description":"Gives back what it was given, number {number}.","inputSchema":{schema}}}"#
        );
    }
    text + "]}"
}

/// A result of about so many bytes that is one text.
fn plain(size: usize) -> String {
    format!(
        r#"{{"content":[{{"type":"text","text":"{}"}}]}}"#,
        "Die Luft ist blau. ".repeat(size / 19)
    )
}

/// A result of about so many bytes that is many small records.
fn structured(size: usize) -> String {
    let mut text = String::from(r#"{"content":[],"structuredContent":{"records":["#);
    for number in 0.. {
        if text.len() >= size {
            break;
        }
        let comma = if number == 0 { "" } else { "," };
        let _infallible = write!(
            text,
            r#"{comma}{{"number":{number},"name":"record \"{number}\"","weight":1.50,"tags":["a","b"],"open":true}}"#
        );
    }
    text + "]}}"
}

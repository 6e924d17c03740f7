//! The answer to a request, and what it means for the request.
//!
//! *Invariant:* whoever makes an answer says how it ends the request; no answer of ours is parsed again
//! to find that out.

use crate::bridge::{Fault, Translated};
use crate::observation::Outcome;
use crate::wire::{
    Kind, Members, Message, Method, Payload, RawId, error_raw, error_reply, result_raw,
};
use bytes::Bytes;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// An answer that can be sent, and its meaning.
#[derive(Debug)]
pub struct LastWord {
    pub(super) payload: Payload,
    pub(super) outcome: Outcome,
}

impl LastWord {
    /// A result of the gateway's own; its JSON text.
    pub fn result(id: &RawId, result: Bytes) -> Self {
        Self { payload: result_raw(id, result), outcome: Outcome::Ok }
    }

    /// An error of the gateway's own.
    pub fn error(id: &RawId, code: i32, text: &str) -> Self {
        let payload = error_reply(Some(id), code, text, None);
        Self { payload, outcome: Outcome::Error { code } }
    }

    /// An error whose JSON text is given.
    pub(crate) fn error_raw(id: &RawId, error: Bytes) -> Self {
        let outcome = Outcome::Error { code: code_of(&error) };
        Self { payload: error_raw(id, error), outcome }
    }

    /// A refusal of the bridge.
    pub(crate) fn fault(id: &RawId, fault: &Fault) -> Self {
        let outcome = Outcome::Error { code: fault.code() };
        Self { payload: fault.reply(Some(id)), outcome }
    }
}

/// What a server's response to this method means.
pub(super) fn of_response(method: Method, response: &Message) -> Outcome {
    let text = response.outcome_raw().unwrap_or_default();
    match response.kind() {
        Kind::Response { ok: false, .. } => Outcome::Error { code: code_of(text) },
        _ if method != Method::CallTool => Outcome::Ok,
        _ => of_tool_result(response.is_flagged().unwrap_or_else(|| is_error(text))),
    }
}

/// What a server's response to this method means once it is carried over to the client's era.
pub(super) fn of_translated(
    method: Method,
    response: &Message,
    translated: &Translated,
) -> Outcome {
    match translated {
        Translated::Edited(_) => of_response(method, response),
        Translated::Result(result) => {
            of_tool_result(method == Method::CallTool && is_error(result))
        }
        Translated::Fault(fault) => Outcome::Error { code: fault.code() },
    }
}

/// The member of a tool's result that says that it failed.
static IS_ERROR: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"isError\""));

fn of_tool_result(is_error: bool) -> Outcome {
    if is_error { Outcome::ToolError } else { Outcome::Ok }
}

/// Whether a result has `isError`. It is parsed only when something in it looks like that.
fn is_error(result: &[u8]) -> bool {
    let looks_so = IS_ERROR.find_iter(result).any(|at| {
        let value = result[at + IS_ERROR.needle().len()..].trim_ascii_start();
        value.strip_prefix(b":").is_some_and(|it| it.trim_ascii_start().starts_with(b"true"))
    });
    let value = || Members::of(result)?.get("isError").ok()?;
    looks_so && value().is_some_and(|value| value.get() == "true")
}

/// The code of an error; 0 when it says none.
fn code_of(error: &[u8]) -> i32 {
    let code = || Members::of(error)?.get("code").ok()?;
    code().and_then(|code| serde_json::from_str(code.get()).ok()).unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Limits, Strictness};

    #[test]
    fn a_response_means_what_stands_at_its_top() {
        let code = |code| Outcome::Error { code };
        for (method, outcome, expected) in [
            (Method::CallTool, r#""result":{}"#, Outcome::Ok),
            (Method::CallTool, r#""result":{"isError":false}"#, Outcome::Ok),
            (Method::CallTool, r#""result":{"isError" : true }"#, Outcome::ToolError),
            (
                Method::CallTool,
                r#""result":{"content":[],"isError":true,"_meta":{}}"#,
                Outcome::ToolError,
            ),
            (Method::CallTool, r#""result":{"structuredContent":{"isError":true}}"#, Outcome::Ok),
            (Method::CallTool, r#""result":{"a":"\"isError\":true"}"#, Outcome::Ok),
            (Method::CallTool, r#""result":{"isError":true,"isError":true}"#, Outcome::Ok),
            (Method::CallTool, r#""result":{"isError":true,"is\u0045rror":false}"#, Outcome::Ok),
            (Method::CallTool, r#""result":{"isError":true,"\u0061":1}"#, Outcome::ToolError),
            // an escaped key is left to the parser
            (Method::CallTool, r#""result":{"isError":true},"\u0061":1"#, Outcome::ToolError),
            (Method::CallTool, r#""result":{"isError":false},"\u0061":1"#, Outcome::Ok),
            (Method::ReadResource, r#""result":{"isError":true}"#, Outcome::Ok),
            (Method::CallTool, r#""error":{"code":-32602,"message":"m"}"#, code(-32602)),
            (Method::CallTool, r#""error":{"message":"m"}"#, code(0)),
        ] {
            let text = format!(r#"{{"jsonrpc":"2.0","id":1,{outcome}}}"#);
            let message = Message::parse(text.into(), Limits::default(), Strictness::Liberal);
            assert_eq!(of_response(method, &message.expect("sound")), expected, "{outcome}");
        }
    }
}

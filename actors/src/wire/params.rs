//! The few members of `params` that are ours to read or replace.

use super::members::DuplicateKey;
use super::{Members, Message, Span};
use bytes::Bytes;
use serde_json::value::RawValue;

/// What a `tools/call` names: the spans to replace on the way down.
#[derive(Debug, Clone)]
pub struct CallParams {
    /// The tool's name, unescaped.
    pub name: String,
    /// Where the name stands in the message.
    pub name_span: Span,
    /// The client's progress token and where it stands, when it asked for progress.
    pub progress_token: Option<(Bytes, Span)>,
}

/// Why `params` of a call are refused with -32602.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCallParams {
    /// No params, or not an object.
    #[error("`params` must be an object with `name` and `arguments`")]
    NotAnObject,
    /// `name` is missing or not a string.
    #[error("`params.name` must be the name of a tool, as a string")]
    NoName,
    /// `arguments` is there and neither object nor null.
    #[error("`params.arguments` must be an object")]
    BadArguments,
    /// `_meta` is there and not an object, or its progress token is neither string nor number.
    #[error("`params._meta` must be an object, its `progressToken` a string or a number")]
    BadMeta,
    /// A member we must read stands twice.
    #[error("a member of `params` stands twice")]
    Duplicate,
}

impl From<DuplicateKey> for NotCallParams {
    fn from(DuplicateKey: DuplicateKey) -> Self {
        Self::Duplicate
    }
}

impl CallParams {
    /// Reads what names the tool and the progress token; `arguments` is only looked at from outside.
    pub fn of(message: &Message) -> Result<Self, NotCallParams> {
        let whole = message.bytes();
        let params = message.params().ok_or(NotCallParams::NotAnObject)?;
        let members = Members::of(params).ok_or(NotCallParams::NotAnObject)?;
        let name = members.get("name")?.ok_or(NotCallParams::NoName)?;
        if let Some(arguments) = members.get("arguments")?
            && !(arguments.get().starts_with('{') || arguments.get() == "null")
        {
            return Err(NotCallParams::BadArguments);
        }
        Ok(Self {
            name: serde_json::from_str(name.get()).map_err(|_| NotCallParams::NoName)?,
            name_span: Span::of(name.get().as_bytes(), whole),
            progress_token: progress_token(members.get("_meta")?, whole)?,
        })
    }
}

fn progress_token(
    meta: Option<&RawValue>,
    whole: &Bytes,
) -> Result<Option<(Bytes, Span)>, NotCallParams> {
    let Some(meta) = meta.filter(|meta| meta.get() != "null") else { return Ok(None) };
    let members = Members::of(meta.get().as_bytes()).ok_or(NotCallParams::BadMeta)?;
    let Some(token) = members.get("progressToken")? else { return Ok(None) };
    if !matches!(token.get().as_bytes()[0], b'"' | b'-' | b'0'..=b'9') {
        return Err(NotCallParams::BadMeta);
    }
    let span = Span::of(token.get().as_bytes(), whole);
    Ok(Some((span.share(whole), span)))
}

/// The token of a `notifications/progress`, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct ProgressParams {
    /// The token, as the number we gave out; other tokens are not ours.
    pub token: u64,
    /// Where the token stands in the message.
    pub token_span: Span,
}

impl ProgressParams {
    /// `None` when the notification has no token of ours.
    pub fn of(message: &Message) -> Option<Self> {
        let members = Members::of(message.params()?)?;
        let token = members.get("progressToken").ok()??;
        Some(Self {
            token: token.get().trim_matches('"').parse().ok()?,
            token_span: Span::of(token.get().as_bytes(), message.bytes()),
        })
    }
}

/// The request a `notifications/cancelled` is about.
#[derive(Debug, Clone)]
pub struct CancelParams {
    /// The id's JSON text.
    pub request_id: Bytes,
    /// The reason's JSON text, when one is given.
    pub reason: Option<Bytes>,
}

impl CancelParams {
    /// `None` when no id is given.
    pub fn of(message: &Message) -> Option<Self> {
        let members = Members::of(message.params()?)?;
        let share =
            |raw: &RawValue| Span::of(raw.get().as_bytes(), message.bytes()).share(message.bytes());
        Some(Self {
            request_id: share(members.get("requestId").ok()??),
            reason: members.get("reason").ok().flatten().map(share),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Limits, Strictness};

    fn call(params: &str) -> Result<CallParams, NotCallParams> {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call"{params}}}"#);
        let message = Message::parse(text.into(), Limits::default(), Strictness::Strict);
        CallParams::of(&message.expect("an envelope"))
    }

    #[test]
    fn wrong_params_are_told_apart() {
        for (params, expected) in [
            ("", NotCallParams::NotAnObject),
            (r#","params":[1]"#, NotCallParams::NotAnObject),
            (r#","params":{}"#, NotCallParams::NoName),
            (r#","params":{"name":5}"#, NotCallParams::NoName),
            (r#","params":{"name":"a","name":"b"}"#, NotCallParams::Duplicate),
            (r#","params":{"name":"a","arguments":[1]}"#, NotCallParams::BadArguments),
            (r#","params":{"name":"a","_meta":3}"#, NotCallParams::BadMeta),
            (r#","params":{"name":"a","_meta":{"progressToken":{}}}"#, NotCallParams::BadMeta),
        ] {
            assert_eq!(call(params).expect_err(params), expected, "{params}");
        }
    }

    #[test]
    fn the_token_is_kept_as_it_was_spelled() {
        let params = call(r#","params":{"name":"a\u0062","_meta":{"progressToken": "t\n" }}"#);
        let params = params.expect("good");
        assert_eq!(params.name, "ab");
        assert_eq!(params.progress_token.expect("there").0, r#""t\n""#);
    }
}

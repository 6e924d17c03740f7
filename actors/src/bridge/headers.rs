//! The HTTP headers of 2026-07-28 that repeat what a body says, so that routers need not read it.
//!
//! *Invariant:* what is sent and what is checked come from the same derivation of the body.

mod param;
mod value;

pub use param::{BadAnnotation, ParamHeaders};

use super::request_meta::named_version;
use crate::wire::Raw;
use crate::wire::{Kind, Members, Message};
use std::borrow::Cow;

/// Why headers are refused with -32020 and HTTP 400.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum HeaderFault {
    /// A header that must be there is not.
    #[error("the `{0}` header is missing")]
    Missing(Cow<'static, str>),
    /// It stands there more than once, so two readers could disagree.
    #[error("the `{0}` header is there more than once")]
    Repeated(Cow<'static, str>),
    /// It has characters no such value may have, or its Base64 is broken.
    #[error("the `{0}` header cannot be read")]
    Unreadable(Cow<'static, str>),
    /// It says something else than the body.
    #[error("the `{header}` header value '{said}' does not match body value '{body}'")]
    Mismatch {
        /// Which header.
        header: Cow<'static, str>,
        /// What it says, shortened.
        said: String,
        /// What the body says, shortened.
        body: String,
    },
    /// It repeats a parameter the body does not have.
    #[error("the `{0}` header repeats a parameter that is absent or null in the body")]
    Unexpected(Cow<'static, str>),
    /// A member of the body that is repeated stands there twice.
    #[error("the member `{0}` stands twice in the body")]
    AmbiguousBody(&'static str),
}

const VERSION: &str = "MCP-Protocol-Version";
const METHOD: &str = "Mcp-Method";
const NAME: &str = "Mcp-Name";

/// The member of `params` that `Mcp-Name` repeats.
///
/// Source: MCP 2026-07-28 "Streamable HTTP", standard request headers; the tasks extension for `taskId`.
fn named_by(method: &str) -> Option<&'static str> {
    match method {
        "tools/call" | "prompts/get" => Some("name"),
        "resources/read" => Some("uri"),
        "tasks/get" | "tasks/update" | "tasks/cancel" => Some("taskId"),
        _ => None,
    }
}

/// Checks the headers of a POST against its message. `params` are the annotations of the tool called,
/// when it is known. Header names may be spelled in any case.
pub fn check_headers(
    headers: &[(&str, &[u8])],
    message: &Message,
    params: Option<&ParamHeaders>,
) -> Result<(), HeaderFault> {
    let (Kind::Request { method, .. } | Kind::Notification { method }) = message.kind() else {
        return Ok(());
    };
    single(headers, VERSION)?.ok_or_else(|| missing(VERSION))?;
    check_version(headers, message)?;
    let said = single(headers, METHOD)?.ok_or_else(|| missing(METHOD))?;
    let said = value::decoded(said).ok_or_else(|| unreadable(METHOD))?;
    same(METHOD.into(), &said, method)?;
    let Kind::Request { .. } = message.kind() else { return Ok(()) };
    let body = message.params().and_then(Members::of).unwrap_or_default();
    if let Some(key) = named_by(method)
        && let Some(name) = member(&body, key)?.and_then(text)
    {
        let said = single(headers, NAME)?.ok_or_else(|| missing(NAME))?;
        let said = value::decoded(said).ok_or_else(|| unreadable(NAME))?;
        same(NAME.into(), &said, &name)?;
    }
    match params {
        Some(params) if &**method == "tools/call" => {
            params.check(headers, member(&body, "arguments")?.map(|raw| raw.get().as_bytes()))
        }
        _ => Ok(()),
    }
}

/// Checks that headers and message name the same revision, as far as both name one. That comes before
/// the question whether it is spoken here.
pub fn check_version(headers: &[(&str, &[u8])], message: &Message) -> Result<(), HeaderFault> {
    match (single(headers, VERSION)?, named_version(message)) {
        (Some(said), Some(named)) => same(VERSION.into(), said, &named),
        _ => Ok(()),
    }
}

/// What `Mcp-Name` says; [`check_headers`] tells whether the body says the same.
pub fn named(headers: &[(&str, &[u8])]) -> Option<String> {
    value::decoded(single(headers, NAME).ok()??)
}

/// The headers a POST of this message needs, but for the version, which the transport knows.
pub fn request_headers(message: &Message, params: Option<&ParamHeaders>) -> Vec<(String, String)> {
    let (Kind::Request { method, .. } | Kind::Notification { method }) = message.kind() else {
        return Vec::new();
    };
    let mut headers = vec![(METHOD.to_owned(), value::encoded(method))];
    let body = message.params().and_then(Members::of).unwrap_or_default();
    if let Some(name) = named_by(method).and_then(|key| body.get(key).ok().flatten()).and_then(text)
    {
        headers.push((NAME.to_owned(), value::encoded(&name)));
    }
    if let (Some(params), "tools/call") = (params, &**method)
        && let Ok(Some(arguments)) = body.get("arguments")
    {
        headers.extend(params.of_arguments(arguments.get().as_bytes()));
    }
    headers
}

fn member<'a>(body: &Members<'a>, key: &'static str) -> Result<Option<Raw<'a>>, HeaderFault> {
    body.get(key).map_err(|_| HeaderFault::AmbiguousBody(key))
}

fn missing(header: &str) -> HeaderFault {
    HeaderFault::Missing(header.to_owned().into())
}

fn unreadable(header: &str) -> HeaderFault {
    HeaderFault::Unreadable(header.to_owned().into())
}

fn text(raw: Raw<'_>) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

/// The only value of a header.
fn single<'a>(headers: &[(&str, &'a [u8])], name: &str) -> Result<Option<&'a str>, HeaderFault> {
    let mut found = headers.iter().filter(|(key, _)| key.eq_ignore_ascii_case(name));
    let first = found.next().map(|(_, value)| *value);
    if found.next().is_some() {
        return Err(HeaderFault::Repeated(name.to_owned().into()));
    }
    first.map(|bytes| value::readable(bytes).ok_or_else(|| unreadable(name))).transpose()
}

fn same(header: Cow<'static, str>, said: &str, body: &str) -> Result<(), HeaderFault> {
    if said == body {
        return Ok(());
    }
    Err(HeaderFault::Mismatch { header, said: value::shown(said), body: value::shown(body) })
}

#[cfg(test)]
mod tests;

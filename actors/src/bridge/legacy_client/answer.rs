//! An answer of a server of 2026-07-28 on its way to a client of the initialize era.

use super::shapes::structured_content;
use crate::bridge::{Fault, Translated, is_cacheable, key, may_ask_for_input};
use crate::wire::{Edits, Kind, Members, Message, ObjectEdit, code};
use bytes::Bytes;

/// What an answer is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    /// It ends the request.
    Final(Translated),
    /// The server wants input first; the result, for [`Rounds`](super::Rounds).
    InputRequired(Bytes),
}

/// Carries the answer to a request of `method` over.
///
/// Source: MCP 2026-07-28 "Base protocol", result types: absent means `complete`.
pub fn answer(method: &str, message: &Message) -> Answer {
    let whole = message.bytes();
    let Some(span) = message.outcome_span() else {
        return Answer::Final(Translated::Edited(Edits::default()));
    };
    let raw = span.slice(whole);
    if !matches!(message.kind(), Kind::Response { ok: true, .. }) {
        return Answer::Final(Translated::Edited(error(method, raw, whole)));
    }
    let Some(mut result) = ObjectEdit::of(raw) else {
        return Answer::Final(Translated::Edited(Edits::default())); // the client judges it
    };
    let kind = result.get("resultType").map_or("\"complete\"", |raw| raw.get());
    match serde_json::from_str::<String>(kind).as_deref() {
        Ok("complete") => {}
        Ok("input_required") if may_ask_for_input(method) => {
            return Answer::InputRequired(span.share(whole));
        }
        Ok("input_required") => {
            let text = "it asks for input where the protocol does not allow that";
            return Answer::Final(Translated::Fault(Fault::BadAnswer(text)));
        }
        _ => {
            let text = "its `resultType` belongs to an extension the client did not declare";
            return Answer::Final(Translated::Fault(Fault::BadAnswer(text)));
        }
    }
    result.remove("resultType");
    if is_cacheable(method) {
        result.remove("ttlMs");
        result.remove("cacheScope");
    }
    if method == "tools/call" {
        structured_content(&mut result);
    }
    let mut edits = Edits::default();
    if let Some(raw) = result.get("_meta")
        && let Some(mut meta) = ObjectEdit::of(raw.get().as_bytes())
        && meta.get(key::SERVER_INFO).is_some()
    {
        meta.remove(key::SERVER_INFO);
        if meta.would_be_empty() {
            result.remove("_meta");
        } else {
            edits.extend(meta.finish(whole));
        }
    }
    edits.extend(result.finish(whole));
    Answer::Final(Translated::Edited(edits))
}

/// Gives an error the code older clients know: a resource that is not there was -32002, and what went
/// wrong between us and the server is an internal error to the client.
fn error(method: &str, raw: &[u8], whole: &[u8]) -> Edits {
    let Some(mut edit) = ObjectEdit::of(raw) else { return Edits::default() };
    let told = Members::of(raw)
        .and_then(|members| serde_json::from_str::<i32>(members.get("code").ok()??.get()).ok());
    match told {
        Some(code::INVALID_PARAMS) if method == "resources/read" => {
            edit.set("code", code::RESOURCE_NOT_FOUND.to_string());
        }
        Some(code::HEADER_MISMATCH | code::UNSUPPORTED_VERSION) => {
            edit.set("code", code::INTERNAL_ERROR.to_string());
        }
        _ => return Edits::default(),
    }
    edit.finish(whole)
}

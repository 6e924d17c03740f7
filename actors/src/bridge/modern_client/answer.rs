//! An answer of a server of the initialize era on its way to a client of 2026-07-28.

use super::{Face, Question, input_required};
use crate::bridge::{Abilities, Fault, Need, Translated, may_ask_for_input};
use crate::wire::Raw;
use crate::wire::{Edits, Kind, Members, Message, ObjectEdit, code};

/// Carries the answer to a request of `method` over; `able` is what that request's client declared.
pub fn answer(method: &str, message: &Message, face: &Face, able: Abilities) -> Translated {
    let whole = message.bytes();
    let unchanged = || Translated::Edited(Edits::default());
    let Some(span) = message.outcome_span() else { return unchanged() };
    let raw = span.slice(whole);
    if matches!(message.kind(), Kind::Response { ok: true, .. }) {
        return match face.complete(method, raw, whole) {
            Some(edits) => Translated::Edited(edits),
            None => Translated::Fault(Fault::BadAnswer("its result is no object")),
        };
    }
    let Some(error) = Members::of(raw) else { return unchanged() };
    let recoded = |code: i32| {
        let Some(mut edit) = ObjectEdit::of(raw) else { return unchanged() };
        edit.set("code", code.to_string());
        Translated::Edited(edit.finish(whole))
    };
    let told = error.get("code").ok().flatten();
    match told.and_then(|told| serde_json::from_str::<i32>(told.get()).ok()) {
        Some(code::RESOURCE_NOT_FOUND) => recoded(code::INVALID_PARAMS),
        Some(code::URL_ELICITATION_REQUIRED) => {
            let data = error.get("data").ok().flatten().filter(|_| may_ask_for_input(method));
            urls_first(data, face, able).unwrap_or_else(|| recoded(code::INTERNAL_ERROR))
        }
        _ => unchanged(),
    }
}

/// A legacy server that wants URLs opened first has ended the call: the client opens them and repeats
/// its request, which is then a new call. There is no call to park, so no `requestState` either.
///
/// Source: MCP 2025-11-25 "Elicitation", `URLElicitationRequiredError`.
fn urls_first(data: Option<Raw<'_>>, face: &Face, able: Abilities) -> Option<Translated> {
    let data = Members::of(data?.get().as_bytes())?;
    let listed: Vec<Raw<'_>> = serde_json::from_str(data.get("elicitations").ok()??.get()).ok()?;
    let questions = listed.iter().enumerate();
    let questions = questions
        .map(|(number, params)| Question::url(format!("url-{}", number + 1), params.get()))
        .collect::<Option<Vec<_>>>()
        .filter(|questions| !questions.is_empty())?;
    if !able.allow(Need::Url) {
        return Some(Translated::Fault(Fault::MissingCapability(Need::Url)));
    }
    Some(Translated::Result(input_required(&questions, None, face)))
}

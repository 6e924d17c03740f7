//! A legacy server's requests to its client, as input a client of 2026-07-28 is asked for.

use super::Face;
use crate::bridge::{Abilities, Fault, Need};
use crate::wire::{
    Edits, Kind, Members, Message, ObjectEdit, Payload, RawId, code, error_reply, result_raw,
    string,
};
use bytes::Bytes;

/// One thing a legacy server asks while it works on a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    key: String,
    method: &'static str,
    params: Option<Bytes>,
    /// The server's request, to be answered under this id.
    id: Option<RawId>,
}

/// A client's answer to a [`Question`].
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The server's request it answers.
    pub id: RawId,
    /// The result; `None` when the client left it out, so that it must be asked again.
    pub result: Option<Bytes>,
}

impl Question {
    /// Takes up a request of a legacy server. A request the client cannot serve is refused: answer the
    /// server with that fault's -32601 (see [`Question::refusal`]).
    pub fn of(request: &Message, able: Abilities) -> Result<Self, Fault> {
        let Kind::Request { id, method } = request.kind() else {
            return Err(Fault::BadParams("not a request"));
        };
        let unknown = || Fault::NoSuchMethod(method.clone());
        let need = Need::of(method, request.params()).ok_or_else(unknown)?;
        if !able.allow(need) {
            return Err(Fault::MissingCapability(need));
        }
        let method = match need {
            Need::Form | Need::Url => "elicitation/create",
            Need::Sampling { .. } => "sampling/createMessage",
            Need::Roots => "roots/list",
        };
        let params = match request.params() {
            None => None,
            Some(raw) => Some(stripped(raw).ok_or(Fault::BadParams("`params` must be an object"))?),
        };
        let key = String::from_utf8_lossy(id.as_bytes()).into_owned();
        Ok(Self { key, method, params, id: Some(id.detached()) })
    }

    /// A URL to be opened before the request is repeated; nobody waits for its answer.
    pub(super) fn url(key: String, params: &str) -> Option<Self> {
        let mut edit = ObjectEdit::of(params.as_bytes())?;
        edit.remove("elicitationId");
        edit.set("mode", "\"url\"");
        Some(Self { key, method: "elicitation/create", params: Some(edit.to_bytes()), id: None })
    }

    /// The server's request it stands for.
    pub fn id(&self) -> Option<&RawId> {
        self.id.as_ref()
    }

    /// What a legacy server hears when its request cannot be passed on.
    pub fn refusal(id: &RawId, fault: &Fault) -> Payload {
        match fault {
            Fault::MissingCapability(need) => {
                let text = format!("the client declared no `{}` capability", need.as_str());
                error_reply(Some(id), code::METHOD_NOT_FOUND, &text, None)
            }
            other => other.reply(Some(id)),
        }
    }
}

/// Parameters without what only the initialize era has: tasks, progress on a question, and the id of a
/// URL elicitation, whose completion is not told any more.
fn stripped(params: &[u8]) -> Option<Bytes> {
    let mut outer = ObjectEdit::of(params)?;
    outer.remove("task");
    outer.remove("elicitationId");
    let mut edits = Edits::default();
    if let Some(raw) = outer.get("_meta")
        && let Some(mut meta) = ObjectEdit::of(raw.get().as_bytes())
    {
        meta.remove("progressToken");
        if meta.would_be_empty() {
            outer.remove("_meta");
        } else {
            edits.extend(meta.finish(params));
        }
    }
    edits.extend(outer.finish(params));
    Some(edits.splice(&Bytes::copy_from_slice(params)).to_bytes())
}

/// The result that asks the client: `state` is the sealed `requestState` of the parked call.
///
/// Source: MCP 2026-07-28 "Multi Round-Trip Requests", `InputRequiredResult`.
pub fn input_required(questions: &[Question], state: Option<&str>, face: &Face) -> Bytes {
    let requests: Vec<_> = questions
        .iter()
        .map(|question| {
            let params = question.params.as_ref().map_or_else(String::new, |params| {
                format!(",\"params\":{}", String::from_utf8_lossy(params))
            });
            let (key, method) = (string(&question.key), string(question.method));
            format!("{key}:{{\"method\":{method}{params}}}")
        })
        .collect();
    let requests = match requests.join(",") {
        none if none.is_empty() => String::new(),
        some => format!(",\"inputRequests\":{{{some}}}"),
    };
    let state =
        state.map_or_else(String::new, |state| format!(",\"requestState\":{}", string(state)));
    let meta = face.meta();
    format!("{{\"resultType\":\"input_required\"{requests}{state},\"_meta\":{meta}}}").into()
}

/// The `requestState` a request brings back, to be opened; `None` on a first request.
pub fn request_state(message: &Message) -> Result<Option<String>, Fault> {
    const BAD: Fault = Fault::BadParams("`params.requestState` must be a string, there once");
    let Some(params) = message.params().and_then(Members::of) else { return Ok(None) };
    let raw = params.get("requestState").map_err(|_| BAD)?;
    raw.map(|raw| serde_json::from_str(raw.get()).map_err(|_| BAD)).transpose()
}

/// What the repeated request answers to each question; inputs nobody asked for are ignored.
pub fn responses(retry: &Message, questions: &[Question]) -> Result<Vec<Response>, Fault> {
    const BAD: Fault = Fault::BadParams("`params.inputResponses` must be an object of objects");
    let params = retry.params().and_then(Members::of).ok_or(BAD)?;
    let given = match params.get("inputResponses").map_err(|_| BAD)? {
        None => Members::default(),
        Some(raw) => Members::of(raw.get().as_bytes()).ok_or(BAD)?,
    };
    let mut responses = Vec::with_capacity(questions.len());
    for question in questions {
        let Some(id) = question.id.clone() else { continue };
        let result = match given.get(&question.key).map_err(|_| BAD)? {
            None => None,
            Some(raw) if raw.get().starts_with('{') => {
                Some(Bytes::copy_from_slice(raw.get().as_bytes()))
            }
            Some(_) => return Err(BAD),
        };
        responses.push(Response { id, result });
    }
    Ok(responses)
}

impl Response {
    /// The answer for the legacy server; `None` when there is none yet.
    pub fn payload(&self) -> Option<Payload> {
        Some(result_raw(&self.id, self.result.clone()?))
    }
}

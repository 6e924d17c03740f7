//! The rounds of one request whose server asks for input: ask the client, collect, repeat.
//!
//! *Invariant:* a request is repeated at most [`MAX_ROUNDS`] times, whatever the server answers.

use super::meta::shared;
use crate::bridge::{Abilities, Fault, Need};
use crate::wire::{Members, ObjectEdit, Payload, request_raw, string};
use bytes::Bytes;

/// How often one request is repeated with input, as in rmcp's client.
pub const MAX_ROUNDS: u8 = 10;

/// How much input one round may ask for.
const MAX_INPUTS: usize = 64;

/// The state of one request.
#[derive(Debug, Default)]
pub struct Rounds {
    repeated: u8,
    state: Option<Bytes>,
    /// Key and answer of what was asked in this round, in the server's order.
    inputs: Vec<(String, Option<Bytes>)>,
}

/// What is to be done next.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Step {
    /// Send these to the client; tell each answer to [`Rounds::answered`].
    Ask(Vec<Ask>),
    /// More answers are to come.
    Wait,
    /// Repeat the request, with a new id and these members.
    Retry(Retry),
    /// Answer the request with this error object, the client's own.
    Refused(Bytes),
    /// Answer the request with this.
    Failed(Fault),
}

/// One request to the client.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ask {
    /// Which input it is, for [`Rounds::answered`].
    pub index: usize,
    /// Its method.
    pub method: &'static str,
    need: Need,
    params: Option<Bytes>,
}

/// What the repetition carries beside the original members.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Retry {
    responses: Option<Bytes>,
    state: Option<Bytes>,
}

impl Rounds {
    /// The server answered `input_required`; `result` is its whole result.
    pub fn input_required(&mut self, result: &Bytes, able: Abilities) -> Step {
        if self.repeated >= MAX_ROUNDS {
            return Step::Failed(Fault::TooManyRounds(MAX_ROUNDS));
        }
        match self.open(result, able) {
            Ok(asks) if asks.is_empty() => self.retry(),
            Ok(asks) => Step::Ask(asks),
            Err(fault) => Step::Failed(fault),
        }
    }

    fn open(&mut self, result: &Bytes, able: Abilities) -> Result<Vec<Ask>, Fault> {
        const TWICE: Fault = Fault::BadAnswer("a member of its input request stands twice");
        let members = Members::of(result).ok_or(Fault::BadAnswer("its result is no object"))?;
        let state = members.get("requestState").map_err(|_| TWICE)?;
        let requests = members.get("inputRequests").map_err(|_| TWICE)?;
        if state.is_none() && requests.is_none() {
            let text = "it asks for input without `inputRequests` and without `requestState`";
            return Err(Fault::BadAnswer(text));
        }
        if state.is_some_and(|raw| !raw.get().starts_with('"')) {
            return Err(Fault::BadAnswer("its `requestState` is no string"));
        }
        self.state = state.map(|raw| shared(result, raw.get()));
        self.inputs.clear();
        let Some(requests) = requests else { return Ok(Vec::new()) };
        let requests = Members::of(requests.get().as_bytes())
            .ok_or(Fault::BadAnswer("its `inputRequests` are no object"))?;
        if requests.iter().count() > MAX_INPUTS {
            return Err(Fault::BadAnswer("it asks for more than 64 inputs at once"));
        }
        let mut asks = Vec::new();
        for member in requests.iter() {
            if self.inputs.iter().any(|(key, _)| *key == member.key) {
                return Err(TWICE);
            }
            asks.push(ask(asks.len(), result, member.value.get(), able)?);
            self.inputs.push((member.key.clone().into_owned(), None));
        }
        Ok(asks)
    }

    /// The client answered what was asked as `index`: `Ok` with its result, `Err` with its error. An
    /// error ends the request, for there is no other way to tell the server of it.
    pub fn answered(&mut self, index: usize, answer: Result<Bytes, Bytes>) -> Step {
        let Some((_, input)) = self.inputs.get_mut(index) else { return Step::Wait };
        match answer {
            Ok(result) => *input = Some(result),
            Err(error) => return Step::Refused(error),
        }
        if self.inputs.iter().all(|(_, input)| input.is_some()) { self.retry() } else { Step::Wait }
    }

    fn retry(&mut self) -> Step {
        self.repeated += 1;
        let texts: Vec<_> = self
            .inputs
            .drain(..)
            .filter_map(|(key, input)| {
                let input = input?;
                Some(format!("{}:{}", string(&key), String::from_utf8_lossy(&input)))
            })
            .collect();
        let responses = (!texts.is_empty()).then(|| format!("{{{}}}", texts.join(",")).into());
        Step::Retry(Retry { responses, state: self.state.take() })
    }
}

fn ask(index: usize, result: &Bytes, request: &str, able: Abilities) -> Result<Ask, Fault> {
    const BAD: Fault = Fault::BadAnswer("one of its `inputRequests` is no request");
    let members = Members::of(request.as_bytes()).ok_or(BAD)?;
    let method = members.get("method").ok().flatten().ok_or(BAD)?;
    let params = members.get("params").map_err(|_| BAD)?;
    if params.is_some_and(|raw| !raw.get().starts_with('{')) {
        return Err(BAD);
    }
    let method = match method.get() {
        "\"elicitation/create\"" => "elicitation/create",
        "\"sampling/createMessage\"" => "sampling/createMessage",
        "\"roots/list\"" => "roots/list",
        _ => return Err(Fault::BadAnswer("it asks for input the protocol does not know")),
    };
    if params.is_none() && method != "roots/list" {
        return Err(BAD);
    }
    let need = Need::of(method, params.map(|raw| raw.get().as_bytes())).ok_or(BAD)?;
    if !able.allow(need) {
        return Err(Fault::MissingCapability(need));
    }
    Ok(Ask { index, method, need, params: params.map(|raw| shared(result, raw.get())) })
}

impl Ask {
    /// What it asks of the client.
    pub fn need(&self) -> Need {
        self.need
    }

    /// The request for the client. `id` is unique in the session and serves as the id a URL
    /// elicitation must have in the initialize era, too.
    ///
    /// Source: MCP 2025-11-25 schema, `ElicitRequestURLParams.elicitationId`.
    pub fn request(&self, id: u64) -> Payload {
        let params = match (&self.params, self.need) {
            (None, _) => {
                let text = format!(
                    "{{\"jsonrpc\":\"2.0\",\"id\":{id},\"method\":{}}}",
                    string(self.method)
                );
                return Bytes::from(text).into();
            }
            (Some(params), Need::Url) => {
                let mut edit = ObjectEdit::of(params);
                if let Some(edit) = &mut edit {
                    edit.set_default("elicitationId", string(&format!("mcpvisor-{id}")));
                }
                edit.map_or_else(|| params.clone(), ObjectEdit::to_bytes)
            }
            (Some(params), _) => params.clone(),
        };
        request_raw(id, self.method, &String::from_utf8_lossy(&params))
    }
}

impl Retry {
    pub(super) fn members(&self) -> impl Iterator<Item = (&'static str, Bytes)> {
        let responses = self.responses.clone().map(|raw| ("inputResponses", raw));
        let state = self.state.clone().map(|raw| ("requestState", raw));
        responses.into_iter().chain(state)
    }
}

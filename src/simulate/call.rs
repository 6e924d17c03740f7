//! A `tools/call` on the simulated server: executed, written down, then answered as the faults say.

use super::answer;
use super::fault::Fault;
use super::server::{Exchange, Server};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// An id that no client uses.
const WRONG_ID: &str = "\"nobody-asked\"";
const LOG_MESSAGE: &str = r#"{"level":"info","logger":"faulty","data":"answering a call"}"#;

#[derive(Debug, Deserialize)]
struct Call<'a> {
    #[serde(borrow)]
    name: Cow<'a, str>,
    #[serde(borrow)]
    arguments: Option<&'a RawValue>,
    #[serde(borrow, rename = "inputResponses")]
    input: Option<&'a RawValue>,
    #[serde(borrow, rename = "_meta")]
    meta: Option<Meta<'a>>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Meta<'a> {
    #[serde(borrow)]
    progress_token: Option<&'a RawValue>,
}

/// The arguments that mean something here; any others are only echoed.
#[derive(Debug, Default, Deserialize)]
struct Known<'a> {
    #[serde(borrow)]
    key: Option<Cow<'a, str>>,
    #[serde(borrow)]
    text: Option<Cow<'a, str>>,
}

/// A request that has only to be answered.
#[derive(Debug)]
pub(super) struct Executed {
    id: String,
    /// `result` or `error`, and its raw value.
    member: &'static str,
    text: String,
    call: Option<Called>,
}

/// What is more to say of a call.
#[derive(Debug)]
struct Called {
    key: String,
    token: Option<String>,
}

impl Executed {
    /// A request with a result.
    pub(super) fn plain(id: &str, result: String) -> Self {
        Self { id: id.to_owned(), member: "result", text: result, call: None }
    }

    /// A request with an error.
    pub(super) fn refused(id: &str, error: &str) -> Self {
        Self { id: id.to_owned(), member: "error", text: error.to_owned(), call: None }
    }

    /// The same as 2026-07-28 wants it: with its kind, and how long it may be kept.
    pub(super) fn completed(mut self, method: &str) -> Self {
        if self.member == "result" && !self.text.contains("\"resultType\"") {
            let empty = self.text == "{}";
            let members = super::modern::members_of_result(method);
            let comma = if empty { "" } else { "," };
            self.text.insert_str(1, &format!("{members}{comma}"));
        }
        self
    }

    /// Whether a tool was called.
    pub(super) fn is_call(&self) -> bool {
        self.call.is_some()
    }
}

/// Executes a call: writes it down and makes its answer.
pub(super) fn execute(server: &Server, id: &str, params: &str) -> Executed {
    let Ok(call) = serde_json::from_str::<Call<'_>>(params) else {
        return Executed::refused(id, answer::INVALID_PARAMS);
    };
    if !server.tools.has(&call.name) {
        return Executed::refused(id, answer::INVALID_PARAMS);
    }
    let arguments = call.arguments.map_or("{}", RawValue::get);
    let known: Known<'_> = serde_json::from_str(arguments).unwrap_or_default();
    let key = known.key.as_deref().unwrap_or("-");
    server.files.log(&format!("{} {key}", call.name));
    server.executed.fetch_add(1, Ordering::SeqCst);

    let huge = server.faults.now().get(Fault::HugeResult);
    let huge = huge.and_then(|size| usize::try_from(size).ok());
    let (member, text) = if server.settings.error_raw {
        ("error", answer::failed_oddly(arguments))
    } else if server.faults.hits(Fault::FailRate) {
        ("result", answer::failed())
    } else if let Some(size) = huge {
        ("result", answer::called(Some(&"x".repeat(size)), arguments))
    } else if server.settings.echo_raw {
        ("result", answer::called_oddly(arguments))
    } else {
        // the input asked for, if there was any
        let text = call.input.map(RawValue::get).or(known.text.as_deref());
        ("result", answer::called(text, arguments))
    };
    let token = call.meta.and_then(|meta| meta.progress_token).map(|raw| raw.get().to_owned());
    let called = Called { key: key.to_owned(), token };
    Executed { id: id.to_owned(), member, text, call: Some(called) }
}

/// Everything from the first progress to the answer and what it brings about.
pub(super) fn finish(exchange: &Exchange, executed: &Executed) {
    let Executed { id, member, text, call } = executed;
    let server = &exchange.server;
    let now = server.faults.now();
    if let Some(call) = call {
        announce(exchange, call);
    }
    let struck = call.is_some() || now.on(Fault::AllRequests);
    let wrong_only = struck && now.on(Fault::WrongId);
    if wrong_only || (struck && now.on(Fault::WrongIdThenRight)) {
        exchange.answer(WRONG_ID, (member, text));
    }
    if let Some(call) = call
        && server.settings.log_answers
    {
        server.files.log(&format!("answered {}", call.key));
    }
    let twice = struck && now.on(Fault::DoubleAnswer);
    for _ in 0..if wrong_only { 0 } else { 1 + usize::from(twice) } {
        exchange.answer(id, (member, text));
    }
    if call.is_some() {
        count(server);
    }
}

/// What is said before the answer to a call.
fn announce(exchange: &Exchange, call: &Called) {
    let settings = &exchange.server.settings;
    if let Some(token) = &call.token {
        for step in 1..=settings.progress {
            let params = answer::progress(token, step, settings.progress);
            exchange.note(&[("method", "\"notifications/progress\""), ("params", &params)]);
            std::thread::sleep(Duration::from_millis(settings.progress_pause));
        }
    }
    if settings.log_messages {
        exchange.note(&[("method", "\"notifications/message\""), ("params", LOG_MESSAGE)]);
    }
}

/// What happens after so many calls.
fn count(server: &Server) {
    let answered = server.answered.fetch_add(1, Ordering::SeqCst) + 1;
    if server.settings.change_tools_after_calls == Some(answered) {
        server.tools.add(super::tools::EXTRA);
        server.tools_changed();
    }
    let limit = server.faults.now().get(Fault::ExitAfterCalls);
    if limit.is_some_and(|limit| answered >= limit) {
        server.exit_after_answer();
    }
}

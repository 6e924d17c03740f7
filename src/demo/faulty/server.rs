//! The `faulty` server's reading end: which message gets which answer.
//!
//! Faults of calls are in `call`, faults of writing in `lines`.

use super::args::FaultyArgs;
use super::files::Files;
use super::lines::{Lines, Members};
use super::{answer, background, call, tools};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::io::BufRead;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

/// One running server.
#[derive(Debug)]
pub(super) struct Server {
    pub(super) args: FaultyArgs,
    pub(super) files: Files,
    pub(super) lines: Lines,
    /// Calls answered so far.
    pub(super) answered: AtomicU64,
    /// Whether the tool `extra` has appeared.
    pub(super) changed: AtomicBool,
}

/// A received message; what is passed on stays raw.
#[derive(Debug, Deserialize)]
struct Message<'a> {
    #[serde(borrow)]
    id: Option<&'a RawValue>,
    #[serde(borrow)]
    method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    cursor: Option<Cow<'a, str>>,
}

impl Server {
    pub(super) fn new(args: FaultyArgs, files: Files) -> Self {
        let lines = Lines::new(&args);
        Self { args, files, lines, answered: AtomicU64::new(0), changed: AtomicBool::new(false) }
    }

    /// Writes a message that is no answer.
    pub(super) fn send(&self, members: &Members<'_>) {
        self.lines.send(&self.args, members, None);
    }

    /// Tells the client that the tools have changed.
    pub(super) fn tools_changed(&self) {
        self.send(&[("method", "\"notifications/tools/list_changed\"")]);
    }

    /// Answers the request `id` with the member `result` or `error`.
    pub(super) fn answer(&self, id: &str, (name, value): (&str, &str)) {
        let members = [("id", id), (name, value), ("error", "null")];
        let count = if self.args.error_null && name == "result" { 3 } else { 2 };
        self.lines.send(&self.args, &members[..count], self.args.huge_line);
    }

    /// Names of the tools at this moment.
    pub(super) fn tool_names(&self) -> Vec<String> {
        tools::names(&self.args, self.changed.load(Ordering::SeqCst))
    }
}

/// Reads and answers until stdin ends.
pub(super) fn serve(server: &Arc<Server>) {
    let mut stdin = std::io::stdin().lock();
    let mut line = Vec::new();
    while stdin.read_until(b'\n', &mut line).is_ok_and(|read| read > 0) {
        server.files.record(&line);
        match serde_json::from_slice::<Message<'_>>(&line) {
            Ok(message) => receive(server, &message),
            Err(_) => server.answer("null", ("error", answer::PARSE_ERROR)),
        }
        line.clear();
    }
}

fn receive(server: &Arc<Server>, message: &Message<'_>) {
    // without a method it is an answer to one of ours, and in the record
    let Some(method) = message.method.as_deref() else { return };
    let Some(id) = message.id.map(RawValue::get) else {
        if method == "notifications/initialized" {
            background::initialized(server);
        }
        return;
    };
    let params = message.params.map_or("{}", RawValue::get);
    match method {
        "initialize" => initialize(server, id, params),
        "logging/setLevel" if server.args.log_messages => server.answer(id, ("result", "{}")),
        "ping" => server.answer(id, ("result", "{}")),
        "tools/list" if server.args.no_tools => {
            server.files.log("VIOLATION tools/list");
            server.answer(id, ("error", answer::METHOD_NOT_FOUND));
        }
        "tools/list" => list(server, id, params),
        "tools/call" => call::receive(server, id, params),
        _ => server.answer(id, ("error", answer::METHOD_NOT_FOUND)),
    }
}

fn initialize(server: &Server, id: &str, params: &str) {
    if server.args.mute_initialize {
        return;
    }
    std::thread::sleep(Duration::from_millis(server.args.slow_initialize));
    let asked = answer::asked_version(params);
    let version = server.args.version.as_deref().unwrap_or(asked);
    let result = answer::initialize(version, !server.args.no_tools, server.args.log_messages);
    server.answer(id, ("result", &result));
}

fn list(server: &Server, id: &str, params: &str) {
    let asked: Page<'_> = serde_json::from_str(params).unwrap_or_default();
    match tools::page(&server.tool_names(), server.args.page_size, asked.cursor.as_deref()) {
        Some(page) => server.answer(id, ("result", &page)),
        None => server.answer(id, ("error", answer::INVALID_PARAMS)),
    }
}

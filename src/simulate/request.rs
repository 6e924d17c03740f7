//! The reading end: which message gets which answer.
//!
//! *Invariant:* a request is executed at most once, before the first byte of its answer.

use super::call::{self, Executed};
use super::fault::Fault;
use super::faults::Values;
use super::modern::Written;
use super::server::{Exchange, Server, after};
use super::{answer, background, modern, offers};
use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::time::Duration;

/// A received message; what is passed on stays raw.
#[derive(Debug, Deserialize)]
pub(super) struct Message<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    params: Option<&'a RawValue>,
}

#[derive(Debug, Default, Deserialize)]
struct Page<'a> {
    #[serde(borrow)]
    cursor: Option<Cow<'a, str>>,
}

impl Message<'_> {
    /// Whether it is to be answered.
    pub(super) fn is_request(&self) -> bool {
        self.id.is_some() && self.method.is_some()
    }
}

/// Executes and answers what has been received.
pub(super) fn receive(exchange: &Exchange, bytes: &[u8]) {
    let server = &exchange.server;
    let Ok(message) = serde_json::from_slice::<Message<'_>>(bytes) else {
        return exchange.answer("null", ("error", answer::PARSE_ERROR));
    };
    // without a method it is an answer to one of ours, and in the record
    let Some(method) = message.method.as_deref() else { return };
    let now = server.faults.now();
    let params = message.params.map_or("{}", RawValue::get);
    match message.id.map(RawValue::get) {
        Some(id) => request(exchange, &now, method, id, params),
        None if method == "notifications/initialized" && !now.on(Fault::BlackHole) => {
            background::initialized(exchange);
        }
        None if method == "notifications/cancelled" => modern::cancelled(exchange, params),
        None => {}
    }
}

fn request(exchange: &Exchange, now: &Values, method: &str, id: &str, params: &str) {
    let server = &exchange.server;
    let muted = match method {
        "initialize" => now.on(Fault::MuteInitialize),
        "ping" => now.on(Fault::PingMute),
        _ => false,
    };
    if muted || now.on(Fault::BlackHole) || server.is_leaving() {
        return exchange.reply.hold();
    }
    if method == "server/discover" && server.settings.exit_on_discover {
        std::process::exit(server.settings.exit_code.into());
    }
    if method == "server/discover" && server.settings.ignore_discover {
        return exchange.reply.hold();
    }
    let era = match modern::judge(server, method, params) {
        Ok(era) => era,
        Err(error) => return call::finish(exchange, &Executed::refused(id, &error)),
    };
    if era == Written::Modern && method == "subscriptions/listen" {
        return modern::listen(exchange, id, params);
    }
    let mut wait = server.faults.next_latency();
    if method == "initialize" {
        std::thread::sleep(now.time(Fault::SlowInitialize));
    } else if server.faults.hits(Fault::ErrorRate) {
        return later(exchange, wait, Executed::refused(id, answer::SIMULATED));
    }
    let done = match method {
        "server/discover" => Executed::plain(id, modern::discovered(server)),
        "tools/call" if era == Written::Modern && modern::wants_input(server, params) => {
            Executed::plain(id, modern::input_required())
        }
        "initialize" => Executed::plain(id, initialize(server, params)),
        "logging/setLevel" if server.settings.log_messages => Executed::plain(id, "{}".into()),
        "ping" if !now.on(Fault::PingUnsupported) => Executed::plain(id, "{}".into()),
        "tools/list" if server.settings.no_tools => {
            server.files.log("VIOLATION tools/list");
            Executed::refused(id, answer::METHOD_NOT_FOUND)
        }
        "tools/list" => list(server, id, params),
        "tools/call" => call::execute(server, id, params),
        other => offers::answer(server, other, id, params)
            .unwrap_or_else(|| Executed::refused(id, answer::METHOD_NOT_FOUND)),
    };
    let done = if era == Written::Modern { done.completed(method) } else { done };
    if done.is_call() {
        wait += now.time(Fault::Delay);
    }
    if done.is_call() || now.on(Fault::AllRequests) {
        server.strike();
        if now.on(Fault::FreezeOnCall) {
            server.fall_silent();
            return exchange.reply.hold();
        }
        if now.on(Fault::CloseStdoutOnCall) {
            if server.is_stdio() {
                server.fall_silent();
            }
            return exchange.reply.cut();
        }
    }
    later(exchange, wait, done);
}

fn later(exchange: &Exchange, wait: Duration, executed: Executed) {
    let exchange = exchange.clone();
    after(wait, move || call::finish(&exchange, &executed));
}

fn initialize(server: &Server, params: &str) -> String {
    let asked = answer::asked_version(params);
    let version = server.settings.version.as_deref().unwrap_or(asked);
    answer::initialize(version, &server.settings.capabilities())
}

fn list(server: &Server, id: &str, params: &str) -> Executed {
    let asked: Page<'_> = serde_json::from_str(params).unwrap_or_default();
    match server.tools.page(server.settings.page_size, asked.cursor.as_deref()) {
        Some(page) => Executed::plain(id, page),
        None => Executed::refused(id, answer::INVALID_PARAMS),
    }
}

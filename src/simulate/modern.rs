//! What the simulated server says in 2026-07-28.

use super::answer;
use super::server::{Exchange, Server};
use super::settings::EraKind;
use mcpvisor_actors::bridge::{Fault, Listen, MODERN, RequestMeta, Supported, is_cacheable};
use mcpvisor_actors::wire::{Limits, Message, RawId, Strictness, request_raw};
use serde_json::{Value, json};

/// Which era a request is written in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Written {
    Legacy,
    Modern,
}

/// Methods that are no more.
const GONE: [&str; 4] =
    ["ping", "logging/setLevel", "resources/subscribe", "resources/unsubscribe"];
/// What a call that asked for input is to bring back.
const STATE: &str = "simulated-state";

/// The era a request is written in, or the error it is refused with.
pub(super) fn judge(server: &Server, method: &str, params: &str) -> Result<Written, String> {
    let era = server.settings.era;
    let said: Value = serde_json::from_str(params).unwrap_or_default();
    let named = &said["_meta"]["io.modelcontextprotocol/protocolVersion"];
    if era == EraKind::Legacy || era == EraKind::Both && named.is_null() {
        let newer = matches!(method, "server/discover" | "subscriptions/listen");
        return if newer { Err(answer::METHOD_NOT_FOUND.into()) } else { Ok(Written::Legacy) };
    }
    if method == "initialize" {
        let requested = said["protocolVersion"].as_str().unwrap_or_default().to_owned();
        return Err(error(&Fault::UnsupportedVersion { requested }));
    }
    let message = request(method, params).ok_or(answer::INVALID_PARAMS)?;
    RequestMeta::of(&message).map_err(|fault| error(&fault))?;
    if GONE.contains(&method) {
        server.files.log(&format!("VIOLATION {method}"));
        return Err(answer::METHOD_NOT_FOUND.into());
    }
    Ok(Written::Modern)
}

fn request(method: &str, params: &str) -> Option<Message> {
    let limits = Limits { max_bytes: usize::MAX, ..Limits::default() };
    let bytes = request_raw(0, method, params).to_bytes();
    Message::parse(bytes, limits, Strictness::Liberal).ok()
}

/// The error object of a fault.
pub(super) fn error(fault: &Fault) -> String {
    let mut error = json!({ "code": fault.code(), "message": fault.to_string() });
    if let Some(data) = fault.data() {
        error["data"] = data;
    }
    error.to_string()
}

/// The result of `server/discover`, but for what all results have.
pub(super) fn discovered(server: &Server) -> String {
    let info = json!({ "name": "faulty", "version": env!("CARGO_PKG_VERSION") });
    json!({
        "supportedVersions": [MODERN],
        "capabilities": server.settings.capabilities(),
        "instructions": "Simulated.",
        "_meta": { "io.modelcontextprotocol/serverInfo": info },
    })
    .to_string()
}

/// What a result says of itself.
pub(super) fn members_of_result(method: &str) -> &'static str {
    if is_cacheable(method) {
        r#""resultType":"complete","ttlMs":5000,"cacheScope":"public""#
    } else {
        r#""resultType":"complete""#
    }
}

/// Whether a call is of the tool that asks for input, and has not brought it.
pub(super) fn wants_input(server: &Server, params: &str) -> bool {
    let said: Value = serde_json::from_str(params).unwrap_or_default();
    let asks = said["name"].as_str() == server.settings.input_tool.as_deref();
    asks && !(said["inputResponses"].is_object() && said["requestState"] == STATE)
}

/// The result that asks.
pub(super) fn input_required() -> String {
    let name = json!({ "type": "object", "properties": { "name": { "type": "string" } } });
    let params = json!({ "mode": "form", "message": "Your name?", "requestedSchema": name });
    json!({
        "resultType": "input_required",
        "inputRequests": { "name": { "method": "elicitation/create", "params": params } },
        "requestState": STATE,
    })
    .to_string()
}

/// Opens a listen and says what it will hear.
pub(super) fn listen(exchange: &Exchange, id: &str, params: &str) {
    let server = &exchange.server;
    let filter = request("subscriptions/listen", params).and_then(|it| Listen::of(&it).ok());
    let id = RawId::new(id.to_owned().into());
    let (Some(filter), Some(id)) = (filter, id) else {
        return exchange.answer("null", ("error", answer::INVALID_PARAMS));
    };
    let capabilities = server.settings.capabilities().to_string();
    let filter = filter.honoured(Supported::of(capabilities.as_bytes()));
    let ack: Value =
        serde_json::from_slice(&filter.acknowledged(&id).to_bytes()).unwrap_or_default();
    let method = ack["method"].to_string();
    server.listeners.open(id, filter, exchange.reply.clone());
    let members = [("method", method.as_str()), ("params", &ack["params"].to_string())];
    server.send(&exchange.reply, &members);
}

/// Ends every listen in good order.
pub(super) fn end_listens(server: &Server) {
    for (id, outlet) in server.listeners.end() {
        let answer: Value =
            serde_json::from_slice(&Listen::ended(&id).to_bytes()).unwrap_or_default();
        let (id, result) = (answer["id"].to_string(), answer["result"].to_string());
        server.send(&outlet, &[("id", &id), ("result", &result)]);
    }
}

/// A request was given up: if it is a listen, that ends.
pub(super) fn cancelled(exchange: &Exchange, params: &str) {
    let said: Value = serde_json::from_str(params).unwrap_or_default();
    exchange.server.listeners.cancel(&said["requestId"].to_string());
}

//! A server of the initialize era in memory that offers a bit of everything and writes down what it hears.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use mcpvisor_actors::server::{
    Connector, Inbound, Loss, Outbound, OutboundKind, ServerName, ServerSpec, Transport,
};
use mcpvisor_actors::wire::{Kind, Limits, Message, RawId, Strictness};
use serde_json::{Value, json};
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// The server; clones are the same one.
#[derive(Clone, Default)]
pub(crate) struct Scripted(Arc<Mutex<Inner>>);

#[derive(Default)]
struct Inner {
    heard: Vec<Value>,
    said: VecDeque<Inbound>,
    waker: Option<Waker>,
    more_tools: Vec<String>,
    deaf: bool,
}

impl Scripted {
    pub(crate) fn spec(&self) -> ServerSpec {
        ServerSpec::new(ServerName::new("s"), Arc::new(self.clone()))
    }

    /// One that also has tools of these names.
    pub(crate) fn with_tools(names: &[&str]) -> Self {
        let server = Self::default();
        server.lock().more_tools = names.iter().map(|&name| name.to_owned()).collect();
        server
    }

    /// One that does not tell when a resource changes.
    pub(crate) fn deaf() -> Self {
        let server = Self::default();
        server.lock().deaf = true;
        server
    }

    /// Says something to the gateway.
    pub(crate) fn say(&self, message: &Value) {
        let mut inner = self.lock();
        inner.said.push_back(inbound(message));
        if let Some(waker) = inner.waker.take() {
            waker.wake();
        }
    }

    /// Another tool is there; says so.
    pub(crate) fn grow(&self, tool: &str) {
        self.lock().more_tools.push(tool.to_owned());
        self.say(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
    }

    /// What it heard of this method.
    pub(crate) fn heard(&self, method: &str) -> Vec<Value> {
        self.lock().heard.iter().filter(|frame| frame["method"] == method).cloned().collect()
    }

    /// All methods it heard, in order.
    pub(crate) fn methods(&self) -> Vec<String> {
        let method = |frame: &Value| frame["method"].as_str().unwrap_or_default().to_owned();
        self.lock().heard.iter().map(method).collect()
    }

    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn tools(&self) -> Value {
        let plain = |name: &str| json!({ "name": name, "inputSchema": { "type": "object" } });
        let region = json!({ "type": "string", "x-mcp-header": "Region" });
        let mut tools = vec![
            plain("echo"),
            json!({ "name": "region", "inputSchema": {
                "type": "object", "properties": { "region": region },
            } }),
            json!({ "name": "job", "inputSchema": { "type": "object" },
                "execution": { "taskSupport": "required" } }),
            plain("hold"),
            plain("talk"),
            plain("gone"),
        ];
        tools.extend(self.lock().more_tools.iter().map(|name| plain(name)));
        json!(tools)
    }

    /// What comes of a request: messages, the last of them the answer.
    fn answers(&self, id: u64, method: &str, params: &Value) -> Vec<Value> {
        let result = |result: Value| json!({ "jsonrpc": "2.0", "id": id, "result": result });
        let error = |code: i32| {
            let error = json!({ "code": code, "message": "the server says so" });
            json!({ "jsonrpc": "2.0", "id": id, "error": error })
        };
        let text = |text: &str| json!({ "content": [{ "type": "text", "text": text }] });
        let answer = match (method, params["name"].as_str().unwrap_or_default()) {
            ("initialize", _) => result(json!({
                "protocolVersion": "2025-11-25",
                "capabilities": {
                    "tools": { "listChanged": true },
                    "resources": { "subscribe": !self.lock().deaf, "listChanged": true },
                    "prompts": {},
                    "logging": {},
                    "completions": {},
                    "tasks": { "requests": { "tools": { "call": {} } } },
                    "extensions": { "example.org/x": { "v": 1 } },
                },
                "serverInfo": { "name": "scripted", "version": "1" },
            })),
            ("tools/list", _) => result(json!({ "tools": self.tools() })),
            ("resources/list", _) => {
                result(json!({ "resources": [{ "name": "one", "uri": "x://1" }] }))
            }
            ("resources/templates/list", _) => result(json!({ "resourceTemplates": [] })),
            ("prompts/list", _) => result(json!({ "prompts": [{ "name": "p" }] })),
            ("resources/read", _) if params["uri"] == "x://1" => {
                result(json!({ "contents": [{ "uri": "x://1", "text": "one" }] }))
            }
            ("resources/read", _) => error(-32_002),
            ("tools/call", "hold") => return Vec::new(),
            ("prompts/get", _) | ("tools/call", "gone") => error(-32_601),
            ("tools/call", "talk") => {
                let token = &params["_meta"]["progressToken"];
                let note = |method: &str, params: Value| json!({ "jsonrpc": "2.0", "method": method, "params": params });
                let mut said = vec![
                    note(
                        "notifications/progress",
                        json!({ "progressToken": token, "progress": 1 }),
                    ),
                    note("notifications/message", json!({ "level": "debug", "data": "low" })),
                    note("notifications/message", json!({ "level": "error", "data": "high" })),
                ];
                if token.is_null() {
                    said.remove(0);
                }
                said.push(result(text("talked")));
                return said;
            }
            ("tools/call", _) => {
                result(text(params["arguments"]["text"].as_str().unwrap_or_default()))
            }
            _ => result(json!({})),
        };
        vec![answer]
    }
}

impl Connector for Scripted {
    fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>> {
        let line = Line(self.clone());
        Box::pin(async move { Ok(Box::new(line) as Box<dyn Transport>) })
    }

    fn kind(&self) -> &'static str {
        "scripted"
    }
}

/// The connection to it.
struct Line(Scripted);

impl Transport for Line {
    fn send(&mut self, frame: Outbound) {
        let message: Value = serde_json::from_slice(&frame.payload.to_bytes()).unwrap();
        let method = message["method"].as_str().unwrap_or_default().to_owned();
        let said = match frame.kind {
            OutboundKind::Request { id, .. } => self.0.answers(id, &method, &message["params"]),
            _ => Vec::new(),
        };
        let mut inner = self.0.lock();
        inner.heard.push(message);
        inner.said.extend(said.iter().map(inbound));
        if let Some(waker) = inner.waker.take() {
            waker.wake();
        }
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        let mut inner = self.0.lock();
        inner.waker = Some(context.waker().clone());
        inner.said.pop_front().map_or(Poll::Pending, Poll::Ready)
    }

    fn is_unsent(&self, _: u64) -> bool {
        false
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(async {})
    }
}

fn inbound(message: &Value) -> Inbound {
    let bytes = Bytes::from(message.to_string());
    let message = Message::parse(bytes, Limits::default(), Strictness::Liberal).unwrap();
    let related = match message.kind() {
        Kind::Response { id, .. } => id.as_ref().and_then(RawId::as_number),
        _ => None,
    };
    Inbound::Message { message, related }
}

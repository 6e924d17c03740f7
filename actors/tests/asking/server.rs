//! A server whose every word is the test's.

use bytes::Bytes;
use futures_util::future::BoxFuture;
use mcpvisor_actors::server::{
    Connector, Inbound, Loss, Outbound, ServerName, ServerSpec, Transport,
};
use mcpvisor_actors::wire::{Limits, Message, Strictness};
use serde_json::{Value, json};
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc::{UnboundedReceiver, UnboundedSender, unbounded_channel};
use tokio::time::{Instant, timeout, timeout_at};

const SOON: Duration = Duration::from_secs(20);

/// Hands each connection to the test.
struct Doors(UnboundedSender<Connection>);

/// Connections in the order they are made.
pub(crate) struct Server(UnboundedReceiver<Connection>);

/// The server's end of a connection.
pub(crate) struct Connection {
    heard: UnboundedReceiver<Bytes>,
    says: UnboundedSender<Inbound>,
}

/// The gateway's end.
struct Line {
    sends: UnboundedSender<Bytes>,
    hears: UnboundedReceiver<Inbound>,
}

impl Server {
    pub(crate) fn new() -> (Self, ServerSpec) {
        let (sender, receiver) = unbounded_channel();
        (Self(receiver), ServerSpec::new(ServerName::new("s"), Arc::new(Doors(sender))))
    }

    /// The next connection, of a server of 2026-07-28 that has shown its tool.
    pub(crate) async fn ready_modern(&mut self) -> Connection {
        let capabilities = json!({ "tools": {}, "extensions": {
            "io.modelcontextprotocol/skills": {},
            "io.modelcontextprotocol/tasks": {},
        } });
        self.ready_modern_with(capabilities, &["tools/list"]).await
    }

    /// The same with these capabilities, once it has shown these lists, of which only that of tools has
    /// anything.
    pub(crate) async fn ready_modern_with(
        &mut self,
        capabilities: Value,
        lists: &[&str],
    ) -> Connection {
        let mut lists = lists.to_vec();
        let mut connection = timeout(SOON, self.0.recv()).await.expect("in time").expect("one");
        loop {
            let request = connection.hears().await;
            match request["method"].as_str().unwrap() {
                "server/discover" => {
                    let result = json!({
                        "resultType": "complete", "supportedVersions": ["2026-07-28"],
                        "capabilities": capabilities,
                        "ttlMs": 0, "cacheScope": "private",
                    });
                    connection.answers(&request, result);
                }
                list if list.ends_with("/list") => {
                    let tool = json!({ "name": "work", "inputSchema": { "type": "object" } });
                    let result = json!({ "tools": [tool], "resources": [], "resourceTemplates": [],
                        "resultType": "complete", "ttlMs": 0, "cacheScope": "private" });
                    lists.retain(|wanted| *wanted != list);
                    connection.answers(&request, result);
                    if lists.is_empty() {
                        return connection;
                    }
                }
                _ => {}
            }
        }
    }

    /// The next connection, once it has shaken hands and shown its tool.
    pub(crate) async fn ready(&mut self) -> Connection {
        let capabilities = json!({ "tools": { "listChanged": true }, "tasks": {} });
        self.ready_with(capabilities, &["tools/list"]).await
    }

    /// The next connection, once it has shaken hands with these capabilities and shown these lists, of
    /// which only that of tools has anything.
    pub(crate) async fn ready_with(&mut self, capabilities: Value, lists: &[&str]) -> Connection {
        let mut lists = lists.to_vec();
        let mut connection = timeout(SOON, self.0.recv()).await.expect("in time").expect("one");
        loop {
            let request = connection.hears().await;
            let result = match request["method"].as_str().unwrap() {
                "initialize" => json!({
                    "protocolVersion": "2025-11-25",
                    "capabilities": capabilities,
                    "serverInfo": { "name": "s", "version": "1" },
                }),
                list if list.ends_with("/list") => {
                    let tool = json!({ "name": "work", "inputSchema": { "type": "object" } });
                    lists.retain(|wanted| *wanted != list);
                    let result =
                        json!({ "tools": [tool], "resources": [], "resourceTemplates": [] });
                    connection.answers(&request, result);
                    if lists.is_empty() {
                        return connection;
                    }
                    continue;
                }
                "server/discover" => {
                    let error = json!({ "code": -32601, "message": "Method not found" });
                    connection
                        .say(json!({ "jsonrpc": "2.0", "id": request["id"], "error": error }));
                    continue;
                }
                _ => continue,
            };
            connection.answers(&request, result);
        }
    }
}

impl Connection {
    /// What the gateway says next.
    pub(crate) async fn hears(&mut self) -> Value {
        serde_json::from_str(&self.reads().await).unwrap()
    }

    /// The same, byte for byte.
    pub(crate) async fn reads(&mut self) -> String {
        let text = timeout(SOON, self.heard.recv()).await.expect("in time").expect("it is open");
        String::from_utf8(text.to_vec()).unwrap()
    }

    /// The next message with this method.
    pub(crate) async fn hears_of(&mut self, method: &str) -> Value {
        loop {
            let message = self.hears().await;
            if message["method"] == method {
                return message;
            }
        }
    }

    /// The answer to a request of this server's.
    pub(crate) async fn told(&mut self, id: &Value) -> Value {
        loop {
            let message = self.hears().await;
            if message["id"] == *id && message["method"].is_null() {
                return message;
            }
        }
    }

    /// Answers pings for so long, and ignores everything else.
    pub(crate) async fn only_lives_for(&mut self, time: Duration) {
        let end = Instant::now() + time;
        while let Ok(Some(text)) = timeout_at(end, self.heard.recv()).await {
            let message: Value = serde_json::from_slice(&text).unwrap();
            if message["method"] == "ping" {
                self.answers(&message, json!({}));
            }
        }
    }

    pub(crate) fn say(&self, message: Value) {
        self.say_on(None, message);
    }

    /// Says something on the stream of a request.
    pub(crate) fn say_on(&self, related: Option<u64>, message: Value) {
        let bytes = Bytes::from(message.to_string());
        let message = Message::parse(bytes, Limits::default(), Strictness::Liberal).unwrap();
        let _gone = self.says.send(Inbound::Message { message, related });
    }

    pub(crate) fn answers(&self, request: &Value, result: Value) {
        self.say(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }));
    }

    /// A request could not be delivered to it.
    pub(crate) fn never_got(&self, request: &Value) {
        let (id, loss) = (request["id"].as_u64().unwrap(), Loss::Protocol { detail: "no".into() });
        let _gone = self.says.send(Inbound::Failed { id, sent: false, loss });
    }

    /// Asks for roots, elicitation or a sample.
    pub(crate) fn asks(&self, id: &str, method: &str, params: Value) {
        self.say(json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params }));
    }
}

impl Connector for Doors {
    fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>> {
        let (sends, heard) = unbounded_channel();
        let (says, hears) = unbounded_channel();
        let _gone = self.0.send(Connection { heard, says });
        Box::pin(async move { Ok(Box::new(Line { sends, hears }) as Box<dyn Transport>) })
    }

    fn kind(&self) -> &'static str {
        "test"
    }
}

impl Transport for Line {
    fn send(&mut self, frame: Outbound) {
        let _gone = self.sends.send(frame.payload.to_bytes());
    }

    fn poll_next(&mut self, context: &mut Context<'_>) -> Poll<Inbound> {
        match self.hears.poll_recv(context) {
            Poll::Ready(Some(inbound)) => Poll::Ready(inbound),
            Poll::Ready(None) => Poll::Ready(Inbound::Lost(Loss::StreamEnded)),
            Poll::Pending => Poll::Pending,
        }
    }

    fn is_unsent(&self, _: u64) -> bool {
        false
    }

    fn close(self: Box<Self>) -> BoxFuture<'static, ()> {
        Box::pin(std::future::ready(()))
    }
}

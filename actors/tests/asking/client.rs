//! Clients of a gateway in this process.

use crate::server::Server;
use bytes::Bytes;
use mcpvisor_actors::bridge::RequestMeta;
use mcpvisor_actors::observation::TraceContext;
use mcpvisor_actors::server::{ServerSpec, Sharing};
use mcpvisor_actors::session::{
    Admission, ClientStream, ClientStreamReader, Clients, SessionHandle, Underway,
};
use mcpvisor_actors::tree::{Gateway, GatewaySpec};
use mcpvisor_actors::wire::{Limits, Message, Strictness};
use serde_json::{Value, json};
use std::time::Duration;
use tokio::time::timeout;

const SOON: Duration = Duration::from_secs(20);

/// What a client declares that can be asked anything.
pub(crate) fn able() -> Value {
    json!({ "elicitation": {}, "sampling": {}, "roots": { "listChanged": true } })
}

/// A gateway with one server, which is told how it is shared.
pub(crate) async fn gateway(sharing: Sharing) -> (Gateway, Server) {
    let (server, spec) = Server::new();
    let servers = vec![ServerSpec { sharing, ..spec }];
    let gateway = Gateway::start(GatewaySpec { servers, ..GatewaySpec::default() }).await;
    (gateway.expect("a tree"), server)
}

/// The message with this text.
pub(crate) fn parsed(text: impl Into<Bytes>) -> Message {
    Message::parse(text.into(), Limits::default(), Strictness::Strict).unwrap()
}

/// A client with a session.
pub(crate) struct Client {
    gateway: Clients,
    pub(crate) session: SessionHandle,
    reader: ClientStreamReader,
    stream: ClientStream,
}

impl Client {
    /// Opens a session and initializes it.
    pub(crate) async fn open(gateway: &Gateway, capabilities: Value) -> Self {
        let session = gateway.clients().open().await.expect("a session");
        let (stream, reader) = ClientStream::of_connection();
        session.attach(stream.clone()).expect("it lives");
        let gateway = gateway.clients().clone();
        let mut client = Self { gateway, session, reader, stream };
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": capabilities,
            "clientInfo": { "name": "c", "version": "1" },
        });
        client
            .says(json!({ "jsonrpc": "2.0", "id": "i", "method": "initialize", "params": params }));
        assert!(client.hears().await["result"].is_object());
        client
    }

    pub(crate) fn says(&self, message: Value) {
        self.writes(message.to_string(), None);
    }

    /// Says this byte for byte, and beside it this of its trace.
    pub(crate) fn writes(&self, text: String, ambient: Option<TraceContext>) {
        let (message, stream) = (parsed(text), self.stream.clone());
        let admission = self.gateway.admit();
        self.session.deliver_within(message, admission, stream, ambient).expect("it lives");
    }

    /// Calls the server's tool.
    pub(crate) fn calls(&self, id: &str) {
        let params = json!({ "name": "s.work", "arguments": { "of": id } });
        self.says(json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params }));
    }

    /// What it is told next.
    pub(crate) async fn hears(&mut self) -> Value {
        let next = timeout(SOON, self.reader.next()).await.expect("in time").expect("open");
        serde_json::from_slice(&next.payload.to_bytes()).unwrap()
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

    /// The answer to its request, which it hears before any request of a server's.
    pub(crate) async fn told(&mut self, id: &str) -> Value {
        loop {
            let message = self.hears().await;
            if message["id"] == id {
                return message;
            }
            assert!(message["id"].is_null(), "{message}");
        }
    }

    pub(crate) fn answers(&self, request: &Value, result: Value) {
        self.says(json!({ "jsonrpc": "2.0", "id": request["id"], "result": result }));
    }
}

/// A call of the server's tool in 2026-07-28 by a client with these capabilities.
pub(crate) fn modern(id: &str, capabilities: Value) -> Value {
    let meta = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": capabilities,
    });
    let params = json!({ "name": "s.work", "arguments": { "of": "x" }, "_meta": meta });
    json!({ "jsonrpc": "2.0", "id": id, "method": "tools/call", "params": params })
}

/// A client without a session.
pub(crate) struct Stateless(pub(crate) Clients);

/// The stream of one of its requests.
pub(crate) struct Answers(ClientStreamReader, pub(crate) Underway);

impl Stateless {
    pub(crate) fn of(gateway: &Gateway) -> Self {
        Self(gateway.clients().clone())
    }

    pub(crate) fn calls(&self, message: &Value) -> Answers {
        self.calls_with(message, self.0.admit().expect("room"))
    }

    /// The same with this slot.
    pub(crate) fn calls_with(&self, message: &Value, admission: Admission) -> Answers {
        let message = parsed(message.to_string());
        let meta = RequestMeta::of(&message).expect("a request of 2026-07-28");
        let (stream, reader) = ClientStream::new();
        let underway = self.0.serve(&meta, message, admission, stream);
        Answers(reader, underway)
    }
}

impl Answers {
    /// Its client leaves.
    pub(crate) fn leave(self) {
        self.1.abandon();
    }

    pub(crate) async fn answer(&mut self) -> Value {
        let next = timeout(SOON, self.0.next()).await.expect("in time").expect("an answer");
        serde_json::from_slice(&next.payload.to_bytes()).unwrap()
    }
}

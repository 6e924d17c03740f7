//! A whole gateway under a clock of its own, with servers in memory behind it and a client in front.

use crate::memory::Memory;
use bytes::Bytes;
use mcpvisor_actors::fleet::{Card, Fleet, State};
use mcpvisor_actors::server::{Generation, Loss, ServerSpec};
use mcpvisor_actors::session::{ClientStream, Clients, SessionHandle};
use mcpvisor_actors::tree::{Gateway, GatewaySpec};
use mcpvisor_actors::wire::{Limits, Message, Strictness, request_raw};
use serde_json::{Value, json};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tokio::task::JoinHandle;
use tokio::time::{Instant, sleep};

/// One second.
pub(crate) const S: Duration = Duration::from_secs(1);
/// One minute.
pub(crate) const MIN: Duration = Duration::from_secs(60);
/// A timer of the runtime is late by up to a millisecond, and several follow on each other.
pub(crate) const LATE: Duration = Duration::from_millis(20);

/// A running gateway.
pub(crate) struct Tree {
    pub(crate) gateway: Gateway,
}

impl Tree {
    /// With these servers, everything as it is by default; returns when all are ready.
    pub(crate) async fn ready(servers: &[&Memory]) -> Self {
        let tree = Self::with(servers.iter().map(|server| server.spec()).collect()).await;
        for server in servers {
            tree.is(server, State::Ready).await;
        }
        tree
    }

    /// With these servers.
    pub(crate) async fn with(servers: Vec<ServerSpec>) -> Self {
        Self::start(GatewaySpec { servers, ..GatewaySpec::default() }).await
    }

    /// Made of this; no session ever ends.
    pub(crate) async fn start(spec: GatewaySpec) -> Self {
        let spec = GatewaySpec { session_idle: 10_000 * MIN, ..spec };
        Self { gateway: Gateway::start(spec).await.expect("it starts") }
    }

    pub(crate) fn fleet(&self) -> &Fleet {
        self.gateway.fleet()
    }

    /// What is known of this server.
    pub(crate) fn card(&self, server: &Memory) -> &Arc<Card> {
        self.fleet().card(server.name()).expect("it is one of ours")
    }

    /// The state of this server.
    pub(crate) fn state(&self, server: &Memory) -> State {
        self.card(server).standing().state
    }

    /// Waits until this server is in this state; when that was.
    pub(crate) async fn is(&self, server: &Memory, state: State) -> Instant {
        let card = Arc::clone(self.card(server));
        let what = format!("{} is {}", server.name(), state.word());
        until(&what, || card.standing().state == state).await;
        card.standing().since
    }

    /// The connection it has, as a number.
    pub(crate) fn generation(&self, server: &Memory) -> Option<u64> {
        self.card(server).standing().generation.map(Generation::number)
    }

    /// A client.
    pub(crate) async fn client(&self) -> Client {
        Client::open(self.gateway.clients().clone()).await
    }

    /// Stops it: nothing hangs.
    pub(crate) async fn stop(self) {
        let roster = self.gateway.roster().clone();
        assert!(self.gateway.stop(30 * S).await, "stopped by force");
        assert!(roster.list().is_empty(), "left: {:?}", roster.list());
    }
}

/// Waits until it is so, on the tree's own clock.
pub(crate) async fn until(what: &str, mut so: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !so() {
        let waited = begun.elapsed();
        assert!(waited < 45 * MIN, "never: {what}");
        sleep(Duration::from_millis(if waited < MIN { 1 } else { 100 })).await;
    }
}

/// The times between these moments.
pub(crate) fn gaps(times: &[Instant]) -> Vec<Duration> {
    times.windows(2).map(|pair| pair[1] - pair[0]).collect()
}

/// No TCP connection.
pub(crate) fn refused() -> Loss {
    Loss::Unreachable { address: "memory".to_owned(), detail: "refused".to_owned() }
}

/// An initialized session.
#[derive(Clone)]
pub(crate) struct Client {
    clients: Clients,
    handle: SessionHandle,
}

/// What became of a call, and how long it took.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) reply: Value,
    pub(crate) took: Duration,
}

impl Client {
    async fn open(clients: Clients) -> Self {
        let handle = clients.open().await.expect("a session");
        let client = Self { clients, handle };
        let params = json!({
            "protocolVersion": "2025-11-25", "capabilities": {},
            "clientInfo": { "name": "test", "version": "1" },
        });
        client.request("initialize", &params).await;
        client
    }

    /// Calls this server's `echo`.
    pub(crate) async fn call(&self, server: &Memory, key: &str) -> Answer {
        let name = format!("{}.echo", server.name());
        self.request("tools/call", &json!({ "name": name, "arguments": { "key": key } })).await
    }

    /// Does so beside the test.
    pub(crate) fn calls(&self, server: &Memory, key: &str) -> JoinHandle<Answer> {
        let (client, server, key) = (self.clone(), server.clone(), key.to_owned());
        tokio::spawn(async move { client.call(&server, &key).await })
    }

    /// The tools listed now.
    pub(crate) async fn tools(&self) -> Vec<String> {
        let answer = self.request("tools/list", &json!({})).await;
        let tools = answer.reply["result"]["tools"].as_array().expect("a list").clone();
        tools.iter().map(|tool| tool["name"].as_str().expect("a name").to_owned()).collect()
    }

    async fn request(&self, method: &str, params: &Value) -> Answer {
        static IDS: AtomicU64 = AtomicU64::new(1);
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let bytes: Bytes = request_raw(id, method, &params.to_string()).to_bytes();
        let message = Message::parse(bytes, Limits::default(), Strictness::Strict).expect("sound");
        let admission = self.clients.admit().expect("a free slot");
        let (stream, mut reader) = ClientStream::new();
        let begun = Instant::now();
        self.handle.deliver(message, Some(admission), stream).expect("a session");
        let mut replies: Vec<Value> = Vec::new();
        let mut took = Duration::ZERO;
        while let Some(outgoing) = reader.next().await {
            if outgoing.answer {
                took = begun.elapsed();
                let reply = serde_json::from_slice(&outgoing.payload.to_bytes());
                replies.push(reply.expect("JSON"));
            }
        }
        assert_eq!(replies.len(), 1, "one answer to one request: {replies:?}");
        Answer { reply: replies.remove(0), took }
    }
}

impl Answer {
    /// In a word: `ok`, the gateway's reason, or an error code.
    pub(crate) fn word(&self) -> String {
        let reason = self.details()["reason"].as_str().map(str::to_owned);
        let code = self.reply["error"]["code"].as_i64();
        match (reason, code) {
            (Some(reason), _) => reason,
            (None, Some(code)) => format!("error {code}"),
            (None, None) => "ok".to_owned(),
        }
    }

    /// What the gateway says about a failure of its own.
    pub(crate) fn details(&self) -> &Value {
        &self.reply["result"]["_meta"]["mcpvisor/error"]
    }

    /// The text of the result.
    pub(crate) fn text(&self) -> &str {
        self.reply["result"]["content"][0]["text"].as_str().unwrap_or_default()
    }
}

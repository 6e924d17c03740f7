//! Who is told of a change: those who see it, and nobody else.

use crate::memory::Memory;
use globset::Glob;
use mcpvisor_actors::catalog::{Group, Selector};
use mcpvisor_actors::server::{Expose, ServerName};
use mcpvisor_actors::session::{ClientStream, ClientStreamReader, Clients, SessionHandle};
use mcpvisor_actors::tree::{Gateway, GatewaySpec};
use mcpvisor_actors::wire::{Limits, Message, Strictness, Subject, request_raw};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};

const PATIENCE: Duration = Duration::from_secs(60);

/// An initialized session that listens.
struct Watcher {
    clients: Clients,
    session: SessionHandle,
    news: ClientStreamReader,
}

impl Watcher {
    async fn of(gateway: &Gateway, selector: &Selector) -> Self {
        let clients = gateway.clients().viewing(selector).expect("it is there");
        let session = clients.open().await.expect("a session");
        let (stream, news) = ClientStream::new();
        session.attach(stream).expect("it is alive");
        let watcher = Self { clients, session, news };
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": { "roots": {} }, "clientInfo": { "name": "t", "version": "1" } });
        watcher.ask("initialize", &params).await;
        watcher.ask("logging/setLevel", &json!({ "level": "info" })).await;
        watcher
    }

    async fn ask(&self, method: &str, params: &Value) -> Value {
        let bytes = request_raw(1, method, &params.to_string()).to_bytes();
        let message = Message::parse(bytes, Limits::default(), Strictness::Strict).unwrap();
        let (stream, mut reader) = ClientStream::new();
        self.session.deliver(message, self.clients.admit(), stream).expect("it is alive");
        let answer = timeout(PATIENCE, reader.next()).await.expect("no answer").expect("an answer");
        serde_json::from_slice(&answer.payload.to_bytes()).expect("JSON")
    }

    async fn tools(&self) -> Vec<String> {
        let listed = self.ask("tools/list", &json!({})).await;
        let tools = listed["result"]["tools"].as_array().expect("tools");
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    }

    /// The methods of what it was told up to now. An answer comes after everything told before.
    async fn told(&mut self) -> Vec<String> {
        self.ask("ping", &json!({})).await;
        let news = std::iter::from_fn(|| self.news.try_next());
        let method = |bytes: bytes::Bytes| {
            let message: Value = serde_json::from_slice(&bytes).unwrap();
            message["method"].as_str().unwrap().to_owned()
        };
        news.map(|outgoing| method(outgoing.payload.to_bytes())).collect()
    }
}

async fn until(what: &str, mut so: impl AsyncFnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !so().await {
        assert!(Instant::now() < deadline, "never: {what}");
        sleep(Duration::from_millis(2)).await;
    }
}

fn group(servers: &[&str], deny: &[&str]) -> Arc<Group> {
    let deny = deny.iter().map(|glob| Glob::new(glob).unwrap().compile_matcher()).collect();
    let servers = servers.iter().map(|name| ServerName::new(name)).collect();
    Arc::new(Group { servers, tools: Expose { deny, ..Expose::default() }, description: None })
}

#[tokio::test]
async fn only_those_who_see_a_change_are_told_of_it() {
    let (a, b) = (Memory::new("a"), Memory::new("b"));
    for server in [&a, &b] {
        server.set(|script| script.tools = vec!["one".to_owned()]);
    }
    let groups = [
        ("all", group(&["a", "b"], &[])),
        ("b", group(&["b"], &[])),
        ("less", group(&["a", "b"], &["a.two"])),
    ];
    let gateway = Gateway::start(GatewaySpec {
        servers: vec![a.spec(), b.spec()],
        groups: groups.map(|(name, group)| (name.into(), group)).into(),
        ..GatewaySpec::default()
    });
    let gateway = gateway.await.expect("a tree");
    let whole = gateway.clients().view().snapshot().clone();
    timeout(PATIENCE, whole.complete()).await.expect("both are listed");
    let (mut seeing, mut blind) = (Vec::new(), Vec::new());
    for selector in [Selector::All, Selector::server("a"), Selector::group("all")] {
        seeing.push(Watcher::of(&gateway, &selector).await);
    }
    for selector in [Selector::server("b"), Selector::group("b"), Selector::group("less")] {
        blind.push(Watcher::of(&gateway, &selector).await);
    }
    a.set(|script| script.tools.push("two".to_owned()));
    a.say(&json!({ "jsonrpc": "2.0", "method": "notifications/tools/list_changed" }));
    until("listed", async || whole.load().section(Subject::Tool).len() == 3).await;
    assert_eq!(seeing[1].tools().await, ["one", "two"]);
    assert_eq!(blind[2].tools().await, ["a.one", "b.one"]);
    for watcher in &mut seeing {
        let mut told = Vec::new();
        until("told", async || {
            told.extend(watcher.told().await);
            !told.is_empty()
        })
        .await;
        assert_eq!(told, ["notifications/tools/list_changed"]);
    }
    for watcher in &mut blind {
        assert!(watcher.told().await.is_empty(), "{:?}", watcher.clients.view());
    }
    // what a server says outside any call goes to those who see the server
    let log = json!({ "level": "error", "data": "x" });
    a.say(&json!({ "jsonrpc": "2.0", "method": "notifications/message", "params": log }));
    for watcher in seeing.iter_mut().chain(&mut blind[2..]) {
        until("logged", async || watcher.told().await == ["notifications/message"]).await;
    }
    for watcher in &mut blind[..2] {
        assert!(watcher.told().await.is_empty(), "{:?}", watcher.clients.view());
    }
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_server_asks_the_only_client_that_sees_it() {
    let (a, b) = (Memory::new("a"), Memory::new("b"));
    let servers = vec![a.spec(), b.spec()];
    let gateway = Gateway::start(GatewaySpec { servers, ..GatewaySpec::default() });
    let gateway = gateway.await.expect("a tree");
    let whole = gateway.clients().view().snapshot().clone();
    timeout(PATIENCE, whole.complete()).await.expect("both are listed");
    let mut of_a = Watcher::of(&gateway, &Selector::server("a")).await;
    let mut of_b = Watcher::of(&gateway, &Selector::server("b")).await;
    a.say(&json!({ "jsonrpc": "2.0", "id": "q", "method": "roots/list" }));
    until("asked", async || of_a.told().await == ["roots/list"]).await;
    assert!(of_b.told().await.is_empty());
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn the_server_of_a_view_is_waited_for_by_any_name() {
    let late = Memory::new("late");
    late.set(|script| script.connect_takes = Duration::from_millis(300));
    let gateway =
        Gateway::start(GatewaySpec { servers: vec![late.spec()], ..GatewaySpec::default() });
    let gateway = gateway.await.expect("a tree");
    let watcher = Watcher::of(&gateway, &Selector::server("late")).await;
    let params = json!({ "name": "echo", "arguments": { "key": "k" } });
    let answer = watcher.ask("tools/call", &params).await;
    assert_eq!(answer["result"]["content"][0]["text"], "k", "{answer}");
    assert_eq!(watcher.tools().await, ["echo"]);
    gateway.stop(Duration::from_secs(5)).await;
}

//! What a face tells of requests: which face it is, and the trace that came beside them.

use crate::gateway::{Gateway, PATIENCE};
use mcpvisor::faces::serve_stdio;
use mcpvisor_actors::observation::{Observed, Observer, SessionOver, Trace, TraceContext};
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::session::LogLevel;
use mcpvisor_actors::timeline::Event;
use mcpvisor_actors::tree::GatewaySpec;
use mcpvisor_actors::wire::Limits;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::io::{AsyncWriteExt, duplex};
use tokio::time::{Instant, sleep};

const PARENT: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
const BESIDE: &str = "traceparent: 00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01\r\n";
const INITIALIZE: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-03-26","capabilities":{},"clientInfo":{"name":"c","version":"1"}}}"#;

/// Writes down faces and what came beside requests.
#[derive(Default)]
struct Witness {
    ambient: Mutex<Vec<Option<TraceContext>>>,
    began: Mutex<Vec<(&'static str, String)>>,
    sessions: Mutex<Vec<&'static str>>,
}

impl Observer for Witness {
    fn trace(&self, _: Option<TraceContext>, ambient: Option<TraceContext>) -> Option<Trace> {
        self.ambient.lock().unwrap().push(ambient);
        None
    }
    fn began(&self, request: &Arc<Observed>) {
        let told = (request.origin.face, request.method.to_string());
        self.began.lock().unwrap().push(told);
    }
    fn over(&self, _: Arc<Observed>) {}
    fn said(&self, _: &ServerName, _: LogLevel, _: &[u8], _: Option<u64>) {}
    fn noted(&self, _: &ServerName, _: &Event) {}
    fn session_over(&self, session: &SessionOver) {
        self.sessions.lock().unwrap().push(session.face);
    }
}

impl Witness {
    /// Waits until a session of this face is over.
    async fn saw_the_end_of(&self, face: &str) {
        let end = Instant::now() + PATIENCE;
        while !self.sessions.lock().unwrap().contains(&face) {
            assert!(Instant::now() < end, "no session of {face} ended");
            sleep(Duration::from_millis(5)).await;
        }
    }

    fn began(&self) -> Vec<(&'static str, String)> {
        std::mem::take(&mut *self.began.lock().unwrap())
    }
}

async fn observed() -> (Gateway, Arc<Witness>) {
    let witness = Arc::new(Witness::default());
    let observer = Arc::clone(&witness) as Arc<dyn Observer>;
    (Gateway::of(GatewaySpec { observer, ..GatewaySpec::default() }).await, witness)
}

#[tokio::test]
async fn what_a_post_says_of_its_trace_reaches_every_request_in_it() {
    let (gateway, witness) = observed().await;
    let opened = gateway.post(BESIDE, INITIALIZE).await;
    let session = format!("mcp-session-id: {}\r\n", opened.header("mcp-session-id").unwrap());
    let ping = br#"{"jsonrpc":"2.0","id":2,"method":"ping"}"#;
    gateway.post(&format!("{session}{BESIDE}"), ping).await;
    gateway.post(&session, ping).await;
    let batch =
        br#"[{"jsonrpc":"2.0","id":3,"method":"ping"},{"jsonrpc":"2.0","id":4,"method":"ping"}]"#;
    gateway.post(&format!("{session}{BESIDE}"), batch).await;
    let modern = br#"{"jsonrpc":"2.0","id":5,"method":"server/discover","params":{"_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28","io.modelcontextprotocol/clientCapabilities":{}}}}"#;
    let headers = "mcp-protocol-version: 2026-07-28\r\nmcp-method: server/discover\r\n";
    let discovered = gateway.post(&format!("{headers}{BESIDE}"), modern).await;
    assert_eq!(discovered.status(), 200, "{discovered:?}");
    let (told, nothing) = (TraceContext::parse(PARENT, None), None);
    let expected = [&told, &told, &nothing, &told, &told, &told].map(Clone::clone);
    assert_eq!(*witness.ambient.lock().unwrap(), expected);
    let methods = ["initialize", "ping", "ping", "ping", "ping", "server/discover"];
    let expected = methods.map(|method| ("http", method.to_owned()));
    assert_eq!(witness.began(), expected);
    gateway.stop().await;
}

#[tokio::test]
async fn sessions_and_requests_bear_the_name_of_their_face() {
    let (gateway, witness) = observed().await;

    let mut stream = gateway.connect().await;
    let open = format!(
        "GET /sse HTTP/1.1\r\nhost: {}\r\naccept: text/event-stream\r\n\r\n",
        gateway.address
    );
    stream.write(open.as_bytes()).await;
    let said = stream.until("sessionId=").await;
    let id = said.split("sessionId=").nth(1).unwrap().split_ascii_whitespace().next().unwrap();
    let post = format!(
        "POST /messages?sessionId={id} HTTP/1.1\r\nhost: {{host}}\r\ncontent-type: application/json\r\n\
         {BESIDE}content-length: {}\r\n\r\n{}",
        INITIALIZE.len(),
        String::from_utf8_lossy(INITIALIZE),
    );
    assert_eq!(gateway.send(&post).await.status(), 202);
    assert_eq!(witness.began(), [("sse", "initialize".to_owned())]);
    assert_eq!(*witness.ambient.lock().unwrap(), [TraceContext::parse(PARENT, None)]);
    drop(stream);
    witness.saw_the_end_of("sse").await;

    let mut socket = gateway.connect().await;
    let open = format!(
        "GET /ws HTTP/1.1\r\nhost: {}\r\nconnection: upgrade\r\nupgrade: websocket\r\n\
         sec-websocket-version: 13\r\nsec-websocket-key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n",
        gateway.address
    );
    socket.write(open.as_bytes()).await;
    socket.until("101").await;
    drop(socket);
    witness.saw_the_end_of("websocket").await;
    gateway.stop().await;
}

#[tokio::test]
async fn stdin_is_a_face_too() {
    let witness = Arc::new(Witness::default());
    let observer = Arc::clone(&witness) as Arc<dyn Observer>;
    let clients = crate::bare::clients_of(GatewaySpec { observer, ..GatewaySpec::default() }).await;
    let (mut client, input) = duplex(4096);
    client.write_all(INITIALIZE).await.unwrap();
    client.shutdown().await.unwrap();
    let never = std::future::pending();
    let served = serve_stdio(clients, input, tokio::io::sink(), Limits::default(), PATIENCE, never);
    served.await.unwrap();
    assert_eq!(witness.began(), [("stdio", "initialize".to_owned())]);
    witness.saw_the_end_of("stdio").await;
}

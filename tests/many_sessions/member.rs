//! One of many clients of Streamable HTTP: a task and a socket while it listens, a connection a message.

use crate::process::{INITIALIZED, PATIENCE, parse};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::{TcpSocket, TcpStream};
use tokio::time::timeout;

/// What the system keeps unread for a client that reads little, in bytes.
const LITTLE: u32 = 4096;

/// A client with a session.
#[derive(Debug, Clone)]
pub(crate) struct Member {
    address: SocketAddr,
    session: String,
    heard: Arc<Heard>,
}

/// What it heard on its event stream.
#[derive(Debug, Default)]
struct Heard {
    changes: AtomicUsize,
    ended: AtomicBool,
}

impl Member {
    /// Opens a session.
    pub(crate) async fn open(address: SocketAddr, capabilities: &Value) -> Self {
        let params = json!({
            "protocolVersion": "2025-11-25",
            "capabilities": capabilities,
            "clientInfo": { "name": "test", "version": "1" },
        });
        let initialize =
            json!({ "jsonrpc": "2.0", "id": 0, "method": "initialize", "params": params });
        let mut member = Self { address, session: String::new(), heard: Arc::default() };
        let opened = member.ask(&initialize.to_string()).await;
        let id = opened.lines().find_map(|line| line.strip_prefix("mcp-session-id: "));
        id.unwrap_or_else(|| panic!("no session: {opened}")).clone_into(&mut member.session);
        assert!(member.ask(INITIALIZED).await.starts_with("HTTP/1.0 202"));
        member
    }

    /// Opens its event stream and reads it from now on.
    pub(crate) async fn listen(&self) {
        let stream = self.begin("GET", "", false).await;
        let mut lines = BufReader::new(stream).lines();
        let head = timeout(PATIENCE, lines.next_line()).await.expect("no answer came");
        assert_eq!(head.unwrap().as_deref(), Some("HTTP/1.0 200 OK"));
        let heard = Arc::clone(&self.heard);
        tokio::spawn(async move {
            while let Ok(Some(line)) = lines.next_line().await {
                if line.contains("notifications/tools/list_changed") {
                    heard.changes.fetch_add(1, Ordering::SeqCst);
                }
            }
            heard.ended.store(true, Ordering::SeqCst);
        });
    }

    /// Asks for its event stream, or posts a message, and reads nothing.
    pub(crate) async fn neglect(&self, message: Option<&str>) -> TcpStream {
        let method = if message.is_some() { "POST" } else { "GET" };
        self.begin(method, message.unwrap_or_default(), true).await
    }

    /// Ends its session.
    pub(crate) async fn leave(&self) {
        let mut response = String::new();
        let mut stream = self.begin("DELETE", "", false).await;
        let read = timeout(PATIENCE, stream.read_to_string(&mut response)).await;
        read.expect("no answer came").unwrap();
        assert!(response.starts_with("HTTP/1.0 200"), "{response}");
    }

    /// How often it was told that the tools changed.
    pub(crate) fn changes(&self) -> usize {
        self.heard.changes.load(Ordering::SeqCst)
    }

    /// Whether its event stream has ended.
    pub(crate) fn is_cut(&self) -> bool {
        self.heard.ended.load(Ordering::SeqCst)
    }

    /// The answer to a request that has nothing before its answer.
    pub(crate) async fn answer(&self, request: &str) -> Value {
        let response = self.ask(request).await;
        let (_head, body) = response.split_once("\r\n\r\n").unwrap();
        let mut data = body.lines().filter_map(|line| line.strip_prefix("data: "));
        parse(if response.contains("text/event-stream") { data.next_back().unwrap() } else { body })
    }

    async fn ask(&self, message: &str) -> String {
        let mut response = String::new();
        let mut stream = self.begin("POST", message, false).await;
        let read = timeout(PATIENCE, stream.read_to_string(&mut response)).await;
        read.expect("no answer came").unwrap();
        response
    }

    // HTTP/1.0, because then there are no chunks around the events
    async fn begin(&self, method: &str, body: &str, little: bool) -> TcpStream {
        let socket = TcpSocket::new_v4().unwrap();
        if little {
            socket.set_recv_buffer_size(LITTLE).unwrap();
        }
        let connecting = timeout(PATIENCE, socket.connect(self.address)).await;
        let mut stream = connecting.expect("no connection").unwrap();
        let (address, length, session) = (self.address, body.len(), &self.session);
        let session = match session.as_str() {
            "" => String::new(),
            id => format!("mcp-session-id: {id}\r\nmcp-protocol-version: 2025-11-25\r\n"),
        };
        let accept = if method == "GET" { "" } else { "application/json, " };
        let head = format!(
            "{method} /mcp HTTP/1.0\r\nhost: {address}\r\n{session}accept: {accept}text/event-stream\r\n\
             content-type: application/json\r\ncontent-length: {length}\r\n\r\n"
        );
        stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).await.unwrap();
        stream
    }
}

//! A gateway on a free port, and a client that writes HTTP/1.1 by hand.

use crate::bare::{clients, clients_of};
use mcpvisor::faces::{HttpFace, HttpSettings};
use mcpvisor_actors::session::Clients;
use mcpvisor_actors::tree::GatewaySpec;
use std::net::SocketAddr;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::timeout;

/// Longest time any test waits for anything.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);

/// A running gateway; dropped, it stops.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut HttpSettings)) -> Self {
        let mut settings = HttpSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..HttpSettings::default()
        };
        change(&mut settings);
        Self::over(clients(64).await, settings)
    }

    /// A gateway that takes so many requests at a time.
    pub(crate) async fn taking(max_requests: usize) -> Self {
        Self::of(GatewaySpec { max_requests, ..GatewaySpec::default() }).await
    }

    /// A gateway of this kind.
    pub(crate) async fn of(spec: GatewaySpec) -> Self {
        let settings = HttpSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..HttpSettings::default()
        };
        Self::over(clients_of(spec).await, settings)
    }

    /// A gateway that opens no session.
    pub(crate) async fn full() -> Self {
        let settings = HttpSettings {
            listen: SocketAddr::from(([127, 0, 0, 1], 0)),
            ..HttpSettings::default()
        };
        Self::over(clients(0).await, settings)
    }

    fn over(clients: Clients, settings: HttpSettings) -> Self {
        let face = HttpFace::new(clients, settings);
        let router = face.router();
        let server = face.bind(router).unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server.serve(async {
            let _dropped = stopped.await;
        }));
        Self { address, stop, served }
    }

    /// Stops it; returns once it has stopped.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.served).await.expect("the gateway does not stop").unwrap();
    }

    pub(crate) async fn connect(&self) -> Connection {
        Connection(TcpStream::connect(self.address).await.unwrap())
    }

    /// Sends one request on a connection of its own. `{host}` in the text becomes the address.
    pub(crate) async fn send(&self, request: &str) -> Response {
        let mut connection = self.connect().await;
        let request = request.replace("{host}", &self.address.to_string());
        connection.write(request.as_bytes()).await;
        connection.response().await
    }

    /// POSTs JSON to `/mcp` with further headers (each ending in a line break).
    pub(crate) async fn post(&self, headers: &str, body: &[u8]) -> Response {
        let mut connection = self.connect().await;
        let head = format!(
            "POST /mcp HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
             accept: application/json, text/event-stream\r\n{headers}content-length: {}\r\n\r\n",
            self.address,
            body.len()
        );
        connection.write(head.as_bytes()).await;
        connection.write(body).await;
        connection.response().await
    }
}

pub(crate) struct Connection(pub(crate) TcpStream);

impl Connection {
    pub(crate) async fn write(&mut self, bytes: &[u8]) {
        self.0.write_all(bytes).await.unwrap();
    }

    /// Reads one response: head, and a body of declared length.
    pub(crate) async fn response(&mut self) -> Response {
        let mut read = Vec::new();
        let end = loop {
            if let Some(at) = read.windows(4).position(|four| four == b"\r\n\r\n") {
                break at + 4;
            }
            assert!(self.more(&mut read).await > 0, "closed within the head: {}", lossy(&read));
        };
        let head = String::from_utf8(read[..end].to_vec()).unwrap();
        let mut response = Response { head, body: String::new() };
        let length = response.header("content-length").map_or(0, |text| text.parse().unwrap());
        while read.len() < end + length {
            assert!(self.more(&mut read).await > 0, "closed within the body: {}", lossy(&read));
        }
        response.body = String::from_utf8(read[end..].to_vec()).unwrap();
        response
    }

    /// Whether the gateway closes the connection without sending anything more.
    pub(crate) async fn is_closed_silently(&mut self) -> bool {
        let mut read = Vec::new();
        self.more(&mut read).await == 0
    }

    /// Reads until `text` has come; what came.
    pub(crate) async fn until(&mut self, text: &str) -> String {
        let mut read = Vec::new();
        while !lossy(&read).contains(text) {
            assert!(self.more(&mut read).await > 0, "closed before {text:?}: {}", lossy(&read));
        }
        lossy(&read)
    }

    async fn more(&mut self, read: &mut Vec<u8>) -> usize {
        timeout(PATIENCE, self.0.read_buf(read)).await.expect("nothing comes").unwrap()
    }
}

fn lossy(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

/// A response as it came.
#[derive(Debug)]
pub(crate) struct Response {
    pub(crate) head: String,
    pub(crate) body: String,
}

impl Response {
    pub(crate) fn status(&self) -> u16 {
        self.head.split(' ').nth(1).unwrap().parse().unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().skip(1).find_map(|line| {
            let (found, value) = line.split_once(':')?;
            found.eq_ignore_ascii_case(name).then_some(value.trim())
        })
    }

    /// The JSON-RPC error in the body: its id and code.
    pub(crate) fn error(&self) -> (serde_json::Value, i64) {
        assert_eq!(self.header("content-type"), Some("application/json"), "{self:?}");
        let body: serde_json::Value = serde_json::from_str(&self.body).expect(&self.body);
        assert_eq!(body["jsonrpc"], "2.0");
        assert!(body["error"]["message"].as_str().is_some_and(|text| text.len() > 10), "{body}");
        (body["id"].clone(), body["error"]["code"].as_i64().unwrap())
    }
}

//! Our end of a connection, as the runtime drives it.

use crate::server::{DEADLINE, Reply, Request, Server};
use bytes::Bytes;
use mcpvisor::downstream::http::HttpConnector;
use mcpvisor::downstream::{HttpKind, HttpTarget};
use mcpvisor_actors::bridge::Era;
use mcpvisor_actors::server::{Connector, Inbound, Loss, Outbound, OutboundKind, Transport};
use mcpvisor_actors::wire::{Limits, ProtocolVersion};
use std::future::poll_fn;
use std::time::Duration;

/// A target with a secret header and caps small enough to be hit.
pub(crate) fn target(url: reqwest::Url, kind: HttpKind) -> HttpTarget {
    HttpTarget {
        url,
        headers: [("authorization".to_owned(), "Bearer hush-hush".into())].into(),
        connect_timeout: Duration::from_secs(10),
        limits: Limits { max_bytes: 4096, ..Limits::default() },
        kind,
    }
}

/// A connection in use.
pub(crate) struct Peer(pub(crate) Box<dyn Transport>);

impl Peer {
    pub(crate) async fn connect(target: HttpTarget) -> Self {
        Self(HttpConnector::new(target).connect().await.unwrap())
    }

    pub(crate) async fn streamable(server: &Server) -> Self {
        Self::connect(target(server.url("/mcp"), HttpKind::StreamableHttp)).await
    }

    /// Connected, with the handshake done by a server that answers with [`handshake`].
    pub(crate) async fn established(server: &Server) -> Self {
        let mut peer = Self::streamable(server).await;
        peer.initialize();
        peer.answer(0).await;
        peer.notify("notifications/initialized");
        peer.0.established(Era::Legacy(ProtocolVersion::V2025_06_18));
        peer
    }

    fn send(&mut self, text: String, kind: OutboundKind) {
        self.0.send(Outbound::new(Bytes::from(text), kind));
    }

    pub(crate) fn initialize(&mut self) {
        let text = r#"{"jsonrpc":"2.0","id":0,"method":"initialize","params":{}}"#;
        self.send(text.to_owned(), OutboundKind::Request { id: 0, initialize: true });
    }

    pub(crate) fn request(&mut self, id: u64, method: &str) {
        let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#);
        self.send(text, OutboundKind::Request { id, initialize: false });
    }

    pub(crate) fn notify(&mut self, method: &str) {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"{method}"}}"#);
        self.send(text, OutboundKind::Notification);
    }

    pub(crate) fn cancel(&mut self, id: u64) {
        let text = r#"{"jsonrpc":"2.0","method":"notifications/cancelled"}"#;
        self.send(text.to_owned(), OutboundKind::Cancel { id });
    }

    /// An answer to a request of the server's.
    pub(crate) fn respond(&mut self, id: u64) {
        self.send(result(id), OutboundKind::Response);
    }

    /// The next thing heard.
    pub(crate) async fn hear(&mut self) -> Inbound {
        let hearing = poll_fn(|context| self.0.poll_next(context));
        tokio::time::timeout(DEADLINE, hearing).await.expect("nothing heard")
    }

    /// The text and the related request of the next thing heard, which must be a message.
    pub(crate) async fn message(&mut self) -> (String, Option<u64>) {
        match self.hear().await {
            Inbound::Message { message, related } => {
                (String::from_utf8(message.bytes().to_vec()).unwrap(), related)
            }
            other => panic!("not a message: {other:?}"),
        }
    }

    /// The next thing heard must be the answer to this request.
    pub(crate) async fn answer(&mut self, id: u64) {
        let (text, _) = self.message().await;
        assert!(text.contains(&format!(r#""id":{id},"#)), "{text}");
    }

    /// The next thing heard must be a request's failure.
    pub(crate) async fn failed(&mut self) -> (u64, bool, Loss) {
        match self.hear().await {
            Inbound::Failed { id, sent, loss } => (id, sent, loss),
            other => panic!("not a failure: {other:?}"),
        }
    }

    /// The next thing heard must be the end of the connection.
    pub(crate) async fn lost(&mut self) -> Loss {
        match self.hear().await {
            Inbound::Lost(loss) => loss,
            other => panic!("not the end: {other:?}"),
        }
    }

    /// Keeps the connection going while something else is awaited; nothing may be heard.
    pub(crate) async fn quietly<T>(&mut self, other: impl Future<Output = T>) -> T {
        tokio::select! {
            biased;
            done = other => done,
            heard = poll_fn(|context| self.0.poll_next(context)) => panic!("heard {heard:?}"),
        }
    }
}

/// A result for this request.
pub(crate) fn result(id: u64) -> String {
    format!(r#"{{"jsonrpc":"2.0","id":{id},"result":{{}}}}"#)
}

/// The answers of an ordinary server to everything but a call proper: `initialize` opens the session
/// `s1`, notifications are accepted, there is no GET stream.
pub(crate) fn handshake(request: &Request) -> Option<Reply> {
    let json = "content-type: application/json\r\nmcp-session-id: s1\r\n";
    match request.call().as_str() {
        "initialize" => Some(Reply::new(200, json, &result(0))),
        "GET" => Some(Reply::new(405, "", "")),
        "DELETE" => Some(Reply::new(204, "", "")),
        call if call.starts_with("notifications/") => Some(Reply::accepted()),
        _ => None,
    }
}

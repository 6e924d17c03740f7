//! Our end of a connection, as the runtime drives it.

use bytes::Bytes;
use mcpvisor::downstream::http::HttpConnector;
use mcpvisor::downstream::{HttpKind, HttpTarget};
use mcpvisor_actors::server::{Connector, Inbound, Loss, Outbound, OutboundKind, Transport};
use mcpvisor_actors::wire::Limits;
use std::future::poll_fn;
use std::time::Duration;
use tokio::time::timeout;

/// Longest wait for anything that should happen.
pub(crate) const DEADLINE: Duration = Duration::from_secs(20);

/// A target with a secret header and caps small enough to be hit.
pub(crate) fn target(url: reqwest::Url) -> HttpTarget {
    HttpTarget {
        url,
        headers: [("authorization".to_owned(), "Bearer hush-hush".into())].into(),
        connect_timeout: DEADLINE,
        limits: Limits { max_bytes: 4096, ..Limits::default() },
        kind: HttpKind::WebSocket,
    }
}

/// Connects, or says why not.
pub(crate) async fn connect(target: HttpTarget) -> Result<Peer, Loss> {
    HttpConnector::new(target).connect().await.map(Peer)
}

/// A connection in use.
pub(crate) struct Peer(pub(crate) Box<dyn Transport>);

impl Peer {
    pub(crate) fn request(&mut self, id: u64, text: impl Into<Bytes>) {
        self.send(OutboundKind::Request { id, initialize: false }, text);
    }

    pub(crate) fn send(&mut self, kind: OutboundKind, text: impl Into<Bytes>) {
        self.0.send(Outbound::new(text.into(), kind));
    }

    /// The next thing heard.
    pub(crate) async fn hear(&mut self) -> Inbound {
        let hearing = poll_fn(|context| self.0.poll_next(context));
        timeout(DEADLINE, hearing).await.expect("nothing heard")
    }

    /// The text of the next thing heard, which must be a message.
    pub(crate) async fn message(&mut self) -> String {
        match self.hear().await {
            Inbound::Message { message, related: None } => {
                String::from_utf8(message.bytes().to_vec()).unwrap()
            }
            other => panic!("not a message: {other:?}"),
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

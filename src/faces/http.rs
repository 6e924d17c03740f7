//! The HTTP face: Streamable HTTP at `/mcp`, WebSocket at `/ws`, legacy HTTP+SSE at `/sse` and
//! `/messages`. Below `/mcp`, `/ws` and `/sse` there are `/servers/NAME` and `/groups/NAME` for that part
//! alone.
//!
//! *Invariant:* nothing reaches a session before host, origin, size, format and JSON-RPC envelope
//! were found good.

mod batch;
mod body;
mod closing;
mod compression;
mod events;
mod guard;
mod host;
mod media;
mod refusal;
mod reply;
mod resume;
mod selected;
mod server;
mod settings;
mod sse;
mod stateless;
mod streamable;
mod trace;
mod websocket;

pub use closing::Closing;
pub use host::NotAHost;
pub(crate) use host::is_loopback_host;
pub use resume::ResumeSettings;
pub(in crate::faces) use server::bind;
pub use server::{BindError, HttpServer, Peer};
pub use settings::HttpSettings;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::{any, get};
use bytes::Bytes;
use mcpvisor_actors::session::Clients;
use mcpvisor_actors::wire::{Message, Strictness, WireError};
use refusal::Refusal;
use resume::{Manner, Resumption};
use std::iter;
use std::sync::Arc;
use tokio::sync::watch;

/// MCP over HTTP for all clients of a gateway.
#[derive(Debug)]
pub struct HttpFace {
    shared: Arc<Shared>,
}

/// What every request's handler sees.
#[derive(Debug, Clone)]
struct Shared {
    clients: Clients,
    settings: HttpSettings,
    /// Legacy event streams by session id.
    legacy: sse::Streams,
    /// Event streams that outlive their connections.
    resumption: Arc<Resumption>,
    /// Becomes true when the gateway stops.
    closing: watch::Sender<bool>,
}

impl HttpFace {
    /// A face over the runtime.
    pub fn new(clients: Clients, settings: HttpSettings) -> Self {
        let clients = clients.through("http");
        let (closing, _) = watch::channel(false);
        let legacy = sse::Streams::default();
        let resumption = Resumption::new(settings.resume);
        Self { shared: Arc::new(Shared { clients, settings, legacy, resumption, closing }) }
    }

    /// The routes of MCP and `/livez`; merge others before [`HttpFace::bind`].
    pub fn router(&self) -> Router {
        let mut router = Router::new();
        for part in iter::once("").chain(selected::PARTS) {
            router = router
                .route(&format!("/mcp{part}"), any(streamable::endpoint))
                .route(&format!("/sse{part}"), any(sse::open))
                .route(&format!("/ws{part}"), any(websocket::connect));
        }
        router
            .route("/messages", any(sse::messages))
            .with_state(Arc::clone(&self.shared))
            .route("/livez", get(async || "ok"))
            .fallback(async || (StatusCode::NOT_FOUND, "no such page; MCP is at /mcp\n"))
    }

    /// Starts to listen; `router` is served behind the checks of host and origin.
    pub fn bind(self, router: Router) -> Result<HttpServer, BindError> {
        let listener = server::bind(&self.shared.settings)?;
        self.on(listener, router)
    }

    /// Serves `router` on a listener that is bound already, behind the same checks.
    pub fn on(
        self,
        listener: std::net::TcpListener,
        router: Router,
    ) -> Result<HttpServer, BindError> {
        HttpServer::on(&self.shared, router, listener)
    }
}

impl Shared {
    /// How streams are written.
    fn manner(&self) -> Manner {
        let keep_alive = self.settings.keep_alive;
        Manner { keep_alive, closing: self.closing.subscribe() }
    }

    /// Reads what a POST carries.
    async fn posted(&self, headers: &HeaderMap, body: Body) -> Result<Bytes, Refusal> {
        media::check_content(headers)?;
        body::read(body, self.settings.limits.max_bytes, self.settings.body_timeout).await
    }

    /// Parses it; a batch is [`WireError::Batch`].
    fn parsed(&self, bytes: &Bytes) -> Result<Message, WireError> {
        Message::parse(bytes.clone(), self.settings.limits, Strictness::Strict)
    }
}

//! Servers behind a URL: what Streamable HTTP, HTTP+SSE and WebSocket have in common, and the choice
//! between them.
//!
//! A connection's I/O runs in tasks owned by its transport and dies with it. Nothing here retries a
//! request, follows a redirect to another origin, or puts a header's value or a URL's query into an
//! error or a log line.
//!
//! *Invariant:* every request handed over is answered by its message or by one `Failed`.

mod auto;
pub(super) mod body;
mod buffers;
pub(super) mod classify;
mod client;
mod connecting;
pub(super) mod events;
pub(super) mod lanes;
mod plain;
pub(super) mod remote;
pub(super) mod reports;
pub(super) mod response;
mod secrets;
pub(super) mod stream;

pub use client::install_tls;

use super::sse::LegacySse;
use super::streamable_http::StreamableHttp;
use super::websocket;
use super::{HttpKind, HttpTarget};
use auto::Auto;
use futures_util::future::BoxFuture;
use mcpvisor_actors::server::{Carriage, Connector, Loss, Transport};
use remote::Remote;
use std::sync::Arc;

/// Opens connections to a server behind a URL.
#[derive(Debug, Clone)]
pub struct HttpConnector {
    target: Arc<HttpTarget>,
}

impl HttpConnector {
    /// A connector for `target`; nothing is opened yet.
    pub fn new(mut target: HttpTarget) -> Self {
        // a WebSocket begins as a request over HTTP
        let over = match target.url.scheme() {
            "ws" => Some("http"),
            "wss" => Some("https"),
            _ => None,
        };
        let _always_fits = over.map(|scheme| target.url.set_scheme(scheme));
        Self { target: Arc::new(target) }
    }
}

impl Connector for HttpConnector {
    fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>> {
        let target = Arc::clone(&self.target);
        Box::pin(async move {
            let remote = Arc::new(Remote::new(&target)?);
            Ok(match target.kind {
                HttpKind::Auto => Box::new(Auto::new(remote)) as Box<dyn Transport>,
                HttpKind::StreamableHttp => Box::new(StreamableHttp::new(remote)),
                HttpKind::Sse => Box::new(LegacySse::new(remote)),
                HttpKind::WebSocket => Box::new(websocket::open(remote).await?),
            })
        })
    }

    fn kind(&self) -> &'static str {
        match self.target.kind {
            HttpKind::Auto | HttpKind::StreamableHttp => "streamable-http",
            HttpKind::Sse => "sse",
            HttpKind::WebSocket => "websocket",
        }
    }

    fn carriage(&self) -> Carriage {
        match self.target.kind {
            HttpKind::Auto | HttpKind::StreamableHttp => Carriage::Posts,
            HttpKind::Sse => Carriage::LegacyOnly,
            HttpKind::WebSocket => Carriage::Stream,
        }
    }
}

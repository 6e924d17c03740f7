//! How servers are reached: one module a transport, each a [`Connector`].
//!
//! A transport moves frames and reports facts. It never decides to reconnect, never retries a
//! request and never shows a secret.
//!
//! [`Connector`]: mcpvisor_actors::server::Connector

mod custodian;
mod evidence;
mod guard;
pub mod http;
mod outbox;
mod processes;
mod sse;
mod stdio;
mod streamable_http;
mod websocket;

pub use custodian::Custodian;
pub use guard::run_guard;
pub use http::HttpConnector;
pub(crate) use processes::{Usage, look, looked, usage};
pub use stdio::{StdioConnector, stop_bound};
pub(crate) use streamable_http::FAREWELL;

use mcpvisor_actors::wire::Limits;
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

/// A server that is a child process of ours.
#[derive(Debug, Clone)]
pub struct StdioTarget {
    /// Program to run, looked up in PATH when it has no slash.
    pub command: String,
    /// Its arguments.
    pub args: Vec<String>,
    /// Variables set on top of the gateway's own environment.
    pub env: BTreeMap<String, SecretString>,
    /// Working directory; the gateway's own when absent.
    pub cwd: Option<PathBuf>,
    /// Grace after stdin EOF, and again after SIGTERM, before the next step of stopping.
    pub stop_grace: Duration,
    /// Caps on one message.
    pub limits: Limits,
}

/// A server behind a URL.
#[derive(Clone)]
pub struct HttpTarget {
    /// Its endpoint.
    pub url: reqwest::Url,
    /// Headers sent with every request; values are secrets.
    pub headers: BTreeMap<String, SecretString>,
    /// Longest time for TCP and TLS, and for the headers of a response that opens a stream.
    pub connect_timeout: Duration,
    /// Caps on one message.
    pub limits: Limits,
    /// Which protocol is spoken there.
    pub kind: HttpKind,
}

impl HttpTarget {
    /// The secrets its address may carry: the password and the values of the query.
    pub fn url_secrets(&self) -> impl Iterator<Item = SecretString> {
        let password = self.url.password().map(str::to_owned);
        let query = self.url.query_pairs().map(|(_, value)| value.into_owned());
        password.into_iter().chain(query).map(SecretString::from)
    }
}

impl fmt::Debug for HttpTarget {
    /// Shows the origin only: a URL may carry a password or a key.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("HttpTarget")
            .field("origin", &self.url.origin().ascii_serialization())
            .field("headers", &self.headers.keys())
            .field("kind", &self.kind)
            .finish_non_exhaustive()
    }
}

/// The transports behind a URL.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HttpKind {
    /// Streamable HTTP; when the server refuses `initialize` with 400, 404 or 405, HTTP+SSE.
    ///
    /// Source: MCP 2025-11-25 "Transports", backwards compatibility.
    #[default]
    Auto,
    /// Streamable HTTP only.
    StreamableHttp,
    /// HTTP+SSE of 2024-11-05 only.
    Sse,
    /// One WebSocket, a message a text frame.
    WebSocket,
}

//! The identity of a server: a hash of what makes it this server and not another.
//!
//! It keys what is remembered on disk (era, catalog), so it holds no secret that could be read
//! back.
//!
//! *Invariant:* the same configuration gives the same text in every version of the gateway.

use crate::downstream::{HttpKind, HttpTarget, StdioTarget};
use secrecy::ExposeSecret;

/// Of a process: command, arguments, environment, folder.
pub(super) fn of_stdio(target: &StdioTarget) -> String {
    let mut parts = Parts::new("stdio");
    parts.add(&target.command);
    parts.count(target.args.len());
    target.args.iter().for_each(|arg| parts.add(arg));
    parts.count(target.env.len());
    for (name, value) in &target.env {
        parts.add(name);
        parts.add(value.expose_secret());
    }
    parts.add(&target.cwd.as_ref().map(|it| it.to_string_lossy()).unwrap_or_default());
    parts.digest()
}

/// Of a URL: endpoint, headers, protocol.
pub(super) fn of_http(target: &HttpTarget) -> String {
    let mut parts = Parts::new(match target.kind {
        HttpKind::Auto => "http",
        HttpKind::StreamableHttp => "streamable-http",
        HttpKind::Sse => "sse",
        HttpKind::WebSocket => "websocket",
    });
    parts.add(target.url.as_str());
    parts.count(target.headers.len());
    for (name, value) in &target.headers {
        parts.add(name);
        parts.add(value.expose_secret());
    }
    parts.digest()
}

/// Parts with their lengths, so that no two lists of them run together to the same bytes.
struct Parts(Vec<u8>);

impl Parts {
    fn new(kind: &str) -> Self {
        let mut parts = Self(Vec::new());
        parts.add("mcpvisor server 1");
        parts.add(kind);
        parts
    }

    fn add(&mut self, part: &str) {
        self.count(part.len());
        self.0.extend_from_slice(part.as_bytes());
    }

    fn count(&mut self, count: usize) {
        self.0.extend_from_slice(&(count as u64).to_be_bytes());
    }

    /// SHA-256, of which 128 bits are enough. It is the one the TLS library brings along.
    fn digest(self) -> String {
        let suite = rustls::crypto::ring::cipher_suite::TLS13_AES_128_GCM_SHA256;
        let Some(suite) = suite.tls13() else { return String::new() };
        let hash = suite.common.hash_provider.hash(&self.0);
        let half: [u8; 16] = std::array::from_fn(|at| hash.as_ref().get(at).copied().unwrap_or(0));
        format!("{:032x}", u128::from_be_bytes(half))
    }
}

//! The HTTP client of one connection: redirects, proxies, certificates, idle connections.
//!
//! Never retries, never leaves the origin, never keeps cookies.

use super::connecting::Connecting;
use super::plain::Pool;
use super::remote::Open;
use super::response::{Fault, Response};
use crate::downstream::{HttpKind, HttpTarget};
use bytes::Bytes;
use reqwest::header::HeaderMap;
use reqwest::{Method, Url, redirect};
use std::sync::Arc;
use std::time::Duration;

/// Redirects within the origin that are followed.
pub(super) const MAX_REDIRECTS: usize = 3;
/// What we call ourselves.
pub(super) const USER_AGENT: &str = concat!("mcpvisor/", env!("CARGO_PKG_VERSION"));
/// Below the five seconds after which many servers drop an idle connection, so that no request is
/// written into one that is just being closed.
pub(super) const IDLE: Duration = Duration::from_secs(4);
/// How often a silent connection is tested by TCP or HTTP/2.
pub(super) const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Chooses the one TLS provider of this process; a second call changes nothing.
pub fn install_tls() {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}

/// A request that can be sent.
#[derive(Debug)]
pub(crate) struct Request {
    pub(super) method: Method,
    pub(super) url: Url,
    pub(super) headers: Arc<HeaderMap>,
    pub(super) body: Bytes,
}

/// Sends requests on connections of its own: they end when it is dropped.
#[derive(Clone)]
pub(super) enum Client {
    Plain(Arc<Pool>),
    Library(reqwest::Client),
}

impl Client {
    /// A client for the target; opens nothing.
    pub(super) fn new(
        target: &HttpTarget,
        connecting: &Connecting,
    ) -> Result<Self, reqwest::Error> {
        match Pool::for_target(target, connecting) {
            Some(pool) => Ok(Self::Plain(pool)),
            None => library(target, connecting).map(Self::Library),
        }
    }

    /// Puts in what requests carry besides, so that it need not find room for it each time.
    pub(super) fn complete(&self, headers: &mut HeaderMap) {
        if let Self::Plain(pool) = self {
            pool.complete(headers, 1);
        }
    }

    /// Sends a request and awaits the head of the response.
    pub(super) async fn send(&self, request: Box<Request>, open: Open) -> Result<Response, Fault> {
        match self {
            Self::Plain(pool) => Ok(Response::plain(pool.send(request).await?, open)),
            Self::Library(client) => {
                let Request { method, url, headers, body } = *request;
                let built = client.request(method, url).headers(Arc::unwrap_or_clone(headers));
                let built = if body.is_empty() { built } else { built.body(body) };
                Ok(Response::of_library(Box::pin(built.send()).await?, open))
            }
        }
    }
}

fn library(
    target: &HttpTarget,
    connecting: &Connecting,
) -> Result<reqwest::Client, reqwest::Error> {
    install_tls();
    let origin = target.url.origin();
    let policy = redirect::Policy::custom(move |attempt| {
        let keeps_method = matches!(attempt.status().as_u16(), 307 | 308);
        let at_home = attempt.url().origin() == origin;
        if keeps_method && at_home && attempt.previous().len() <= MAX_REDIRECTS {
            attempt.follow()
        } else {
            attempt.stop()
        }
    });
    let mut builder = reqwest::Client::builder()
        .user_agent(USER_AGENT)
        .redirect(policy)
        .retry(reqwest::retry::never())
        .referer(false)
        .connect_timeout(target.connect_timeout)
        .connector_layer(connecting.clone())
        .pool_idle_timeout(IDLE)
        .tcp_keepalive(KEEP_ALIVE)
        .http2_keep_alive_interval(KEEP_ALIVE);
    if is_loopback(&target.url) {
        builder = builder.no_proxy();
    }
    if target.kind == HttpKind::WebSocket {
        builder = builder.http1_only(); // the only one that can be upgraded
    }
    if target.url.scheme() == "http" {
        // No certificate is ever looked at, so the system need not have any.
        builder = builder.tls_certs_only([]);
    }
    builder.build()
}

/// Whether the URL names this machine itself.
pub(super) fn is_loopback(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    let ip = host.trim_matches(['[', ']']).parse::<std::net::IpAddr>();
    ip.is_ok_and(|ip| ip.is_loopback())
        || host.eq_ignore_ascii_case("localhost")
        || host.to_ascii_lowercase().ends_with(".localhost")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_proxy_is_asked_for_this_machine() {
        for (url, loopback) in [
            ("http://127.0.0.1:1/", true),
            ("http://[::1]/", true),
            ("https://LOCALHOST/", true),
            ("http://a.localhost/", true),
            ("http://10.0.0.1/", false),
            ("http://localhost.example/", false),
        ] {
            assert_eq!(is_loopback(&url.parse().unwrap()), loopback, "{url}");
        }
    }
}

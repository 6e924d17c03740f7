//! The HTTP client of one connection: redirects, proxies, certificates, idle connections.
//!
//! Never retries, never leaves the origin, never keeps cookies.

use super::connecting::Connecting;
use crate::downstream::{HttpKind, HttpTarget};
use reqwest::{Client, Url, redirect};
use std::time::Duration;

/// Redirects within the origin that are followed.
const MAX_REDIRECTS: usize = 3;
/// Below the five seconds after which many servers drop an idle connection, so that no request is
/// written into one that is just being closed.
const IDLE: Duration = Duration::from_secs(4);
/// How often a silent connection is tested by TCP or HTTP/2.
const KEEP_ALIVE: Duration = Duration::from_secs(30);

/// Chooses the one TLS provider of this process; a second call changes nothing.
pub fn install_tls() {
    let _already_installed = rustls::crypto::ring::default_provider().install_default();
}

/// A client for the target, with connections of its own: they end when it is dropped.
pub(super) fn build(
    target: &HttpTarget,
    connecting: &Connecting,
) -> Result<Client, reqwest::Error> {
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
    let mut builder = Client::builder()
        .user_agent(concat!("mcpvisor/", env!("CARGO_PKG_VERSION")))
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
fn is_loopback(url: &Url) -> bool {
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

//! Plain HTTP/1.1 to servers nearby, where each microsecond shows and nothing is gained by compressing. What is
//! farther away, encrypted, goes through a proxy or becomes a WebSocket is the library's.
//!
//! *Invariant:* a request is written at most once; only one of which nothing was written goes to another
//! connection.

mod fault;
mod wire;

pub(super) use fault::Fault;
pub(super) use wire::Body;

use super::client::{IDLE, KEEP_ALIVE, MAX_REDIRECTS, Request, USER_AGENT, is_loopback};
use super::connecting::Connecting;
use crate::downstream::{HttpKind, HttpTarget};
use bytes::Bytes;
use http_body_util::Full;
use hyper::header::{CONTENT_LENGTH, HOST, HeaderMap, HeaderValue, LOCATION, USER_AGENT as AGENT};
use hyper::{Response, StatusCode, Uri};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::client::proxy::matcher::Matcher;
use mcpvisor_actors::mutex::lock;
use reqwest::Url;
use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::Duration;
use tokio::time::{Instant, sleep, timeout};
use tower_service::Service;
use wire::{Unanswered, Wire};

/// The connections to one server.
pub(super) struct Pool {
    connector: HttpConnector,
    connecting: Connecting,
    connect_timeout: Duration,
    /// The configured address: whole, as a request names it, and as `Host` does.
    url: Url,
    uri: Uri,
    path: Uri,
    host: HeaderValue,
    idle: Mutex<Idle>,
}

/// Connections nobody uses, the one used last at the end.
#[derive(Default)]
struct Idle {
    wires: Vec<(Instant, Wire)>,
    /// Somebody looks for those that have been idle for too long.
    swept: bool,
}

impl Pool {
    /// A pool for a target that needs nothing else than plain HTTP; opens nothing.
    pub(super) fn for_target(target: &HttpTarget, connecting: &Connecting) -> Option<Arc<Self>> {
        let url = &target.url;
        let bare = url.scheme() == "http" && url.username().is_empty() && url.password().is_none();
        let uri: Uri = url.as_str().parse().ok()?;
        let near =
            is_loopback(url) || (is_in_house(url) && Matcher::from_env().intercept(&uri).is_none());
        if !bare || target.kind == HttpKind::WebSocket || !near {
            return None;
        }
        let mut connector = HttpConnector::new();
        connector.set_nodelay(true);
        connector.set_keepalive(Some(KEEP_ALIVE));
        Some(Arc::new(Self {
            connector,
            connecting: connecting.clone(),
            connect_timeout: target.connect_timeout,
            path: path(url).ok()?,
            host: HeaderValue::from_str(uri.authority()?.as_str()).ok()?,
            url: url.clone(),
            uri,
            idle: Mutex::default(),
        }))
    }

    /// Sends a request and awaits the head of its answer, also at another address of the same origin.
    pub(super) async fn send(
        self: &Arc<Self>,
        mut request: Box<Request>,
    ) -> Result<Response<Body>, Fault> {
        let mut redirects = 0;
        loop {
            let response = match self.attempt(&request) {
                Ok(attempt) => self.exchange(attempt).await?,
                Err(fault) => return Err(fault),
            };
            match self.elsewhere(&request.url, response.status(), response.headers()) {
                Some(next) if redirects < MAX_REDIRECTS => {
                    (request.url, redirects) = (next, redirects + 1);
                }
                _ => return Ok(response),
            }
        }
    }

    /// The request as it is written.
    fn attempt(&self, request: &Request) -> Result<hyper::Request<Full<Bytes>>, Fault> {
        let mut attempt = hyper::Request::new(Full::new(request.body.clone()));
        *attempt.method_mut() = request.method.clone();
        let configured = request.url == self.url;
        *attempt.uri_mut() = if configured { self.path.clone() } else { path(&request.url)? };
        let mut headers = HeaderMap::clone(&request.headers);
        self.complete(&mut headers, request.body.len());
        *attempt.headers_mut() = headers;
        Ok(attempt)
    }

    /// Puts in what is ours: the server's name, our own, and how long the body is.
    pub(super) fn complete(&self, headers: &mut HeaderMap, body: usize) {
        headers.insert(HOST, self.host.clone());
        headers.entry(AGENT).or_insert(HeaderValue::from_static(USER_AGENT));
        if body > 0 {
            headers.insert(CONTENT_LENGTH, body.into());
        }
    }

    /// The address within the origin to which the same request is to go instead.
    fn elsewhere(&self, url: &Url, status: StatusCode, headers: &HeaderMap) -> Option<Url> {
        if !matches!(status.as_u16(), 307 | 308) {
            return None;
        }
        let location = headers.get(LOCATION)?.to_str().ok()?;
        url.join(location).ok().filter(|next| next.origin() == self.url.origin())
    }

    /// Sends by a connection that is there, else by a new one.
    async fn exchange(
        self: &Arc<Self>,
        mut request: hyper::Request<Full<Bytes>>,
    ) -> Result<Response<Body>, Fault> {
        loop {
            let kept = self.take();
            let reused = kept.is_some();
            let mut wire = match kept {
                Some(wire) => wire,
                None => Box::pin(self.connect()).await?,
            };
            match wire.send(request).await {
                Ok(response) => return Ok(response.map(|body| Body::new(body, wire, self))),
                Err(Unanswered { unwritten: Some(unwritten), .. }) if reused => {
                    request = *unwritten;
                }
                Err(Unanswered { fault, .. }) => return Err(fault),
            }
        }
    }

    async fn connect(&self) -> Result<Wire, Fault> {
        let _attempt = self.connecting.attempt();
        let connected = timeout(self.connect_timeout, async {
            let socket = self.connector.clone().call(self.uri.clone()).await;
            Wire::new(socket.map_err(Fault::Connect)?).await
        });
        connected.await.unwrap_or(Err(Fault::ConnectTimedOut(self.connect_timeout)))
    }

    /// A connection that stands.
    fn take(&self) -> Option<Wire> {
        loop {
            let (since, mut wire) = self.idle().wires.pop()?;
            if since.elapsed() < IDLE && wire.is_ready() {
                return Some(wire);
            }
        }
    }

    /// Keeps a connection for the next request, if it can be used again.
    fn keep(self: &Arc<Self>, mut wire: Wire) {
        if !wire.is_ready() {
            return;
        }
        let mut idle = self.idle();
        idle.wires.push((Instant::now(), wire));
        if !idle.swept {
            idle.swept = true;
            tokio::spawn(sweep(Arc::downgrade(self)));
        }
    }

    fn idle(&self) -> MutexGuard<'_, Idle> {
        lock(&self.idle)
    }
}

/// Closes connections that have been idle for too long, as long as there are any.
async fn sweep(pool: Weak<Pool>) {
    loop {
        sleep(IDLE).await;
        let Some(pool) = pool.upgrade() else { return };
        let mut idle = pool.idle();
        let stale = idle.wires.partition_point(|(since, _)| since.elapsed() >= IDLE);
        idle.wires.drain(..stale);
        idle.swept = !idle.wires.is_empty();
        if !idle.swept {
            return;
        }
    }
}

/// Whether the URL names a machine of a network of one's own: by a private address, or by a name that only
/// means something there.
///
/// Source: RFC 1918; RFC 4193; RFC 6762, 3 and appendix G.
fn is_in_house(url: &Url) -> bool {
    let host = url.host_str().unwrap_or_default();
    match host.trim_matches(['[', ']']).parse() {
        Ok(IpAddr::V4(ip)) => ip.is_private() || ip.is_link_local(),
        Ok(IpAddr::V6(ip)) => ip.is_unique_local() || ip.is_unicast_link_local(),
        Err(_) => {
            let own = [".local", ".internal", ".lan", ".home.arpa"];
            !host.contains('.') || own.iter().any(|own| host.ends_with(own))
        }
    }
}

/// What a request to an address names.
fn path(url: &Url) -> Result<Uri, Fault> {
    Ok(match url.query() {
        None => url.path().parse()?,
        Some(query) => format!("{}?{query}", url.path()).parse()?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn servers_in_house_are_told_by_their_addresses() {
        for (url, in_house) in [
            ("http://10.0.0.1/", true),
            ("http://172.31.0.1:8080/mcp", true),
            ("http://192.168.1.1/", true),
            ("http://[fd00::1]/", true),
            ("http://tools:8000/", true),
            ("http://tools.local/", true),
            ("http://tools.svc.cluster.local/", true),
            ("http://172.32.0.1/", false),
            ("http://8.8.8.8/", false),
            ("http://[2001:db8::1]/", false),
            ("http://example.org/", false),
            ("http://local.example/", false),
        ] {
            assert_eq!(is_in_house(&url.parse().unwrap()), in_house, "{url}");
        }
    }

    #[test]
    fn a_request_names_path_and_query() {
        for (url, named) in [
            ("http://host", "/"),
            ("http://host/mcp", "/mcp"),
            ("http://host/a%20b?key=a&b#c", "/a%20b?key=a&b"),
        ] {
            assert_eq!(path(&url.parse().unwrap()).unwrap().to_string(), named);
        }
    }
}

//! The server at the other end: its address, what every request to it carries, what its failures
//! mean.
//!
//! Never goes to another origin, with or without a redirect, and never tells its secrets.

use super::body;
use super::classify::{self, Refusal, Verdict};
use super::client::{Client, Request};
use super::connecting::Connecting;
use super::response::{Fault, Response};
use super::secrets::Secrets;
use crate::downstream::HttpTarget;
use bytes::Bytes;
use mcpvisor_actors::observation::TraceContext;
use mcpvisor_actors::server::{Loss, Noise};
use mcpvisor_actors::wire::{Limits, Payload, ProtocolVersion};
use reqwest::header::{
    ACCEPT, ACCEPT_ENCODING, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER,
};
use reqwest::{Method, Url};
use secrecy::ExposeSecret;
use std::sync::{Arc, OnceLock};
use std::time::{Duration, SystemTime};

/// The header that names a session.
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");
const PARENT: HeaderName = HeaderName::from_static(TraceContext::PARENT);
const STATE: HeaderName = HeaderName::from_static(TraceContext::STATE);

/// Longest time for the body of a refusal, and its largest size when it cannot be an answer.
const REFUSAL_TIME: Duration = Duration::from_secs(30);
const REFUSAL_BYTES: usize = 64 * 1024;

/// What an exchange takes at most to notice that its connection has ended.
const NOTICE: Duration = Duration::from_millis(50);

/// Held by an exchange from before its request is sent until its response is dropped.
#[derive(Clone)]
pub(super) struct Open(#[expect(dead_code, reason = "held to be counted")] Arc<()>);

/// One server, for the time of one connection.
pub(crate) struct Remote {
    http: Client,
    url: Url,
    address: String,
    headers: HeaderMap,
    secrets: Secrets,
    session: OnceLock<HeaderValue>,
    version: OnceLock<ProtocolVersion>,
    /// What every message of a session says once that is known.
    settled: OnceLock<Arc<HeaderMap>>,
    /// Shared with every exchange that is open.
    open: Arc<()>,
    connecting: Connecting,
    /// Caps on one message.
    pub(crate) limits: Limits,
    /// Longest time for TCP and TLS, and for whatever else opens something.
    pub(crate) connect_timeout: Duration,
}

impl Remote {
    /// Prepares the client; opens nothing.
    pub(crate) fn new(target: &HttpTarget) -> Result<Self, Loss> {
        let address = address(&target.url);
        let connecting = Connecting::default();
        let http = Client::new(target, &connecting).map_err(|error| {
            let detail = classify::root_cause(&error.without_url());
            Loss::Tls { address: address.clone(), detail }
        })?;
        Ok(Self {
            http,
            url: target.url.clone(),
            headers: headers(target)?,
            secrets: Secrets::of(target),
            session: OnceLock::new(),
            version: OnceLock::new(),
            settled: OnceLock::new(),
            open: Arc::default(),
            connecting,
            limits: target.limits,
            connect_timeout: target.connect_timeout,
            address,
        })
    }

    /// The configured address.
    pub(crate) fn url(&self) -> &Url {
        &self.url
    }

    /// Host and port, for people.
    pub(crate) fn address(&self) -> &str {
        &self.address
    }

    /// Keeps the session the server opened with this response, if it did.
    pub(crate) fn keep_session(&self, response: &Response) {
        if let Some(session) = response.headers().get(SESSION) {
            let mut session = session.clone();
            session.set_sensitive(true);
            let _first_wins = self.session.set(session);
        }
    }

    /// Whether the server opened a session.
    pub(crate) fn in_session(&self) -> bool {
        self.session.get().is_some()
    }

    /// Names the revision in every request from now on.
    pub(crate) fn keep_version(&self, version: ProtocolVersion) {
        let _first_wins = self.version.set(version);
        let mut headers = self.headers(fixed());
        self.http.complete(&mut headers);
        let _first_wins = self.settled.set(Arc::new(headers));
    }

    /// A message to `url`, of this trace. With headers of its own it is one of 2026-07-28, which belongs to
    /// no session.
    pub(crate) fn post(
        &self,
        url: &Url,
        payload: &Payload,
        own: &[(String, String)],
        trace: Option<&TraceContext>,
    ) -> Box<Request> {
        let mut headers = match self.settled.get() {
            Some(settled) if own.is_empty() => Arc::clone(settled),
            _ if own.is_empty() => Arc::new(self.headers(fixed())),
            _ => Arc::new(self.stateless(own)),
        };
        if let Some(trace) = trace {
            put_trace(Arc::make_mut(&mut headers), trace);
        }
        let body = payload.to_bytes();
        Box::new(Request { method: Method::POST, url: url.clone(), headers, body })
    }

    /// An event stream, from after the event with this id on.
    pub(crate) fn get(&self, last_event_id: Option<&str>) -> Box<Request> {
        let accept = (ACCEPT, HeaderValue::from_static("text/event-stream"));
        let last = last_event_id.and_then(|id| HeaderValue::from_bytes(id.as_bytes()).ok());
        let last = last.map(|id| (LAST_EVENT_ID, id));
        // events that are compressed tend to be held back until there are more of them
        let plain = (ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        let own = [accept, plain].into_iter().chain(last);
        self.bodiless(Method::GET, own)
    }

    /// The request to go on as something else than HTTP.
    pub(crate) fn upgrade(
        &self,
        asking: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Box<Request> {
        self.bodiless(Method::GET, asking)
    }

    /// The end of the session.
    pub(crate) fn delete(&self) -> Box<Request> {
        self.bodiless(Method::DELETE, [])
    }

    fn bodiless(
        &self,
        method: Method,
        own: impl IntoIterator<Item = (HeaderName, HeaderValue)>,
    ) -> Box<Request> {
        let headers = Arc::new(self.headers(own));
        Box::new(Request { method, url: self.url.clone(), headers, body: Bytes::new() })
    }

    /// The headers of a message of 2026-07-28. What cannot be sent as a header is left out: the server
    /// says so, and says it better.
    fn stateless(&self, own: &[(String, String)]) -> HeaderMap {
        let mut headers = self.headers.clone();
        headers.extend(fixed());
        for (name, value) in own {
            if let (Ok(name), Ok(value)) =
                (HeaderName::try_from(name), HeaderValue::try_from(value))
            {
                headers.insert(name, value);
            }
        }
        headers
    }

    /// The headers of a request. Ours come after the configured ones and win.
    fn headers(&self, own: impl IntoIterator<Item = (HeaderName, HeaderValue)>) -> HeaderMap {
        let mut headers = self.headers.clone();
        for (name, value) in own {
            headers.insert(name, value);
        }
        if let Some(session) = self.session.get() {
            headers.insert(SESSION, session.clone());
        }
        if let Some(version) = self.version.get() {
            headers.insert(VERSION, HeaderValue::from_static(version.as_str()));
        }
        headers
    }

    /// Sends a request and awaits the head of the response.
    ///
    /// A connection that cannot be made ends everything only while no other exchange is open and
    /// connected: one that is shows that the server is there.
    pub(crate) async fn send(&self, request: Box<Request>) -> Result<Response, Verdict> {
        match self.http.send(request, Open(Arc::clone(&self.open))).await {
            Ok(response) => Ok(response),
            Err(error) => {
                let verdict = self.fault(error);
                if verdict.fatal && !self.is_alone() {
                    tokio::time::sleep(NOTICE).await; // they may have ended, too, and not know it yet
                }
                let alone = self.is_alone();
                Err(Verdict { fatal: verdict.fatal && alone, ..verdict })
            }
        }
    }

    /// Whether no exchange is open and connected.
    fn is_alone(&self) -> bool {
        Arc::strong_count(&self.open) - 1 <= self.connecting.count()
    }

    /// What a failure of the HTTP client means.
    pub(crate) fn fault(&self, fault: Fault) -> Verdict {
        let connecting = fault.is_connect();
        classify::of_error(&*fault.into_error(), connecting, &self.address)
    }

    /// What a response means whose status is not 2xx: the body, if it answers requests of ours, or
    /// a verdict. Only the response to a request (`to_request`) can answer one: what looks like an
    /// answer in any other may just repeat the server's own id.
    pub(crate) async fn refusal(
        &self,
        mut response: Response,
        to_request: bool,
        in_session: bool,
    ) -> Result<Bytes, Verdict> {
        let status = response.status().as_u16();
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|text| classify::retry_after(text, SystemTime::now()));
        let limit = if to_request { self.limits.max_bytes } else { REFUSAL_BYTES };
        let body = tokio::time::timeout(REFUSAL_TIME, body::read(&mut response, limit));
        let body = body.await.ok().and_then(Result::ok);
        let unreadable = body.is_none();
        let body = body.unwrap_or_default();
        if to_request {
            let messages = body::messages(&body, self.limits).map_err(Verdict::sent)?;
            let mut answers = messages.iter().flatten().filter(|message| body::is_answer(message));
            // some servers put our id into the error that says they do not know the session
            let denied = || in_session && classify::denies(status, &self.excerpt(&body));
            if answers.any(|answer| !(body::is_error(answer) && denied())) {
                return Ok(body);
            }
        }
        let body = &self.excerpt(&body);
        let verdict = classify::of_status(Refusal { status, in_session, retry_after, body });
        Err(if to_request && unreadable {
            Verdict::sent(verdict.loss) // it may have been the answer
        } else {
            verdict
        })
    }

    /// The start of some bytes, for people.
    pub(crate) fn excerpt(&self, bytes: &[u8]) -> String {
        self.secrets.hide(body::excerpt(bytes))
    }

    /// Evidence without our secrets in it.
    pub(crate) fn discreet(&self, noise: Noise) -> Noise {
        Noise { excerpt: self.secrets.hide(noise.excerpt), ..noise }
    }
}

/// Whether a response is an event stream.
pub(crate) fn is_event_stream(response: &Response) -> bool {
    content_type(response).eq_ignore_ascii_case("text/event-stream")
}

/// The media type of a response without its parameters.
pub(crate) fn content_type(response: &Response) -> &str {
    let value = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    value.and_then(|value| value.split(';').next()).unwrap_or_default().trim()
}

/// Host and port.
fn address(url: &Url) -> String {
    let host = url.host_str().unwrap_or_default();
    match url.port_or_known_default() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// What every message says.
fn fixed() -> [(HeaderName, HeaderValue); 2] {
    let accept = HeaderValue::from_static("application/json, text/event-stream");
    [(ACCEPT, accept), (CONTENT_TYPE, HeaderValue::from_static("application/json"))]
}

/// Says which trace a request belongs to. A `tracestate` that cannot be sent as a header is left out.
fn put_trace(headers: &mut HeaderMap, trace: &TraceContext) {
    let state = trace.state.as_deref();
    for (name, value) in [(PARENT, Some(&*trace.to_string())), (STATE, state)] {
        if let Some(Ok(value)) = value.map(HeaderValue::try_from) {
            headers.insert(name, value);
        }
    }
}

fn headers(target: &HttpTarget) -> Result<HeaderMap, Loss> {
    let mut headers = HeaderMap::with_capacity(target.headers.len() + 2);
    for (name, value) in &target.headers {
        let entry = HeaderName::try_from(name).ok().zip(value.expose_secret().parse().ok());
        let (key, mut value): (_, HeaderValue) = entry.ok_or_else(|| Loss::Protocol {
            detail: format!("`{name}` cannot be sent as an HTTP header; check `headers`"),
        })?;
        value.set_sensitive(true);
        headers.insert(key, value);
    }
    Ok(headers)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_host_and_port_and_nothing_else() {
        let url = "https://user:password@example.org/path?key=value".parse().unwrap();
        assert_eq!(address(&url), "example.org:443");
    }
}

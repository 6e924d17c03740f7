//! The server at the other end: its address, what every request to it carries, what its failures
//! mean.
//!
//! Never goes to another origin, with or without a redirect, and never tells its secrets.

use super::classify::{self, Refusal, Verdict};
use super::secrets::Secrets;
use super::{body, client};
use crate::downstream::HttpTarget;
use mcpvisor_actors::server::{Loss, Noise};
use mcpvisor_actors::wire::{Limits, Message, Payload, ProtocolVersion};
use reqwest::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderName, HeaderValue, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, Response, StatusCode, Url};
use secrecy::ExposeSecret;
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

/// The header that names a session.
const SESSION: HeaderName = HeaderName::from_static("mcp-session-id");
const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");
const LAST_EVENT_ID: HeaderName = HeaderName::from_static("last-event-id");

/// Longest error body read, and longest time for it.
const ERROR_BODY: (usize, Duration) = (64 * 1024, Duration::from_secs(5));

/// One server, for the time of one connection.
pub(crate) struct Remote {
    http: Client,
    url: Url,
    address: String,
    headers: HeaderMap,
    secrets: Secrets,
    session: OnceLock<HeaderValue>,
    version: OnceLock<ProtocolVersion>,
    /// Caps on one message.
    pub(crate) limits: Limits,
    /// Longest time for TCP and TLS, and for whatever else opens something.
    pub(crate) connect_timeout: Duration,
}

impl Remote {
    /// Prepares the client; opens nothing.
    pub(crate) fn new(target: &HttpTarget) -> Result<Self, Loss> {
        let address = address(&target.url);
        let http = client::build(target).map_err(|error| {
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
    }

    /// A message to `url`.
    pub(crate) fn post(&self, url: &Url, payload: &Payload) -> RequestBuilder {
        let accept = HeaderValue::from_static("application/json, text/event-stream");
        let json = HeaderValue::from_static("application/json");
        let headers = self.headers([(ACCEPT, accept), (CONTENT_TYPE, json)]);
        self.http.post(url.clone()).headers(headers).body(payload.to_bytes())
    }

    /// An event stream, from after the event with this id on.
    pub(crate) fn get(&self, last_event_id: Option<&str>) -> RequestBuilder {
        let accept = (ACCEPT, HeaderValue::from_static("text/event-stream"));
        let last = last_event_id.and_then(|id| HeaderValue::from_bytes(id.as_bytes()).ok());
        let last = last.map(|id| (LAST_EVENT_ID, id));
        self.http.get(self.url.clone()).headers(self.headers(std::iter::once(accept).chain(last)))
    }

    /// The end of the session.
    pub(crate) fn delete(&self) -> RequestBuilder {
        self.http.delete(self.url.clone()).headers(self.headers([]))
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

    /// What a failure of the HTTP client means.
    pub(crate) fn fault(&self, error: reqwest::Error) -> Verdict {
        let connecting = error.is_connect();
        classify::of_error(&error.without_url(), connecting, &self.address)
    }

    /// What a response means whose status is not 2xx: the JSON-RPC error for our request `id` in
    /// its body, or a verdict.
    pub(crate) async fn refusal(
        &self,
        mut response: Response,
        id: Option<u64>,
        in_session: bool,
    ) -> Result<Message, Verdict> {
        let status = response.status();
        let header = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
        let retry_after = header.and_then(|text| classify::retry_after(text, SystemTime::now()));
        let body = tokio::time::timeout(ERROR_BODY.1, body::read(&mut response, ERROR_BODY.0));
        let body = body.await.ok().and_then(Result::ok).unwrap_or_default();
        let verdict = classify::of_status(Refusal {
            status: status.as_u16(),
            in_session,
            retry_after,
            body: &self.excerpt(&body),
        });
        // A lost session or a missing login is no answer to one request, however it is dressed.
        if matches!(verdict.loss, Loss::HttpStatus { .. }) || is_unknown_method(status, &body) {
            let answer = body::messages(&body, self.limits).into_iter().flatten();
            let mut answer = answer.filter(|one| id.is_some_and(|id| body::answers(one, id)));
            if let Some(message) = answer.next() {
                return Ok(message);
            }
        }
        Err(verdict)
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

/// A 404 that is about the method, not about the session.
fn is_unknown_method(status: StatusCode, body: &[u8]) -> bool {
    status == StatusCode::NOT_FOUND && memchr::memmem::find(body, b"-32601").is_some()
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

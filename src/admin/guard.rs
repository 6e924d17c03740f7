//! The door of the API and the metrics: who may ask, from which page, with which token.
//!
//! It stands behind the listener's own guard, which lets in more than this one does: pages of this
//! machine and configured origins may speak MCP, but only the gateway's own pages may use the API; and
//! hosts the configuration allows may speak MCP, but without a token only this machine's own names
//! reach the API, and nothing that a proxy hands on.
//!
//! *Invariant:* no page of the API is reached without a verdict of [`Guard::check`], and the time a
//! verdict takes tells nothing about the token.

use super::Desk;
use super::audit::{Act, Detail, Who, audit};
use super::refusal::Refusal;
use super::routes::actions;
use crate::faces::{Peer, is_loopback_host};
use axum::extract::{MatchedPath, Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Uri, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use mcpvisor_actors::mutex::lock;
use ring::digest::{SHA256, digest};
use secrecy::{ExposeSecret, SecretString};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::time::Instant;

/// Wrong tokens within [`SPELL`] after which guessers are sent away, and refusals within it that are put
/// in the log, which nobody may fill from outside: of those that look, and of those that change.
const MOST: u32 = 30;
const SPELL: Duration = Duration::from_secs(60);

/// What a reverse proxy says when it hands on a request of another machine, under whichever host.
const FORWARDED: [&str; 5] =
    ["forwarded", "x-forwarded-for", "x-forwarded-host", "x-real-ip", "via"];

/// Where the page stands that makes a browser ask, seen from here (W3C Fetch Metadata, 2.4).
const SITE: &str = "sec-fetch-site";

/// Operations that change nothing, though they are asked for with a body.
const READING: [&str; 1] = ["validateConfig"];

/// Who reaches the listener.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exposure {
    /// This machine alone.
    Local,
    /// Other machines too.
    Remote,
}

impl Exposure {
    /// Who reaches a listener at this address.
    pub fn of(listening: SocketAddr) -> Self {
        if listening.ip().to_canonical().is_loopback() { Self::Local } else { Self::Remote }
    }
}

/// The rules of one listener.
pub(super) struct Guard {
    exposure: Exposure,
    /// SHA-256 of the token, when there is one.
    token: Option<[u8; 32]>,
    wrong: Allowance,
    refused_looks: Allowance,
    refused_changes: Allowance,
    desk: Desk,
}

/// What may happen [`MOST`] times within [`SPELL`]: since when, and how often it did.
struct Allowance(Mutex<(Instant, u32)>);

impl Allowance {
    fn new() -> Self {
        Self(Mutex::new((Instant::now(), 0)))
    }

    /// It happens; when it still may, how often it might not in the spell before.
    fn spend(&self) -> Option<u32> {
        let mut spent = lock(&self.0);
        let mut before = 0;
        if spent.0.elapsed() > SPELL {
            before = spent.1.saturating_sub(MOST);
            *spent = (Instant::now(), 0);
        }
        spent.1 = spent.1.saturating_add(1);
        (spent.1 <= MOST).then_some(before)
    }
}

impl Guard {
    pub(super) fn new(desk: Desk, exposure: Exposure, token: Option<&SecretString>) -> Self {
        let token = token.map(|token| hash(token.expose_secret()));
        let [wrong, refused_looks, refused_changes] = std::array::from_fn(|_| Allowance::new());
        Self { exposure, token, wrong, refused_looks, refused_changes, desk }
    }

    /// Whether a request may pass.
    fn check(&self, uri: &Uri, headers: &HeaderMap) -> Result<(), Refusal> {
        if self.exposure == Exposure::Remote && self.token.is_none() {
            return Err(Refusal::NotHere);
        }
        let named = headers.get(header::HOST).and_then(|host| host.to_str().ok());
        let host = uri.authority().map(axum::http::uri::Authority::as_str).or(named);
        let is_forwarded = FORWARDED.iter().any(|name| headers.contains_key(*name));
        if self.token.is_none() && (is_forwarded || !host.is_none_or(is_loopback_host)) {
            return Err(Refusal::NotHere);
        }
        if let Some(origin) = headers.get(header::ORIGIN)
            && !is_same(origin, host)
        {
            return Err(Refusal::Origin);
        }
        // a browser may leave out the origin of a GET, but not this; `none` is what a user typed
        if let Some(site) = headers.get(SITE)
            && site != "same-origin"
            && site != "none"
        {
            return Err(Refusal::Origin);
        }
        match (&self.token, bearer(headers)) {
            (None, _) => Ok(()),
            (Some(_), None) => Err(Refusal::Unauthorized),
            // two hashes: where they differ first says nothing of where the tokens do
            (Some(token), Some(sent)) if *token == hash(sent) => Ok(()),
            (Some(_), Some(_)) if self.wrong.spend().is_some() => Err(Refusal::Unauthorized),
            (Some(_), Some(_)) => Err(Refusal::Attempts),
        }
    }
}

/// What a request does: the operation, and its path as far as it names something.
fn act(method: &Method, route: Option<&str>, path: &str) -> Act {
    let known = route.and_then(|route| {
        let action = actions().get(&(method.clone(), route.to_owned()))?;
        Some((route, action))
    });
    let path = path.strip_prefix("/api/v1/").unwrap_or(path);
    let Some((route, action)) = known else {
        return Act { action: method.to_string(), target: path.to_owned() };
    };
    let named = route.trim_start_matches("/api/v1/").split('/');
    let named = named.collect::<Vec<_>>().iter().rposition(|step| step.starts_with('{'));
    let steps = named.map_or(usize::MAX, |last| last + 1);
    let target = path.split('/').take(steps).collect::<Vec<_>>().join("/");
    Act { action: action.clone(), target }
}

/// What is put on record once it is dropped: with the answer, or when its client leaves before there is one,
/// for then the page is dropped and what it has done so far stays done.
struct Record {
    guard: Arc<Guard>,
    who: Who,
    act: Act,
    answer: Option<(StatusCode, Option<Detail>)>,
}

impl Drop for Record {
    fn drop(&mut self) {
        let (status, detail) = self.answer.take().unzip();
        audit(&self.guard.desk, self.who, &self.act, status, detail.flatten());
    }
}

/// Lets a request through to its page, or answers it here; what changes something is put on record.
pub(super) async fn guard(
    State(guard): State<Arc<Guard>>,
    route: Option<MatchedPath>,
    request: Request,
    next: Next,
) -> Response {
    let mut response = pass(guard, route, request, next).await;
    // no other page may use an answer in any way, not even as a picture or a script
    let headers = response.headers_mut();
    headers.insert(header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers.insert("cross-origin-resource-policy", HeaderValue::from_static("same-origin"));
    response
}

async fn pass(
    guard: Arc<Guard>,
    route: Option<MatchedPath>,
    mut request: Request,
    next: Next,
) -> Response {
    let peer = request.extensions().get::<Peer>().map(|Peer(peer)| *peer);
    let who = Who { peer, token: guard.token.is_some() };
    let verdict = guard.check(request.uri(), request.headers());
    let changes = !request.method().is_safe();
    if verdict.is_ok() && !changes {
        return next.run(request).await;
    }
    let route = route.as_ref().map(MatchedPath::as_str);
    let act = act(request.method(), route, request.uri().path());
    match verdict {
        Ok(()) => {
            request.extensions_mut().insert(who);
            let recorded = !READING.contains(&&*act.action);
            let mut record = recorded.then(|| Record { guard, who, act, answer: None });
            let mut response = next.run(request).await;
            if let Some(record) = &mut record {
                let detail = response.extensions_mut().remove::<Detail>();
                record.answer = Some((response.status(), detail));
            }
            response
        }
        Err(refusal) => {
            let allowance = if changes { &guard.refused_changes } else { &guard.refused_looks };
            if let Some(unsaid) = allowance.spend() {
                if unsaid > 0 {
                    tracing::warn!(
                        changes,
                        "{unsaid} more requests to the API were refused before, too many to be named"
                    );
                }
                let Act { action, target } = &act;
                tracing::warn!(%who, action, on = target, reason = %refusal, "a request to the API was refused");
            }
            refusal.into_response()
        }
    }
}

/// The token a request sends.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(header::AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// Whether a page was served by the host it now asks; where the port goes without saying it may.
fn is_same(origin: &HeaderValue, host: Option<&str>) -> bool {
    let (Ok(origin), Some(host)) = (origin.to_str(), host) else { return false };
    [("http://", ":80"), ("https://", ":443")].iter().any(|(scheme, port)| {
        let bare = |authority: &str| {
            authority.strip_suffix(port).unwrap_or(authority).to_ascii_lowercase()
        };
        origin.strip_prefix(scheme).is_some_and(|page| bare(page) == bare(host))
    })
}

fn hash(text: &str) -> [u8; 32] {
    let mut out = [0; 32];
    out.copy_from_slice(digest(&SHA256, text.as_bytes()).as_ref());
    out
}

#[cfg(test)]
mod tests;

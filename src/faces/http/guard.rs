//! The door of every route: `Host` and `Origin` are checked first, and pages that may use the
//! gateway get the CORS headers their browser asks for.
//!
//! *Invariant:* no route is reached by a request this door did not let in.

use super::host::{Doorkeeper, Foreign};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, Method, StatusCode, Version, header, request::Parts};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use std::sync::Arc;

const METHODS: HeaderValue = HeaderValue::from_static("GET, POST, DELETE");
const EXPOSED: HeaderValue = HeaderValue::from_static("Mcp-Session-Id");
/// Seconds a browser may remember the answer to a preflight.
const PREFLIGHT_AGE: HeaderValue = HeaderValue::from_static("600");

/// Lets a request through to its route, or answers it here.
pub(super) async fn guard(
    State(doorkeeper): State<Arc<Doorkeeper>>,
    request: Request,
    next: Next,
) -> Response {
    let (head, body) = request.into_parts();
    match let_in(&doorkeeper, &head) {
        Ok(origin) => allowed(next.run(Request::from_parts(head, body)).await, origin),
        Err(answer) => *answer,
    }
}

/// Lets a request in; from which page it comes if it does from one. Otherwise the answer.
pub(super) fn let_in(
    doorkeeper: &Doorkeeper,
    head: &Parts,
) -> Result<Option<HeaderValue>, Box<Response>> {
    let origin = head.headers.get(header::ORIGIN);
    let verdict = host_of(head).and_then(|host| {
        let origin = text(origin).map_err(|()| Foreign::Origin)?;
        doorkeeper.check(host, origin)
    });
    if let Err(foreign) = verdict {
        tracing::debug!(reason = %foreign, "request turned away");
        return Err(Box::new(turned_away(foreign)));
    }
    if origin.is_some() && is_preflight(head) {
        return Err(Box::new(allowed(preflight(&head.headers), origin.cloned())));
    }
    Ok(origin.cloned())
}

/// The response, which a page of that origin may read.
pub(super) fn allowed(mut response: Response, origin: Option<HeaderValue>) -> Response {
    if let Some(origin) = origin {
        allow(response.headers_mut(), origin);
    }
    response
}

/// The host a request names: in its target, in `Host`, or not at all (HTTP/1.0).
fn host_of(head: &Parts) -> Result<Option<&str>, Foreign> {
    let mut named = head.headers.get_all(header::HOST).iter();
    let header = text(named.next()).map_err(|()| Foreign::NoHost)?;
    if named.next().is_some() {
        return Err(Foreign::NoHost);
    }
    match (head.uri.authority(), header) {
        // a target with a host of its own overrides the header; two different ones are a trick
        (Some(target), Some(header)) if !header.eq_ignore_ascii_case(target.as_str()) => {
            Err(Foreign::NoHost)
        }
        (Some(target), _) => Ok(Some(target.as_str())),
        (None, Some(header)) => Ok(Some(header)),
        (None, None) if head.version == Version::HTTP_10 => Ok(None),
        (None, None) => Err(Foreign::NoHost),
    }
}

fn text(value: Option<&HeaderValue>) -> Result<Option<&str>, ()> {
    value.map(HeaderValue::to_str).transpose().map_err(|_| ())
}

fn turned_away(foreign: Foreign) -> Response {
    let status = match foreign {
        Foreign::NoHost => StatusCode::BAD_REQUEST,
        Foreign::Host | Foreign::Origin => StatusCode::FORBIDDEN,
    };
    let close = [(header::CONNECTION, HeaderValue::from_static("close"))];
    (status, close, format!("{foreign}\n")).into_response()
}

fn is_preflight(head: &Parts) -> bool {
    head.method == Method::OPTIONS
        && head.headers.contains_key(header::ACCESS_CONTROL_REQUEST_METHOD)
}

/// The origin is let in already, so it may send whichever headers it asks to send.
fn preflight(asked: &HeaderMap) -> Response {
    let mut response = Response::new(Body::empty());
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(header::ACCESS_CONTROL_ALLOW_METHODS, METHODS);
    headers.insert(header::ACCESS_CONTROL_MAX_AGE, PREFLIGHT_AGE);
    if let Some(names) = asked.get(header::ACCESS_CONTROL_REQUEST_HEADERS) {
        headers.insert(header::ACCESS_CONTROL_ALLOW_HEADERS, names.clone());
    }
    response
}

fn allow(headers: &mut HeaderMap, origin: HeaderValue) {
    headers.insert(header::ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    headers.insert(header::ACCESS_CONTROL_EXPOSE_HEADERS, EXPOSED);
    headers.append(header::VARY, HeaderValue::from_static("Origin"));
}

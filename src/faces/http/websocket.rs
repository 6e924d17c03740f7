//! WebSocket at `/ws`: one connection is one session, one text frame one message.
//!
//! MCP names no WebSocket transport of its own; this is stdio's shape over RFC 6455, as the SDKs of
//! MCP have it: full duplex, subprotocol `mcp`. A client that leaves has its calls cancelled.
//!
//! *Invariant:* the session is closed however the connection ends.

mod farewell;
mod socket;

use super::Shared;
use super::refusal::{Refusal, Refused, method_not_allowed};
use super::selected::Selected;
use super::sse::MAX_REQUESTS;
use crate::faces::connection::Connection;
use crate::websocket::{DEFLATE, Onward, SUBPROTOCOL, names, options, takes_deflate};
use axum::body::Body;
use axum::extract::Request;
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::response::{IntoResponse, Response};
use farewell::Farewell;
use futures_util::FutureExt;
use socket::{Ears, Mouth, Socket};
use std::sync::Arc;
use std::time::Duration;
use yawc::{Options, UpgradeFut, WebSocket};

/// Pings that may go by without a sign of life.
const PATIENCE: u32 = 4;

/// `GET /ws` opens a session and turns the connection into a WebSocket.
pub(super) async fn connect(Selected(face): Selected, request: Request) -> Response {
    if request.method() != Method::GET {
        return method_not_allowed("GET");
    }
    if let Err(refused) = check(request.headers()) {
        return refused.into_response();
    }
    let outcome = upgrade(&face, request).await;
    outcome.map_err(Refused::from).unwrap_or_else(IntoResponse::into_response)
}

/// Why a request cannot become a WebSocket.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum NoUpgrade {
    /// It does not ask for that, or not over HTTP/1.1.
    NotAsked,
    /// It asks for another version of the protocol.
    Version,
    /// It has no key.
    Key,
}

impl IntoResponse for NoUpgrade {
    fn into_response(self) -> Response {
        let (status, text) = match self {
            Self::NotAsked => (
                StatusCode::UPGRADE_REQUIRED,
                "this is a WebSocket; connect with ws:// (HTTP/1.1)\n",
            ),
            Self::Version => (StatusCode::UPGRADE_REQUIRED, "use version 13 of the protocol\n"),
            Self::Key => (StatusCode::BAD_REQUEST, "Sec-WebSocket-Key is missing or no key\n"),
        };
        let headers = [
            (header::UPGRADE, "websocket"),
            (header::CONNECTION, "upgrade"),
            (header::SEC_WEBSOCKET_VERSION, "13"),
        ];
        (status, headers, text).into_response()
    }
}

/// Source: RFC 6455, 4.2.1.
fn check(headers: &HeaderMap) -> Result<(), NoUpgrade> {
    let lists = |name, wanted| values(headers, name).any(|list| names(list, wanted));
    if !lists(header::UPGRADE, "websocket") || !lists(header::CONNECTION, "upgrade") {
        return Err(NoUpgrade::NotAsked);
    }
    if !values(headers, header::SEC_WEBSOCKET_VERSION).any(|version| version.trim() == "13") {
        return Err(NoUpgrade::Version);
    }
    // sixteen bytes in base64
    let is_key = |key: &str| key.len() == 24 && key.ends_with("==");
    let mut keys = values(headers, header::SEC_WEBSOCKET_KEY);
    if keys.next().is_some_and(is_key) && keys.next().is_none() {
        Ok(())
    } else {
        Err(NoUpgrade::Key)
    }
}

fn values(headers: &HeaderMap, name: HeaderName) -> impl Iterator<Item = &str> {
    headers.get_all(name).iter().filter_map(|value| value.to_str().ok())
}

/// Opens the session first, so that a full gateway can still say so in HTTP.
async fn upgrade(face: &Arc<Shared>, mut request: Request) -> Result<Response, Refusal> {
    let onward = request.extensions().get::<Onward>().cloned().ok_or(Refusal::NoRoom)?;
    let subprotocol = values(request.headers(), header::SEC_WEBSOCKET_PROTOCOL)
        .any(|offered| names(offered, SUBPROTOCOL));
    let settings = &face.settings;
    let clients = face.clients.clone().through("websocket");
    let connection = Connection::open(clients, settings.limits).await;
    let connection = connection.ok_or(Refusal::NoRoom)?.sharing(MAX_REQUESTS);
    let (response, upgraded) =
        answer(&mut request, options(settings.limits)).ok_or(Refusal::Broken)?;
    let mut response = response.map(|_empty| Body::empty());
    if subprotocol {
        let named = HeaderValue::from_static(SUBPROTOCOL);
        response.headers_mut().insert(header::SEC_WEBSOCKET_PROTOCOL, named);
    }
    onward.set(serve(Arc::clone(face), connection, upgraded).boxed());
    Ok(response)
}

/// The library agrees to any compression; so it only sees an offer that can be agreed to.
fn answer(request: &mut Request, options: Options) -> Option<(yawc::HttpResponse, UpgradeFut)> {
    let offers: Vec<_> =
        values(request.headers(), header::SEC_WEBSOCKET_EXTENSIONS).map(str::to_owned).collect();
    let headers = request.headers_mut();
    headers.remove(header::SEC_WEBSOCKET_EXTENSIONS);
    if takes_deflate(&offers.join(",")) {
        headers.insert(header::SEC_WEBSOCKET_EXTENSIONS, HeaderValue::from_static(DEFLATE));
    }
    WebSocket::upgrade_with_options(request, options).ok()
}

/// Serves the session to its end and says why it ends.
async fn serve(face: Arc<Shared>, connection: Connection, upgraded: UpgradeFut) {
    let socket = match upgraded.await {
        Ok(socket) => Socket::new(socket),
        Err(error) => return tracing::debug!(%error, "a WebSocket was given up at its start"),
    };
    let alive = connection.alive();
    let every = face.settings.keep_alive;
    let ears = Ears::new(socket.clone(), connection.alive(), every, every.saturating_mul(PATIENCE));
    let mut closing = face.closing.subscribe();
    let stop = async move {
        let _sender_gone = closing.wait_for(|closing| *closing).await.is_err();
    };
    let drain = before(farewell::WITHIN, face.settings.drain);
    let ended = connection.serve(ears, Mouth(socket.clone()), drain, stop).await;
    let farewell = Farewell::of(&ended, alive());
    tracing::debug!(?farewell, "a WebSocket ends");
    farewell.say(&socket).await;
}

/// What is left of the time to drain when the farewell has its own; at least half of it.
fn before(farewell: Duration, drain: Duration) -> Duration {
    drain.saturating_sub(farewell).max(drain / 2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_whole_handshake_becomes_a_websocket() {
        let good = [
            ("connection", "keep-alive, Upgrade"),
            ("upgrade", "WebSocket"),
            ("sec-websocket-version", "13"),
            ("sec-websocket-key", "dGhlIHNhbXBsZSBub25jZQ=="),
        ];
        let with = |name: &str, value: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            for (it, usual) in good {
                let value = if it == name { value } else { Some(usual) };
                if let Some(value) = value {
                    headers.append(it, HeaderValue::from_static(value));
                }
            }
            check(&headers)
        };
        assert_eq!(with("", None), Ok(()));
        for (name, value, why) in [
            ("connection", Some("close"), NoUpgrade::NotAsked),
            ("upgrade", None, NoUpgrade::NotAsked),
            ("upgrade", Some("h2c"), NoUpgrade::NotAsked),
            ("sec-websocket-version", Some("8"), NoUpgrade::Version),
            ("sec-websocket-key", None, NoUpgrade::Key),
            ("sec-websocket-key", Some("short=="), NoUpgrade::Key),
        ] {
            assert_eq!(with(name, value), Err(why), "{name} {value:?}");
        }
    }
}

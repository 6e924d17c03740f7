//! The HTTP request that becomes a WebSocket, and the check of what was agreed.
//!
//! Source: RFC 6455, 4.1.

use crate::downstream::http::classify::Verdict;
use crate::downstream::http::remote::Remote;
use crate::websocket::{DEFLATE, SUBPROTOCOL, names, options, takes_deflate};
use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use mcpvisor_actors::server::Loss;
use reqwest::header::{
    CONNECTION, HeaderMap, HeaderName, HeaderValue, SEC_WEBSOCKET_ACCEPT, SEC_WEBSOCKET_EXTENSIONS,
    SEC_WEBSOCKET_KEY, SEC_WEBSOCKET_PROTOCOL, SEC_WEBSOCKET_VERSION, UPGRADE,
};
use reqwest::{StatusCode, Upgraded};
use sha1::{Digest, Sha1};
use yawc::{Role, WebSocket};

/// What a server must join to the key.
const GUID: &[u8] = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

/// Asks for a WebSocket and makes sure to have got one.
pub(super) async fn upgraded(remote: &Remote) -> Result<WebSocket<Upgraded>, Loss> {
    let key = BASE64_STANDARD.encode(uuid::Uuid::new_v4().as_bytes());
    let asking = [
        (CONNECTION, "Upgrade"),
        (UPGRADE, "websocket"),
        (SEC_WEBSOCKET_VERSION, "13"),
        (SEC_WEBSOCKET_PROTOCOL, SUBPROTOCOL),
        (SEC_WEBSOCKET_EXTENSIONS, DEFLATE),
    ];
    let asking = asking.map(|(name, value)| (name, HeaderValue::from_static(value)));
    let named = HeaderValue::from_str(&key).map_err(|_| Loss::Internal)?;
    let request = remote.upgrade(asking.into_iter().chain([(SEC_WEBSOCKET_KEY, named)]));
    let told = |verdict: Verdict| verdict.loss;
    let response = remote.send(request).await.map_err(told)?;
    if response.status() != StatusCode::SWITCHING_PROTOCOLS {
        remote.refusal(response, false, false).await.map_err(told)?;
        return Err(broken("it answers the request for a WebSocket with something else"));
    }
    let extensions = agreed(response.headers(), &key)?;
    let upgraded = response.upgrade().await.ok_or(Loss::Internal)?;
    let stream = upgraded.map_err(|error| told(remote.fault(error)))?;
    WebSocket::from_stream_with_extensions(
        stream,
        Role::Client,
        extensions.as_deref(),
        options(remote.limits),
    )
    .map_err(|error| broken(&error.to_string()))
}

fn broken(detail: &str) -> Loss {
    Loss::Protocol { detail: detail.to_owned() }
}

/// The extensions agreed to, when the answer is what was asked for.
fn agreed(headers: &HeaderMap, key: &str) -> Result<Option<String>, Loss> {
    let value = |name: HeaderName| headers.get(name).and_then(|value| value.to_str().ok());
    if !value(UPGRADE).is_some_and(|list| names(list, "websocket")) {
        return Err(broken("it goes on as something else than a WebSocket"));
    }
    if value(SEC_WEBSOCKET_ACCEPT).map(str::trim) != Some(&*acceptance(key)) {
        return Err(broken("its Sec-WebSocket-Accept does not fit; is there a cache in between?"));
    }
    match headers.get(SEC_WEBSOCKET_PROTOCOL).map(HeaderValue::as_bytes) {
        None => {}
        Some(named) if named.eq_ignore_ascii_case(SUBPROTOCOL.as_bytes()) => {}
        Some(_) => return Err(broken("it chose a subprotocol that was not offered")),
    }
    match headers.get(SEC_WEBSOCKET_EXTENSIONS) {
        None => Ok(None),
        // one answer to our one offer; the server's window may be any size
        Some(named) => match named.to_str().ok().filter(|text| !text.contains(',')) {
            Some(text) if takes_deflate(&without_window(text)) => Ok(Some(text.to_owned())),
            _ => Err(broken("it chose an extension that was not offered")),
        },
    }
}

/// The extension without how large the server's window is: any fits into ours.
fn without_window(text: &str) -> String {
    let theirs = |part: &&str| part.trim().starts_with("server_max_window_bits=");
    text.split(';').filter(|part| !theirs(part)).collect::<Vec<_>>().join(";")
}

/// What a server must say to prove that it understood the request.
fn acceptance(key: &str) -> String {
    let mut hash = Sha1::new();
    hash.update(key);
    hash.update(GUID);
    BASE64_STANDARD.encode(hash.finalize())
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Source: RFC 6455, 1.3.
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

    #[test]
    fn only_an_answer_to_what_was_asked_is_agreed_to() {
        let with = |name: &str, changed: Option<&'static str>| {
            let mut headers = HeaderMap::new();
            for (it, usual) in [("upgrade", "WebSocket"), ("sec-websocket-accept", ACCEPT)] {
                if let Some(value) = if it == name { changed } else { Some(usual) } {
                    headers.insert(it, HeaderValue::from_static(value));
                }
            }
            if name.ends_with("protocol") || name.ends_with("extensions") {
                let name = HeaderName::try_from(name).unwrap();
                headers.insert(name, HeaderValue::from_static(changed.unwrap()));
            }
            agreed(&headers, KEY)
        };
        assert_eq!(with("", None), Ok(None));
        assert_eq!(with("sec-websocket-protocol", Some("mcp")), Ok(None));
        for text in ["permessage-deflate", DEFLATE, "permessage-deflate; server_max_window_bits=10"]
        {
            assert_eq!(with("sec-websocket-extensions", Some(text)), Ok(Some(text.to_owned())));
        }
        for (name, value) in [
            ("upgrade", None),
            ("upgrade", Some("h2c")),
            ("sec-websocket-accept", None),
            ("sec-websocket-accept", Some("AAAA")),
            ("sec-websocket-protocol", Some("chat")),
            ("sec-websocket-extensions", Some("shiny")),
            ("sec-websocket-extensions", Some("permessage-deflate, shiny")),
        ] {
            let refused = matches!(with(name, value), Err(Loss::Protocol { .. }));
            assert!(refused, "{name} {value:?}");
        }
    }
}

//! MCP over a WebSocket at `/ws`: who is let in, what is refused, and how it ends.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/bare.rs"]
mod bare;
#[path = "ws_face/calls.rs"]
mod calls;
#[path = "ws_face/deflate.rs"]
mod deflate;
#[path = "ws_face/ends.rs"]
mod ends;
#[path = "ws_face/frames.rs"]
mod frames;
#[path = "ws_face/gateway.rs"]
mod gateway;
#[path = "support/running.rs"]
mod running;
#[path = "support/websocket.rs"]
mod websocket;

use gateway::Gateway;
use websocket::{HANDSHAKE, WebSocket};

#[tokio::test(flavor = "multi_thread")]
async fn the_subprotocol_is_named_when_it_is_offered() {
    let gateway = Gateway::start().await;
    for (offered, named) in [
        ("", false),
        ("sec-websocket-protocol: mcp\r\n", true),
        ("sec-websocket-protocol: chat, mcp\r\n", true),
        ("sec-websocket-protocol: chat\r\nsec-websocket-protocol: mcp\r\n", true),
        ("sec-websocket-protocol: chat\r\n", false),
    ] {
        let socket = WebSocket::connect(gateway.address, offered);
        let head = socket.head.to_lowercase();
        assert!(head.contains("sec-websocket-accept: s3pplmbitxaq9kygzzhzrbk+xoo="), "{head}");
        assert_eq!(head.contains("sec-websocket-protocol: mcp\r\n"), named, "{offered}: {head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn strangers_are_turned_away_before_anything_is_upgraded() {
    let gateway = Gateway::start().await;
    let here = format!("host: {}\r\n", gateway.address);
    for (headers, status) in [
        (format!("host: evil.test\r\n{HANDSHAKE}"), 403),
        (format!("{here}{HANDSHAKE}origin: https://evil.test\r\n"), 403),
        (format!("{here}{HANDSHAKE}origin: null\r\n"), 403),
        (here.clone(), 426),
        (format!("{here}{}", HANDSHAKE.replace("version: 13", "version: 8")), 426),
        (format!("{here}{}", HANDSHAKE.replace("sec-websocket-key", "x-key")), 400),
    ] {
        let refused = WebSocket::ask(gateway.address, &headers).err().expect(&headers);
        assert!(refused.starts_with(&format!("HTTP/1.1 {status} ")), "{headers}{refused}");
    }
    assert_eq!(gateway.clients.sessions(), 0, "nobody got a session");
    let page = format!("{here}{HANDSHAKE}origin: http://localhost:1\r\n");
    assert!(WebSocket::ask(gateway.address, &page).is_ok(), "a page of this machine may");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_gateway_without_room_says_so_in_http() {
    let gateway = Gateway::of(bare::clients(1).await, |_| {});
    let mut first = WebSocket::connect(gateway.address, "");
    let headers = format!("host: {}\r\n{HANDSHAKE}", gateway.address);
    let refused = WebSocket::ask(gateway.address, &headers).err().expect("a second session");
    assert!(refused.starts_with("HTTP/1.1 503 "), "{refused}");
    first.text(br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#);
    assert_eq!(first.message()["id"], 1);
}

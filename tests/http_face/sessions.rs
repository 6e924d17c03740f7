//! Sessions over both HTTP transports; the runtime has no servers, so they answer by themselves.

use crate::gateway::{Connection, Gateway};
use serde_json::Value;

const INITIALIZE: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{
    "protocolVersion":"2025-11-25","capabilities":{},"clientInfo":{"name":"t","version":"1"}}}"#;
const INITIALIZED: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const PING: &[u8] = br#"{"jsonrpc":"2.0","id":"two","method":"ping"}"#;

/// Opens a session; the header that names it.
async fn open(gateway: &Gateway) -> String {
    let response = gateway.post("", INITIALIZE).await;
    assert_eq!(response.status(), 200, "{response:?}");
    let id = response.header("mcp-session-id").expect("no session id");
    let session = format!("mcp-session-id: {id}\r\nmcp-protocol-version: 2025-11-25\r\n");
    assert_eq!(gateway.post(&session, INITIALIZED).await.status(), 202);
    session
}

/// A request without a body, written to a connection of its own.
async fn stream(gateway: &Gateway, path: &str, headers: &str) -> Connection {
    let mut connection = gateway.connect().await;
    let head = format!(
        "GET {path} HTTP/1.1\r\nhost: localhost\r\naccept: text/event-stream\r\n{headers}\r\n"
    );
    connection.write(head.as_bytes()).await;
    connection
}

#[tokio::test]
async fn a_session_is_opened_used_and_left() {
    let gateway = Gateway::start().await;
    let session = open(&gateway).await;
    let pong = gateway.post(&session, PING).await;
    assert_eq!(pong.status(), 200);
    assert_eq!(pong.header("content-type"), Some("application/json"));
    let pong: Value = serde_json::from_str(&pong.body).unwrap();
    assert_eq!((&pong["id"], &pong["result"]), (&"two".into(), &serde_json::json!({})));

    let leave = format!("DELETE /mcp HTTP/1.1\r\nhost: localhost\r\n{session}\r\n");
    assert_eq!(gateway.send(&leave).await.status(), 200);
    assert_eq!(gateway.post(&session, PING).await.status(), 404);
    assert_eq!(gateway.send(&leave).await.status(), 404);
}

#[tokio::test]
async fn a_client_that_takes_only_events_gets_events() {
    let gateway = Gateway::start().await;
    let session = open(&gateway).await;
    let mut connection = gateway.connect().await;
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         accept: text/event-stream\r\n{session}content-length: {}\r\n\r\n",
        PING.len()
    );
    connection.write(head.as_bytes()).await;
    connection.write(PING).await;
    let read = connection.until("\r\n0\r\n\r\n").await;
    assert!(read.contains("content-type: text/event-stream"), "{read}");
    assert!(read.contains("\ndata: {\"jsonrpc\""), "{read}");
}

#[tokio::test]
async fn listening_streams_end_when_the_gateway_stops() {
    let gateway = Gateway::with(|settings| settings.drain = crate::gateway::PATIENCE * 2).await;
    let session = open(&gateway).await;
    let mut listening = stream(&gateway, "/mcp", &session).await;
    listening.until("text/event-stream").await;
    let mut legacy = stream(&gateway, "/sse", "").await;
    legacy.until("event: endpoint").await;
    gateway.stop().await;
    listening.until("0\r\n\r\n").await;
    legacy.until("0\r\n\r\n").await;
}

/// A gateway whose streams show often that they are alive.
async fn lively() -> Gateway {
    Gateway::with(|settings| settings.keep_alive = std::time::Duration::from_millis(50)).await
}

#[tokio::test]
async fn a_connection_ends_with_its_listening_stream_and_says_so() {
    let gateway = lively().await;
    let session = open(&gateway).await;
    let mut listening = stream(&gateway, "/mcp", &session).await;
    let read = listening.until(": keep-alive\n\n\r\n").await;
    assert!(read.contains("\r\nconnection: close\r\n"), "{read}");
    assert!(read.contains("\r\ntransfer-encoding: chunked\r\n"), "{read}");
    let leave = format!("DELETE /mcp HTTP/1.1\r\nhost: localhost\r\n{session}\r\n");
    listening.write(leave.as_bytes()).await;
    let read = listening.until(": keep-alive\n\n\r\n").await;
    assert!(!read.contains("HTTP/1.1"), "nothing else is answered there: {read}");
    assert_eq!(gateway.send(&leave).await.status(), 200);
    listening.until("0\r\n\r\n").await;
    assert!(listening.is_closed_silently().await);
}

#[tokio::test]
async fn a_silent_stream_shows_that_it_is_alive() {
    let gateway = lively().await;
    let session = open(&gateway).await;
    stream(&gateway, "/mcp", &session).await.until(": keep-alive").await;
}

#[tokio::test]
async fn a_stream_whose_place_another_took_stays_open_until_the_session_ends() {
    for resumed in [true, false] {
        let gateway = Gateway::with(|settings| {
            settings.keep_alive = std::time::Duration::from_millis(50);
            if !resumed {
                settings.resume.ttl = std::time::Duration::ZERO;
            }
        })
        .await;
        let session = open(&gateway).await;
        let mut first = stream(&gateway, "/mcp", &session).await;
        first.until(": keep-alive").await;
        let mut second = stream(&gateway, "/mcp", &session).await;
        second.until(": keep-alive").await;
        for _ in 0..3 {
            let read = first.until(": keep-alive").await;
            assert!(!read.contains("\r\n0\r\n\r\n"), "a client would come back for ever: {read}");
        }
        let leave = format!("DELETE /mcp HTTP/1.1\r\nhost: localhost\r\n{session}\r\n");
        assert_eq!(gateway.send(&leave).await.status(), 200);
        first.until("0\r\n\r\n").await;
        second.until("0\r\n\r\n").await;
    }
}

/// The address a legacy stream names.
async fn endpoint(events: &mut Connection) -> String {
    let opened = events.until("\n\n").await;
    let at = opened.find("/messages?sessionId=").expect("no endpoint");
    opened[at..].lines().next().unwrap().trim().to_owned()
}

fn posting(endpoint: &str, body: &[u8]) -> String {
    format!(
        "POST {endpoint} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
         content-length: {}\r\n\r\n{}",
        body.len(),
        String::from_utf8_lossy(body)
    )
}

#[tokio::test]
async fn a_legacy_client_that_does_not_read_leaves_slots_for_the_others() {
    let gateway = Gateway::taking(300).await;
    let other = open(&gateway).await;
    let mut events = stream(&gateway, "/sse", "").await;
    let endpoint = endpoint(&mut events).await;
    // an answer repeats the id; what is not read soon fills all buffers on the way
    let ping = format!(r#"{{"jsonrpc":"2.0","id":"{}","method":"ping"}}"#, "x".repeat(200_000));
    let mut taken = 0;
    let refused = loop {
        let response = gateway.send(&posting(&endpoint, ping.as_bytes())).await;
        if response.status() != 202 {
            break response;
        }
        taken += 1;
    };
    assert_eq!((refused.status(), refused.error().1), (503, -32_003), "after {taken}");
    assert!(taken >= 256, "{taken}");
    assert_eq!(gateway.post(&other, PING).await.status(), 200);
}

#[tokio::test]
async fn a_legacy_session_answers_on_its_stream_and_ends_with_it() {
    let gateway = Gateway::start().await;
    let mut events = stream(&gateway, "/sse", "").await;
    let endpoint = endpoint(&mut events).await;
    let post = |body: &[u8]| posting(&endpoint, body);
    assert_eq!(gateway.send(&post(INITIALIZE)).await.status(), 202);
    events.until("protocolVersion").await;
    assert_eq!(gateway.send(&post(INITIALIZED)).await.status(), 202);
    assert_eq!(gateway.send(&post(PING)).await.body, "Accepted");
    events.until("\"two\"").await;

    drop(events);
    tokio::time::timeout(crate::gateway::PATIENCE, async {
        while gateway.send(&post(PING)).await.status() != 404 {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the session outlives its stream");
}

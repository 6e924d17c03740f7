//! Headers, sessions, order, the end of a connection.

use crate::peer::{Peer, handshake, result, target};
use crate::server::{Reply, Server, event, forever};
use mcpvisor::downstream::HttpKind;
use mcpvisor_actors::server::Loss;
use std::sync::Arc;
use tokio::sync::Notify;

#[tokio::test]
async fn a_json_reply_is_the_answer() {
    let server = Server::start(|_| Reply::json(&result(7))).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(7, "tools/list");
    assert!(peer.0.is_unsent(7));
    assert_eq!(peer.message().await, (result(7), Some(7)));
    assert!(!peer.0.is_unsent(7));
    let seen = &server.seen()[0];
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/mcp"));
    assert_eq!(seen.body, r#"{"jsonrpc":"2.0","id":7,"method":"tools/list"}"#);
    for (name, value) in [
        ("accept", "application/json, text/event-stream"),
        ("content-type", "application/json"),
        ("authorization", "Bearer hush-hush"),
    ] {
        assert_eq!(seen.header(name), Some(value));
    }
}

#[tokio::test]
async fn a_batch_reply_is_heard_message_by_message() {
    let log = r#"{"jsonrpc":"2.0","method":"notifications/message"}"#;
    let server = Server::start(move |_| Reply::json(&format!("[{log}, {}]", result(1)))).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/list");
    assert_eq!(peer.message().await, (log.to_owned(), Some(1)));
    assert_eq!(peer.message().await, (result(1), Some(1)));
}

#[tokio::test]
async fn the_session_and_the_revision_are_named_once_they_are_known() {
    let server =
        Server::start(|request| handshake(request).unwrap_or_else(|| Reply::json(&result(1))))
            .await;
    let mut peer = Peer::established(&server).await;
    peer.request(1, "tools/list");
    peer.answer(1).await;
    let (session, version) = ("mcp-session-id", "mcp-protocol-version");
    let initialize = server.wait_for("initialize").await;
    assert_eq!((initialize.header(session), initialize.header(version)), (None, None));
    for call in ["notifications/initialized", "GET", "tools/list"] {
        let seen = server.wait_for(call).await;
        assert_eq!(seen.header(session), Some("s1"), "{call}");
        assert_eq!(seen.header(version), Some("2025-06-18"), "{call}");
    }
}

#[tokio::test]
async fn a_request_waits_until_the_notification_before_it_is_accepted() {
    let accept = Arc::new(Notify::new());
    let gate = Arc::clone(&accept);
    let server = Server::start(move |request| match request.call().as_str() {
        "notifications/initialized" => Reply::held(&gate),
        _ => Reply::json(&result(1)),
    })
    .await;
    let mut peer = Peer::streamable(&server).await;
    peer.notify("notifications/initialized");
    peer.request(1, "tools/list");
    peer.quietly(server.wait_for("notifications/initialized")).await;
    assert!(peer.0.is_unsent(1));
    accept.notify_one();
    peer.answer(1).await;
    assert_eq!(server.calls(), ["notifications/initialized", "tools/list"]);
}

#[tokio::test]
async fn a_request_does_not_wait_for_the_answer_to_an_earlier_one() {
    let server = Server::start(|request| match request.call().as_str() {
        "slow" => Reply::events(vec![forever()]),
        _ => Reply::json(&result(2)),
    })
    .await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "slow");
    peer.request(2, "fast");
    peer.answer(2).await;
}

#[tokio::test]
async fn a_cancellation_is_posted_and_the_response_stream_dropped() {
    let server = Server::start(|request| {
        handshake(request).unwrap_or_else(|| Reply::events(vec![forever()]))
    })
    .await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(3, "tools/call");
    peer.quietly(server.wait_for("tools/call")).await;
    peer.cancel(3);
    peer.quietly(server.wait_for("notifications/cancelled")).await;
    drop(peer);
    server.wait_closed().await;
}

#[tokio::test]
async fn a_request_cancelled_before_it_was_sent_never_is() {
    let server = Server::start(|_| Reply::accepted()).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(3, "tools/call");
    peer.cancel(3);
    assert!(!peer.0.is_unsent(3));
    peer.notify("notifications/roots/list_changed");
    peer.quietly(server.wait_for("notifications/roots/list_changed")).await;
    assert_eq!(server.calls(), ["notifications/roots/list_changed"]);
}

#[tokio::test]
async fn closing_ends_the_session_and_leaves_nothing_open() {
    let server = Server::start(|request| {
        handshake(request).unwrap_or_else(|| Reply::events(vec![forever()]))
    })
    .await;
    let mut peer = Peer::established(&server).await;
    peer.request(1, "tools/call");
    peer.quietly(server.wait_for("tools/call")).await;
    peer.0.close().await;
    let delete = server.wait_for("DELETE").await;
    assert_eq!(delete.header("mcp-session-id"), Some("s1"));
    server.wait_closed().await;
}

#[tokio::test]
async fn a_server_that_does_not_answer_the_delete_holds_up_nobody() {
    let server = Server::start(|request| match request.call().as_str() {
        "DELETE" => Reply::held(&Arc::new(Notify::new())),
        _ => handshake(request).unwrap(),
    })
    .await;
    let peer = Peer::established(&server).await;
    let closing = tokio::time::timeout(crate::server::DEADLINE, peer.0.close());
    closing.await.expect("close is bounded");
    server.wait_closed().await;
}

#[tokio::test]
async fn dropping_a_connection_closes_its_sockets() {
    let server = Server::start(|request| match request.call().as_str() {
        "GET" => Reply::events(vec![event("7"), forever()]),
        "tools/call" => Reply::events(vec![forever()]),
        _ => handshake(request).unwrap(),
    })
    .await;
    let mut peer = Peer::established(&server).await;
    peer.request(1, "tools/call");
    let _noise = peer.hear().await;
    peer.quietly(server.wait_for("tools/call")).await;
    drop(peer);
    server.wait_closed().await;
    assert!(!server.calls().contains(&"DELETE".to_owned()));
}

#[tokio::test]
async fn a_session_the_server_forgot_is_lost_and_the_request_was_not_executed() {
    let forgot = || Reply::new(404, "", "Session not found");
    let server = Server::start(move |request| handshake(request).unwrap_or_else(forgot)).await;
    let mut peer = Peer::established(&server).await;
    peer.request(5, "tools/call");
    assert_eq!(peer.failed().await, (5, false, Loss::SessionLost));
    assert_eq!(peer.lost().await, Loss::SessionLost);
}

#[tokio::test]
async fn a_connector_names_its_transport_and_no_secret() {
    use mcpvisor::downstream::http::HttpConnector;
    use mcpvisor_actors::server::Connector;
    for (kind, name) in [
        (HttpKind::Auto, "streamable-http"),
        (HttpKind::StreamableHttp, "streamable-http"),
        (HttpKind::Sse, "sse"),
    ] {
        let url = "http://127.0.0.1:1/?key=sesame-open".parse().unwrap();
        let connector = HttpConnector::new(target(url, kind));
        assert_eq!(connector.kind(), name);
        let shown = format!("{connector:?}");
        assert!(!shown.contains("hush") && !shown.contains("sesame"), "{shown}");
    }
}

#[tokio::test]
async fn a_reply_that_breaks_off_before_its_head_may_have_been_executed() {
    let server = Server::start(|_| Reply::broken()).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    let (id, sent, loss) = peer.failed().await;
    assert_eq!((id, sent), (1, true));
    assert!(matches!(loss, Loss::Unreachable { .. }), "{loss:?}");
}

//! Streamable HTTP of 2026-07-28 on the wire: no session, no standing stream, and a closed stream for a
//! cancellation.

use crate::peer::{Peer, handshake, result, target};
use crate::server::{Part, Reply, Server, event, forever};
use mcpvisor::downstream::HttpKind;
use mcpvisor_actors::bridge::Era;
use mcpvisor_actors::server::{Loss, Outbound, OutboundKind};
use mcpvisor_actors::wire::ProtocolVersion;

/// Sends a request of 2026-07-28.
fn ask(peer: &mut Peer, id: u64, method: &str) {
    let text = format!(r#"{{"jsonrpc":"2.0","id":{id},"method":"{method}"}}"#);
    let own = [("MCP-Protocol-Version", "2026-07-28"), ("Mcp-Method", method)];
    let kind = OutboundKind::Request { id, initialize: false };
    let headers = own.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
    peer.0.send(Outbound { headers, ..Outbound::new(bytes::Bytes::from(text), kind) });
}

#[tokio::test]
async fn a_request_carries_its_own_headers_and_there_is_neither_session_nor_stream() {
    let server = Server::start(|request| {
        let id = if request.call() == "server/discover" { 1 } else { 2 };
        // a server may think that it opens a session
        Reply::new(200, "content-type: application/json\r\nmcp-session-id: s\r\n", &result(id))
    })
    .await;
    for kind in [HttpKind::StreamableHttp, HttpKind::Auto] {
        let mut peer = Peer::connect(target(server.url("/mcp"), kind)).await;
        ask(&mut peer, 1, "server/discover");
        peer.answer(1).await;
        peer.0.established(Era::Modern);
        ask(&mut peer, 2, "tools/list");
        peer.answer(2).await;
        peer.0.close().await;
    }
    let expected = ["server/discover", "tools/list"];
    assert_eq!(server.calls(), [expected, expected].concat(), "no GET, no DELETE");
    for (request, method) in server.seen().iter().zip([expected, expected].concat()) {
        assert_eq!(request.header("mcp-protocol-version"), Some("2026-07-28"));
        assert_eq!(request.header("mcp-method"), Some(method));
        assert_eq!(request.header("mcp-session-id"), None);
        assert_eq!(request.header("authorization"), Some("Bearer hush-hush"), "the configured one");
    }
}

#[tokio::test]
async fn a_request_given_up_closes_its_stream_and_nothing_is_sent() {
    let progress = r#"{"jsonrpc":"2.0","method":"notifications/progress","params":{}}"#;
    let server = Server::start(move |request| match request.call().as_str() {
        "tools/call" => Reply::events(vec![event(progress), forever()]),
        _ => Reply::json(&result(2)),
    })
    .await;
    let mut peer = Peer::streamable(&server).await;
    peer.0.established(Era::Modern);
    ask(&mut peer, 1, "tools/call");
    assert_eq!(peer.message().await, (progress.to_owned(), Some(1)));
    peer.cancel(1);
    peer.quietly(server.wait_closed()).await;
    ask(&mut peer, 2, "tools/list");
    peer.answer(2).await;
    assert_eq!(server.calls(), ["tools/call", "tools/list"]);
}

#[tokio::test]
async fn a_stream_that_broke_is_not_taken_up_again() {
    let numbered = Part::Say("id: 7\ndata: {\"jsonrpc\":\"2.0\",\"method\":\"m\"}\n\n".to_owned());
    let server = Server::start(move |_| Reply::events(vec![numbered.clone()])).await;
    let mut peer = Peer::streamable(&server).await;
    ask(&mut peer, 1, "tools/call");
    peer.message().await;
    assert_eq!(peer.failed().await, (1, true, Loss::StreamEnded));
    assert_eq!(server.calls(), ["tools/call"]);
}

#[tokio::test]
async fn a_server_of_the_initialize_era_refuses_the_question_and_is_then_tried_as_ever() {
    let server = Server::start(|request| match request.call().as_str() {
        "server/discover" => Reply::new(400, "", "Mcp-Session-Id is missing"),
        _ => handshake(request).unwrap(),
    })
    .await;
    let mut peer = Peer::connect(target(server.url("/mcp"), HttpKind::Auto)).await;
    ask(&mut peer, 1, "server/discover");
    let (id, sent, loss) = peer.failed().await;
    assert_eq!((id, sent), (1, false));
    assert!(matches!(loss, Loss::HttpStatus { status: 400, .. }), "{loss:?}");
    peer.initialize();
    peer.answer(0).await;
    assert_eq!(server.calls(), ["server/discover", "initialize"]);
}

#[tokio::test]
async fn a_question_that_hangs_is_given_up_when_the_other_one_is_answered() {
    let server = Server::start(|request| match request.call().as_str() {
        "server/discover" => Reply::events(vec![forever()]),
        _ => handshake(request).unwrap(),
    })
    .await;
    let mut peer = Peer::streamable(&server).await;
    ask(&mut peer, 1, "server/discover");
    peer.quietly(server.wait_for("server/discover")).await;
    peer.initialize();
    peer.answer(0).await;
    peer.0.established(Era::Legacy(ProtocolVersion::V2025_06_18));
    peer.quietly(server.wait_closed()).await;
}

#[tokio::test]
async fn an_answer_to_the_question_that_comes_late_does_not_keep_an_old_server_from_being_found() {
    let gate = std::sync::Arc::new(tokio::sync::Notify::new());
    let held = std::sync::Arc::clone(&gate);
    let server = Server::start(move |request| match request.call().as_str() {
        "server/discover" => Reply::new(404, "", "no"),
        "initialize" if request.path == "/mcp" => Reply::new(404, "", "no").after(&held),
        "initialize" => Reply::json(&result(0)),
        _ => Reply::events(vec![event_named("endpoint", "/post"), forever()]),
    })
    .await;
    let mut peer = Peer::connect(target(server.url("/mcp"), HttpKind::Auto)).await;
    ask(&mut peer, 1, "server/discover");
    peer.initialize();
    assert_eq!(peer.failed().await.0, 1, "while `initialize` is under way");
    gate.notify_one();
    assert_eq!(peer.message().await.0, result(0));
}

fn event_named(name: &str, data: &str) -> Part {
    Part::Say(format!("event: {name}\ndata: {data}\n\n"))
}

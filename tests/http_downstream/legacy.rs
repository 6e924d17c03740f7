//! HTTP+SSE, and falling back to it.

use crate::peer::{Peer, handshake, result, target};
use crate::server::{Part, Reply, Request, Server, event, forever};
use mcpvisor::downstream::HttpKind;
use mcpvisor_actors::server::{Inbound, Loss};
use mcpvisor_actors::wire::WireError;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

fn endpoint(address: &str) -> Part {
    Part::Say(format!("event: endpoint\ndata: {address}\n\n"))
}

fn message(data: &str) -> Part {
    Part::Say(format!("event: message\ndata: {data}\n\n"))
}

async fn connect(server: &Server, kind: HttpKind) -> Peer {
    Peer::connect(target(server.url("/sse"), kind)).await
}

/// A server whose stream says these parts and whose POSTs are accepted.
async fn saying(parts: Vec<Part>) -> Server {
    Server::start(move |request| stream_or(request, parts.clone(), Reply::accepted())).await
}

fn stream_or(request: &Request, parts: Vec<Part>, post: Reply) -> Reply {
    if request.method == "GET" { Reply::events(parts) } else { post }
}

#[tokio::test]
async fn frames_go_to_the_address_the_stream_names_and_answers_come_on_the_stream() {
    let asked = Arc::new(Notify::new());
    let gate = Arc::clone(&asked);
    let server = Server::start(move |request| {
        if request.call() == "tools/list" {
            gate.notify_one();
        }
        let hold = Part::Hold(Arc::clone(&gate));
        let parts = vec![endpoint("messages?id=7"), hold, message(&result(1)), forever()];
        stream_or(request, parts, Reply::accepted())
    })
    .await;
    let mut peer = connect(&server, HttpKind::Sse).await;
    peer.request(1, "tools/list");
    assert_eq!(peer.message().await, (result(1), None));
    let seen = server.wait_for("tools/list").await;
    assert_eq!((seen.method.as_str(), seen.path.as_str()), ("POST", "/messages?id=7"));
    assert_eq!(seen.header("authorization"), Some("Bearer hush-hush"));
    peer.0.close().await;
    server.wait_closed().await;
}

#[tokio::test]
async fn an_answer_on_the_stream_that_cannot_be_read_tells_whose_it_is() {
    for (text, expected) in [
        (format!(r#"{{"jsonrpc":"2.0","id":1,"result":"{}"}}"#, "x".repeat(5000)), Some(1)),
        (r#"{"jsonrpc":"2.0","id":1,"result":{oops}"#.to_owned(), Some(1)),
        (format!(r#"{{"jsonrpc":"2.0","method":"{}"}}"#, "x".repeat(5000)), None),
    ] {
        let server = saying(vec![endpoint("/post"), message(&text), forever()]).await;
        let mut peer = connect(&server, HttpKind::Sse).await;
        peer.request(1, "tools/call");
        let Inbound::Noise(noise) = peer.hear().await else { panic!("no noise: {text:.60}") };
        assert_eq!(noise.id, expected, "{text:.60}");
    }
}

#[tokio::test]
async fn a_post_the_server_does_not_end_does_not_outlive_its_answer_for_long() {
    let asked = Arc::new(Notify::new());
    let gate = Arc::clone(&asked);
    let server = Server::start(move |request| {
        if request.call() == "tools/list" {
            gate.notify_one();
        }
        let hold = Part::Hold(Arc::clone(&gate));
        let parts = vec![endpoint("/post"), hold, message(&result(1)), forever()];
        stream_or(request, parts, Reply::accepted().saying(vec![forever()]))
    })
    .await;
    let mut peer = connect(&server, HttpKind::Sse).await;
    peer.request(1, "tools/list");
    assert_eq!(peer.message().await, (result(1), None));
    peer.quietly(server.wait_open(1)).await;
}

#[tokio::test]
async fn nothing_is_sent_before_the_address_is_known() {
    let gate = Arc::new(Notify::new());
    let server = saying(vec![Part::Hold(Arc::clone(&gate)), endpoint("/post"), forever()]).await;
    let mut peer = connect(&server, HttpKind::Sse).await;
    peer.request(1, "tools/list");
    peer.quietly(server.wait_for("GET")).await;
    assert!(peer.0.is_unsent(1));
    gate.notify_one();
    peer.quietly(server.wait_for("tools/list")).await;
    assert!(!peer.0.is_unsent(1));
}

#[tokio::test]
async fn an_answer_in_the_response_to_the_post_counts() {
    let server = Server::start(|request| {
        stream_or(request, vec![endpoint("/post"), forever()], Reply::json(&result(1)))
    })
    .await;
    let mut peer = connect(&server, HttpKind::Sse).await;
    peer.request(1, "tools/list");
    assert_eq!(peer.message().await, (result(1), Some(1)));
}

#[tokio::test]
async fn a_later_address_replaces_the_first() {
    let gate = Arc::new(Notify::new());
    let hold = Part::Hold(Arc::clone(&gate));
    let server =
        saying(vec![endpoint("/one"), hold, endpoint("/two"), message("7"), forever()]).await;
    let mut peer = connect(&server, HttpKind::Sse).await;
    peer.request(1, "first");
    assert_eq!(peer.quietly(server.wait_for("first")).await.path, "/one");
    gate.notify_one();
    assert!(matches!(peer.hear().await, Inbound::Noise(_)));
    peer.request(2, "second");
    assert_eq!(peer.quietly(server.wait_for("second")).await.path, "/two");
}

#[tokio::test]
async fn an_address_at_another_origin_is_refused() {
    let elsewhere = Server::start(|_| Reply::accepted()).await;
    let server = saying(vec![endpoint(elsewhere.url("/post").as_str()), forever()]).await;
    let mut peer = connect(&server, HttpKind::Sse).await;
    peer.request(1, "tools/list");
    let loss = peer.lost().await;
    assert!(matches!(loss, Loss::Protocol { .. }), "{loss:?}");
    assert!(peer.0.is_unsent(1));
    assert_eq!(elsewhere.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn the_address_is_waited_for_only_so_long() {
    let server = saying(vec![forever()]).await;
    let after = Duration::from_millis(300);
    let target = target(server.url("/sse"), HttpKind::Sse);
    let mut peer =
        Peer::connect(mcpvisor::downstream::HttpTarget { connect_timeout: after, ..target }).await;
    assert_eq!(peer.lost().await, Loss::TimedOut { stage: "endpoint event", after });
}

#[tokio::test]
async fn the_end_of_the_stream_is_the_end_of_the_connection() {
    for end in [vec![], vec![Part::Break]] {
        let server = saying([vec![endpoint("/post")], end].concat()).await;
        let mut peer = connect(&server, HttpKind::Sse).await;
        assert!(matches!(peer.lost().await, Loss::Unreachable { .. }));
    }
}

#[tokio::test]
async fn a_stream_that_is_not_opened_says_why() {
    for (status, expected) in [(401, "login"), (500, "500"), (200, "text/html")] {
        let html = "content-type: text/html\r\n";
        let server = Server::start(move |_| Reply::new(status, html, "")).await;
        let mut peer = connect(&server, HttpKind::Sse).await;
        let loss = peer.lost().await.to_string();
        assert!(loss.contains(expected), "{loss}");
    }
}

#[tokio::test]
async fn a_post_that_is_refused_fails_its_request() {
    let server = Server::start(|request| {
        let post = match request.call().as_str() {
            "busy" => Reply::new(503, "retry-after: 1\r\n", ""),
            _ => Reply::new(404, "", "Could not find session"),
        };
        stream_or(request, vec![endpoint("/post"), forever()], post)
    })
    .await;
    let mut peer = connect(&server, HttpKind::Sse).await;
    peer.request(1, "busy");
    assert!(matches!(peer.failed().await, (1, false, Loss::HttpStatus { status: 503, .. })));
    peer.request(2, "gone");
    assert_eq!(peer.failed().await, (2, false, Loss::SessionLost));
    assert_eq!(peer.lost().await, Loss::SessionLost);
}

#[tokio::test]
async fn an_oversize_event_costs_itself_only() {
    let large = "x".repeat(10_000);
    let server =
        saying(vec![endpoint("/post"), event(&large), message(&result(1)), forever()]).await;
    let mut peer = connect(&server, HttpKind::Sse).await;
    let Inbound::Noise(noise) = peer.hear().await else { panic!("no noise") };
    assert_eq!((noise.fault, noise.id), (WireError::TooLarge { limit: 4096 }, None));
    assert_eq!(peer.message().await, (result(1), None));
}

#[tokio::test]
async fn auto_falls_back_when_initialize_is_refused_as_old_servers_do() {
    for status in [400, 404, 405] {
        let server = Server::start(move |request| match (&*request.method, &*request.path) {
            ("GET", _) => Reply::events(vec![endpoint("/post"), forever()]),
            ("POST", "/post") => Reply::json(&result(0)),
            _ => Reply::new(status, "", "no"),
        })
        .await;
        let mut peer = connect(&server, HttpKind::Auto).await;
        peer.initialize();
        assert_eq!(peer.message().await, (result(0), Some(0)));
        assert_eq!(server.calls(), ["initialize", "GET", "initialize"]);
    }
}

#[tokio::test]
async fn auto_stays_with_streamable_http_when_initialize_is_answered() {
    let error = r#"{"jsonrpc":"2.0","id":0,"error":{"code":-32602,"message":"version"}}"#;
    let server = Server::start(move |_| Reply::new(400, "", error)).await;
    let mut peer = connect(&server, HttpKind::Auto).await;
    peer.initialize();
    assert_eq!(peer.message().await, (error.to_owned(), Some(0)));

    let server = Server::start(|request| handshake(request).unwrap()).await;
    let mut peer = connect(&server, HttpKind::Auto).await;
    peer.initialize();
    peer.answer(0).await;
    peer.0.close().await;
    assert_eq!(server.calls(), ["initialize", "DELETE"]);
}

#[tokio::test]
async fn auto_reports_the_first_refusal_when_neither_protocol_is_spoken() {
    let server = Server::start(|request| match request.method.as_str() {
        "GET" => Reply::new(200, "content-type: text/html\r\n", "<html>"),
        _ => Reply::new(404, "", "nothing here"),
    })
    .await;
    let mut peer = connect(&server, HttpKind::Auto).await;
    peer.initialize();
    let loss = peer.lost().await;
    assert!(matches!(loss, Loss::HttpStatus { status: 404, .. }), "{loss:?}");
}

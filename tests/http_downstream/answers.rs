//! What counts as the answer to a request, whatever its HTTP status.

use crate::peer::{Peer, handshake, result, target};
use crate::server::{Part, Reply, Server, event, forever};
use mcpvisor::downstream::{HttpKind, HttpTarget};
use mcpvisor_actors::server::Loss;
use mcpvisor_actors::wire::Limits;
use std::sync::Arc;
use tokio::sync::Notify;

/// Answers to request 1 that a status might drown.
fn answers() -> [String; 3] {
    [error(-32_601, "no"), error(7, "login please"), result(1)]
}

fn error(code: i32, text: &str) -> String {
    format!(r#"{{ "jsonrpc":"2.0", "id":1,"error":{{"code":{code},"message":"{text}"}}}}"#)
}

#[tokio::test]
async fn a_denial_of_the_session_that_repeats_our_id_is_no_answer() {
    for (status, text) in
        [(404, "Session not found"), (400, "Bad Request: No valid session ID provided")]
    {
        let server = Server::start(move |request| match request.call().as_str() {
            "tools/call" => Reply::new(status, "", &error(-32_001, text)),
            _ => handshake(request).unwrap_or_else(|| Reply::json(&result(2))),
        })
        .await;
        let mut peer = Peer::established(&server).await;
        peer.request(1, "tools/call");
        assert_eq!(peer.failed().await, (1, false, Loss::SessionLost));
        assert_eq!(peer.lost().await, Loss::SessionLost);
    }
}

#[tokio::test]
async fn a_json_rpc_response_is_the_answer_whatever_the_status() {
    for status in [307, 400, 401, 403, 404, 409, 429, 500, 502, 503] {
        for answer in answers() {
            let body = answer.clone();
            let server = Server::start(move |request| match request.call().as_str() {
                "tools/call" => Reply::new(status, "retry-after: 1\r\n", &body),
                _ => handshake(request).unwrap_or_else(|| Reply::json(&result(2))),
            })
            .await;
            let mut peer = Peer::established(&server).await;
            peer.request(1, "tools/call");
            assert_eq!(peer.message().await, (answer, Some(1)), "{status}");
            peer.request(2, "tools/list");
            peer.answer(2).await;
        }
    }
}

#[tokio::test]
async fn a_json_rpc_response_to_a_legacy_post_is_the_answer_whatever_the_status() {
    for status in [400, 401, 404, 500] {
        for answer in answers() {
            let body = answer.clone();
            let server = Server::start(move |request| match request.call().as_str() {
                "GET" => {
                    let endpoint = Part::Say("event: endpoint\ndata: /post\n\n".to_owned());
                    Reply::events(vec![endpoint, forever()])
                }
                _ => Reply::new(status, "", &body),
            })
            .await;
            let mut peer = Peer::connect(target(server.url("/sse"), HttpKind::Sse)).await;
            peer.request(1, "tools/call");
            assert_eq!(peer.message().await, (answer, Some(1)), "{status}");
        }
    }
}

#[tokio::test]
async fn a_legacy_post_refused_with_the_answer_to_another_request_is_not_answered() {
    let server = Server::start(|request| match request.call().as_str() {
        "GET" => {
            Reply::events(vec![Part::Say("event: endpoint\ndata: /post\n\n".to_owned()), forever()])
        }
        "slow" => Reply::accepted(),
        _ => Reply::new(404, "", &result(1)),
    })
    .await;
    let mut peer = Peer::connect(target(server.url("/sse"), HttpKind::Sse)).await;
    peer.request(1, "slow");
    peer.request(2, "tools/call");
    assert_eq!(peer.message().await, (result(1), Some(2)));
    assert!(matches!(peer.failed().await, (2, true, Loss::Protocol { .. })));
}

#[tokio::test]
async fn an_answer_with_an_error_status_may_be_as_large_as_any() {
    let answer = format!(r#"{{"id":1,"result":"{}"}}"#, "x".repeat(200_000));
    let body = answer.clone();
    let server = Server::start(move |_| Reply::new(500, "", &body)).await;
    let target = target(server.url("/mcp"), HttpKind::StreamableHttp);
    let mut peer = Peer::connect(HttpTarget { limits: Limits::default(), ..target }).await;
    peer.request(1, "tools/call");
    assert_eq!(peer.message().await, (answer, Some(1)));
}

#[tokio::test]
async fn the_answer_to_another_request_reaches_it_whatever_the_status() {
    for status in [400, 404, 500] {
        let server = Server::start(move |request| match request.call().as_str() {
            "slow" => Reply::held(&Arc::new(Notify::new())),
            "tools/call" => Reply::new(status, "", &result(1)),
            _ => handshake(request).unwrap(),
        })
        .await;
        let mut peer = Peer::established(&server).await;
        peer.request(1, "slow");
        peer.quietly(server.wait_for("slow")).await;
        peer.request(2, "tools/call");
        assert_eq!(peer.message().await, (result(1), Some(2)));
        let (id, sent, loss) = peer.failed().await;
        assert_eq!((id, sent), (2, true));
        assert!(matches!(loss, Loss::Protocol { .. }), "{loss:?}");
    }
}

#[tokio::test]
async fn a_response_without_an_id_of_ours_denies_the_session() {
    for id in ["\"id\":null,", "", "\"id\":\"server-error\","] {
        let error = r#""error":{"code":-32600,"message":"Session not found"}"#;
        let body = format!(r#"{{"jsonrpc":"2.0",{id}{error}}}"#);
        for status in [400, 404] {
            let body = body.clone();
            let denied = move || Reply::new(status, "content-type: application/json\r\n", &body);
            let server =
                Server::start(move |request| handshake(request).unwrap_or_else(&denied)).await;
            let mut peer = Peer::established(&server).await;
            peer.request(5, "tools/call");
            assert_eq!(peer.failed().await, (5, false, Loss::SessionLost));
            assert_eq!(peer.lost().await, Loss::SessionLost);
        }
    }
}

#[tokio::test]
async fn a_refusal_that_cannot_be_read_may_have_been_an_answer() {
    let large = result(1).repeat(500);
    for parts in
        [vec![Part::Say(result(1)[..9].to_owned()), Part::Break], vec![Part::Say(large), event("")]]
    {
        let server = Server::start(move |request| {
            handshake(request).unwrap_or_else(|| Reply::new(404, "", "").saying(parts.clone()))
        })
        .await;
        let mut peer = Peer::established(&server).await;
        peer.request(1, "tools/call");
        let (id, sent, _) = peer.failed().await;
        assert_eq!((id, sent), (1, true));
    }
}

//! What a server may make us hold: answers it does not take, batches without end.

use crate::peer::{Peer, handshake, result, target};
use crate::server::{Part, Reply, Server, event, forever};
use mcpvisor::downstream::{HttpKind, HttpTarget};
use mcpvisor_actors::server::{Inbound, Loss};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::Notify;

/// A batch of this many messages, the last of them the answer to request 1.
fn batch(len: usize) -> String {
    format!("[{}{}]", "7,".repeat(len - 1), result(1))
}

/// Whether this says what is wrong with a batch.
fn names_the_cap(loss: &Loss) -> bool {
    matches!(loss, Loss::Protocol { detail } if detail.contains("batch") && detail.contains("1024"))
}

#[tokio::test]
async fn answers_to_a_server_that_takes_none_are_bounded_and_hold_up_no_request() {
    let gate = Arc::new(Notify::new());
    let held = Arc::clone(&gate);
    let server = Server::start(move |request| match request.call().as_str() {
        "POST" => Reply::held(&held),
        _ => Reply::json(&result(1)),
    })
    .await;
    let posts = |server: &Server| server.calls().iter().filter(|call| *call == "POST").count();
    // An answer is given up after this time, and none may be here.
    let connect_timeout = Duration::from_secs(120);
    let target = target(server.url("/mcp"), HttpKind::StreamableHttp);
    let mut peer = Peer::connect(HttpTarget { connect_timeout, ..target }).await;
    for id in 0..200 {
        peer.respond(id);
    }
    for started in 16..=80 {
        let reached = |server: &Server| (posts(server) >= started).then_some(());
        peer.quietly(server.wait("answers posted", reached)).await;
        peer.request(1, "tools/call");
        peer.answer(1).await;
        assert_eq!(posts(&server), started);
        gate.notify_one();
    }
    peer.request(1, "tools/call");
    peer.answer(1).await;
    assert_eq!(posts(&server), 80);
}

#[tokio::test]
async fn a_batch_of_1024_messages_is_heard_and_a_larger_one_is_a_protocol_fault() {
    for status in [200, 400] {
        let server = Server::start(move |_| Reply::new(status, "", &batch(1024))).await;
        let mut peer = Peer::streamable(&server).await;
        peer.request(1, "tools/call");
        for _ in 0..1023 {
            assert!(matches!(peer.hear().await, Inbound::Noise(_)));
        }
        peer.answer(1).await;

        let server = Server::start(move |_| Reply::new(status, "", &batch(1025))).await;
        let mut peer = Peer::streamable(&server).await;
        peer.request(1, "tools/call");
        let (id, sent, loss) = peer.failed().await;
        assert_eq!((id, sent), (1, true));
        assert!(names_the_cap(&loss), "{loss}");
    }
}

#[tokio::test]
async fn a_batch_above_the_cap_in_the_stream_of_a_request_fails_it() {
    let server = Server::start(|_| Reply::events(vec![event(&batch(1025)), forever()])).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    let (id, sent, loss) = peer.failed().await;
    assert_eq!((id, sent), (1, true));
    assert!(names_the_cap(&loss), "{loss}");
}

#[tokio::test]
async fn a_batch_above_the_cap_in_a_stream_of_no_request_ends_the_connection() {
    let server = Server::start(|request| match request.method.as_str() {
        "GET" => Reply::events(vec![event(&batch(1025)), forever()]),
        _ => handshake(request).unwrap(),
    })
    .await;
    let mut peer = Peer::established(&server).await;
    let loss = peer.lost().await;
    assert!(names_the_cap(&loss), "{loss}");

    let endpoint = Part::Say("event: endpoint\ndata: /post\n\n".to_owned());
    let parts = vec![endpoint, event(&batch(1025)), forever()];
    let server = Server::start(move |_| Reply::events(parts.clone())).await;
    let mut peer = Peer::connect(target(server.url("/sse"), HttpKind::Sse)).await;
    let loss = peer.lost().await;
    assert!(names_the_cap(&loss), "{loss}");
}

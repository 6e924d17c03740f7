//! Event streams: of a request, and the standing one.

use crate::peer::{Peer, handshake, result};
use crate::server::{Part, Reply, Request, Server, event, forever};
use mcpvisor_actors::server::{Inbound, Loss};
use mcpvisor_actors::wire::WireError;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Notify;

fn progress(n: u32) -> String {
    format!(r#"{{"jsonrpc":"2.0","method":"notifications/progress","params":{{"progress":{n}}}}}"#)
}

/// A server that answers every call with these parts.
async fn streaming(parts: Vec<Part>) -> Server {
    Server::start(move |_| Reply::events(parts.clone())).await
}

#[tokio::test]
async fn progress_is_heard_in_order_before_the_answer_and_related_to_its_request() {
    let mut parts: Vec<Part> = (0..200).map(|n| event(&progress(n))).collect();
    parts.push(event(&result(9)));
    let server = streaming(parts).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(9, "tools/call");
    for n in 0..200 {
        assert_eq!(peer.message().await, (progress(n), Some(9)));
    }
    assert_eq!(peer.message().await, (result(9), Some(9)));
}

#[tokio::test]
async fn each_event_is_heard_when_it_comes() {
    let gate = Arc::new(Notify::new());
    let server = streaming(vec![
        event(&progress(1)),
        Part::Hold(Arc::clone(&gate)),
        event(&result(1)),
        forever(),
    ])
    .await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    assert_eq!(peer.message().await.0, progress(1));
    gate.notify_one();
    peer.answer(1).await;
    peer.quietly(server.wait_closed()).await;
}

#[tokio::test]
async fn a_stream_that_ends_without_the_answer_fails_its_request() {
    let server = streaming(vec![event(&progress(1))]).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    assert_eq!(peer.message().await.0, progress(1));
    assert_eq!(peer.failed().await, (1, true, Loss::StreamEnded));
    assert_eq!(server.calls(), ["tools/call"]);
}

#[tokio::test]
async fn a_stream_that_breaks_off_fails_its_request() {
    let server = streaming(vec![event(&progress(1)), Part::Break]).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    assert_eq!(peer.message().await.0, progress(1));
    let (id, sent, loss) = peer.failed().await;
    assert_eq!((id, sent), (1, true));
    assert!(matches!(loss, Loss::Unreachable { .. }), "{loss:?}");
}

/// Breaks the first stream off after an event with an id; `then` answers the GETs.
fn broken_once(request: &Request, then: Reply) -> Reply {
    match request.method.as_str() {
        "GET" => then,
        _ => Reply::events(vec![
            Part::Say(format!("retry: 100\nid: e1\ndata: {}\n\n", progress(1))),
            Part::Break,
        ]),
    }
}

#[tokio::test]
async fn a_stream_with_event_ids_is_taken_up_where_it_broke() {
    let server = Server::start(|request| {
        broken_once(request, Reply::events(vec![event(&progress(2)), event(&result(1))]))
    })
    .await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    for expected in [progress(1), progress(2), result(1)] {
        assert_eq!(peer.message().await, (expected, Some(1)));
    }
    assert_eq!(server.calls(), ["tools/call", "GET"]);
    assert_eq!(server.seen()[1].header("last-event-id"), Some("e1"));
}

#[tokio::test]
async fn a_stream_is_taken_up_a_bounded_number_of_times() {
    let server = Server::start(|request| broken_once(request, Reply::events(vec![]))).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    assert_eq!(peer.message().await.0, progress(1));
    let (id, sent, _) = peer.failed().await;
    assert_eq!((id, sent), (1, true));
    assert_eq!(server.calls(), ["tools/call", "GET", "GET", "GET"]);
}

#[tokio::test]
async fn the_standing_stream_brings_what_belongs_to_no_request() {
    let changed = r#"{"jsonrpc":"2.0","method":"notifications/tools/list_changed"}"#;
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" if request.header("last-event-id").is_none() => {
            Reply::events(vec![Part::Say(format!("id: g1\ndata: {changed}\n\n"))])
        }
        "GET" => Reply::events(vec![event(changed), forever()]),
        _ => handshake(request).unwrap(),
    })
    .await;
    let mut peer = Peer::established(&server).await;
    assert_eq!(peer.message().await, (changed.to_owned(), None));
    // The stream ended; it is opened again from where it was.
    assert_eq!(peer.message().await, (changed.to_owned(), None));
    let gets: Vec<_> = server.seen().into_iter().filter(|seen| seen.method == "GET").collect();
    assert_eq!(gets[1].header("last-event-id"), Some("g1"));
}

#[tokio::test]
async fn a_server_without_a_standing_stream_is_fine() {
    for status in [400, 404, 405, 501] {
        let server = Server::start(move |request| match request.call().as_str() {
            "GET" => Reply::new(status, "", ""),
            _ => handshake(request).unwrap_or_else(|| Reply::json(&result(1))),
        })
        .await;
        let mut peer = Peer::established(&server).await;
        peer.quietly(server.wait_for("GET")).await;
        peer.request(1, "tools/list");
        peer.answer(1).await;
    }
}

#[tokio::test]
async fn a_server_that_dies_is_noticed_by_the_standing_stream_without_a_call() {
    let server = Server::start(|request| match request.method.as_str() {
        "GET" => Reply::events(vec![event("7"), forever()]),
        _ => handshake(request).unwrap(),
    })
    .await;
    let mut peer = Peer::established(&server).await;
    assert!(matches!(peer.hear().await, Inbound::Noise(_)));
    server.stop().await;
    let loss = peer.lost().await;
    assert!(matches!(loss, Loss::Unreachable { .. }), "{loss:?}");
}

#[tokio::test]
async fn a_session_that_ended_is_noticed_by_the_standing_stream() {
    let gone = AtomicBool::new(false);
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" if gone.swap(true, Ordering::SeqCst) => Reply::new(404, "", ""),
        "GET" => Reply::events(vec![event("7")]),
        _ => handshake(request).unwrap(),
    })
    .await;
    let mut peer = Peer::established(&server).await;
    assert!(matches!(peer.hear().await, Inbound::Noise(_)));
    assert_eq!(peer.lost().await, Loss::SessionLost);
}

#[tokio::test]
async fn an_oversize_event_is_shown_and_fails_its_request_only() {
    let server = streaming(vec![event(&"x".repeat(5000)), forever()]).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    // The event is complete only when its empty line has come, whatever the size of its chunks.
    let Inbound::Noise(noise) = peer.hear().await else { panic!("no noise") };
    assert_eq!((noise.fault, noise.id), (WireError::TooLarge { limit: 4096 }, None));
    assert!(noise.excerpt.starts_with("xxx") || noise.excerpt.starts_with("data: xxx"));
    let (id, sent, loss) = peer.failed().await;
    assert_eq!((id, sent), (1, true));
    assert!(matches!(loss, Loss::Protocol { .. }), "{loss:?}");
    peer.quietly(server.wait_closed()).await;
}

#[tokio::test]
async fn a_broken_event_is_noise_and_the_stream_goes_on() {
    let server = streaming(vec![
        event("{oops"),
        Part::Say(": comment\r\n\r\nevent: other\r\ndata: 1\r\n\r\n".to_owned()),
        Part::Say("\u{feff}event: message\r\ndata: {\"id\":1,\r\n".to_owned()),
        Part::Say("data: \"result\":{}}\r\n\r\n".to_owned()),
    ])
    .await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    let Inbound::Noise(noise) = peer.hear().await else { panic!("no noise") };
    assert_eq!((noise.excerpt.as_str(), noise.id), ("{oops", None));
    assert_eq!(peer.message().await.0, "{\"id\":1,\n\"result\":{}}");
}

//! What goes wrong, and whether the request may have been executed.

use crate::peer::{Peer, handshake, result, target};
use crate::server::{Part, Reply, Server, event, forever};
use mcpvisor::downstream::{HttpKind, HttpTarget};
use mcpvisor_actors::server::{Inbound, Loss};
use std::sync::Arc;
use std::time::Duration;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::sync::Notify;
use tokio::time::timeout;

/// What a call comes to that is answered with this.
async fn failure(reply: Reply) -> (bool, Loss) {
    let server = Server::start(move |_| reply.clone()).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    loop {
        match peer.hear().await {
            Inbound::Failed { id: 1, sent, loss } => return (sent, loss),
            Inbound::Noise(_) => {}
            other => panic!("no failure: {other:?}"),
        }
    }
}

#[tokio::test]
async fn a_login_is_asked_for_and_the_request_is_refused_unexecuted() {
    for status in [401, 403] {
        let reply = Reply::new(status, "www-authenticate: Bearer\r\n", "");
        assert_eq!(failure(reply).await, (false, Loss::NeedsLogin { status }));
    }
}

#[tokio::test]
async fn an_overloaded_server_says_when_to_come_back() {
    let (sent, loss) = failure(Reply::new(503, "retry-after: 7\r\n", "<h1>busy\n now</h1>")).await;
    assert!(!sent);
    let retry_after = Some(Duration::from_secs(7));
    let body = "<h1>busy now</h1>".to_owned();
    assert_eq!(loss, Loss::HttpStatus { status: 503, retry_after, body });
}

#[tokio::test]
async fn only_a_status_that_is_known_to_refuse_says_that_nothing_was_executed() {
    let refused = [400, 404, 405, 406, 411, 413, 414, 415, 422, 429, 431];
    let in_doubt = [402, 408, 409, 410, 425, 500, 501, 502, 503, 504, 599];
    let refused = refused.map(|status| (status, false));
    for (status, may_be) in refused.into_iter().chain(in_doubt.map(|status| (status, true))) {
        let (sent, loss) = failure(Reply::new(status, "", "")).await;
        assert_eq!(sent, may_be, "{status}");
        assert!(matches!(loss, Loss::HttpStatus { status: got, .. } if got == status), "{loss:?}");
    }
}

#[tokio::test]
async fn what_is_no_answer_fails_the_request_at_once() {
    let oversize = format!(r#"{{"id":1,"result":"{}"}}"#, "x".repeat(5000));
    for reply in [
        Reply::json("{oops"),
        Reply::json(""),
        Reply::json(&result(2)),
        Reply::json("[]"),
        Reply::accepted(),
        Reply::new(200, "content-type: text/html\r\n", "<html>"),
        Reply::json(&oversize),
    ] {
        let server = Server::start(move |_| reply.clone()).await;
        let mut peer = Peer::streamable(&server).await;
        peer.request(1, "tools/call");
        let (sent, loss) = loop {
            match peer.hear().await {
                Inbound::Failed { id: 1, sent, loss } => break (sent, loss),
                Inbound::Noise(noise) => assert_eq!(noise.id, None),
                Inbound::Message { related, .. } => assert_eq!(related, Some(1)),
                other => panic!("{other:?}"),
            }
        };
        assert!(sent);
        assert!(matches!(loss, Loss::Protocol { .. }), "{loss:?}");
    }
}

#[tokio::test]
async fn a_refused_connection_did_not_send_and_ends_the_connection() {
    let server = Server::start(|_| Reply::accepted()).await;
    let url = server.url("/mcp?key=sesame-open");
    server.stop().await;
    let mut peer = Peer::connect(target(url.clone(), HttpKind::Auto)).await;
    peer.request(1, "tools/call");
    let (id, sent, loss) = peer.failed().await;
    assert_eq!((id, sent), (1, false));
    let address = format!("127.0.0.1:{}", url.port().unwrap());
    assert!(matches!(&loss, Loss::Unreachable { address: a, .. } if *a == address), "{loss:?}");
    assert!(loss.to_string().contains("refused"), "{loss}");
    assert_eq!(peer.lost().await, loss);
}

#[tokio::test]
async fn a_server_that_dies_between_calls_is_noticed_by_the_next() {
    let server = Server::start(|request| handshake(request).unwrap().closing()).await;
    let mut peer = Peer::established(&server).await;
    peer.quietly(server.wait_for("GET")).await;
    server.stop().await;
    peer.request(1, "tools/call");
    let (id, sent, loss) = peer.failed().await;
    assert_eq!((id, sent), (1, false));
    assert!(matches!(peer.lost().await, Loss::Unreachable { .. }), "{loss:?}");
}

#[tokio::test]
async fn a_refused_connection_costs_its_request_only_while_another_exchange_is_open() {
    let gate = Arc::new(Notify::new());
    let held = Arc::clone(&gate);
    let server = Server::start(move |_| Reply::json(&result(1)).after(&held).closing()).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "slow");
    peer.quietly(server.wait_for("slow")).await;
    peer.quietly(server.close_listener()).await;

    peer.request(2, "tools/call");
    let (id, sent, loss) = peer.failed().await;
    assert_eq!((id, sent), (2, false));
    assert!(matches!(loss, Loss::Unreachable { .. }), "{loss:?}");
    gate.notify_one();
    peer.answer(1).await;

    peer.request(3, "tools/call");
    assert!(matches!(peer.failed().await, (3, false, Loss::Unreachable { .. })));
    assert!(matches!(peer.lost().await, Loss::Unreachable { .. }));
}

#[tokio::test]
async fn an_open_standing_stream_shows_that_the_server_is_there() {
    let gate = Arc::new(Notify::new());
    let hold = Part::Hold(Arc::clone(&gate));
    let server = Server::start(move |request| match request.method.as_str() {
        "GET" => Reply::events(vec![event("7"), hold.clone(), event(&result(9)), forever()]),
        _ => handshake(request).unwrap().closing(),
    })
    .await;
    let mut peer = Peer::established(&server).await;
    assert!(matches!(peer.hear().await, Inbound::Noise(_)));
    peer.quietly(server.wait_for("notifications/initialized")).await;
    peer.quietly(server.close_listener()).await;
    peer.request(1, "tools/call");
    assert!(matches!(peer.failed().await, (1, false, Loss::Unreachable { .. })));
    gate.notify_one();
    assert_eq!(peer.message().await, (result(9), None));
}

#[tokio::test]
async fn connections_refused_at_the_same_time_still_end_the_connection() {
    let server = Server::start(|_| Reply::accepted()).await;
    let mut peer = Peer::streamable(&server).await;
    server.stop().await;
    for id in 1..=20 {
        peer.request(id, "tools/call");
    }
    loop {
        match peer.hear().await {
            Inbound::Failed { sent, .. } => assert!(!sent),
            Inbound::Lost(loss) => break assert!(matches!(loss, Loss::Unreachable { .. })),
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_host_that_takes_no_connection_is_lost_however_many_others_try() {
    let socket = tokio::net::TcpSocket::new_v4().unwrap();
    socket.bind(([127, 0, 0, 1], 0).into()).unwrap();
    let listener = socket.listen(1).unwrap();
    let address = listener.local_addr().unwrap();
    // its queue is full once a further connection is not made
    let mut queue = Vec::new();
    let soon = Duration::from_millis(500);
    while let Ok(queued) = timeout(soon, TcpStream::connect(address)).await {
        queue.push(queued.unwrap());
    }
    let url = format!("http://{address}/mcp").parse().unwrap();
    let target = target(url, HttpKind::StreamableHttp);
    let connect_timeout = Duration::from_secs(2);
    let mut peer = Peer::connect(HttpTarget { connect_timeout, ..target }).await;
    peer.request(1, "tools/call");
    peer.quietly(tokio::time::sleep(connect_timeout / 2)).await;
    peer.request(2, "tools/call");
    assert!(matches!(peer.failed().await, (1, false, _)));
    peer.lost().await;
}

#[tokio::test]
async fn a_name_that_does_not_resolve_is_told_as_such() {
    // A label of more than 63 characters is refused without asking any name server.
    let host = "a".repeat(70);
    let url = format!("http://{host}:9/mcp").parse().unwrap();
    let mut peer = Peer::connect(target(url, HttpKind::StreamableHttp)).await;
    peer.request(1, "tools/call");
    let address = format!("{host}:9");
    assert_eq!(peer.failed().await, (1, false, Loss::NameNotResolved { address }));
}

#[tokio::test]
async fn a_server_without_tls_behind_https_is_told_as_such() {
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("https://{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
    tokio::spawn(async move {
        let (mut socket, _) = listener.accept().await.unwrap();
        socket.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.unwrap();
        let _until_closed = socket.read_to_end(&mut Vec::new()).await;
    });
    let mut peer = Peer::connect(target(url, HttpKind::StreamableHttp)).await;
    peer.request(1, "tools/call");
    let (id, sent, loss) = peer.failed().await;
    assert_eq!((id, sent), (1, false));
    assert!(matches!(loss, Loss::Tls { .. }), "{loss:?}");
}

#[tokio::test]
async fn no_redirect_leaves_the_origin() {
    let elsewhere = Server::start(|_| Reply::json(&result(1))).await;
    for status in [301, 302, 303, 307, 308] {
        let location = format!("location: {}\r\n", elsewhere.url("/mcp"));
        let (sent, loss) = failure(Reply::new(status, &location, "")).await;
        assert!(sent);
        assert!(matches!(loss, Loss::Protocol { .. }), "{loss:?}");
    }
    assert_eq!(elsewhere.calls(), Vec::<String>::new());
}

#[tokio::test]
async fn a_redirect_within_the_origin_keeps_method_body_and_headers() {
    let server = Server::start(|request| match request.path.as_str() {
        "/mcp" => Reply::new(307, "location: /mcp/\r\n", ""),
        _ => Reply::json(&result(1)),
    })
    .await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    peer.answer(1).await;
    let moved = &server.seen()[1];
    assert_eq!((moved.method.as_str(), moved.path.as_str()), ("POST", "/mcp/"));
    assert_eq!(moved.header("authorization"), Some("Bearer hush-hush"));
    assert_eq!(moved.body, server.seen()[0].body);
}

#[tokio::test]
async fn an_endless_redirect_is_given_up() {
    let server = Server::start(|_| Reply::new(308, "location: /mcp\r\n", "")).await;
    let mut peer = Peer::streamable(&server).await;
    peer.request(1, "tools/call");
    assert!(matches!(peer.failed().await, (1, true, Loss::Protocol { .. })));
    assert_eq!(server.calls().len(), 4);
}

#[tokio::test]
async fn no_secret_is_repeated_even_when_the_server_quotes_it() {
    let quote = "bad token hush-hush and key sesame-open";
    for status in [200, 400, 500] {
        let server = Server::start(move |_| Reply::new(status, "", quote)).await;
        let url = server.url("/mcp?key=sesame-open");
        let mut peer = Peer::connect(target(url, HttpKind::StreamableHttp)).await;
        peer.request(1, "tools/call");
        loop {
            let heard = peer.hear().await;
            let shown = format!("{heard:?}");
            assert!(!shown.contains("hush") && !shown.contains("sesame"), "{shown}");
            if let Inbound::Failed { .. } = heard {
                break;
            }
        }
    }
}

#[tokio::test]
async fn a_header_that_cannot_be_sent_is_named_without_its_value() {
    use mcpvisor::downstream::http::HttpConnector;
    use mcpvisor_actors::server::Connector;
    let mut target = target("http://127.0.0.1:1/".parse().unwrap(), HttpKind::StreamableHttp);
    target.headers.insert("x-key".to_owned(), "hush\nhush".into());
    let loss = HttpConnector::new(target).connect().await.err().unwrap();
    assert!(loss.to_string().contains("`x-key`") && !loss.to_string().contains("hush"), "{loss}");
}

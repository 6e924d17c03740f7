//! How a connection is opened, and what that can fail with.

use crate::peer::{connect, target};
use crate::server::Server;
use mcpvisor_actors::server::Loss;
use std::time::Duration;
use tokio::net::TcpListener;

/// What a request for a WebSocket comes to that is answered like this.
async fn refused(answer: &str) -> Loss {
    let server = Server::bind().await;
    let connecting = tokio::spawn(connect(target(server.url())));
    server.asked().await.answer(answer).await;
    connecting.await.unwrap().err().expect(answer)
}

#[tokio::test]
async fn the_request_carries_the_configured_headers_and_what_is_offered() {
    let server = Server::bind().await;
    let connecting = tokio::spawn(connect(target(server.url())));
    let asked = server.asked().await;
    assert!(asked.head.starts_with("GET /ws?key=query-secret HTTP/1.1\r\n"), "{}", asked.head);
    for (name, value) in [
        ("authorization", "Bearer hush-hush"),
        ("connection", "Upgrade"),
        ("upgrade", "websocket"),
        ("sec-websocket-version", "13"),
        ("sec-websocket-protocol", "mcp"),
    ] {
        assert_eq!(asked.header(name), Some(value), "{}", asked.head);
    }
    assert!(asked.header("sec-websocket-extensions").unwrap().starts_with("permessage-deflate"));
    asked.accept("sec-websocket-protocol: mcp\r\n").await;
    assert!(connecting.await.unwrap().is_ok());
}

#[tokio::test]
async fn a_refusal_is_told_for_what_it_is() {
    for status in [401, 403] {
        let loss = refused(&format!("HTTP/1.1 {status} X\r\ncontent-length: 0\r\n\r\n")).await;
        assert_eq!(loss, Loss::NeedsLogin { status });
    }
    let busy = "HTTP/1.1 503 X\r\nretry-after: 7\r\ncontent-length: 13\r\n\r\nBearer hush-hush";
    let busy = busy.replace("13", "16");
    let (retry_after, body) = (Some(Duration::from_secs(7)), "***".to_owned());
    assert_eq!(refused(&busy).await, Loss::HttpStatus { status: 503, retry_after, body });
    for status in [200, 404, 426, 500] {
        let loss = refused(&format!("HTTP/1.1 {status} X\r\ncontent-length: 2\r\n\r\nno")).await;
        let (retry_after, body) = (None, "no".to_owned());
        assert_eq!(loss, Loss::HttpStatus { status, retry_after, body });
    }
    let elsewhere = "HTTP/1.1 302 X\r\nlocation: http://a.test/\r\ncontent-length: 0\r\n\r\n";
    assert!(matches!(refused(elsewhere).await, Loss::Protocol { .. }));
}

#[tokio::test]
async fn an_answer_that_does_not_fit_the_request_is_a_protocol_fault() {
    let switched = "HTTP/1.1 101 X\r\nconnection: Upgrade\r\nupgrade: websocket\r\n";
    for answer in [
        format!("{switched}\r\n"),
        format!("{switched}sec-websocket-accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo=\r\n\r\n"),
        "HTTP/1.1 101 X\r\nconnection: Upgrade\r\nupgrade: h2c\r\n\r\n".to_owned(),
    ] {
        let loss = refused(&answer).await;
        assert!(matches!(loss, Loss::Protocol { .. }), "{answer}: {loss:?}");
    }
    for headers in ["sec-websocket-protocol: chat\r\n", "sec-websocket-extensions: shiny\r\n"] {
        let server = Server::bind().await;
        let connecting = tokio::spawn(connect(target(server.url())));
        server.asked().await.accept(headers).await;
        let loss = connecting.await.unwrap().err().expect(headers);
        assert!(matches!(loss, Loss::Protocol { .. }), "{headers}: {loss:?}");
    }
}

#[tokio::test]
async fn a_server_that_is_not_there_or_says_nothing_is_told_as_such() {
    let free = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap();
    let url = |scheme: &str| format!("{scheme}://{free}/").parse().unwrap();
    for scheme in ["ws", "wss"] {
        let loss = connect(target(url(scheme))).await.err().expect("nobody is there");
        assert!(matches!(loss, Loss::Unreachable { .. }), "{loss:?}");
    }
    let server = Server::bind().await;
    let mut impatient = target(server.url());
    impatient.connect_timeout = Duration::from_millis(100);
    let (loss, _asked) = tokio::join!(connect(impatient), server.asked());
    assert!(matches!(loss.err(), Some(Loss::TimedOut { .. })));
}

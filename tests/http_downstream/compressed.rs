//! Answers that come compressed, and bombs among them.

use crate::peer::{Peer, result, target};
use crate::server::DEADLINE;
use mcpvisor::downstream::HttpKind;
use mcpvisor_actors::server::{Inbound, Loss};
use std::io::Write;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio::task::JoinHandle;
use tokio::time::timeout;

fn gzip(text: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    encoder.write_all(text).unwrap();
    encoder.finish().unwrap()
}

fn zstd(text: &[u8]) -> Vec<u8> {
    zstd::encode_all(text, 1).unwrap()
}

/// A server that answers one request with this; and what it was asked. It is taken for one far away, because who
/// has to log in is not spoken to on the short way.
async fn server(kind: &str, encoding: &str, body: Vec<u8>) -> (Peer, JoinHandle<String>) {
    server_of("user@", kind, encoding, body).await
}

async fn server_of(
    user: &str,
    kind: &str,
    encoding: &str,
    body: Vec<u8>,
) -> (Peer, JoinHandle<String>) {
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
    let url = format!("http://{user}{}/mcp", listener.local_addr().unwrap()).parse().unwrap();
    let head = format!(
        "HTTP/1.1 200 OK\r\ncontent-type: {kind}\r\ncontent-encoding: {encoding}\r\n\
         content-length: {}\r\n\r\n",
        body.len()
    );
    let serving = tokio::spawn(async move {
        let (mut stream, _) = listener.accept().await.unwrap();
        let mut request = Vec::new();
        while !request.ends_with(b"}") {
            assert!(stream.read_buf(&mut request).await.unwrap() > 0);
        }
        stream.write_all(head.as_bytes()).await.unwrap();
        // a bomb is not taken to its end
        let _given_up = stream.write_all(&body).await;
        let _until_closed = stream.read_to_end(&mut Vec::new()).await;
        String::from_utf8(request).unwrap()
    });
    (Peer::connect(target(url, HttpKind::StreamableHttp)).await, serving)
}

#[tokio::test]
async fn a_compressed_answer_is_asked_for_and_understood() {
    let event = format!("data: {}\n\n", result(1));
    for (kind, text) in [("application/json", result(1)), ("text/event-stream", event)] {
        for (encoding, compressed) in
            [("gzip", gzip(text.as_bytes())), ("zstd", zstd(text.as_bytes()))]
        {
            let (mut peer, asked) = server(kind, encoding, compressed).await;
            peer.request(1, "tools/call");
            peer.answer(1).await;
            drop(peer);
            let asked = timeout(DEADLINE, asked).await.unwrap().unwrap().to_lowercase();
            let accepted = asked.lines().find(|line| line.starts_with("accept-encoding:"));
            assert!(accepted.is_some_and(|line| line.contains(encoding)), "{asked}");
        }
    }
}

#[tokio::test]
async fn a_server_nearby_is_not_asked_to_compress() {
    let (mut peer, asked) =
        server_of("", "application/json", "identity", result(1).into_bytes()).await;
    peer.request(1, "tools/call");
    peer.answer(1).await;
    drop(peer);
    let asked = timeout(DEADLINE, asked).await.unwrap().unwrap().to_lowercase();
    assert!(!asked.contains("accept-encoding"), "{asked}");
}

#[tokio::test]
async fn an_answer_that_is_too_large_once_decompressed_is_stopped_at_the_cap() {
    let bomb = vec![b' '; 100_000_000];
    for (encoding, compressed) in [("gzip", gzip(&bomb)), ("zstd", zstd(&bomb))] {
        assert!(compressed.len() < 1_000_000);
        let (mut peer, _serving) = server("application/json", encoding, compressed).await;
        peer.request(1, "tools/call");
        let loss = loop {
            match peer.hear().await {
                Inbound::Failed { id: 1, loss, .. } => break loss,
                Inbound::Noise(_) => {}
                other => panic!("{encoding}: {other:?}"),
            }
        };
        assert!(matches!(loss, Loss::Protocol { .. }), "{encoding}: {loss:?}");
    }
}

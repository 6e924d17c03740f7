//! Compression of messages, both ways.

use crate::peer::{Peer, connect, target};
use crate::server::{Server, Socket};
use flate2::{Compress, Compression, Decompress, FlushCompress, FlushDecompress};
use mcpvisor_actors::server::Loss;

const AGREED: &str = "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; \
                      client_no_context_takeover\r\n";

async fn both_ends() -> (Peer, Socket) {
    let server = Server::bind().await;
    let accepting = async { server.asked().await.accept(AGREED).await };
    let (peer, socket) = tokio::join!(connect(target(server.url())), accepting);
    (peer.unwrap(), socket)
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len() + 100);
    let mut deflate = Compress::new(Compression::fast(), false);
    deflate.compress_vec(text, &mut out, FlushCompress::Sync).unwrap();
    out.strip_suffix(&[0, 0, 0xff, 0xff]).expect("a flush").to_vec()
}

fn inflated(mut bytes: Vec<u8>, room: usize) -> Vec<u8> {
    bytes.extend([0, 0, 0xff, 0xff]);
    let mut out = Vec::with_capacity(room);
    Decompress::new(false).decompress_vec(&bytes, &mut out, FlushDecompress::Sync).unwrap();
    out
}

#[tokio::test]
async fn large_messages_are_compressed_and_small_ones_are_not() {
    let (mut peer, mut socket) = both_ends().await;
    for (size, first) in [(10, 0x81), (100_000, 0xc1), (100_000, 0xc1)] {
        let text = format!(r#"{{"jsonrpc":"2.0","method":"{}"}}"#, "m".repeat(size));
        peer.request(1, text.clone());
        let (is, payload) = peer.quietly(socket.frame()).await.expect("a frame");
        assert_eq!(is, first, "{size}");
        if first == 0xc1 {
            assert!(payload.len() < size / 10, "{}", payload.len());
            assert_eq!(inflated(payload, 2 * size), text.as_bytes());
        }
    }
    let answer = format!(r#"{{"id":1,"result":{{"text":"{}"}}}}"#, "x".repeat(4000));
    for _ in 0..2 {
        socket.send(0xc1, &deflated(answer.as_bytes())).await;
        assert_eq!(peer.message().await, answer);
    }
}

#[tokio::test]
async fn a_message_that_is_too_large_once_decompressed_ends_the_connection() {
    let (mut peer, mut socket) = both_ends().await;
    let bomb = deflated(&vec![b' '; 50_000_000]);
    assert!(bomb.len() < 500_000);
    socket.send(0xc1, &bomb[..]).await;
    let loss = peer.lost().await;
    let told = matches!(&loss, Loss::Protocol { detail } if detail.contains("max_message_bytes"));
    assert!(told, "{loss:?}");
}

#[tokio::test]
async fn what_is_no_deflate_ends_the_connection() {
    let (mut peer, mut socket) = both_ends().await;
    socket.send(0xc1, b"\xff\xff\xff\xff").await;
    let loss = peer.lost().await;
    assert!(matches!(loss, Loss::Protocol { .. } | Loss::Unreachable { .. }), "{loss:?}");
}

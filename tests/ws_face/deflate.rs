//! Compression of messages: agreed to when offered, and no way around the cap.

use crate::gateway::Gateway;
use crate::running::PATIENCE;
use crate::websocket::WebSocket as Raw;
use futures_util::SinkExt;
use serde_json::{Value, json};
use tokio::time::timeout;
use yawc::close::CloseCode;
use yawc::{CompressionLevel, Frame, OpCode, Options, TcpWebSocket, WebSocket};

async fn compressing(gateway: &Gateway) -> TcpWebSocket {
    let url = format!("ws://{}/ws", gateway.address).parse().unwrap();
    let options = Options::default().with_compression_level(CompressionLevel::best());
    WebSocket::connect(url).with_options(options).await.unwrap()
}

async fn next(socket: &mut TcpWebSocket) -> Frame {
    timeout(PATIENCE, socket.next_frame()).await.expect("nothing comes").unwrap()
}

#[tokio::test(flavor = "multi_thread")]
async fn compression_is_agreed_to_when_it_is_offered_as_we_can_do_it() {
    let gateway = Gateway::start().await;
    for (offer, agreed) in [
        ("", false),
        ("sec-websocket-extensions: permessage-deflate\r\n", true),
        ("sec-websocket-extensions: permessage-deflate; client_max_window_bits\r\n", true),
        ("sec-websocket-extensions: permessage-deflate; server_max_window_bits=9\r\n", false),
        ("sec-websocket-extensions: shiny\r\n", false),
    ] {
        let head = Raw::connect(gateway.address, offer).head.to_lowercase();
        let ours = "sec-websocket-extensions: permessage-deflate; server_no_context_takeover; \
                    client_no_context_takeover\r\n";
        assert_eq!(head.contains(ours), agreed, "{offer}{head}");
        assert_eq!(head.contains("sec-websocket-extensions"), agreed, "{offer}{head}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn compressed_messages_of_any_size_are_understood() {
    let gateway = Gateway::start().await;
    let mut socket = compressing(&gateway).await;
    for size in [0, 10, 1000, 100_000, 1_000_000] {
        let id = "i".repeat(size);
        let ping = json!({ "jsonrpc": "2.0", "id": id, "method": "ping" });
        socket.send(Frame::text(ping.to_string())).await.unwrap();
        let answer: Value = serde_json::from_slice(next(&mut socket).await.payload()).unwrap();
        assert_eq!(answer["id"].as_str().map(str::len), Some(size));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_too_large_once_decompressed_is_refused() {
    let gateway = Gateway::with(|settings| settings.limits.max_bytes = 100_000).await;
    let mut socket = compressing(&gateway).await;
    socket.send(Frame::text(vec![b' '; 50_000_000])).await.unwrap();
    let last = next(&mut socket).await;
    assert_eq!((last.opcode(), last.close_code()), (OpCode::Close, Some(CloseCode::Size)));
}

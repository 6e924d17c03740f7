//! What a client may put into frames, and what is refused.

use crate::gateway::Gateway;
use crate::websocket::{Frame, WebSocket};
use serde_json::{Value, json};

const PING: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"ping"}"#;

#[tokio::test(flavor = "multi_thread")]
async fn a_message_in_pieces_is_one_message_and_a_ping_may_come_between() {
    let gateway = Gateway::start().await;
    let mut socket = WebSocket::connect(gateway.address, "");
    socket.send(0x01, &PING[..10]);
    socket.send(0x89, b"there?");
    socket.send(0x00, &PING[10..20]);
    socket.send(0x80, &PING[20..]);
    assert_eq!(socket.frame(), Some(Frame::Pong(b"there?".to_vec())));
    assert_eq!(socket.message(), json!({ "jsonrpc": "2.0", "id": 1, "result": {} }));
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_no_message_is_answered_and_the_next_one_is_read() {
    let gateway = Gateway::start().await;
    let mut socket = WebSocket::connect(gateway.address, "");
    for (text, code) in [
        (&b"nonsense"[..], -32_700),
        (b"{", -32_700),
        (b"[]", -32_600),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32_600),
        (b"{}", -32_600),
    ] {
        socket.text(text);
        let answer = socket.message();
        assert_eq!((&answer["id"], &answer["error"]["code"]), (&Value::Null, &json!(code)));
    }
    socket.text(b"  ");
    socket.text(PING);
    assert_eq!(socket.message()["id"], 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_breaks_the_rules_of_frames_is_told_by_the_close_code() {
    let gateway = Gateway::with(|settings| settings.limits.max_bytes = 1000).await;
    let connect = || WebSocket::connect(gateway.address, "");
    let large = vec![b' '; 1001];
    for (what, say, code) in [
        ("binary", &(|socket: &WebSocket| socket.send(0x82, PING)) as &dyn Fn(&WebSocket), 1003),
        ("no UTF-8", &|socket| socket.text(b"\"\xff\""), 1007),
        ("too large", &|socket| socket.text(&large), 1009),
        (
            "too large in pieces",
            &|socket| {
                socket.send(0x01, &large[..600]);
                // refused in the middle
                let _closed = socket.try_send(0x80, &large[..600]);
            },
            1009,
        ),
        ("no mask", &|socket| socket.raw(b"\x81\x02{}"), 1002),
        ("a piece of nothing", &|socket| socket.send(0x80, b"{}"), 1002),
        ("reserved bits", &|socket| socket.send(0xa1, b"{}"), 1002),
        ("compressed unasked", &|socket| socket.send(0xc1, b"{}"), 1002),
    ] {
        let mut socket = connect();
        say(&socket);
        assert_eq!(socket.closed(), code, "{what}");
    }
    let mut socket = connect();
    let mut padded = PING.to_vec();
    padded.resize(1000, b' ');
    socket.text(&padded);
    assert_eq!(socket.message()["id"], 1, "exactly the cap is not too large");
    drop(socket);
    gateway.sessions(0).await;
}

//! Messages both ways: whole, in order, within bounds.

use crate::peer::{Peer, connect, target};
use crate::server::{Server, Socket};
use mcpvisor_actors::server::{Activity, Inbound, Loss, OutboundKind};
use mcpvisor_actors::wire::Limits;

pub(crate) async fn both_ends() -> (Peer, Socket) {
    let server = Server::bind().await;
    let (peer, socket) = tokio::join!(connect(target(server.url())), server.opened());
    (peer.unwrap(), socket)
}

#[tokio::test]
async fn messages_go_both_ways_byte_for_byte() {
    let (mut peer, mut socket) = both_ends().await;
    let asked = r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"n": 1.0}}"#;
    peer.request(1, asked);
    peer.send(OutboundKind::Notification, r#"{"jsonrpc":"2.0","method":"n"}"#);
    assert!(peer.0.is_unsent(1), "nothing is handed on before the connection is polled");
    assert_eq!(peer.quietly(socket.message()).await, asked);
    assert!(!peer.0.is_unsent(1));
    assert_eq!(peer.quietly(socket.message()).await, r#"{"jsonrpc":"2.0","method":"n"}"#);
    for text in
        [r#"{"jsonrpc":"2.0","id":1,"result":{"n": 1.0}}"#, r#"{"jsonrpc":"2.0","method":"m"}"#]
    {
        socket.text(text).await;
        assert_eq!(peer.message().await, text);
    }
    assert_eq!((peer.0.process_id(), peer.0.activity()), (None, Activity::default()));
}

#[tokio::test]
async fn pieces_are_joined_batches_taken_apart_and_pings_answered() {
    let (mut peer, mut socket) = both_ends().await;
    socket.send(0x01, br#"{"jsonrpc":"2.0","#).await;
    socket.send(0x89, b"there?").await;
    socket.send(0x80, br#""id":1,"result":{}}"#).await;
    assert_eq!(peer.message().await, r#"{"jsonrpc":"2.0","id":1,"result":{}}"#);
    assert_eq!(peer.quietly(socket.frame()).await, Some((0x8a, b"there?".to_vec())));
    socket.text(r#"[{"id":2,"result":{}} , {"id":3,"result":{}}]"#).await;
    assert_eq!(peer.message().await, r#"{"id":2,"result":{}}"#);
    assert_eq!(peer.message().await, r#"{"id":3,"result":{}}"#);
}

#[tokio::test]
async fn what_is_no_message_costs_its_own_request_only() {
    let (mut peer, mut socket) = both_ends().await;
    for (text, id) in [("hello Bearer hush-hush", None), (r#"{"id":5,"result":{}"#, Some(5))] {
        socket.text(text).await;
        let Inbound::Noise(noise) = peer.hear().await else { panic!("no noise") };
        assert_eq!(noise.id, id, "{noise:?}");
        assert!(!noise.excerpt.contains("hush"), "{noise:?}");
    }
    socket.text(r#"{"id":1,"result":{}}"#).await;
    assert_eq!(peer.message().await, r#"{"id":1,"result":{}}"#);
}

#[tokio::test]
async fn a_message_above_the_cap_or_binary_data_ends_the_connection() {
    for (first, size, word) in [(0x81, 4097, "max_message_bytes"), (0x82, 10, "binary")] {
        let (mut peer, mut socket) = both_ends().await;
        socket.send(first, &vec![b' '; size]).await;
        let loss = peer.lost().await;
        let told = matches!(&loss, Loss::Protocol { detail } if detail.contains(word));
        assert!(told, "{loss:?}");
    }
}

#[tokio::test]
async fn a_server_that_does_not_read_is_given_up_and_what_was_not_sent_is_known() {
    let server = Server::bind().await;
    let mut roomy = target(server.url());
    roomy.limits = Limits::default();
    let (peer, _deaf) = tokio::join!(connect(roomy), server.opened());
    let mut peer = peer.unwrap();
    for id in 0..40 {
        peer.request(id, vec![b'x'; 4 << 20]);
    }
    let loss = peer.lost().await;
    assert!(matches!(&loss, Loss::Protocol { detail } if detail.contains("read")), "{loss:?}");
    assert!(!peer.0.is_unsent(0) && peer.0.is_unsent(39));
}

#[tokio::test]
async fn a_cancellation_takes_back_what_was_not_sent() {
    let (mut peer, mut socket) = both_ends().await;
    peer.request(1, "{\"id\":1}");
    peer.request(2, "{\"id\":2}");
    peer.send(OutboundKind::Cancel { id: 1 }, "cancel 1");
    assert_eq!(peer.quietly(socket.message()).await, "{\"id\":2}");
    peer.send(OutboundKind::Cancel { id: 2 }, "cancel 2");
    assert_eq!(peer.quietly(socket.message()).await, "cancel 2");
}

//! How a connection ends, from either side.

use crate::messages::both_ends;
use mcpvisor_actors::server::Loss;
use std::time::{Duration, Instant};

#[tokio::test]
async fn what_the_server_says_last_is_told_and_its_goodbye_is_answered() {
    for (code, broken) in [
        (1000, false),
        (1001, false),
        (1002, true),
        (1003, true),
        (1008, true),
        (1009, true),
        (1011, false),
        (1012, false),
        (4000, false),
    ] {
        let (mut peer, mut socket) = both_ends().await;
        socket.text(r#"{"id":1,"result":{}}"#).await;
        socket.close(code, "no more Bearer hush-hush").await;
        assert_eq!(peer.message().await, r#"{"id":1,"result":{}}"#, "heard before the end");
        let loss = peer.lost().await;
        let (detail, protocol) = match &loss {
            Loss::Protocol { detail } => (detail, true),
            Loss::Unreachable { detail, .. } => (detail, false),
            other => panic!("{other:?}"),
        };
        assert_eq!(protocol, broken, "{code}");
        assert!(detail.contains(&format!("({code}, no more ***)")), "{detail}");
        let (first, payload) = socket.frame().await.expect("an answer");
        assert_eq!((first, &payload[..2]), (0x88, &code.to_be_bytes()[..]));
        drop(peer);
    }
}

#[tokio::test]
async fn a_connection_that_breaks_off_is_lost() {
    let (mut peer, socket) = both_ends().await;
    drop(socket);
    let loss = peer.lost().await;
    assert!(matches!(loss, Loss::Unreachable { .. }), "{loss:?}");
}

#[tokio::test]
async fn we_leave_politely_and_wait_no_longer_than_that_for_an_answer() {
    let (peer, mut socket) = both_ends().await;
    let closing = tokio::spawn(peer.0.close());
    let (first, payload) = socket.frame().await.expect("a goodbye");
    assert_eq!((first, &payload[..]), (0x88, &1000_u16.to_be_bytes()[..]));
    socket.close(1000, "").await;
    closing.await.unwrap();
    assert_eq!(socket.frame().await, None);

    let (peer, mut mute) = both_ends().await;
    let begun = Instant::now();
    peer.0.close().await;
    assert!(begun.elapsed() >= Duration::from_secs(1), "it gets the time to answer");
    assert!(begun.elapsed() < Duration::from_secs(10));
    assert!(mute.frame().await.is_some_and(|(first, _)| first == 0x88));
    assert_eq!(mute.frame().await, None);
}

#[tokio::test]
async fn a_connection_that_is_dropped_leaves_no_socket_behind() {
    let (peer, mut socket) = both_ends().await;
    drop(peer);
    assert_eq!(socket.frame().await, None);
}

//! What is queued for a server, how much of it, and what is taken back.

use crate::support::*;
use bytes::Bytes;
use mcpvisor_actors::server::{Inbound, Loss, Outbound, OutboundKind, Transport};
use std::future::poll_fn;
use std::task::Poll;

fn frame(kind: OutboundKind, text: impl Into<Bytes>) -> Outbound {
    Outbound::new(text.into(), kind)
}

fn cancel(id: u64) -> Outbound {
    let text = format!(r#"{{"method":"notifications/cancelled","params":{{"requestId":{id}}}}}"#);
    frame(OutboundKind::Cancel { id }, text)
}

/// Moves frames on as far as they go now; nothing must be there to be heard.
async fn write(transport: &mut Box<dyn Transport>) {
    let heard = poll_fn(|context| Poll::Ready(transport.poll_next(context))).await;
    assert!(heard.is_pending(), "{heard:?}");
}

#[tokio::test]
async fn a_cancelled_request_goes_out_with_its_cancellation_or_not_at_all() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("read now");
    let mut transport = start(&format!(
        r#"while [ ! -e '{}' ]; do sleep 0.01; done
           while read -r line; do case $line in
             *cancelled*) id=${{line#*Id\":}}
               echo "{{\"jsonrpc\":\"2.0\",\"method\":\"cancelled ${{id%%\}}*}}\"}}";;
             *) id=${{line#*\"id\":}}
               echo "{{\"jsonrpc\":\"2.0\",\"id\":${{id%%,*}},\"result\":{{}}}}";;
           esac; done"#,
        marker.display()
    ))
    .await;
    transport.send(request(1, 200_000)); // more than a pipe takes
    transport.send(request(2, 10));
    write(&mut transport).await;
    transport.send(request(3, 10));
    for id in 1..=2 {
        transport.send(cancel(id));
    }
    assert!(!transport.is_unsent(1), "its first bytes are in the pipe");
    assert!(!transport.is_unsent(2), "it was taken back");
    assert!(transport.is_unsent(3), "it waits");

    std::fs::write(&marker, "").unwrap();
    for expected in ["1", "3", "cancelled 1"] {
        assert_eq!(message(&mut transport).await, expected);
    }
    transport.send(cancel(3));
    assert_eq!(message(&mut transport).await, "cancelled 3", "after it was written");
}

#[tokio::test]
async fn a_server_that_does_not_read_is_given_up_before_it_takes_all_memory() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("has spoken");
    let mut transport = start(&format!(
        r#"echo '{{"jsonrpc":"2.0","method":"last"}}'; : > '{}'; exec sleep 1000"#,
        marker.display()
    ))
    .await;
    until("the child has spoken", || marker.exists()).await;
    for id in 1..=5 {
        transport.send(request(id, 15 << 20));
    }
    assert_eq!(message(&mut transport).await, "last");
    let detail = "the process does not read its input".to_owned();
    assert_eq!(lost(&mut transport).await, Loss::Protocol { detail });
    assert!(transport.is_unsent(5), "it can be sent elsewhere");
}

#[tokio::test]
async fn a_deaf_server_that_never_stops_talking_is_given_up_too() {
    let mut transport =
        start(r#"exec yes '{"jsonrpc":"2.0","method":"a line that says nothing"}'"#).await;
    for id in 1..=5 {
        transport.send(request(id, 15 << 20));
    }
    let loss = tokio::time::timeout(PATIENCE, async {
        loop {
            if let Inbound::Lost(loss) = next(&mut transport).await {
                return loss;
            }
        }
    });
    let detail = "the process does not read its input".to_owned();
    assert_eq!(loss.await.expect("given up"), Loss::Protocol { detail });
}

#[tokio::test]
async fn one_large_request_alone_is_never_too_much() {
    let mut transport =
        start(r#"head -n 1 | wc -c | { read -r n; echo "{\"id\":1,\"result\":$n}"; }; read x"#)
            .await;
    transport.send(request(1, 70 << 20));
    assert_eq!(message(&mut transport).await, "1");
}

#[tokio::test]
async fn answers_beyond_what_a_server_may_leave_unread_are_dropped() {
    let folder = tempfile::tempdir().unwrap();
    let marker = folder.path().join("read now");
    let mut transport = start(&format!(
        r#"while [ ! -e '{}' ]; do sleep 0.01; done
           while read -r line; do echo "{{\"jsonrpc\":\"2.0\",\"method\":\"${{line%% *}}\"}}"; done"#,
        marker.display()
    ))
    .await;
    transport.send(frame(OutboundKind::Notification, format!("note {}", "x".repeat(200_000))));
    write(&mut transport).await;
    for n in 1..=100 {
        transport.send(frame(OutboundKind::Response, format!("answer-{n}")));
    }
    transport.send(frame(OutboundKind::Notification, "end"));

    std::fs::write(&marker, "").unwrap();
    assert_eq!(message(&mut transport).await, "note");
    for n in 1..=64 {
        assert_eq!(message(&mut transport).await, format!("answer-{n}"));
    }
    assert_eq!(message(&mut transport).await, "end");
}

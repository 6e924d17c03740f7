//! Large bodies, slow clients, many connections, and the end.

use crate::gateway::{Connection, Gateway, PATIENCE};
use std::time::{Duration, Instant};
use tokio::io::AsyncWriteExt;
use tokio::time::timeout;

const SHORT: Duration = Duration::from_millis(200);
const JSON_POST: &str =
    "POST /mcp HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n";

#[tokio::test]
async fn a_body_declared_too_large_is_refused_without_being_read() {
    let gateway = Gateway::start().await;
    let mut connection = gateway.connect().await;
    let head = format!("{JSON_POST}content-length: 100000000\r\n\r\n");
    connection.write(head.as_bytes()).await;
    let response = connection.response().await;
    assert_eq!(response.status(), 413);
    assert_eq!(response.header("connection"), Some("close"));
    assert_eq!(response.error().1, -32_600);
    assert!(connection.is_closed_silently().await);
}

#[tokio::test]
async fn a_client_that_is_still_sending_gets_to_see_why_it_was_refused() {
    let gateway = Gateway::start().await;
    let mut connection = gateway.connect().await;
    let head = format!("{JSON_POST}content-length: 33554432\r\n\r\n");
    connection.write(head.as_bytes()).await;
    for _ in 0..32 {
        connection.write(&vec![b' '; 1 << 20]).await;
    }
    assert_eq!(connection.response().await.status(), 413);
}

#[tokio::test]
async fn a_body_of_unknown_length_is_cut_at_the_cap() {
    let gateway = Gateway::with(|settings| settings.limits.max_bytes = 100_000).await;
    let mut connection = gateway.connect().await;
    let head = format!("{JSON_POST}transfer-encoding: chunked\r\n\r\n");
    connection.write(head.as_bytes()).await;
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    for _ in 0..7 {
        connection.write(chunk.as_bytes()).await;
    }
    let response = connection.response().await;
    assert_eq!(response.status(), 413);
    assert_eq!(response.header("connection"), Some("close"));
}

#[tokio::test]
async fn a_body_at_the_cap_is_read_however_it_is_cut() {
    let gateway = Gateway::with(|settings| settings.limits.max_bytes = 0x4000 * 2).await;
    let mut connection = gateway.connect().await;
    let head = format!("{JSON_POST}transfer-encoding: chunked\r\n\r\n");
    connection.write(head.as_bytes()).await;
    let chunk = format!("4000\r\n{}\r\n", " ".repeat(0x4000));
    connection.write(format!("{chunk}{chunk}0\r\n\r\n").as_bytes()).await;
    assert_eq!(connection.response().await.error().1, -32_700);
}

#[tokio::test]
async fn a_client_that_sends_its_head_slowly_is_cut_off() {
    let gateway = Gateway::with(|settings| settings.header_timeout = SHORT).await;
    for begun in ["", "P", "PRI * HTTP/2.0", "GET /livez HTTP/1.1\r\nhost: loc"] {
        let mut connection = gateway.connect().await;
        connection.write(begun.as_bytes()).await;
        assert!(connection.is_closed_silently().await, "{begun:?}");
    }
}

#[tokio::test]
async fn a_connection_is_kept_between_requests_but_not_for_ever() {
    let gateway = Gateway::with(|settings| {
        settings.header_timeout = SHORT;
        settings.idle_timeout = SHORT * 5;
    })
    .await;
    let mut connection = gateway.connect().await;
    for _ in 0..2 {
        connection.write(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
        assert_eq!(connection.response().await.body, "ok");
    }
    let idle = Instant::now();
    assert!(connection.is_closed_silently().await);
    assert!(idle.elapsed() > SHORT * 3);
}

#[tokio::test]
async fn a_client_that_sends_its_body_slowly_is_answered_and_cut_off() {
    let gateway = Gateway::with(|settings| settings.body_timeout = SHORT).await;
    let mut connection = gateway.connect().await;
    connection.write(format!("{JSON_POST}content-length: 10\r\n\r\n{{").as_bytes()).await;
    let response = connection.response().await;
    assert_eq!(response.status(), 408);
    assert_eq!(response.error().1, -32_600);
    assert!(connection.is_closed_silently().await);
}

#[tokio::test]
async fn connections_above_the_cap_are_closed_and_places_are_given_back() {
    let gateway = Gateway::with(|settings| settings.max_connections = 1).await;
    let mut first = gateway.connect().await;
    first.write(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(first.response().await.status(), 200);
    assert!(gateway.connect().await.is_closed_silently().await);
    drop(first);
    timeout(PATIENCE, async {
        while !is_served(&mut gateway.connect().await).await {
            tokio::task::yield_now().await;
        }
    })
    .await
    .expect("the place is not given back");
}

/// Whether a request is answered at all.
async fn is_served(connection: &mut Connection) -> bool {
    let request = b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n";
    let mut read = Vec::new();
    connection.0.write_all(request).await.is_ok()
        && tokio::io::AsyncReadExt::read_buf(&mut connection.0, &mut read)
            .await
            .is_ok_and(|n| n > 0)
}

#[tokio::test]
async fn a_stopping_gateway_closes_idle_connections_at_once() {
    let gateway = Gateway::with(|settings| settings.drain = PATIENCE * 2).await;
    let mut connection = gateway.connect().await;
    connection.write(b"GET /livez HTTP/1.1\r\nhost: localhost\r\n\r\n").await;
    assert_eq!(connection.response().await.status(), 200);
    gateway.stop().await;
    assert!(connection.is_closed_silently().await);
}

#[tokio::test]
async fn a_stopping_gateway_waits_for_a_request_it_has_begun_to_read() {
    let gateway = Gateway::start().await;
    let mut connection = gateway.connect().await;
    let head = format!("{JSON_POST}content-length: 2\r\nexpect: 100-continue\r\n\r\n");
    connection.write(head.as_bytes()).await;
    assert_eq!(connection.response().await.status(), 100);
    let stopping = tokio::spawn(gateway.stop());
    connection.write(b"{}").await;
    assert_eq!(connection.response().await.status(), 400);
    stopping.await.unwrap();
}

#[tokio::test]
async fn a_stopping_gateway_cuts_what_does_not_end_within_the_drain_time() {
    let gateway = Gateway::with(|settings| settings.drain = SHORT).await;
    let mut connection = gateway.connect().await;
    let head = format!("{JSON_POST}content-length: 2\r\nexpect: 100-continue\r\n\r\n");
    connection.write(head.as_bytes()).await;
    assert_eq!(connection.response().await.status(), 100);
    gateway.stop().await;
    assert!(connection.is_closed_silently().await);
}

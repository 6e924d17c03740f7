//! What a stream writes, when it ends, and when a client that left costs a call.

use super::*;
use futures_util::FutureExt;
use http_body_util::BodyExt;
use mcpvisor_actors::session::Admission;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use tokio::sync::Semaphore;

const KEEP_ALIVE: Duration = Duration::from_secs(15);

fn payload(text: &'static str) -> Payload {
    Bytes::from_static(text.as_bytes()).into()
}

/// An action that notes that it ran.
fn noted() -> (Arc<AtomicBool>, OnDrop) {
    let ran = Arc::new(AtomicBool::new(false));
    let note = Arc::clone(&ran);
    (ran, OnDrop::new(move || note.store(true, Ordering::SeqCst)))
}

async fn text(response: Response) -> String {
    let bytes = response.into_body().collect().await.unwrap().to_bytes();
    String::from_utf8(bytes.to_vec()).unwrap()
}

#[tokio::test]
async fn a_call_streams_its_notifications_in_order_and_ends_after_the_answer() {
    let (stream, outbox) = Outbox::new();
    let (abandoned, abandon) = noted();
    stream.notify(payload("{\"n\":\n1}")).unwrap();
    stream.notify(payload("{\"n\":2}")).unwrap();
    stream.answer(payload("{\"id\":1}"), None);
    stream.notify(payload("{\"late\":1}")).unwrap();
    let first = outbox.next().await;
    let events = EventStream::new(outbox, Purpose::Answer(abandon, 1), KEEP_ALIVE);
    let response = events.starting_with(first).into_response();
    assert_eq!(response.headers()["content-type"], "text/event-stream");
    assert_eq!(
        text(response).await,
        "event: message\ndata: {\"n\": 1}\n\n\
         event: message\ndata: {\"n\":2}\n\n\
         event: message\ndata: {\"id\":1}\n\n"
    );
    assert!(!abandoned.load(Ordering::SeqCst));
}

#[tokio::test]
async fn a_client_that_leaves_before_the_answer_abandons_its_call() {
    let (stream, outbox) = Outbox::new();
    let (abandoned, abandon) = noted();
    stream.notify(payload("{}")).unwrap();
    let mut body = EventStream::new(outbox, Purpose::Answer(abandon, 1), KEEP_ALIVE)
        .into_response()
        .into_body();
    assert!(body.frame().await.is_some());
    assert!(!abandoned.load(Ordering::SeqCst));
    drop(body);
    assert!(abandoned.load(Ordering::SeqCst));
    assert!(stream.is_closed());
}

#[tokio::test]
async fn a_call_the_session_cancelled_ends_its_stream_and_is_not_abandoned_again() {
    let (stream, outbox) = Outbox::new();
    let (abandoned, abandon) = noted();
    drop(stream);
    let events = EventStream::new(outbox, Purpose::Answer(abandon, 1), KEEP_ALIVE);
    assert_eq!(text(events.into_response()).await, "");
    assert!(!abandoned.load(Ordering::SeqCst));
}

#[tokio::test]
async fn silence_is_filled_with_comments_until_nobody_wants_the_stream() {
    let (_stream, outbox) = Outbox::new();
    let (_closing, listen) = watch::channel(false);
    let looks = std::sync::atomic::AtomicUsize::new(0);
    let events = EventStream::new(outbox, Purpose::Listen(listen), Duration::from_millis(20))
        .announcing("endpoint", "/messages?sessionId=x")
        .while_wanted(move || looks.fetch_add(1, Ordering::SeqCst) < 1);
    assert_eq!(
        text(events.into_response()).await,
        "event: endpoint\ndata: /messages?sessionId=x\n\n: keep-alive\n\n: keep-alive\n\n"
    );
}

#[tokio::test]
async fn a_listening_stream_ends_when_the_gateway_stops_and_runs_its_farewell() {
    let (stream, outbox) = Outbox::new();
    let (left, leave) = noted();
    let (closing, listen) = watch::channel(false);
    let reading = tokio::spawn({
        let events = EventStream::new(outbox, Purpose::Listen(listen), KEEP_ALIVE);
        text(events.finally(leave).into_response())
    });
    stream.answer(payload("{}"), None);
    tokio::task::yield_now().await;
    closing.send_replace(true);
    assert_eq!(reading.await.unwrap(), "event: message\ndata: {}\n\n");
    assert!(left.load(Ordering::SeqCst));
}

#[tokio::test]
async fn an_answer_that_is_taken_gives_its_slot_back_although_the_stream_goes_on() {
    let (stream, outbox) = Outbox::new();
    let (_closing, listen) = watch::channel(false);
    let slots = Arc::new(Semaphore::new(1));
    let slot = Arc::clone(&slots).try_acquire_owned().unwrap();
    stream.answer(payload("{}"), Some(Admission::from(slot)));
    let events = EventStream::new(outbox, Purpose::Listen(listen), KEEP_ALIVE);
    let mut body = events.into_response().into_body();
    assert!(body.frame().await.is_some());
    assert!(body.frame().now_or_never().is_none(), "nothing more comes for now");
    assert_eq!(slots.available_permits(), 1);
}

#[tokio::test]
async fn a_session_s_stream_ends_after_the_last_answer_when_the_gateway_stops() {
    let (stream, outbox) = Outbox::new();
    let (told, last) = noted();
    let (closing, listen) = watch::channel(false);
    let events = EventStream::new(outbox, Purpose::Everything(listen, last), KEEP_ALIVE);
    let mut body = events.into_response().into_body();
    closing.send_replace(true);
    assert!(body.frame().now_or_never().is_none(), "the answer is still to come");
    assert!(told.load(Ordering::SeqCst));
    stream.answer(payload("{}"), None);
    drop(stream);
    assert!(body.frame().await.is_some());
    assert!(body.frame().await.is_none());
}

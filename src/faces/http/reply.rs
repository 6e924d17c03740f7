//! Turns what a session sends into a response: one JSON document when the answer comes first, else
//! an event stream.

use super::media::Accepts;
use crate::faces::outbox::Outbox;
use axum::body::{Body, HttpBody};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use hyper::body::{Frame, SizeHint};
use mcpvisor_actors::session::{ClientStream, Held, Outgoing};
use mcpvisor_actors::wire::Payload;
use std::collections::VecDeque;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::timeout;

/// How a response begins.
#[derive(Debug)]
pub(super) enum Start {
    /// The answer is here: one document.
    Answer(Outgoing),
    /// Something else comes before the answer, or nothing does for a while: an event stream.
    Events(Option<Outgoing>),
    /// There will be no answer: the call was cancelled.
    Nothing,
}

/// A stream for what belongs to one POST, and its outbox.
pub(super) fn outbox(accepts: Accepts) -> (ClientStream, Outbox) {
    let (stream, outbox) = Outbox::new();
    match accepts {
        Accepts::Json => (stream.for_answers_only(), outbox),
        Accepts::Either | Accepts::Events => (stream, outbox),
    }
}

/// Waits until the form of the response is known.
pub(super) async fn start(outbox: &Outbox, accepts: Accepts, patience: Duration) -> Start {
    match accepts {
        Accepts::Json => answer(outbox).await.map_or(Start::Nothing, Start::Answer),
        Accepts::Events => Start::Events(None),
        Accepts::Either => match timeout(patience, outbox.next()).await {
            Ok(Some(outgoing)) if outgoing.answer => Start::Answer(outgoing),
            Ok(Some(outgoing)) => Start::Events(Some(outgoing)),
            Ok(None) => Start::Nothing,
            Err(_elapsed) => Start::Events(None),
        },
    }
}

/// The answer alone; what comes before it is dropped, for a client that cannot take it.
pub(super) async fn answer(outbox: &Outbox) -> Option<Outgoing> {
    loop {
        match outbox.next().await? {
            outgoing if outgoing.answer => return Some(outgoing),
            _unwanted => {}
        }
    }
}

/// One JSON document, and what is kept until it is written.
pub(super) fn json(payload: &Payload, held: Held) -> Response {
    let mut response = Response::new(Body::new(Chunks::new(payload, held)));
    let json = HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, json);
    response
}

/// The message was taken; there is nothing to answer.
pub(super) fn accepted() -> Response {
    StatusCode::ACCEPTED.into_response()
}

/// A payload as a body of known length whose parts are never joined.
#[derive(Debug)]
struct Chunks {
    parts: VecDeque<Bytes>,
    left: u64,
    _held: Held,
}

impl Chunks {
    fn new(payload: &Payload, held: Held) -> Self {
        let parts = payload.chunks().iter().cloned().collect();
        Self { left: payload.len() as u64, parts, _held: held }
    }
}

impl HttpBody for Chunks {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let next = self.parts.pop_front();
        self.left -= next.as_ref().map_or(0, |part| part.len() as u64);
        Poll::Ready(next.map(|part| Ok(Frame::data(part))))
    }

    fn is_end_stream(&self) -> bool {
        self.parts.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt;

    const PATIENCE: Duration = Duration::from_millis(50);

    fn payload(text: &'static str) -> Payload {
        Bytes::from_static(text.as_bytes()).into()
    }

    #[tokio::test]
    async fn the_first_message_decides_the_form_of_the_response() {
        for (sent, accepts, expected) in [
            (&["answer"][..], Accepts::Either, "answer"),
            (&["answer"], Accepts::Json, "answer"),
            (&["answer"], Accepts::Events, "events"),
            (&["note", "answer"], Accepts::Either, "events after one"),
            (&["note", "answer"], Accepts::Json, "answer"),
            (&["note"], Accepts::Json, "nothing"),
            (&["silence"], Accepts::Either, "events"),
            (&[], Accepts::Either, "nothing"),
            (&[], Accepts::Json, "nothing"),
        ] {
            let (stream, outbox) = Outbox::new();
            for &message in sent {
                match message {
                    "answer" => assert!(stream.answer(payload("{}"), None)),
                    "note" => stream.notify(payload("{}")).unwrap(),
                    _silence => {}
                }
            }
            let kept = (sent == ["silence"]).then(|| stream.clone());
            drop(stream);
            let begun = match start(&outbox, accepts, PATIENCE).await {
                Start::Answer(_) => "answer",
                Start::Events(Some(_)) => "events after one",
                Start::Events(None) => "events",
                Start::Nothing => "nothing",
            };
            assert_eq!(begun, expected, "{sent:?} {accepts:?}");
            drop(kept);
        }
    }

    #[tokio::test]
    async fn a_large_document_is_sent_without_being_joined() {
        let large = Bytes::from(vec![b'x'; 100_000]);
        let payload = Payload::concat([Bytes::from_static(b"{"), large.clone()]);
        let mut body = json(&payload, Held::default()).into_body();
        assert_eq!(body.size_hint().exact(), Some(100_001));
        let mut parts = Vec::new();
        while let Some(frame) = body.frame().await {
            parts.push(frame.unwrap().into_data().unwrap());
        }
        assert_eq!(parts[1].as_ptr(), large.as_ptr());
    }
}

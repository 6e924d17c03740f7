//! Takes the socket of an open event stream from the HTTP library once the head of the response is written.
//!
//! The library keeps a buffer of 8 KiB to read into and another to write from for as long as a connection is
//! open, which is twice what a session costs that does nothing; a stream that is silent most of its time needs
//! neither. So the library is given a body that says nothing. When it has asked for it, and all it wrote is with
//! the system, the connection is taken apart, and what the stream says is written by [`super::standing`].
//!
//! Source: RFC 9112, section 7.1 (the library announced chunks) and 9.6 (the connection ends with the stream).
//!
//! *Invariant:* the socket changes hands between the head and the first chunk, never within either.

use axum::body::{Body, Bytes, HttpBody};
use axum::http::{HeaderValue, Method, Version, header};
use axum::response::Response;
use hyper::body::Frame;
use mcpvisor_actors::mutex::lock;
use std::convert::Infallible;
use std::pin::Pin;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

/// What one connection's library, socket and driver know of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Handover(Arc<Inner>);

#[derive(Debug, Default)]
struct Inner {
    /// What is to be written after the head.
    stream: Mutex<Option<Body>>,
    /// The library has made the head, and asks what comes next.
    asked: AtomicBool,
    /// Everything up to there is with the system.
    flushed: AtomicBool,
}

/// Says nothing, and notices when it is asked.
struct Silent(Handover);

impl Handover {
    /// Whether the answer to such a request may be taken over: the library announces chunks and nothing else
    /// is answered beside it.
    pub(super) fn suits(method: &Method, version: Version) -> bool {
        method == Method::GET && version == Version::HTTP_11
    }

    /// Keeps an event stream back, so that the library writes nothing but its head; any other response is
    /// left as it is.
    pub(super) fn keep_back(&self, response: Response) -> Response {
        let kind = response.headers().get(header::CONTENT_TYPE);
        if kind.is_none_or(|kind| kind != "text/event-stream") {
            return response;
        }
        let mut response = response.map(|stream| {
            *lock(&self.0.stream) = Some(stream);
            Body::new(Silent(self.clone()))
        });
        response.headers_mut().insert(header::CONNECTION, HeaderValue::from_static("close"));
        response
    }

    /// The socket has nothing more to give to the system.
    pub(super) fn flushed(&self) {
        if self.0.asked.load(Ordering::Relaxed) {
            self.0.flushed.store(true, Ordering::Relaxed);
        }
    }

    /// The stream, once the head is written.
    pub(super) fn due(&self) -> Option<Body> {
        if !self.0.flushed.load(Ordering::Relaxed) {
            return None;
        }
        lock(&self.0.stream).take()
    }
}

impl HttpBody for Silent {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        self: Pin<&mut Self>,
        _cx: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.0.asked.store(true, Ordering::Relaxed);
        Poll::Pending
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use http_body_util::BodyExt;

    fn response(kind: &'static str) -> Response {
        let mut response = Response::new(Body::from("what it says"));
        response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
        response
    }

    #[test]
    fn a_stream_is_due_when_its_head_was_made_and_then_flushed() {
        let handover = Handover::default();
        handover.flushed(); // of an earlier response
        let mut kept_back = handover.keep_back(response("text/event-stream"));
        assert_eq!(kept_back.headers()[header::CONNECTION], "close");
        assert!(handover.due().is_none(), "nothing is written");
        assert!(
            kept_back.body_mut().frame().now_or_never().is_none(),
            "the library is told nothing"
        );
        assert!(handover.due().is_none(), "the head is not written");
        handover.flushed();
        let said = handover.due().unwrap().collect().now_or_never().unwrap().unwrap();
        assert_eq!(said.to_bytes(), "what it says");
        assert!(handover.due().is_none(), "it is taken once");
    }

    #[test]
    fn other_responses_stay_with_the_library() {
        let handover = Handover::default();
        let left = handover.keep_back(response("application/json"));
        assert!(!left.headers().contains_key(header::CONNECTION));
        let said = left.into_body().collect().now_or_never().unwrap().unwrap();
        assert_eq!(said.to_bytes(), "what it says");
        for (method, version, suits) in [
            (Method::GET, Version::HTTP_11, true),
            (Method::GET, Version::HTTP_10, false),
            (Method::GET, Version::HTTP_2, false),
            (Method::POST, Version::HTTP_11, false),
            (Method::HEAD, Version::HTTP_11, false),
        ] {
            assert_eq!(Handover::suits(&method, version), suits, "{method} {version:?}");
        }
    }
}

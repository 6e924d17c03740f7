//! Drives one connection: HTTP/1.1 or HTTP/2, whichever the client begins with, and what it may be
//! upgraded to.
//!
//! Which one it is we find out without taking anything of what the client says: what hyper-util reads for that
//! makes the buffer that is read into twice as large, for as long as the connection is open.

use super::Peer;
use super::front::{Caller, Front};
use super::handover::Handover;
use super::socket::Socket;
use crate::faces::http::HttpSettings;
use crate::faces::http::closing::Endless;
use crate::turn::Turn;
use crate::websocket::Onward;
use axum::body::Body;
use hyper::Request;
use hyper::body::Incoming;
use hyper::server::conn::{http1, http2};
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use std::future::poll_fn;
use std::io;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::Poll;
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, Sleep, sleep};

/// Silence after which an HTTP/2 client is asked whether it is still there.
const HTTP2_PING: Duration = Duration::from_secs(30);
/// How long the reader of an answer without an end may take what is left of it, once the listener closes.
const FAREWELL: Duration = Duration::from_secs(1);
/// What a client of HTTP/2 begins with. Source: RFC 9113, section 3.4.
const PREFACE: &[u8; 24] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";
/// Rest until more of a preface is there that came in parts.
const A_MOMENT: Duration = Duration::from_millis(5);

/// Serves the routes on any number of connections.
#[derive(Debug)]
pub(super) struct Driver {
    front: Front,
    http1: http1::Builder,
    http2: http2::Builder<TokioExecutor>,
    header_timeout: Duration,
}

/// What a client speaks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    One,
    Two,
}

/// When a connection ends that its client does not end.
struct Ends {
    /// Of the first request, and of the farewell.
    deadline: Pin<Box<Sleep>>,
    asked: Arc<AtomicBool>,
    endless: Endless,
    handover: Handover,
    closing: watch::Receiver<bool>,
}

/// How the library came to its end with a connection.
enum Served {
    /// The client left, or all was answered, or it was upgraded.
    Ended,
    /// We ended it.
    Cut,
    /// What is left of it is this event stream.
    HandedOver(Body),
}

impl Driver {
    pub(super) fn new(front: Front, settings: &HttpSettings) -> Self {
        let mut http1 = http1::Builder::new();
        let idle = settings.idle_timeout.max(settings.header_timeout);
        http1.timer(TokioTimer::new()).header_read_timeout(idle);
        let mut http2 = http2::Builder::new(TokioExecutor::new());
        http2.timer(TokioTimer::new()).keep_alive_interval(HTTP2_PING);
        Self { front, http1, http2, header_timeout: settings.header_timeout }
    }

    /// Serves until the client leaves, is too slow, or `closing` becomes true and what was in
    /// flight is answered; then whatever the connection was upgraded to, to its end. An answer
    /// without an end is not waited for: its reader may take what is left of it, or not.
    ///
    /// The library's own timer for request heads also runs while a connection is idle, and not
    /// while we look at the protocol; so the first request has a deadline of ours.
    pub(super) async fn drive(&self, socket: Socket, peer: Peer, closing: watch::Receiver<bool>) {
        let mut deadline = Box::pin(sleep(self.header_timeout));
        // in a box, because it is over soon and larger than all that comes after it
        let begun = Box::pin(begun(socket, deadline.as_mut(), closing.clone())).await;
        let Some((socket, version)) = begun else { return };
        let asked = Arc::new(AtomicBool::new(false));
        let (onward, endless) = (Onward::default(), Endless::default());
        let handover = socket.handover();
        let service = service_fn({
            let (asked, front) = (Arc::clone(&asked), self.front.clone());
            let (onward, endless, closing) = (onward.clone(), endless.clone(), closing.clone());
            let caller = Caller { peer, onward, closing, endless, handover: handover.clone() };
            move |request: Request<Incoming>| {
                asked.store(true, Ordering::Relaxed);
                front.serve(request, &caller)
            }
        });
        let ends = Ends { deadline, asked, endless, handover, closing: closing.clone() };
        let socket = TokioIo::new(socket);
        let served = match version {
            Version::One => {
                let connection = self.http1.serve_connection(socket, service).with_upgrades();
                let mut connection = Box::pin(connection);
                let close = http1::UpgradeableConnection::graceful_shutdown;
                let served = serve(connection.as_mut(), close, ends).await;
                if let Served::HandedOver(stream) = served {
                    let parts = Pin::into_inner(connection).into_parts();
                    // all but the socket goes, above all what was read into
                    let Some(http1::Parts { io, .. }) = parts else { return };
                    return tokio::select! {
                        () = io.into_inner().carry(stream) => {}
                        () = farewell(closing) => not_taken(),
                    };
                }
                served
            }
            Version::Two => {
                let mut connection = Box::pin(self.http2.serve_connection(socket, service));
                serve(connection.as_mut(), http2::Connection::graceful_shutdown, ends).await
            }
        };
        if let (Served::Ended, Some(next)) = (served, onward.take()) {
            next.await;
        }
    }
}

/// A socket and what its client speaks, unless that is over before it said so.
async fn begun(
    mut socket: Socket,
    deadline: Pin<&mut Sleep>,
    mut closing: watch::Receiver<bool>,
) -> Option<(Socket, Version)> {
    let version = tokio::select! {
        version = spoken(&mut socket) => version,
        () = deadline => {
            too_late();
            return None;
        }
        () = told(&mut closing) => return None,
    };
    match version {
        Ok(version) => Some((socket, version)),
        Err(error) => {
            tracing::debug!(%error, "connection ended");
            None
        }
    }
}

/// Serves a connection to its end, or until its socket is to be taken over. It is in a box, because a future
/// keeps room for each place its parts are moved to.
async fn serve<C: Future<Output = hyper::Result<()>>>(
    mut connection: Pin<&mut C>,
    close: impl Fn(Pin<&mut C>),
    mut ends: Ends,
) -> Served {
    let (mut waiting, mut stopping, turn) = (true, false, Turn::default());
    loop {
        let served = poll_fn(|cx| match turn.take(cx, |inner| connection.as_mut().poll(inner)) {
            Poll::Ready(ended) => Poll::Ready(Err(ended)),
            Poll::Pending => ends.handover.due().map_or(Poll::Pending, |it| Poll::Ready(Ok(it))),
        });
        tokio::select! {
            served = served => return match served {
                Ok(stream) => Served::HandedOver(stream),
                Err(ended) => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended");
                    }
                    Served::Ended
                }
            },
            () = &mut ends.deadline, if waiting || stopping && ends.endless.is_set() => {
                if !waiting {
                    not_taken();
                    return Served::Cut;
                }
                if !ends.asked.load(Ordering::Relaxed) {
                    too_late();
                    return Served::Cut;
                }
                waiting = false;
            }
            () = told(&mut ends.closing), if !stopping => {
                close(connection.as_mut());
                stopping = true;
                if ends.asked.load(Ordering::Relaxed) {
                    waiting = false;
                    ends.deadline.as_mut().reset(Instant::now() + FAREWELL);
                }
            }
        }
    }
}

fn too_late() {
    tracing::debug!("no request came in time; connection closed");
}

fn not_taken() {
    tracing::debug!("the end of a stream was not taken; connection closed");
}

/// Returns when the listener closed and the reader of a stream had its time to take the rest.
async fn farewell(mut closing: watch::Receiver<bool>) {
    told(&mut closing).await;
    sleep(FAREWELL).await;
}

/// What the client speaks; all it said is still to be read.
async fn spoken(socket: &mut Socket) -> io::Result<Version> {
    let mut begun = [0; PREFACE.len()];
    loop {
        let count = socket.peek(&mut begun).await?;
        match count {
            0 => return Ok(Version::One), // it is gone
            _ if !PREFACE.starts_with(&begun[..count]) => return Ok(Version::One),
            _ if count == PREFACE.len() => return Ok(Version::Two),
            _ => sleep(A_MOMENT).await,
        }
    }
}

async fn told(closing: &mut watch::Receiver<bool>) {
    let _sender_gone = closing.wait_for(|closing| *closing).await.is_err();
}

#[cfg(test)]
mod tests {
    use super::*;
    use futures_util::FutureExt;
    use std::pin::pin;
    use tokio::time::{advance, pause};

    #[tokio::test]
    async fn a_reader_has_a_second_for_the_rest_of_a_stream_once_the_listener_closes() {
        pause();
        let (close, closing) = watch::channel(false);
        let mut farewell = pin!(farewell(closing));
        advance(60 * FAREWELL).await;
        assert!(farewell.as_mut().now_or_never().is_none());
        close.send(true).unwrap();
        assert!(farewell.as_mut().now_or_never().is_none());
        advance(FAREWELL / 2).await;
        assert!(farewell.as_mut().now_or_never().is_none());
        advance(FAREWELL).await;
        assert!(farewell.as_mut().now_or_never().is_some());
    }
}

//! Drives one connection: HTTP/1.1 or HTTP/2, whichever the client begins with, and what it may be
//! upgraded to.

use super::Peer;
use super::front::{Caller, Front};
use super::socket::Socket;
use crate::faces::http::HttpSettings;
use crate::faces::http::closing::Endless;
use crate::websocket::Onward;
use hyper::Request;
use hyper::body::Incoming;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto::Builder;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::{Instant, sleep};

/// Silence after which an HTTP/2 client is asked whether it is still there.
const HTTP2_PING: Duration = Duration::from_secs(30);

/// How long the reader of an answer without an end may take what is left of it, once the listener closes.
const FAREWELL: Duration = Duration::from_secs(1);

/// Serves the routes on any number of connections.
#[derive(Debug)]
pub(super) struct Driver {
    front: Front,
    builder: Builder<TokioExecutor>,
    header_timeout: Duration,
}

impl Driver {
    pub(super) fn new(front: Front, settings: &HttpSettings) -> Self {
        let mut builder = Builder::new(TokioExecutor::new());
        let idle = settings.idle_timeout.max(settings.header_timeout);
        builder.http1().timer(TokioTimer::new()).header_read_timeout(idle);
        builder.http2().timer(TokioTimer::new()).keep_alive_interval(HTTP2_PING);
        Self { front, builder, header_timeout: settings.header_timeout }
    }

    /// Serves until the client leaves, is too slow, or `closing` becomes true and what was in
    /// flight is answered; then whatever the connection was upgraded to, to its end. An answer
    /// without an end is not waited for: its reader may take what is left of it, or not.
    ///
    /// The library's own timer for request heads also runs while a connection is idle, and not
    /// while it guesses the protocol; so the first request has a deadline of ours.
    pub(super) async fn drive(
        &self,
        socket: Socket,
        peer: Peer,
        mut closing: watch::Receiver<bool>,
    ) {
        let asked = Arc::new(AtomicBool::new(false));
        let onward = Onward::default();
        let endless = Endless::default();
        let service = service_fn({
            let (asked, front) = (Arc::clone(&asked), self.front.clone());
            let (onward, endless, closing) = (onward.clone(), endless.clone(), closing.clone());
            let caller = Caller { peer, onward, closing, endless };
            move |request: Request<Incoming>| {
                asked.store(true, Ordering::Relaxed);
                front.serve(request, &caller)
            }
        });
        let socket = TokioIo::new(socket);
        let mut connection = pin!(self.builder.serve_connection_with_upgrades(socket, service));
        // of the first request, and of the farewell
        let mut deadline = pin!(sleep(self.header_timeout));
        let (mut waiting, mut stopping) = (true, false);
        loop {
            tokio::select! {
                ended = connection.as_mut() => {
                    if let Err(error) = ended {
                        tracing::debug!(%error, "connection ended");
                    }
                    break;
                }
                () = &mut deadline, if waiting || stopping && endless.is_set() => {
                    if !waiting {
                        tracing::debug!("the end of a stream was not taken; connection closed");
                        return;
                    }
                    if !asked.load(Ordering::Relaxed) {
                        tracing::debug!("no request came in time; connection closed");
                        return;
                    }
                    waiting = false;
                }
                () = told(&mut closing), if !stopping => {
                    connection.as_mut().graceful_shutdown();
                    stopping = true;
                    if asked.load(Ordering::Relaxed) {
                        waiting = false;
                        deadline.as_mut().reset(Instant::now() + FAREWELL);
                    }
                }
            }
        }
        if let Some(next) = onward.take() {
            next.await;
        }
    }
}

async fn told(closing: &mut watch::Receiver<bool>) {
    let _sender_gone = closing.wait_for(|closing| *closing).await.is_err();
}

//! One connection of HTTP/1.1, driven by whoever uses it: there is no task of its own to wake on the way of a
//! request or its answer.
//!
//! What the connection finds is looked at right after it, so nobody is woken for that: a task that wakes itself
//! is taken for one that wants to let others go first, and may go on in another thread.
//!
//! *Invariant:* an answer that is given up takes its connection with it, unless it is there to its end.

use super::Pool;
use super::fault::Fault;
use bytes::Bytes;
use http_body_util::Full;
use hyper::body::{Body as _, Incoming};
use hyper::client::conn::http1::{Builder, Connection, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::{Arc, Weak};
use std::task::{Context, Poll, Waker, ready};
use tokio::net::TcpStream;
use tokio::task::coop::unconstrained;

/// Largest room to read into, which a connection keeps, in bytes: more fits into no cache.
const READ_AT_ONCE: usize = 128 * 1024;

type Driver = Pin<Box<Connection<TokioIo<TcpStream>, Full<Bytes>>>>;

/// Why there is no answer, and the request when nothing of it was written.
pub(super) struct Unanswered {
    pub(super) unwritten: Option<Box<Request<Full<Bytes>>>>,
    pub(super) fault: Fault,
}

/// A connection nobody uses, or the one of a request under way.
pub(super) struct Wire {
    sender: SendRequest<Full<Bytes>>,
    /// Gone once the connection has ended.
    driver: Option<Driver>,
}

impl Wire {
    /// Speaks HTTP on a connected socket.
    pub(super) async fn new(socket: TokioIo<TcpStream>) -> Result<Self, Fault> {
        let handshake = Builder::new().max_buf_size(READ_AT_ONCE).handshake(socket).await;
        let (sender, driver) = handshake.map_err(Fault::Http)?;
        let mut wire = Self { sender, driver: Some(Box::pin(driver)) };
        wire.rest();
        Ok(wire)
    }

    /// Lets the connection read and write what it can.
    fn drive(&mut self, context: &mut Context<'_>) {
        let ended =
            self.driver.as_mut().is_some_and(|driver| driver.as_mut().poll(context).is_ready());
        if ended {
            self.driver = None;
        }
    }

    /// Lets go of whoever drove the connection, and notices that the server closed it.
    fn rest(&mut self) {
        self.drive(&mut unheard());
    }

    /// Whether another request can be written.
    pub(super) fn is_ready(&mut self) -> bool {
        self.rest();
        self.driver.is_some() && self.sender.is_ready()
    }

    /// Writes a request and awaits the head of its answer; the request comes back when nothing of it was
    /// written.
    pub(super) fn send(
        &mut self,
        request: Request<Full<Bytes>>,
    ) -> impl Future<Output = Result<Response<Incoming>, Unanswered>> {
        let answer = self.sender.try_send_request(request);
        let driver = &mut self.driver;
        async move {
            // it is asked once: it must not say that its task has had its share
            let mut answer = pin!(unconstrained(answer));
            poll_fn(|context| {
                if driver.as_mut().is_some_and(|driver| driver.as_mut().poll(context).is_ready()) {
                    *driver = None;
                }
                answer.as_mut().poll(&mut unheard())
            })
            .await
            .map_err(|mut failed| Unanswered {
                unwritten: failed.take_message().map(Box::new),
                fault: Fault::Http(failed.into_error()),
            })
        }
    }
}

/// A context that wakes nobody.
fn unheard() -> Context<'static> {
    Context::from_waker(Waker::noop())
}

/// The body of an answer, and the connection it comes on.
pub(in crate::downstream::http) struct Body {
    incoming: Incoming,
    wire: Option<Wire>,
    home: Weak<Pool>,
}

impl Body {
    pub(super) fn new(incoming: Incoming, wire: Wire, home: &Arc<Pool>) -> Self {
        Self { incoming, wire: Some(wire), home: Arc::downgrade(home) }
    }

    /// The next piece; `None` at the end.
    pub(in crate::downstream::http) async fn chunk(&mut self) -> Result<Option<Bytes>, Fault> {
        poll_fn(|context| self.poll_chunk(context)).await
    }

    fn poll_chunk(&mut self, context: &mut Context<'_>) -> Poll<Result<Option<Bytes>, Fault>> {
        loop {
            if let Some(wire) = &mut self.wire {
                wire.drive(context);
            }
            match ready!(Pin::new(&mut self.incoming).poll_frame(&mut unheard())) {
                None => {
                    self.go_home();
                    return Poll::Ready(Ok(None));
                }
                Some(Ok(frame)) => {
                    if let Ok(data) = frame.into_data() {
                        return Poll::Ready(Ok(Some(data)));
                    }
                }
                Some(Err(error)) => return Poll::Ready(Err(Fault::Http(error))),
            }
        }
    }

    /// The answer is there to its end: the next request may have the connection.
    fn go_home(&mut self) {
        if let (Some(wire), Some(home)) = (self.wire.take(), self.home.upgrade()) {
            home.keep(wire);
        }
    }
}

impl Drop for Body {
    fn drop(&mut self) {
        if self.wire.is_some() {
            // what is left unread is often no more than the mark of the end
            let _left = self.poll_chunk(&mut unheard());
        }
    }
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Body").field("incoming", &self.incoming).finish_non_exhaustive()
    }
}

#[cfg(test)]
mod tests;

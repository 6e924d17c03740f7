//! Keep-alive connections to the server behind a floor.

use super::Fault;
use hyper::body::{Body, Incoming};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper::header::{HOST, HeaderValue};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use std::sync::{Mutex, PoisonError};
use tokio::net::TcpStream;

/// Connections that are not in use, for requests with bodies of this kind.
pub(super) struct Pool<B> {
    origin: SocketAddr,
    host: HeaderValue,
    idle: Mutex<Vec<SendRequest<B>>>,
}

impl<B> Pool<B>
where
    B: Body<Data: Send, Error: Into<Fault>> + Send + 'static,
{
    pub(super) fn of(origin: SocketAddr) -> Result<Self, Fault> {
        let host = HeaderValue::try_from(origin.to_string())?;
        Ok(Self { origin, host, idle: Mutex::default() })
    }

    /// Sends it over a connection that is free, or a new one.
    pub(super) async fn send(
        &self,
        mut request: Request<B>,
    ) -> Result<(Response<Incoming>, Lent<'_, B>), Fault> {
        request.headers_mut().insert(HOST, self.host.clone());
        let free = self.free();
        let mut sender = match free {
            Some(sender) => sender,
            None => self.connect().await?,
        };
        let response = sender.send_request(request).await?;
        Ok((response, Lent { pool: self, sender: Some(sender) }))
    }

    async fn connect(&self) -> Result<SendRequest<B>, Fault> {
        let stream = TcpStream::connect(self.origin).await?;
        stream.set_nodelay(true)?;
        let (sender, connection) = handshake(TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender)
    }

    /// One whose last answer has passed as a whole.
    fn free(&self) -> Option<SendRequest<B>> {
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.retain(|sender| !sender.is_closed());
        let free = idle.iter().rposition(SendRequest::is_ready)?;
        Some(idle.swap_remove(free))
    }
}

/// A connection in use; it goes back when this is dropped.
pub(super) struct Lent<'a, B> {
    pool: &'a Pool<B>,
    sender: Option<SendRequest<B>>,
}

impl<B> Drop for Lent<'_, B> {
    fn drop(&mut self) {
        let mut idle = self.pool.idle.lock().unwrap_or_else(PoisonError::into_inner);
        idle.extend(self.sender.take());
    }
}

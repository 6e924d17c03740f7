//! Our own accept loop: a cap on connections, deadlines for slow clients, a bounded farewell.
//!
//! *Invariant:* no client can hold a connection by sending slowly or not at all, and
//! [`HttpServer::serve`] returns within the drain time of its shutdown.

mod connection;
mod front;
mod handover;
mod socket;
mod standing;

use super::Shared;
use super::host::{Doorkeeper, NotAHost};
use axum::Router;
use connection::Driver;
use front::Front;
use socket::Socket;
use std::io;
use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio::task::JoinSet;
use tokio::time::{sleep, timeout};

/// Rest after a failed accept: out of file descriptors, most often.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// Longest time a peer may be gone, or take nothing of what waits for it.
pub(super) const UNTAKEN: Duration = Duration::from_secs(60);

/// Where a request came from; every request has it among its extensions.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Peer(pub SocketAddr);

/// Why the listener could not be opened.
#[derive(Debug, thiserror::Error)]
pub enum BindError {
    /// Other machines could reach it, and nobody said they may.
    #[error(
        "{0} can be reached from other machines; listen on 127.0.0.1, or set `allow_remote: true`"
    )]
    Remote(SocketAddr),
    /// A host in the settings is none.
    #[error(transparent)]
    Host(#[from] NotAHost),
    /// The system refused.
    #[error("cannot listen on {address}: {source}; is the port taken by another process?")]
    Listen {
        /// The address asked for.
        address: SocketAddr,
        /// What the system said.
        source: io::Error,
    },
}

/// A bound listener, ready to serve.
#[derive(Debug)]
pub struct HttpServer {
    listener: TcpListener,
    address: SocketAddr,
    front: Front,
    shared: Arc<Shared>,
}

impl HttpServer {
    /// Serves on a bound listener, with the guard in front of every route.
    pub(super) fn on(
        shared: &Arc<Shared>,
        router: Router,
        listener: std::net::TcpListener,
    ) -> Result<Self, BindError> {
        let address = shared.settings.listen;
        let failed = |source| BindError::Listen { address, source };
        let listener = TcpListener::from_std(listener).map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let doorkeeper = Doorkeeper::new(&shared.settings, address)?;
        let front = Front::new(shared, doorkeeper, router);
        Ok(Self { listener, address, front, shared: Arc::clone(shared) })
    }

    /// The address listened on, with the port the system chose when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }

    /// Serves until `shutdown` resolves. Then listening streams end at once, requests in flight
    /// have the drain time to finish, and what is left is cut.
    pub async fn serve(self, shutdown: impl Future<Output = ()>) {
        let Self { listener, address, front, shared } = self;
        let driver = Arc::new(Driver::new(front, &shared.settings));
        let places = Arc::new(Semaphore::new(shared.settings.max_connections));
        let mut connections = JoinSet::new();
        let mut shutdown = pin!(shutdown);
        tracing::info!(%address, "listening for clients");
        loop {
            tokio::select! {
                () = &mut shutdown => break,
                accepted = listener.accept() => match accepted {
                    Ok((stream, peer)) => if let Some(socket) = admit(stream, &places) {
                        let driver = Arc::clone(&driver);
                        let closing = shared.closing.subscribe();
                        connections.spawn(async move { driver.drive(socket, Peer(peer), closing).await });
                    },
                    Err(error) => {
                        tracing::warn!(%error, "cannot accept a connection");
                        sleep(ACCEPT_PAUSE).await;
                    }
                },
                Some(_ended) = connections.join_next() => {}
            }
        }
        drop(listener);
        shared.closing.send_replace(true);
        let drained = async { while connections.join_next().await.is_some() {} };
        if timeout(shared.settings.drain, drained).await.is_err() {
            tracing::warn!(connections = connections.len(), "cutting connections still busy");
            connections.shutdown().await;
        }
    }
}

/// Binds the address of the settings.
pub(in crate::faces) fn bind(
    settings: &super::HttpSettings,
) -> Result<std::net::TcpListener, BindError> {
    let address = settings.listen;
    if !address.ip().to_canonical().is_loopback() && !settings.allow_remote {
        return Err(BindError::Remote(address));
    }
    let listen = || {
        let listener = std::net::TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(listener)
    };
    listen().map_err(|source| BindError::Listen { address, source })
}

/// Gives a connection its place, or closes it when all are taken.
fn admit(stream: TcpStream, places: &Arc<Semaphore>) -> Option<Socket> {
    let Ok(place) = Arc::clone(places).try_acquire_owned() else {
        tracing::warn!("all connections are taken; a further one was closed");
        return None;
    };
    let _best_effort = stream.set_nodelay(true);
    end_when_untaken(&stream);
    Some(Socket::new(stream, place))
}

/// Lets the system end the connection of a peer that takes nothing, so that what waits for it does
/// not wait (and keep its slots) for ever.
fn end_when_untaken(stream: &TcpStream) {
    #[cfg(target_os = "linux")]
    {
        let millis = u32::try_from(UNTAKEN.as_millis()).unwrap_or(u32::MAX);
        let _best_effort = rustix::net::sockopt::set_tcp_user_timeout(stream, millis);
    }
    #[cfg(not(target_os = "linux"))]
    let _only_linux_can = stream;
}

#[cfg(all(test, target_os = "linux"))]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_peer_that_takes_nothing_is_given_up_by_the_system() {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let _peer = TcpStream::connect(listener.local_addr().unwrap()).await.unwrap();
        let (stream, _) = listener.accept().await.unwrap();
        let mut socket = admit(stream, &Arc::new(Semaphore::new(1))).unwrap();
        let stream = socket.stream().unwrap();
        assert_eq!(rustix::net::sockopt::tcp_user_timeout(&*stream).unwrap(), 60_000);
    }
}

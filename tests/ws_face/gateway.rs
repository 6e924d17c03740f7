//! A gateway without servers on a free port.

use crate::bare::clients;
use crate::running::PATIENCE;
use mcpvisor::faces::{HttpFace, HttpSettings};
use mcpvisor_actors::session::Clients;
use std::net::SocketAddr;
use std::time::Instant;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

/// A running gateway; dropped, it stops.
pub(crate) struct Gateway {
    pub(crate) address: SocketAddr,
    pub(crate) clients: Clients,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl Gateway {
    pub(crate) async fn start() -> Self {
        Self::with(|_| {}).await
    }

    pub(crate) async fn with(change: impl FnOnce(&mut HttpSettings)) -> Self {
        Self::of(clients(64).await, change)
    }

    pub(crate) fn of(clients: Clients, change: impl FnOnce(&mut HttpSettings)) -> Self {
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let mut settings = HttpSettings { listen, ..HttpSettings::default() };
        change(&mut settings);
        let face = HttpFace::new(clients.clone(), settings);
        let router = face.router();
        let server = face.bind(router).unwrap();
        let address = server.local_addr();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(server.serve(async {
            let _dropped = stopped.await;
        }));
        Self { address, clients, stop, served }
    }

    /// Stops it; returns once it has stopped.
    pub(crate) async fn stop(self) {
        self.stop.send(()).unwrap();
        tokio::time::timeout(PATIENCE, self.served).await.expect("it does not stop").unwrap();
    }

    /// Waits until so many sessions are open.
    pub(crate) async fn sessions(&self, count: usize) {
        let deadline = Instant::now() + PATIENCE;
        while self.clients.sessions() != count {
            assert!(Instant::now() < deadline, "never: {count} sessions");
            tokio::time::sleep(std::time::Duration::from_millis(2)).await;
        }
    }
}

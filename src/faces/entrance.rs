//! The faces as children of the ingress: what outlives a restart of it lives here.

use super::http::{BindError, HttpFace, HttpSettings};
use super::stdio::{pipes, serve_stdio};
use axum::Router;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use mcpvisor_actors::catalog::Selector;
use mcpvisor_actors::ingress::Face;
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::session::Clients;
use mcpvisor_actors::wire::Limits;
use std::io;
use std::net::{SocketAddr, TcpListener};
use std::pin::pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::watch;
use tokio::time::sleep;

/// Rest after a failure to serve: out of file descriptors, most often.
const AGAIN_AFTER: Duration = Duration::from_secs(1);

/// The HTTP face with its bound socket, so that a restarted ingress listens at the same address.
///
/// *Invariant:* once the gateway stops, no copy of the socket is left that the system would go on
/// accepting connections for.
#[derive(Debug)]
pub struct HttpEntrance {
    settings: HttpSettings,
    listener: Kept,
    address: SocketAddr,
    beside: Router,
}

impl HttpEntrance {
    /// Binds the address of the settings.
    pub fn bind(mut settings: HttpSettings) -> Result<Self, BindError> {
        let listener = super::http::bind(&settings)?;
        let address = listener.local_addr().unwrap_or(settings.listen);
        settings.listen = address;
        let listener = Kept(Arc::new(Mutex::new(Some(listener))));
        Ok(Self { settings, listener, address, beside: Router::new() })
    }

    /// Serves these routes beside those of MCP, behind the same checks of host and origin.
    #[must_use]
    pub fn beside(self, routes: Router) -> Self {
        Self { beside: routes, ..self }
    }

    /// The address listened on, with the port the system chose when 0 was asked for.
    pub fn local_addr(&self) -> SocketAddr {
        self.address
    }
}

/// The socket for the next incarnation; none once the gateway stops.
#[derive(Debug, Clone)]
struct Kept(Arc<Mutex<Option<TcpListener>>>);

impl Kept {
    fn copy(&self) -> Option<io::Result<TcpListener>> {
        let kept = lock(&self.0);
        kept.as_ref().map(TcpListener::try_clone)
    }

    fn close(&self) {
        *lock(&self.0) = None;
    }
}

impl Face for HttpEntrance {
    fn serve(&self, clients: Clients, stop: watch::Receiver<bool>) -> BoxFuture<'static, ()> {
        let kept = self.listener.clone();
        let stopped = async move {
            if stopped(stop).await {
                kept.close();
            }
        };
        let (settings, kept) = (self.settings.clone(), self.listener.clone());
        let beside = self.beside.clone();
        async move {
            let mut stopped = pin!(stopped);
            loop {
                let Some(listener) = kept.copy() else { return };
                let face = HttpFace::new(clients.clone(), settings.clone());
                let router = face.router().merge(beside.clone());
                // an end would read as: no client will come any more
                match listener.map(|listener| face.on(listener, router)) {
                    Ok(Ok(server)) => return server.serve(stopped).await,
                    Ok(Err(error)) => tracing::error!(%error, "the HTTP face cannot serve yet"),
                    Err(error) => tracing::error!(%error, "the HTTP face has no socket yet"),
                }
                tokio::select! {
                    () = &mut stopped => return,
                    () = sleep(AGAIN_AFTER) => {}
                }
            }
        }
        .boxed()
    }
}

/// The stdio face on this process's own stdin and stdout.
#[derive(Debug, Clone)]
pub struct StdioEntrance {
    limits: Limits,
    drain: Duration,
    selector: Selector,
}

impl StdioEntrance {
    /// `drain` is how long calls in flight may go on once stdin ended.
    pub fn new(limits: Limits, drain: Duration) -> Self {
        Self { limits, drain, selector: Selector::All }
    }

    /// Shows only what is selected.
    #[must_use]
    pub fn viewing(self, selector: Selector) -> Self {
        Self { selector, ..self }
    }
}

impl Face for StdioEntrance {
    fn serve(&self, clients: Clients, stop: watch::Receiver<bool>) -> BoxFuture<'static, ()> {
        let Self { limits, drain, selector } = self.clone();
        async move {
            let clients = match clients.viewing(&selector) {
                Ok(clients) => clients,
                Err(error) => {
                    return tracing::error!(%error, "nobody is served on stdin and stdout");
                }
            };
            let (input, output) = pipes::standard();
            let stopped = stopped(stop).map(drop);
            if let Err(error) = serve_stdio(clients, input, output, limits, drain, stopped).await {
                tracing::info!(%error, "the client on stdin and stdout is gone");
            }
        }
        .boxed()
    }
}

/// Returns once there is to be no more service: whether the gateway stops, or only the ingress is gone.
async fn stopped(mut stop: watch::Receiver<bool>) -> bool {
    stop.wait_for(|&stop| stop).await.is_ok()
}

//! How many connections are being made at the moment: what tells exchanges that have reached the
//! server from those that still try to.
//!
//! *Invariant:* an attempt counts exactly as long as it lasts, also when it is given up.

use futures_util::future::BoxFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// A count of the attempts to connect that are under way; clones share it.
#[derive(Debug, Clone, Default)]
pub(super) struct Connecting(Arc<AtomicUsize>);

impl Connecting {
    /// Attempts under way.
    pub(super) fn count(&self) -> usize {
        self.0.load(Ordering::Relaxed)
    }

    /// Counts one until what comes back is dropped.
    pub(super) fn attempt(&self) -> Attempt {
        self.0.fetch_add(1, Ordering::Relaxed);
        Attempt(self.clone())
    }
}

/// Counted until it is dropped.
pub(super) struct Attempt(Connecting);

impl Drop for Attempt {
    fn drop(&mut self) {
        self.0.0.fetch_sub(1, Ordering::Relaxed);
    }
}

impl<S> Layer<S> for Connecting {
    type Service = Counted<S>;

    fn layer(&self, connector: S) -> Counted<S> {
        Counted { connector, connecting: self.clone() }
    }
}

/// A connector whose attempts are counted.
#[derive(Debug, Clone)]
pub(super) struct Counted<S> {
    connector: S,
    connecting: Connecting,
}

impl<S, R> Service<R> for Counted<S>
where
    S: Service<R>,
    S::Future: Send + 'static,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = BoxFuture<'static, Result<S::Response, S::Error>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.connector.poll_ready(context)
    }

    fn call(&mut self, target: R) -> Self::Future {
        let attempt = self.connecting.attempt();
        let connect = self.connector.call(target);
        Box::pin(async move {
            let connected = connect.await;
            drop(attempt);
            connected
        })
    }
}

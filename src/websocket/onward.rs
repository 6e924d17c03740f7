//! What a connection is used for once HTTP is done with it.
//!
//! It runs in the connection's own task, so that it keeps the connection's place and is waited for
//! (and cut) like any other when the gateway stops.

use futures_util::future::BoxFuture;
use mcpvisor_actors::mutex::lock;
use std::fmt;
use std::sync::{Arc, Mutex};

/// The next use of a connection; every request on it carries a clone.
#[derive(Clone, Default)]
pub(crate) struct Onward(Arc<Mutex<Option<BoxFuture<'static, ()>>>>);

impl Onward {
    /// Decides it.
    pub(crate) fn set(&self, next: BoxFuture<'static, ()>) {
        *lock(&self.0) = Some(next);
    }

    /// What was decided, if anything.
    pub(crate) fn take(&self) -> Option<BoxFuture<'static, ()>> {
        lock(&self.0).take()
    }
}

impl fmt::Debug for Onward {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Onward")
    }
}

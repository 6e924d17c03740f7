//! A message to come, for as long as somebody wants it.

use tokio::task::{AbortHandle, JoinHandle};

/// Keeps a delayed message alive; dropped (also by an actor that ends), the message is not sent and
/// its timer holds nothing any more.
#[derive(Debug)]
pub struct Timer(AbortHandle);

impl<T> From<JoinHandle<T>> for Timer {
    /// The timer that a `send_after` started.
    fn from(started: JoinHandle<T>) -> Self {
        Self(started.abort_handle())
    }
}

impl Drop for Timer {
    fn drop(&mut self) {
        self.0.abort();
    }
}

//! Word to routes that are not MCP's own that their listener closes.

use tokio::sync::watch;

/// With each request: tells when the listener closes, so that an answer without an end ends then.
#[derive(Debug, Clone)]
pub struct Closing(watch::Receiver<bool>);

impl Closing {
    /// Fires when `closing` becomes true, or nobody is left who could say so.
    pub(super) fn new(closing: watch::Receiver<bool>) -> Self {
        Self(closing)
    }

    /// Returns once it closes.
    pub async fn told(&mut self) {
        let _sender_gone = self.0.wait_for(|closing| *closing).await.is_err();
    }
}

//! WebSocket: one connection for both directions, one text frame a message.
//!
//! The connection is opened by an HTTP request that carries the configured headers; what that can
//! fail with is told as for any other request. The frames go from the caller's task straight into
//! the socket and back.
//!
//! Never opens a second connection and never sends a message twice.

mod handshake;
mod transport;

use super::http::remote::Remote;
use mcpvisor_actors::server::Loss;
use std::sync::Arc;
use transport::WebSocketTransport;

/// Opens the connection.
pub(super) async fn open(remote: Arc<Remote>) -> Result<WebSocketTransport, Loss> {
    let within = remote.connect_timeout;
    let opened = tokio::time::timeout(within, handshake::upgraded(&remote)).await;
    let late = |_| Loss::TimedOut { stage: "the opening of the WebSocket", after: within };
    let socket = opened.map_err(late)??;
    Ok(WebSocketTransport::new(remote, socket))
}

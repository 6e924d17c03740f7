//! A runtime without servers: its sessions answer what is theirs alone.

use mcpvisor_actors::session::Clients;
use mcpvisor_actors::tree::{Gateway, GatewaySpec};

/// A way into it that opens up to `max_sessions` sessions.
pub(crate) async fn clients(max_sessions: usize) -> Clients {
    let spec = GatewaySpec { max_sessions, ..GatewaySpec::default() };
    Gateway::start(spec).await.expect("it starts").clients().clone()
}

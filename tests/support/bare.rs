//! A runtime without servers: its sessions answer what is theirs alone.

use mcpvisor_actors::session::Clients;
use mcpvisor_actors::tree::{Gateway, GatewaySpec};

/// A way into it that opens up to `max_sessions` sessions.
pub(crate) async fn clients(max_sessions: usize) -> Clients {
    clients_of(GatewaySpec { max_sessions, ..GatewaySpec::default() }).await
}

/// A way into one of this kind.
pub(crate) async fn clients_of(spec: GatewaySpec) -> Clients {
    Gateway::start(spec).await.expect("it starts").clients().clone()
}

//! Servers: what they are, how they are reached, the actors that own them.

mod loss;
mod spec;
mod transport;

pub use loss::Loss;
pub use spec::{CallLimits, Expose, ServerName, ServerSpec, Start, ToolOverride};
pub use transport::{Connector, Inbound, Noise, Outbound, OutboundKind, Transport};

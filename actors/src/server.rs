//! Servers: what they are, how they are reached, the actors that own them.
//!
//! A [`Server`] actor owns one downstream server's life: its phase, its queue, its budget of slots. One
//! connection of it is an instance with a generation; everything an older generation says is
//! ignored. The connection itself is driven by one task (`driver`), which alone reads and writes.
//!
//! *Invariant:* losing a connection is a change of phase, never a crash; nothing here waits in `handle`.

mod actor;
mod admission;
mod control;
mod driver;
mod gate;
mod instance;
mod listening;
mod listing;
mod loss;
mod opening;
mod parking;
mod pending;
mod phase;
mod quarantine;
mod sharing;
mod spec;
mod subscribing;
mod transport;

pub use actor::{Arguments, Message, Order, Server};
pub(crate) use driver::{Link, RawLeft, RawSent};
pub use gate::{CallSlot, Gate};
pub use loss::Loss;
pub use opening::EraChoice;
pub use parking::Parking;
pub use phase::{Fact, Generation};
pub(crate) use quarantine::quarantined;
pub use sharing::{Sharing, Whose};
pub use spec::{CallLimits, Expose, Mask, ServerName, ServerSpec, Start, ToolOverride};
pub use transport::{
    Activity, Carriage, Connector, Inbound, Noise, Outbound, OutboundKind, Transport,
};

use crate::call::CallTicket;
use crate::catalog::Route;
use std::sync::Arc;

/// A call with the place it goes to.
#[derive(Debug)]
pub struct RoutedCall {
    /// The call.
    pub ticket: CallTicket,
    /// What it names there.
    pub route: Arc<Route>,
    /// It is on its way to the actor, because it could not pass.
    detour: Option<gate::Detour>,
}

impl RoutedCall {
    /// A call that is about to be sent there.
    pub fn new(ticket: CallTicket, route: Arc<Route>) -> Self {
        Self { ticket, route, detour: None }
    }
}

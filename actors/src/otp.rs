//! Supervision as in Erlang/OTP, on ractor: the part ractor leaves to its users.
//!
//! ractor gives links and events; restart strategies, intensity, ordered start and stop are written
//! here once. Nothing in this module knows MCP.
//!
//! *Invariant:* a child is started only from its specification, stopped within its patience, and an
//! exit is acted upon only when it is the exit of the child's current incarnation.

mod address;
mod chance;
mod child;
mod dynamic;
mod exit;
mod intensity;
mod lease;
mod roster;
mod strategy;
mod supervisor;
mod ticket;
mod timer;

pub use address::Address;
pub use chance::chance;
pub use child::{ChildSpec, Restart, Shutdown, StartError};
pub use dynamic::{DynamicMessage, DynamicSpec, DynamicSupervisor};
pub use exit::Exit;
pub use intensity::{Budget, Intensity};
pub use lease::Lease;
pub use roster::Roster;
pub use strategy::Strategy;
pub use supervisor::{IntensityExceeded, Supervisor, SupervisorMessage, SupervisorSpec};
pub use ticket::{Fate, Promise, Ticket};
pub use timer::Timer;

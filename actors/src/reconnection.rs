//! Who may connect when: one queue for all servers, a few at a time.
//!
//! A server that is down keeps its own [`Schedule`] of attempts and asks the
//! [`ReconnectionCoordinator`] with a [`Task`]; when its turn has come it is handed a [`Slot`],
//! connects, and gives the slot back, also by dying. How many slots are out is known by [`Slots`], which belongs to whoever supervises the
//! coordinator, so that no crash of it makes more of them.
//!
//! It connects nothing itself: it hands out slots, and a server that holds one connects.
//!
//! *Invariant:* never are more slots out than allowed, and no server ever holds two.

mod cause;
mod coordinator;
mod policy;
mod queue;
mod schedule;
mod slot;
mod task;

pub use cause::{CauseClass, Treatment};
pub use coordinator::{Arguments, Grantee, Message, ReconnectionCoordinator};
pub use policy::ReconnectionPolicy;
pub use queue::{DependsOn, Queue, Queued, View};
pub use schedule::{LONGEST_RETRY_AFTER, PARKED_EVERY, SPACING, Schedule, Verdict};
pub use slot::{Slot, Slots};
pub use task::{Grant, GrantNumber, Outcome, Task, Urgency};

//! Who may connect when: one queue for all servers, a few at a time.
//!
//! It connects nothing itself: it hands out slots, and a server that holds one connects.

mod policy;

pub use policy::ReconnectionPolicy;

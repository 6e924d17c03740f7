//! What happened to each server, in order: the flight recorder.

mod event;

pub use event::{Event, EventKind};

//! What happened to each server, in order: the flight recorder.
//!
//! Whoever learns a fact puts it straight into [`Timelines`], which needs no actor and holds a lock for
//! microseconds; everybody reads there. The [`Recorder`] only carries what is new to the disk, once a
//! second and when it stops, and may die at any time. Texts arrive with secrets already masked by their
//! sender: nothing here masks again.
//!
//! *Invariant:* what a timeline may take, in memory and on its way to the disk, does not depend on how
//! much happens; and what [matters](EventKind::matters) is pushed out by what matters only.

mod event;
mod pace;
mod recorder;
mod ring;
mod store;
mod timelines;
mod trim;
mod words;

pub use event::{Event, EventKind};
pub use recorder::{Arguments, Message, Recorder};
pub use store::{TimelineStore, Unkept};
pub use timelines::Timelines;
pub use words::{ago, clean, plain, words};

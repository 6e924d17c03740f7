//! The protocol bench: the frames of a server watched, sent, recorded and replayed; and the switches of
//! tools.
//!
//! *Invariant:* what is shown of a frame has its secrets masked, also in the answer to what an operator
//! sent; nothing here is kept on disk.

mod comparison;
mod fault;
mod frames;
mod pages;
mod recording;
mod recordings;
mod replay;
mod send;
mod switch;

pub(super) use fault::BenchFault;
pub(super) use recordings::Recordings;
pub use send::SendAnswer;

use super::refusal::Refusal;
use super::{Desk, Running};
use crate::admin::pages::Pages;

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default()
        .merge(frames::routes())
        .merge(send::routes())
        .merge(pages::routes())
        .merge(switch::routes())
}

impl Desk {
    fn at_bench(&self) -> Result<&Running, Refusal> {
        self.running().ok_or(Refusal::Starting)
    }
}

//! What is known of every server at this moment: one card a server, written by those who know, read
//! by anybody without asking an actor.
//!
//! *Invariant:* a card outlives every actor; nothing is decided here.

mod board;
mod breaker;
mod control;
mod frame;
mod raw;
mod standing;
mod switching;
mod tap;
mod vitals;

pub use board::{Board, Card};
pub use breaker::{Admitted, Breaker, BreakerState};
pub use control::{Fleet, Loops, NoSuchServer};
pub use frame::{Direction, Frame, FrameKind, SHOWN, Shown};
pub(crate) use frame::{Place, Said};
pub use raw::{RawAnswer, RawFault, RawMessage};
pub use standing::{Standing, State};
pub use switching::{Switched, ToolPlace};
pub use tap::{FrameWatch, Seen};
pub use vitals::Vitals;

//! Client sessions: one actor per legacy session, whatever face it came through.

mod handle;
mod stream;

pub use handle::{Admission, Clients, SessionGone, SessionHandle};
pub use stream::{ClientStream, ClientStreamReader, Outgoing, StreamFull};

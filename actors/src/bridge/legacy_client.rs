//! A client of the initialize era in front of a server of 2026-07-28.

mod answer;
mod handshake;
mod meta;
mod rounds;
mod route;
mod shapes;

pub use answer::{Answer, answer};
pub use handshake::initialize_result;
pub use meta::ModernMeta;
pub(super) use meta::shared;
pub use rounds::{Ask, MAX_ROUNDS, Retry, Rounds, Step};
pub use route::{Route, notification_passes, upward_notification};
pub use shapes::tool;

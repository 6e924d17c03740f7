//! A client of the initialize era in front of a server of 2026-07-28.

mod answer;
mod meta;
mod rounds;
mod shapes;

pub use answer::{Answer, answer};
pub use meta::ModernMeta;
pub use rounds::{Ask, MAX_ROUNDS, Retry, Rounds, Step};
pub use shapes::tool;

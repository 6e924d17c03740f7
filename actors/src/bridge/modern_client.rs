//! A client of 2026-07-28 in front of a server of the initialize era.

mod answer;
mod face;
mod input;
mod request;
mod route;

pub use answer::answer;
pub use face::{CacheHints, CacheScope, Face};
pub use input::{Question, Response, input_required, request_state, responses};
pub use request::request;
pub use route::Route;

//! What can be told of each request of a client: who sent it, where it went, how long each part took, how
//! it ended, and which trace it belongs to.
//!
//! The runtime marks what happens on an [`Observed`], which travels with the request, and tells an
//! [`Observer`], which the edges bring in. Nothing here stores, counts or sends anything. What a face refuses
//! before it takes a request in (no slot is free, bad headers, no such session) does not begin: a flood of
//! such requests is to cost nothing.
//!
//! *Invariant:* every request that was begun is over exactly once, also when whoever held it died; marking
//! never waits.

mod lookout;
mod meta;
mod observed;
mod observer;
mod outcome;
mod trace;

pub use lookout::Lookout;
pub use observed::{Destination, Observed, Origin, Phase, Watched};
pub use observer::{Observer, SessionOver, Unobserved};
pub use outcome::Outcome;
pub use trace::{SpanId, Trace, TraceContext, TraceId};

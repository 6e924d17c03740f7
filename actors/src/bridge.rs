//! Between the two eras of the protocol: revisions that open with `initialize`, and 2026-07-28, which
//! is stateless. Every server is spoken to in its own era, whatever its clients speak.
//!
//! | topic | [`legacy_client`] of a modern server | [`modern_client`] of a legacy server |
//! |---|---|---|
//! | requests | `_meta` put into every one | `_meta` stripped |
//! | requests to the client | [`Rounds`](legacy_client::Rounds): asked as requests, then the call is repeated | [`modern_client::input_required`] around a parked call, [`sealed`](SealKey) |
//! | results, errors | members of 2026-07-28 stripped, codes mapped | members added, codes mapped |
//! | changes | one [`Listen`] upstream of all sessions | [`Listen`] served from notifications |
//! | methods that are no more | the session answers them | refused: [`modern_client::Route`] |
//! | tasks | [`tasks`]: hidden | hidden |
//!
//! It never parses a payload: what is not named by a rule is carried byte for byte. It never asks the
//! time or waits: `now` and keys are arguments.
//!
//! *Invariant:* nothing in this module knows an actor, a clock or any I/O.

mod abilities;
mod digest;
mod era;
mod fault;
mod headers;
mod incoming;
pub mod legacy_client;
mod listen;
pub mod modern_client;
mod request_meta;
mod sealed;
pub mod tasks;
mod translated;

#[cfg(test)]
mod tests;

pub use abilities::{Abilities, Need};
pub use digest::RequestDigest;
pub use era::{Era, Reaction};
pub use fault::Fault;
pub use headers::{
    BadAnnotation, HeaderFault, ParamHeaders, check_headers, check_version, named, request_headers,
};
pub use incoming::Incoming;
pub use listen::{Listen, Supported, subscription_of, untagged};
pub use request_meta::{RequestMeta, key};
pub use sealed::{BadState, Handle, Parked, SealKey};
pub use translated::Translated;

/// The revisions without a handshake that are spoken here, newest first.
pub const MODERN_VERSIONS: [&str; 1] = ["2026-07-28"];

/// The newest of [`MODERN_VERSIONS`].
pub const MODERN: &str = MODERN_VERSIONS[0];

/// The only methods whose result may ask for input.
///
/// Source: MCP 2026-07-28 "Multi Round-Trip Requests", supported requests.
pub fn may_ask_for_input(method: &str) -> bool {
    matches!(method, "tools/call" | "prompts/get" | "resources/read")
}

/// The methods whose result says how long it may be kept.
///
/// Source: MCP 2026-07-28 "Caching".
pub fn is_cacheable(method: &str) -> bool {
    matches!(
        method,
        "server/discover"
            | "tools/list"
            | "prompts/list"
            | "resources/list"
            | "resources/templates/list"
            | "resources/read"
    )
}

//! Servers of 2026-07-28, of the older revisions and of both, each spoken to as it wants it, behind clients
//! that know nothing of that.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/both.rs"]
mod both;
#[path = "modern_downstream/calls.rs"]
mod calls;
#[path = "modern_downstream/changes.rs"]
mod changes;
#[path = "modern_downstream/eras.rs"]
mod eras;
#[path = "modern_downstream/headers.rs"]
mod headers;
#[allow(dead_code)]
#[path = "simulate/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;
#[path = "modern_downstream/server.rs"]
mod server;

//! `mcpvisor simulate` behaves, and misbehaves, exactly as it promises: on every transport, from
//! the start and when told to through its control port.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "simulate/flags.rs"]
mod flags;
#[path = "simulate/http.rs"]
mod http;
#[path = "demo_servers/line_peer.rs"]
mod line_peer;
#[path = "simulate/modern.rs"]
mod modern;
#[path = "simulate/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;
#[path = "simulate/sse.rs"]
mod sse;
#[path = "simulate/stdio.rs"]
mod stdio;

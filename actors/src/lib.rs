//! The supervision runtime of mcpvisor.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod server;
pub mod session;
pub mod wire;

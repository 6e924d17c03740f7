//! The supervision runtime of mcpvisor: actors that keep many MCP servers behind one endpoint.
//!
//! Knows ractor and JSON-RPC; nothing of HTTP, YAML or processes, which the edges bring in through
//! [`server::Connector`], [`ingress::Face`] and [`catalog::CatalogStore`]. `ARCHITECTURE.md` beside
//! this crate is the map; [`tree`] is the policy.
#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used, clippy::panic))]

pub mod bridge;
pub mod call;
pub mod catalog;
pub mod clock;
pub mod fleet;
pub mod health;
pub mod ingress;
pub mod mutex;
pub mod observation;
pub mod otp;
pub mod proxy;
pub mod reconnection;
pub mod server;
pub mod session;
pub mod timeline;
pub mod tree;
pub mod wire;

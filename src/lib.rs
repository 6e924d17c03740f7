//! The edges of mcpvisor: command line, configuration, transports, faces.
//!
//! The runtime they carry is `mcpvisor_actors`; nothing here supervises or routes.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod admin;
pub mod cli;
pub mod config;
pub mod demo;
#[cfg(target_os = "linux")]
mod descriptors;
pub mod downstream;
pub mod exit;
pub mod faces;
pub mod gateway;
pub mod ledger;
pub mod logs;
pub mod redaction;
pub mod signals;
pub mod simulate;
pub mod state;
pub mod telemetry;
mod turn;
mod websocket;

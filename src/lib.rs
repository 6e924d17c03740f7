//! The edges of mcpvisor: command line, configuration, transports, faces.
#![cfg_attr(test, allow(clippy::unwrap_used, clippy::expect_used))]

pub mod config;
pub mod downstream;
pub mod faces;

//! Servers over stdio: what is heard, what is lost and why, and that no process is left behind.
//!
//! Every test runs real processes: `sh` and the program itself.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "stdio_downstream/support.rs"]
mod support;

#[path = "stdio_downstream/custody.rs"]
mod custody;
#[path = "stdio_downstream/hearing.rs"]
mod hearing;
#[path = "stdio_downstream/losing.rs"]
mod losing;
#[path = "stdio_downstream/sending.rs"]
mod sending;
#[path = "stdio_downstream/starting.rs"]
mod starting;

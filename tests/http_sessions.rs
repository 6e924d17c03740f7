//! Sessions over Streamable HTTP that live longer than a connection: streams that are resumed, batches,
//! sessions that make room and sessions that come back. The real program, real sockets.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "http_sessions/batches.rs"]
mod batches;
#[path = "http_sessions/cap.rs"]
mod cap;
#[path = "http_sessions/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;
#[path = "http_sessions/restart.rs"]
mod restart;
#[path = "http_sessions/resume.rs"]
mod resume;

//! Servers behind a WebSocket are spoken to as over stdio, and every failure is told for what it is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "ws_downstream/deflate.rs"]
mod deflate;
#[path = "ws_downstream/ends.rs"]
mod ends;
#[path = "ws_downstream/messages.rs"]
mod messages;
#[path = "ws_downstream/opening.rs"]
mod opening;
#[path = "ws_downstream/peer.rs"]
mod peer;
#[path = "support/running.rs"]
mod running;
#[path = "ws_downstream/server.rs"]
mod server;
#[path = "ws_downstream/through.rs"]
mod through;

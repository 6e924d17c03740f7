//! Clients of 2026-07-28 on every face: requests without a session, beside those of older clients.
//! Real sockets in front, a scripted server in memory behind.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

#[path = "stateless_face/caching.rs"]
mod caching;
#[path = "stateless_face/calls.rs"]
mod calls;
#[path = "stateless_face/connections.rs"]
mod connections;
#[path = "stateless_face/faults.rs"]
mod faults;
#[path = "stateless_face/http.rs"]
mod http;
#[path = "stateless_face/lines.rs"]
mod lines;
#[path = "stateless_face/listen.rs"]
mod listen;
#[path = "stateless_face/server.rs"]
mod server;
#[path = "support/websocket.rs"]
mod websocket;
#[path = "stateless_face/world.rs"]
mod world;

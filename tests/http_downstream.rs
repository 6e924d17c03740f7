//! Servers behind a URL are reached as the protocol says, and every failure is told for what it is.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "http_downstream/answers.rs"]
mod answers;
#[path = "http_downstream/compressed.rs"]
mod compressed;
#[path = "http_downstream/failures.rs"]
mod failures;
#[path = "http_downstream/floods.rs"]
mod floods;
#[path = "http_downstream/legacy.rs"]
mod legacy;
#[path = "http_downstream/modern.rs"]
mod modern;
#[path = "http_downstream/peer.rs"]
mod peer;
#[path = "http_downstream/server.rs"]
mod server;
#[path = "http_downstream/sessions.rs"]
mod sessions;
#[path = "http_downstream/streams.rs"]
mod streams;
#[path = "http_downstream/traces.rs"]
mod traces;

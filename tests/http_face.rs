//! What the HTTP face does with requests that never reach a session: real sockets, raw HTTP/1.1.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/bare.rs"]
mod bare;
#[path = "http_face/compression.rs"]
mod compression;
#[path = "http_face/doors.rs"]
mod doors;
#[path = "http_face/envelopes.rs"]
mod envelopes;
#[path = "http_face/gateway.rs"]
mod gateway;
#[path = "http_face/limits.rs"]
mod limits;
#[path = "http_face/observation.rs"]
mod observation;
#[path = "http_face/sessions.rs"]
mod sessions;

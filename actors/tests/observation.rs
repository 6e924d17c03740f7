//! What can be told of requests, sessions and servers: each end once, each step in its order, and the trace
//! a request belongs to.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

#[path = "asking/client.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod client;
#[path = "asking/server.rs"]
#[allow(dead_code, reason = "shared with other tests")]
mod server;

#[path = "observation/ends.rs"]
mod ends;
#[path = "observation/sessions.rs"]
mod sessions;
#[path = "observation/steps.rs"]
mod steps;
#[path = "observation/traces.rs"]
mod traces;
#[path = "observation/witness.rs"]
mod witness;

//! What servers ask of their clients: whose question it is, and how it is answered.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::needless_pass_by_value)]

#[path = "asking/client.rs"]
mod client;
#[path = "asking/server.rs"]
mod server;

#[path = "asking/apart.rs"]
mod apart;
#[path = "asking/ends.rs"]
mod ends;
#[path = "asking/extensions.rs"]
mod extensions;
#[path = "asking/listens.rs"]
mod listens;
#[path = "asking/notices.rs"]
mod notices;
#[path = "asking/owners.rs"]
mod owners;
#[path = "asking/parking.rs"]
mod parking;
#[path = "asking/raw.rs"]
mod raw;
#[path = "asking/rounds.rs"]
mod rounds;
#[path = "asking/tasks.rs"]
mod tasks;

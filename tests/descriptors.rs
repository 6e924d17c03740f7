//! Servers that start do not wait for the table of descriptors to grow.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/process.rs"]
mod process;

use process::{Setup, until};
use rustix::process::{Resource, getrlimit};
use serde_json::json;

#[test]
fn there_is_room_for_the_descriptors_of_a_thousand_servers_from_the_start() {
    let allowed = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let gateway = Setup::new(json!({})).serve();
    let process = gateway.process();
    until("there is room", || process.room_for_descriptors() >= allowed.min(4096));
}

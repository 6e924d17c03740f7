//! Every fault that `mcpvisor simulate` knows, on every transport where it makes sense, through a
//! real gateway and a real client, with a neighbour that must not notice.
//!
//! Each family of faults is a table of rows; what every row promises is judged in one place.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "faults/dying.rs"]
mod dying;
#[path = "faults/neighbour.rs"]
mod neighbour;
#[allow(dead_code)] // its control connections are used
#[path = "simulate/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;
#[path = "faults/row.rs"]
mod row;
#[path = "faults/server.rs"]
mod server;
#[path = "faults/stage.rs"]
mod stage;
#[path = "faults/subject.rs"]
mod subject;
#[path = "faults/table.rs"]
mod table;
#[path = "faults/timeline.rs"]
mod timeline;

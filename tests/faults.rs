//! Every fault that `mcpvisor simulate` knows, on every transport where it makes sense, through a
//! real gateway and a real client, with a neighbour that must not notice.
//!
//! Each family of faults is a table of rows; what every row promises is judged in one place.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::print_stdout)]

#[path = "faults/answering.rs"]
mod answering;
#[path = "faults/coverage.rs"]
mod coverage;
#[path = "faults/crowd.rs"]
mod crowd;
#[path = "faults/dying.rs"]
mod dying;
#[path = "faults/late.rs"]
mod late;
#[path = "faults/listing.rs"]
mod listing;
#[path = "faults/neighbour.rs"]
mod neighbour;
#[allow(dead_code)] // its control connections are used
#[path = "simulate/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;
#[path = "faults/quality.rs"]
mod quality;
#[path = "faults/row.rs"]
mod row;
#[path = "faults/server.rs"]
mod server;
#[path = "faults/silent.rs"]
mod silent;
#[path = "faults/spelling.rs"]
mod spelling;
#[path = "faults/stage.rs"]
mod stage;
#[path = "faults/statuses.rs"]
mod statuses;
#[path = "faults/storms.rs"]
mod storms;
#[path = "faults/subject.rs"]
mod subject;
#[path = "faults/table.rs"]
mod table;
#[path = "faults/timeline.rs"]
mod timeline;

//! Whole gateways under a clock that stands still until everybody waits: when servers are probed,
//! condemned and tried again, to the millisecond.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../../tests/support/memory.rs"]
mod memory;
#[path = "clock/tree.rs"]
mod tree;

#[path = "clock/attempts.rs"]
mod attempts;
#[path = "clock/crowd.rs"]
mod crowd;
#[path = "clock/eras.rs"]
mod eras;
#[path = "clock/lives.rs"]
mod lives;
#[path = "clock/probes.rs"]
mod probes;
#[path = "clock/silence.rs"]
mod silence;

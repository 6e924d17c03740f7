//! Room for file descriptors, made before they are needed.
//!
//! Linux keeps them in a table that doubles from 64 on. In a process with threads each doubling waits for the
//! kernel's grace period, some ten milliseconds in which nobody opens a file, and a hundred servers need three.

use rustix::io::fcntl_dupfd_cloexec;
use rustix::process::{Resource, getrlimit};
use std::io;
use std::thread;

/// Places in the table, 8 bytes each: three a server over pipes, one a connection.
const PLACES: u64 = 4096;

/// Makes room beside whatever else is done at the start; without it, it is made later.
pub(crate) fn make_room() {
    let limit = getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX);
    let Ok(last) = i32::try_from(PLACES.min(limit).saturating_sub(1)) else { return };
    // a descriptor in the last place makes the table that long, and it stays so
    let widen = move || drop(fcntl_dupfd_cloexec(io::stderr(), last));
    let _no_thread = thread::Builder::new().name("descriptors".into()).spawn(widen);
}

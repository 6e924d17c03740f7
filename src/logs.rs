//! One bounded store for everything the gateway and its servers say: its own log, what processes write to
//! stderr, MCP log messages, and the audit of what operators changed.
//!
//! Whoever has something to say puts it into a bounded queue and goes on. One thread takes it out, hides
//! secrets, writes it to a `SQLite` file in the state folder (or to memory, where there is none), forgets the
//! oldest, and tells whoever listens. Nothing here decides what is worth saying.
//!
//! *Invariant:* saying something never waits, neither for the disk nor for a reader; what does not fit is
//! counted by its source and told. What is kept is bounded in bytes and in age, and holds no known secret.

mod audit;
mod bounds;
mod database;
mod entry;
mod escapes;
mod flood;
mod intake;
mod query;
mod relay;
mod said;
mod server_log;
mod store;
mod writer;

pub use audit::{Audit, AuditOutcome};
pub use bounds::Bounds;
pub use entry::{Entry, Level, Log, Source};
pub use intake::Dropped;
pub use query::{Page, Query};
pub use relay::{Relay, flush, keep_nothing};
pub use server_log::ServerLog;
pub use store::{LogStore, Unreadable};

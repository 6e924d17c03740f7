//! What is remembered of the timelines from run to run.

use super::Event;
use crate::server::ServerName;
use std::io;

/// Keeps timelines. Both functions may block; they are called on threads made for that, one at a time.
pub trait TimelineStore: Send + Sync + 'static {
    /// What was kept of this server, oldest first; what cannot be read is left out.
    fn load(&self, server: &ServerName) -> Vec<Event>;

    /// Keeps these too. After an error none of them is kept; they come again with the next ones.
    fn append(&self, server: &ServerName, events: &[Event]) -> io::Result<()>;
}

/// Keeps nothing.
#[derive(Debug, Clone, Copy, Default)]
pub struct Unkept;

impl TimelineStore for Unkept {
    fn load(&self, _server: &ServerName) -> Vec<Event> {
        Vec::new()
    }

    fn append(&self, _server: &ServerName, _events: &[Event]) -> io::Result<()> {
        Ok(())
    }
}

//! The streams of one session that can be resumed, under bounds.
//!
//! Room is made by forgetting, in this order: streams that are over and that nobody reads, the oldest
//! first; then, of streams somebody reads, what was written already. A stream nobody reads that still
//! finds no room is lost: what was kept of it is dropped, and its calls are to be cancelled.
//!
//! What was written is kept only in case a connection breaks. So over all sessions it may take half of the
//! bytes: the other half is for clients that are away, and no session can have it by hearing much.
//!
//! *Invariant:* what is counted is what is kept, in the session and over all of them.

use super::ResumeSettings;
use super::event_id::{EventId, StreamKind, StreamName};
use super::log::{Event, Log};
use crate::faces::http::events;
use crate::faces::outbox::Outbox;
use mcpvisor_actors::session::Outgoing;
use mcpvisor_actors::wire::RawId;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use tokio::sync::Notify;
use tokio::time::Instant;

/// What a stream takes besides its events, in bytes.
const STREAM: usize = 1024;

/// One stream.
#[derive(Debug)]
pub(super) struct Stream {
    /// What is for a connection to write next; `None` when the stream is over.
    pub(super) source: Option<Outbox>,
    /// What may be asked for again.
    pub(super) log: Log,
    /// Its name.
    pub(super) name: StreamName,
    /// The requests it answers.
    pub(super) requests: Vec<RawId>,
    /// How many answers are still to come.
    pub(super) awaited: usize,
    /// Whether a connection reads it.
    pub(super) read: bool,
    /// Whether a client knows an id of it.
    pub(super) known: bool,
    /// Wakes whoever drives it when somebody else takes over.
    pub(super) driver: Arc<Notify>,
}

/// What is kept for one session.
#[derive(Debug)]
pub(super) struct Store {
    streams: BTreeMap<u64, Stream>,
    events: usize,
    bytes: usize,
    bounds: ResumeSettings,
    total: Arc<AtomicUsize>,
    /// Taken out to make room; for the caller to remember as lost.
    pub(super) forgotten: Vec<Stream>,
}

impl Store {
    /// Keeps nothing yet.
    pub(super) fn new(bounds: ResumeSettings, total: Arc<AtomicUsize>) -> Self {
        Self { streams: BTreeMap::new(), events: 0, bytes: 0, bounds, total, forgotten: Vec::new() }
    }

    /// Whether nothing is kept.
    pub(super) fn is_empty(&self) -> bool {
        self.streams.is_empty()
    }

    /// Begins a stream.
    pub(super) fn open(&mut self, stream: Stream) {
        self.streams.insert(stream.name.number, stream);
        self.recount(0, 0, STREAM, 0);
    }

    /// A stream by its name.
    pub(super) fn stream(&mut self, name: StreamName) -> Option<&mut Stream> {
        self.streams.get_mut(&name.number).filter(|stream| stream.name == name)
    }

    /// A stream as long as `driver` drives it.
    pub(super) fn driven(&mut self, name: StreamName, driver: &Arc<Notify>) -> Option<&mut Stream> {
        self.stream(name).filter(|stream| Arc::ptr_eq(&stream.driver, driver))
    }

    /// The standing streams nobody reads.
    pub(super) fn unread_standing(&self) -> Vec<StreamName> {
        let unread = self.streams.values().filter(|stream| !stream.read);
        unread.map(|stream| stream.name).filter(|name| name.kind == StreamKind::Standing).collect()
    }

    /// Adds what came on a stream; `None` is its end.
    pub(super) fn add(&mut self, name: StreamName, came: Option<&Outgoing>, now: Instant) {
        let Some(stream) = self.streams.get_mut(&name.number) else { return };
        let Some(outgoing) = came else {
            stream.source = None;
            return;
        };
        stream.awaited -= usize::from(outgoing.answer && stream.awaited > 0);
        let last = stream.awaited == 0 && name.kind == StreamKind::Calls;
        if last {
            stream.source = None;
        }
        let id = EventId { stream: name, at: stream.log.newest() + 1 };
        let message = outgoing.payload.clone();
        let text = events::event(message.clone(), Some(&id.to_string()));
        let before = stream.log.bytes();
        stream.log.push(Event { text, message, last, at: now });
        let after = stream.log.bytes();
        self.recount(0, before, after, 1);
    }

    /// Drops what was written to the reader of a stream so long ago that it is not asked for again.
    pub(super) fn age(&mut self, name: StreamName, now: Instant) {
        let Some(stream) = self.streams.get_mut(&name.number) else { return };
        let (events, bytes) = (stream.log.len(), stream.log.bytes());
        stream.log.shed_before(now.checked_sub(self.bounds.ttl).unwrap_or(now));
        let (now_events, now_bytes) = (stream.log.len(), stream.log.bytes());
        self.recount(events, bytes, now_bytes, now_events);
    }

    /// Takes a stream out.
    pub(super) fn remove(&mut self, name: StreamName) -> Option<Stream> {
        self.stream(name)?;
        let stream = self.streams.remove(&name.number)?;
        self.recount(stream.log.len(), stream.log.bytes() + STREAM, 0, 0);
        Some(stream)
    }

    /// Makes room after something was added to a stream; `false` when there is none for it.
    pub(super) fn make_room(&mut self, name: StreamName) -> bool {
        let Some(read) = self.stream(name).map(|stream| stream.read) else { return false };
        while self.is_full(read) {
            let oldest = self
                .streams
                .values()
                .find(|stream| stream.name != name && stream.source.is_none() && !stream.read);
            if let Some(stream) = oldest.map(|stream| stream.name).and_then(|it| self.remove(it)) {
                stream.driver.notify_one();
                self.forgotten.push(stream);
            } else if !self.shed(name) {
                // what is being written may be all that there is
                return read;
            }
        }
        true
    }

    /// Drops the oldest event that was written to a reader: to that of this stream, or else of another.
    fn shed(&mut self, name: StreamName) -> bool {
        let own = self.streams.get_mut(&name.number).and_then(shed);
        let Some(bytes) = own.or_else(|| self.streams.values_mut().find_map(shed)) else {
            return false;
        };
        self.recount(1, bytes, 0, 0);
        true
    }

    /// Whether more is kept than may be: for a client that is here, or for one that is away.
    fn is_full(&self, here: bool) -> bool {
        let bounds = &self.bounds;
        let total = if here { bounds.max_total_bytes / 2 } else { bounds.max_total_bytes };
        self.bytes > bounds.max_bytes
            || self.events > bounds.max_events
            || self.total.load(Ordering::Relaxed) > total
    }

    fn recount(&mut self, events_before: usize, before: usize, after: usize, events_after: usize) {
        self.events = (self.events + events_after).saturating_sub(events_before);
        self.bytes = (self.bytes + after).saturating_sub(before);
        self.total.fetch_add(after, Ordering::Relaxed);
        self.total.fetch_sub(before, Ordering::Relaxed);
    }
}

/// Drops the oldest event of a stream that is read, if its reader took it; what that frees, in bytes.
fn shed(stream: &mut Stream) -> Option<usize> {
    let before = stream.log.bytes();
    (stream.read && stream.log.shed()).then(|| before - stream.log.bytes())
}

impl Drop for Store {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

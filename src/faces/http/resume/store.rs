//! The streams of one session that can be resumed, under bounds.
//!
//! Room is made by forgetting, in this order: what connections took of the streams they read; streams
//! that are over and that nobody reads, first those whose client has seen all of it; answers a connection
//! took. A stream nobody reads that still finds no room is lost: what was kept of it is dropped, and its
//! calls are to be cancelled.
//!
//! What was written is kept only in case a connection breaks. So over all sessions it may take half of the
//! bytes: the other half is for clients that are away, and no session can have it by hearing much.
//!
//! *Invariant:* what is counted is what is kept, in the session and over all of them.

use super::ResumeSettings;
use super::asked::Asked;
use super::event_id::{EventId, StreamKind, StreamName};
use super::log::{Event, Log};
use crate::faces::http::events;
use crate::faces::http::server::UNTAKEN;
use crate::faces::outbox::Outbox;
use mcpvisor_actors::session::{Held, Outgoing};
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
    pub(super) requests: Vec<Asked>,
    /// How many answers are still to come.
    pub(super) awaited: usize,
    /// Whether another one took its place in the session.
    pub(super) replaced: bool,
    /// Whether a connection reads it.
    pub(super) read: bool,
    /// Whether a client knows an id of it.
    pub(super) known: bool,
    /// Wakes whoever drives it when somebody else takes over.
    pub(super) driver: Arc<Notify>,
}

impl Stream {
    /// The requests whose answers its client did not get, as far as we know.
    pub(super) fn lost(&self) -> Vec<Asked> {
        let got = |asked: &Asked| asked.answered.is_some_and(|number| self.log.is_written(number));
        self.requests.iter().filter(|asked| !got(asked)).cloned().collect()
    }

    /// Whether its client got all of it, as far as we know.
    fn is_delivered(&self) -> bool {
        self.log.is_written(self.log.newest()) && self.lost().is_empty()
    }

    /// The requests whose answers came after event `at` and are not kept any more.
    pub(super) fn dropped_after(&self, at: u64) -> Vec<RawId> {
        let dropped = self.requests.iter().filter(|asked| {
            asked.answered.is_some_and(|number| number > at && !self.log.keeps(number))
        });
        dropped.map(|asked| asked.id.clone()).collect()
    }

    /// What no connection took; nothing more comes.
    pub(super) fn into_untaken(self) -> Vec<Outgoing> {
        let untaken = self.log.untaken().into_iter();
        let untaken =
            untaken.map(|payload| Outgoing { payload, answer: false, held: Held::default() });
        untaken.chain(self.source.map(|source| source.drain()).unwrap_or_default()).collect()
    }

    /// Whether nothing will come and nobody reads it.
    fn is_over(&self) -> bool {
        self.source.is_none() && !self.read
    }
}

/// What is kept for one session.
#[derive(Debug)]
pub(super) struct Store {
    /// In boxes, because a map has room for many from the first one on.
    streams: BTreeMap<u64, Box<Stream>>,
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
        self.streams.insert(stream.name.number, Box::new(stream));
        self.recount(0, 0, STREAM, 0);
    }

    /// A stream by its name.
    pub(super) fn stream(&mut self, name: StreamName) -> Option<&mut Stream> {
        let stream = self.streams.get_mut(&name.number).map(Box::as_mut);
        stream.filter(|stream| stream.name == name)
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

    /// A standing stream takes the place of all others.
    pub(super) fn replace_by(&mut self, name: StreamName) {
        for stream in self.streams.values_mut() {
            stream.replaced = stream.name.kind == StreamKind::Standing && stream.name != name;
        }
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
        let (answer, id) = (outgoing.answer, EventId { stream: name, at: stream.log.newest() + 1 });
        if answer {
            Asked::note(&mut stream.requests, &outgoing.payload, last, id.at);
        }
        let message = outgoing.payload.clone();
        let text = events::event(message.clone(), Some(&id.to_string()));
        let before = stream.log.bytes();
        stream.log.push(Event { text, message, answer, last, at: now });
        let after = stream.log.bytes();
        self.recount(0, before, after, 1);
        self.age(name, now);
    }

    /// Drops what a connection took of a stream so long ago that it is not asked for again.
    pub(super) fn age(&mut self, name: StreamName, now: Instant) {
        let Some(stream) = self.streams.get_mut(&name.number) else { return };
        // a client that is gone is noticed late, and may stay away after that
        let Some(then) = now.checked_sub(self.bounds.ttl + UNTAKEN) else { return };
        let (events, bytes) = (stream.log.len(), stream.log.bytes());
        stream.log.shed_before(then);
        let (now_events, now_bytes) = (stream.log.len(), stream.log.bytes());
        self.recount(events, bytes, now_bytes, now_events);
    }

    /// Takes a stream out.
    pub(super) fn remove(&mut self, name: StreamName) -> Option<Stream> {
        self.stream(name)?;
        let stream = self.streams.remove(&name.number)?;
        self.recount(stream.log.len(), stream.log.bytes() + STREAM, 0, 0);
        Some(*stream)
    }

    /// Makes room after something was added to a stream; `false` when there is none for it. A stream that
    /// is over may take more than one session's part: its answers are all that is missing.
    pub(super) fn make_room(&mut self, name: StreamName) -> bool {
        self.shed_delivered(Some(name));
        let Some(stream) = self.streams.get(&name.number) else { return false };
        // what is being written may be all that there is
        let (read, over) = (stream.read, stream.is_over());
        while self.is_full(read) {
            let forgotten = !read && self.forget_over(Some(name), |_| true);
            if !forgotten && !self.shed(Log::shed_answer) {
                return read || (over && !self.is_crowded_out());
            }
        }
        true
    }

    /// Drops what clients took already, for as long as room is needed, but not the stream that needs it.
    pub(super) fn shed_delivered(&mut self, needs: Option<StreamName>) {
        let here = needs.is_some_and(|name| self.is_read(name));
        while self.is_full(here)
            && (self.shed(Log::shed)
                || self.forget_over(needs, Stream::is_delivered)
                || self.forget_over(needs, |stream| stream.log.is_taken()))
        {}
    }

    /// Drops answers nobody read, for as long as all sessions together take too much and this one more
    /// than its part.
    pub(super) fn shed_to(&mut self, part: usize) {
        let answers = |stream: &Stream| stream.name.kind == StreamKind::Calls;
        while self.is_crowded_out() && self.bytes > part && self.forget_over(None, answers) {}
    }

    /// Whether it is not (only) this session that takes too much.
    pub(super) fn is_crowded_out(&self) -> bool {
        self.total.load(Ordering::Relaxed) > self.bounds.max_total_bytes
    }

    /// Drops one event of a stream somebody reads.
    fn shed(&mut self, drop_one: impl Fn(&mut Log) -> bool) -> bool {
        for stream in self.streams.values_mut().filter(|stream| stream.read) {
            let before = stream.log.bytes();
            if drop_one(&mut stream.log) {
                let after = stream.log.bytes();
                self.recount(1, before, after, 0);
                return true;
            }
        }
        false
    }

    /// Drops the oldest of the streams that are over.
    fn forget_over(&mut self, needs: Option<StreamName>, which: impl Fn(&Stream) -> bool) -> bool {
        let is_it = |it: &&Stream| it.is_over() && Some(it.name) != needs && which(it);
        let Some(name) =
            self.streams.values().map(Box::as_ref).find(is_it).map(|stream| stream.name)
        else {
            return false;
        };
        let Some(stream) = self.remove(name) else { return false };
        stream.driver.notify_one();
        self.forgotten.push(stream);
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

    fn is_read(&self, name: StreamName) -> bool {
        self.streams.get(&name.number).is_some_and(|stream| stream.read)
    }

    fn recount(&mut self, events_before: usize, before: usize, after: usize, events_after: usize) {
        self.events = (self.events + events_after).saturating_sub(events_before);
        self.bytes = (self.bytes + after).saturating_sub(before);
        self.total.fetch_add(after, Ordering::Relaxed);
        self.total.fetch_sub(before, Ordering::Relaxed);
    }
}

impl Drop for Store {
    fn drop(&mut self) {
        self.total.fetch_sub(self.bytes, Ordering::Relaxed);
    }
}

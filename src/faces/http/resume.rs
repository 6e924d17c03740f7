//! Event streams that outlive their connection: every event has an id, and a client that comes back
//! with the last one it saw (`Last-Event-ID`) is told the rest.
//!
//! A connection that ends costs no call: what the call says is kept, within bounds and for a time, until
//! a client reads on. A call is given up when nobody comes back in time, or when more would have to be
//! kept than the bounds allow. Nothing is kept for a session that has no stream.
//!
//! Source: MCP 2025-11-25 "Transports", resumability and redelivery; SEP-1699 (the first event).
//!
//! *Invariant:* a stream has one reader at a time, and each event goes to the log before it goes to a
//! connection; so what a client saw and what it is told on its return is everything, once.

mod asked;
mod event_id;
mod log;
mod reader;
mod settings;
mod store;

pub use settings::ResumeSettings;

use super::events;
use super::refusal::Refusal;
use crate::faces::outbox::Outbox;
use asked::Asked;
use axum::body::Body;
use axum::response::Response;
use dashmap::DashMap;
use event_id::{EventId, StreamKind, StreamName};
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::session::{Outgoing, SessionGone, SessionHandle};
use mcpvisor_actors::wire::{ProtocolVersion, RawId, code, error_reply};
use reader::Reader;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use store::{Store, Stream};
use tokio::sync::{Notify, watch};

/// Lost streams whose clients are still told so.
const REMEMBERED: usize = 1024;
/// Ids of requests that are remembered of one, in bytes.
const REMEMBERED_IDS: usize = 1024;
/// When a client shall come back, in milliseconds.
const RETRY: u32 = 1000;

/// All streams that can be resumed.
#[derive(Debug)]
pub(super) struct Resumption {
    settings: ResumeSettings,
    run: u32,
    numbers: AtomicU64,
    total: Arc<AtomicUsize>,
    stores: DashMap<String, Arc<Mutex<Store>>>,
    /// Streams whose client did not get everything, and streams whose client did as far as we know, so
    /// that these never take the places of those.
    lost: Mutex<[VecDeque<Lost>; 2]>,
}

/// A stream that cannot be resumed, and what it should have answered.
#[derive(Debug)]
struct Lost {
    session: Box<str>,
    name: StreamName,
    requests: Vec<Asked>,
}

/// How a face writes its streams.
#[derive(Debug, Clone)]
pub(super) struct Manner {
    /// Silence after which a comment is written.
    pub(super) keep_alive: Duration,
    /// Becomes true when the gateway stops: standing streams end then.
    pub(super) closing: watch::Receiver<bool>,
}

impl Resumption {
    /// Nothing is kept yet.
    pub(super) fn new(settings: ResumeSettings) -> Arc<Self> {
        Arc::new(Self {
            settings,
            run: uuid::Uuid::new_v4().as_fields().0,
            numbers: AtomicU64::new(1),
            total: Arc::default(),
            stores: DashMap::new(),
            lost: Mutex::default(),
        })
    }

    /// Whether the streams of this client can be resumed. Clients of 2024-11-05 know of no event ids.
    pub(super) fn serves(&self, session: &SessionHandle) -> bool {
        !self.settings.ttl.is_zero()
            && session.revision().is_some_and(|it| it >= ProtocolVersion::V2025_03_26)
    }

    /// The stream that answers these requests with `awaited` answers, `first` of all what was read
    /// already.
    pub(super) fn answer(
        self: &Arc<Self>,
        session: &SessionHandle,
        requests: &[RawId],
        awaited: usize,
        outbox: Outbox,
        first: impl IntoIterator<Item = Outgoing>,
        manner: Manner,
    ) -> Response {
        let requests = Asked::all(requests);
        let name = self.name(StreamKind::Calls);
        let mut reader = self.open(session, name, requests, awaited, outbox, manner);
        reader.begin(first, is_primed(session).then_some(RETRY));
        reader.into_response()
    }

    /// The stream for what belongs to no request. What an earlier one has that no connection took comes
    /// on it first.
    pub(super) fn listen(
        self: &Arc<Self>,
        session: &SessionHandle,
        manner: Manner,
    ) -> Result<Response, Refusal> {
        let (stream, outbox) = Outbox::new();
        let name = self.name(StreamKind::Standing);
        if let Some(store) = self.store(session) {
            lock(&store).replace_by(name);
        }
        session.attach(stream).map_err(|SessionGone| Refusal::UnknownSession)?;
        let first = self.untaken(session);
        let mut reader = self.open(session, name, Vec::new(), 0, outbox, manner);
        reader.begin(first, is_primed(session).then_some(RETRY));
        Ok(reader.into_response())
    }

    /// Reads on after the event a client saw last.
    pub(super) fn resume(
        self: &Arc<Self>,
        session: &SessionHandle,
        last: &str,
        manner: Manner,
    ) -> Result<Response, Refusal> {
        let id = EventId::parse(last).ok_or(Refusal::NoSuchEvent)?;
        if let Some(resumed) = self.take_over(session, id, &manner)? {
            return Ok(resumed.into_response());
        }
        if id.stream.kind == StreamKind::Standing {
            // all it had is gone, and a client must not be left without one
            return self.listen(session, manner);
        }
        let requests = self.lost_requests(session, id).ok_or(Refusal::NoSuchEvent)?;
        let mut response = Response::new(Body::from(told_lost(&requests)));
        events::mark(response.headers_mut());
        Ok(response)
    }

    /// Forgets everything of a session.
    pub(super) fn forget(&self, session: &SessionHandle) {
        self.stores.remove(session.id());
    }

    fn name(&self, kind: StreamKind) -> StreamName {
        StreamName { run: self.run, kind, number: self.numbers.fetch_add(1, Ordering::Relaxed) }
    }

    fn open(
        self: &Arc<Self>,
        session: &SessionHandle,
        name: StreamName,
        requests: Vec<Asked>,
        awaited: usize,
        outbox: Outbox,
        manner: Manner,
    ) -> Reader {
        let driver = Arc::new(Notify::new());
        let stream = Stream {
            source: Some(outbox),
            log: log::Log::default(),
            name,
            requests,
            awaited,
            replaced: false,
            read: true,
            known: false,
            driver: Arc::clone(&driver),
        };
        let store = self.stores.entry(session.id().to_owned()).or_insert_with(|| {
            Arc::new(Mutex::new(Store::new(self.settings, Arc::clone(&self.total))))
        });
        lock(&store).open(stream);
        let kept = reader::Kept {
            all: Arc::clone(self),
            store: Arc::clone(&store),
            session: session.clone(),
            name,
            driver,
        };
        Reader::new(kept, 0, manner)
    }

    /// Makes a new reader of a stream, in place of the one it has.
    fn take_over(
        self: &Arc<Self>,
        session: &SessionHandle,
        id: EventId,
        manner: &Manner,
    ) -> Result<Option<Reader>, Refusal> {
        let Some(store) = self.store(session) else { return Ok(None) };
        let mut locked = lock(&store);
        let Some(stream) = locked.stream(id.stream) else { return Ok(None) };
        if id.at > stream.log.newest() {
            return Err(Refusal::NoSuchEvent);
        }
        if stream.source.is_none() && id.stream.kind == StreamKind::Standing {
            // another one took its place, or the session's actor was restarted
            let (stream_of_session, outbox) = Outbox::new();
            stream.source = Some(outbox);
            locked.replace_by(id.stream);
            session.attach(stream_of_session).map_err(|SessionGone| Refusal::UnknownSession)?;
        }
        let Some(stream) = locked.stream(id.stream) else { return Ok(None) };
        let driver = Arc::new(Notify::new());
        std::mem::replace(&mut stream.driver, Arc::clone(&driver)).notify_one();
        (stream.read, stream.known) = (true, true);
        let missing = stream.log.missing_after(id.at);
        let dropped = stream.dropped_after(id.at);
        stream.log.rewind(id.at);
        drop(locked);
        let kept = reader::Kept {
            all: Arc::clone(self),
            store,
            session: session.clone(),
            name: id.stream,
            driver,
        };
        let mut reader = Reader::new(kept, id.at, manner.clone());
        reader.admit_missing(missing, &dropped);
        Ok(Some(reader))
    }

    /// Takes the standing streams nobody reads out; what no connection took of them.
    fn untaken(&self, session: &SessionHandle) -> Vec<Outgoing> {
        let Some(store) = self.store(session) else { return Vec::new() };
        let mut store = lock(&store);
        let mut untaken = Vec::new();
        for name in store.unread_standing() {
            if let Some(stream) = store.remove(name) {
                stream.driver.notify_one();
                untaken.extend(stream.into_untaken());
            }
        }
        untaken
    }

    fn store(&self, session: &SessionHandle) -> Option<Arc<Mutex<Store>>> {
        self.stores.get(session.id()).map(|store| Arc::clone(&store))
    }

    /// Drops a session's store once it is empty.
    fn tidy(&self, session: &str) {
        self.stores.remove_if(session, |_, store| lock(store).is_empty());
    }

    fn remember_lost(&self, session: &str, stream: &Stream) {
        let requests = stream.requests.clone();
        let ids: usize = requests.iter().map(|asked| asked.id.as_bytes().len()).sum();
        if ids > REMEMBERED_IDS || requests.is_empty() {
            return;
        }
        let delivered = usize::from(stream.lost().is_empty());
        let mut lost = lock(&self.lost);
        let lost = &mut lost[delivered];
        if lost.len() == REMEMBERED {
            lost.pop_front();
        }
        lost.push_back(Lost { session: session.into(), name: stream.name, requests });
    }

    /// What a client that saw everything up to this event was not told.
    fn lost_requests(&self, session: &SessionHandle, last: EventId) -> Option<Vec<RawId>> {
        let lost = lock(&self.lost);
        let is_it = |lost: &&Lost| lost.name == last.stream && *lost.session == *session.id();
        let unseen =
            lost.iter().flatten().find(is_it)?.requests.iter().filter(|it| it.is_open(last.at));
        Some(unseen.map(|asked| asked.id.clone()).collect())
    }

    /// Makes room when all sessions together take too much: of what clients took already, then of answers
    /// that wait in sessions which take more than their part.
    fn make_room(&self) {
        let part = self.settings.max_total_bytes / self.stores.len().max(1);
        self.in_each_store(|store| store.shed_delivered(None));
        self.in_each_store(|store| store.shed_to(part));
    }

    /// Goes through the sessions for as long as there is too much.
    fn in_each_store(&self, shed: impl Fn(&mut Store)) {
        let each = self.stores.iter().map(|it| (it.key().clone(), Arc::clone(it.value())));
        for (session, store) in each.collect::<Vec<_>>() {
            let mut store = lock(&store);
            if !store.is_crowded_out() {
                return;
            }
            shed(&mut store);
            for stream in store.forgotten.drain(..) {
                self.remember_lost(&session, &stream);
            }
            drop(store);
            self.tidy(&session);
        }
    }
}

/// Whether streams of this client begin with an event without data. Earlier clients take that for a
/// broken message.
fn is_primed(session: &SessionHandle) -> bool {
    session.revision().is_some_and(|it| it >= ProtocolVersion::V2025_11_25)
}

/// Events that answer each request with the reason why there is no other answer.
fn told_lost(requests: &[RawId]) -> Vec<u8> {
    let text = "the answer was not kept: the client was away for too long, or too much waited for it \
                (http.resume); the call may have been executed";
    let told = requests.iter().flat_map(|id| {
        let reply = error_reply(Some(id), code::OUTCOME_UNKNOWN, text, None);
        events::event(reply, None).to_bytes()
    });
    told.collect()
}

#[cfg(test)]
#[path = "resume/tests.rs"]
mod tests;

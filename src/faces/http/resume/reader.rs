//! Whoever drives a stream: a connection that reads it, or the keeper while there is none.
//!
//! *Invariant:* one of them at a time adds to the log; who is replaced adds nothing more.

use super::store::{Store, Stream};
use super::{Manner, Resumption, lock, told_lost};
use crate::faces::http::events;
use crate::faces::http::resume::event_id::{EventId, StreamKind, StreamName};
use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use futures_util::stream;
use mcpvisor_actors::session::{Held, Outgoing, SessionHandle};
use mcpvisor_actors::wire::RawId;
use std::collections::{BTreeMap, VecDeque};
use std::convert::Infallible;
use std::future::poll_fn;
use std::sync::{Arc, Mutex, MutexGuard};
use std::task::{Context, Poll, ready};
use tokio::sync::Notify;
use tokio::time::{Instant, sleep};

/// A stream, and the right to drive it.
#[derive(Debug, Clone)]
pub(super) struct Kept {
    pub(super) all: Arc<Resumption>,
    pub(super) store: Arc<Mutex<Store>>,
    pub(super) session: SessionHandle,
    pub(super) name: StreamName,
    pub(super) driver: Arc<Notify>,
}

/// What a poll of a stream gave.
enum Came {
    /// A further event is in the log, under this number; what it takes up until it is written.
    Added(u64, Held),
    /// It found no room.
    NoRoom,
    /// Nothing more will come.
    End,
    /// Nothing more will come, because another stream took its place.
    Replaced,
    /// Somebody else drives it.
    Driven,
}

/// A connection that reads a stream.
#[derive(Debug)]
pub(super) struct Reader {
    kept: Kept,
    manner: Manner,
    /// The last event it wrote.
    at: u64,
    ready: VecDeque<Bytes>,
    /// Of the messages that are not written yet, by the numbers of their events.
    held: BTreeMap<u64, Held>,
    /// Whether nothing but signs of life are written.
    silent: bool,
    ended: bool,
}

impl Kept {
    /// Adds what comes next to the log.
    fn poll(&self, cx: &mut Context<'_>) -> Poll<Came> {
        let mut store = lock(&self.store);
        let Some(stream) = store.driven(self.name, &self.driver) else {
            return Poll::Ready(Came::Driven);
        };
        let reading = stream.read;
        let end = if stream.replaced { Came::Replaced } else { Came::End };
        let Some(source) = &stream.source else { return Poll::Ready(end) };
        let came = ready!(source.poll_next(cx));
        store.add(self.name, came.as_ref(), Instant::now());
        let Some(Outgoing { held, .. }) = came else { return Poll::Ready(end) };
        let at = store.stream(self.name).map_or(0, |stream| stream.log.newest());
        if reading || self.make_room(store) {
            Poll::Ready(Came::Added(at, held))
        } else {
            Poll::Ready(Came::NoRoom)
        }
    }

    /// Makes room, at the cost of other sessions if need be.
    fn make_room<'a>(&'a self, mut store: MutexGuard<'a, Store>) -> bool {
        store.shed_delivered(Some(self.name));
        if store.is_crowded_out() {
            drop(store);
            self.all.make_room();
            store = lock(&self.store);
        }
        let found = store.make_room(self.name);
        self.remember(&mut store);
        found
    }

    /// The next event of the log, and whether it is the last.
    fn take_after(&self, at: u64) -> Option<(u64, Vec<Bytes>, bool)> {
        let mut store = lock(&self.store);
        let stream = store.driven(self.name, &self.driver)?;
        let (at, event) = stream.log.take_after(at)?;
        stream.known = true;
        let text = event.text.chunks().to_vec();
        let _always_for_a_reader = store.make_room(self.name);
        self.remember(&mut store);
        Some((at, text, event.last))
    }

    /// Its connection took everything up to event `at`.
    fn written(&self, at: u64) {
        if let Some(stream) = lock(&self.store).driven(self.name, &self.driver) {
            stream.log.write(at);
        }
    }

    fn remember(&self, store: &mut Store) {
        for stream in store.forgotten.drain(..) {
            self.all.remember_lost(self.session.id(), &stream);
            self.hand_back(stream);
        }
    }

    /// Its connection is gone: keeps the stream for a time, if a client can name it.
    fn unread(mut self) {
        let mut store = lock(&self.store);
        let Some(stream) = store.driven(self.name, &self.driver) else { return };
        stream.read = false;
        if !stream.known {
            drop(store);
            return self.give_up();
        }
        let driver = Arc::new(Notify::new());
        stream.driver = Arc::clone(&driver);
        self.driver = driver;
        // what was being written is kept from now on
        if !self.make_room(store) {
            return self.give_up();
        }
        if let Ok(runtime) = tokio::runtime::Handle::try_current() {
            runtime.spawn(self.keep());
        }
    }

    /// Keeps what comes until a client is back, it is time, or there is no more room.
    async fn keep(self) {
        let time = self.all.settings.ttl;
        let mut over = false;
        let mut late = std::pin::pin!(sleep(time));
        loop {
            tokio::select! {
                biased;
                () = self.driver.notified() => return,
                () = &mut late => break,
                came = poll_fn(|cx| self.poll(cx)), if !over => match came {
                    Came::Added(..) => {}
                    Came::End | Came::Replaced | Came::Driven => over = true,
                    Came::NoRoom => break,
                }
            }
        }
        self.give_up();
    }

    /// Drops the stream; calls that are not over are cancelled.
    fn give_up(self) {
        let mut store = lock(&self.store);
        if store.driven(self.name, &self.driver).is_none() {
            return;
        }
        let Some(stream) = store.remove(self.name) else { return };
        self.cancel(&stream);
        // before its client can find it gone
        self.all.remember_lost(self.session.id(), &stream);
        drop(store);
        self.all.tidy(self.session.id());
        self.hand_back(stream);
    }

    /// What no connection took and concerns no call is for the next standing stream.
    fn hand_back(&self, stream: Stream) {
        if stream.name.kind == StreamKind::Standing {
            for outgoing in stream.into_untaken() {
                self.session.undelivered(&outgoing.payload);
            }
        }
    }

    fn cancel(&self, stream: &Stream) {
        if stream.source.is_some() {
            for asked in &stream.requests {
                self.session.abandon(&asked.id);
            }
        }
    }
}

impl Reader {
    /// A connection that has seen everything up to event `at`.
    pub(super) fn new(kept: Kept, at: u64, manner: Manner) -> Self {
        let (ready, held) = (VecDeque::new(), BTreeMap::new());
        Self { kept, manner, at, ready, held, silent: false, ended: false }
    }

    /// Begins a new stream: with an id and no data and when to come back, for clients that know of that;
    /// then with what was read already.
    pub(super) fn begin(&mut self, first: impl IntoIterator<Item = Outgoing>, retry: Option<u32>) {
        let mut store = lock(&self.kept.store);
        if let Some(retry) = retry {
            let id = EventId { stream: self.kept.name, at: 0 };
            self.ready.push_back(format!("id: {id}\nretry: {retry}\ndata:\n\n").into());
            if let Some(stream) = store.stream(self.kept.name) {
                stream.known = true;
            }
        }
        for (number, outgoing) in (1..).zip(first) {
            store.add(self.kept.name, Some(&outgoing), Instant::now());
            self.held.insert(number, outgoing.held);
        }
    }

    /// Says that events are missing which are not kept any more, and which requests they answered: all
    /// of them were given to a connection once.
    pub(super) fn admit_missing(&mut self, missing: u64, answers: &[RawId]) {
        if missing > 0 {
            self.ready.push_back(format!(": {missing} events are not kept any more\n\n").into());
        }
        if !answers.is_empty() {
            self.ready.push_back(told_lost(answers).into());
        }
    }

    /// The response that carries the stream.
    pub(super) fn into_response(self) -> Response {
        let chunks = stream::unfold(self, |mut reader| async move {
            reader.next().await.map(|chunk| (Ok::<_, Infallible>(chunk), reader))
        });
        let mut response = Response::new(Body::from_stream(chunks));
        events::mark(response.headers_mut());
        response
    }

    /// The next bytes to write; polled only while the client reads.
    async fn next(&mut self) -> Option<Bytes> {
        loop {
            if let Some(chunk) = self.ready.pop_front() {
                return Some(chunk);
            }
            // the client has taken all of the last message
            self.held = self.held.split_off(&(self.at + 1));
            if self.ended {
                self.kept.written(self.at);
                return None;
            }
            if let Some((at, text, last)) = self.kept.take_after(self.at) {
                self.ready.extend(text);
                (self.at, self.ended) = (at, last);
                continue;
            }
            self.more().await;
        }
    }

    /// Waits for something to write, or for the end.
    async fn more(&mut self) {
        let standing = self.kept.name.kind == StreamKind::Standing;
        tokio::select! {
            biased;
            () = events::told(&mut self.manner.closing), if standing => self.ended = true,
            () = self.kept.driver.notified() => self.ended = true,
            came = poll_fn(|cx| self.kept.poll(cx)), if !self.silent => match came {
                Came::Added(number, held) => {
                    self.held.insert(number, held);
                }
                // a client that sees it end would come back, and take the place of the other again
                Came::Replaced => self.silent = true,
                Came::NoRoom | Came::End | Came::Driven => self.ended = true,
            },
            () = sleep(self.manner.keep_alive) => {
                self.ended = self.silent && !self.kept.session.is_alive();
                lock(&self.kept.store).age(self.kept.name, Instant::now());
                self.ready.push_back(events::COMMENT);
            }
        }
    }
}

impl Drop for Reader {
    fn drop(&mut self) {
        self.kept.clone().unread();
    }
}

//! One request of a client, as it can be seen while it runs and once it is over.

use super::{Observer, Outcome, Trace};
use crate::catalog::Route;
use crate::mutex::lock;
use crate::server::ServerName;
use crate::wire::{RawId, Subject};
use bytes::Bytes;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// Most bytes of the id of a request that are kept to be shown.
const LONGEST_ID: usize = 128;

/// Who sent a request.
#[derive(Debug, Clone)]
pub struct Origin {
    /// How it came in: `http`, `sse`, `websocket`, `stdio`, `api`.
    pub face: &'static str,
    /// The session's id; empty without one.
    pub session: Arc<str>,
    /// The revision of the protocol it is written in; `None` before one is agreed on.
    pub revision: Option<&'static str>,
    /// What the client says it is: the JSON text of an `Implementation`.
    pub client: Option<Bytes>,
}

/// Where a request went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Destination {
    /// Its server.
    pub server: ServerName,
    /// What it names, by that server's own name, as short as [`Observed::name`]; `None` when its server had
    /// not told it yet.
    pub own: Option<Box<str>>,
}

/// Where a request is at the moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    /// Not yet at a server.
    Routing,
    /// Waits for its server to be ready.
    Starting,
    /// Waits for a free slot at its server.
    Queued,
    /// With its server.
    Downstream,
    /// Over.
    Over,
}

/// A request. Times are counted from its arrival.
pub struct Observed {
    /// Its number in this process, from 1.
    pub number: u64,
    /// When it came.
    pub arrived: SystemTime,
    /// Who sent it.
    pub origin: Origin,
    /// Its id at the client; of a long one the beginning.
    pub id: RawId,
    /// Its method.
    pub method: Box<str>,
    /// Its size, in bytes.
    pub bytes: usize,
    /// Its spans, when it is traced.
    pub trace: Option<Trace>,
    since: Instant,
    name: OnceLock<Box<str>>,
    /// Held for a moment; nobody else looks but whoever is shown what runs.
    destination: Mutex<Option<Arc<Destination>>>,
    marks: Marks,
    answer_bytes: AtomicU64,
    outcome: OnceLock<Outcome>,
}

/// Microseconds from the arrival, plus one; 0 for not yet.
#[derive(Default)]
struct Marks {
    /// Its server was not ready.
    waits: AtomicU64,
    /// Its server was ready, or it queued there.
    queued: AtomicU64,
    sent: AtomicU64,
    over: AtomicU64,
}

impl Observed {
    /// What it names: a tool, prompt or URI as its client wrote it, at most 200 characters; a URI without
    /// its query, which may hold secrets.
    pub fn name(&self) -> Option<&str> {
        self.name.get().map(|name| &**name)
    }

    /// Where it went, the last time if it was routed once more.
    pub fn destination(&self) -> Option<Arc<Destination>> {
        lock(&self.destination).clone()
    }

    /// Where it is.
    pub fn phase(&self) -> Phase {
        let marks = &self.marks;
        let set = |mark: &AtomicU64| mark.load(Ordering::Relaxed) > 0;
        if set(&marks.over) {
            Phase::Over
        } else if set(&marks.sent) {
            Phase::Downstream
        } else if set(&marks.queued) {
            Phase::Queued
        } else if set(&marks.waits) {
            Phase::Starting
        } else {
            Phase::Routing
        }
    }

    /// When its server was found not ready, if it was; the last time if it was ready meanwhile.
    pub fn waits_at(&self) -> Option<Duration> {
        at(&self.marks.waits)
    }

    /// When it was in the queue of a server that is ready.
    pub fn queued_at(&self) -> Option<Duration> {
        at(&self.marks.queued)
    }

    /// When it was handed to its server.
    pub fn sent_at(&self) -> Option<Duration> {
        at(&self.marks.sent)
    }

    /// When it was over.
    pub fn over_at(&self) -> Option<Duration> {
        at(&self.marks.over)
    }

    /// How long it waited for its server to be ready.
    pub fn starting(&self) -> Duration {
        let until =
            self.queued_at().or_else(|| self.over_at()).unwrap_or_else(|| self.since.elapsed());
        self.waits_at().map_or(Duration::ZERO, |from| until.saturating_sub(from))
    }

    /// How long it waited for a slot.
    pub fn queued(&self) -> Duration {
        let until =
            self.sent_at().or_else(|| self.over_at()).unwrap_or_else(|| self.since.elapsed());
        self.queued_at().map_or(Duration::ZERO, |from| until.saturating_sub(from))
    }

    /// How long it was with its server; `None` when it never was.
    pub fn downstream(&self) -> Option<Duration> {
        let until = self.over_at().unwrap_or_else(|| self.since.elapsed());
        self.sent_at().map(|from| until.saturating_sub(from))
    }

    /// How long it took in all, or has taken so far.
    pub fn took(&self) -> Duration {
        self.over_at().unwrap_or_else(|| self.since.elapsed())
    }

    /// The size of its answer, in bytes; 0 as long as there is none.
    pub fn answer_bytes(&self) -> u64 {
        self.answer_bytes.load(Ordering::Relaxed)
    }

    /// How it ended; `None` while it has not.
    pub fn outcome(&self) -> Option<&Outcome> {
        self.outcome.get()
    }

    fn mark(&self, mark: &AtomicU64) {
        let micros = u64::try_from(self.since.elapsed().as_micros()).unwrap_or(u64::MAX - 1);
        let _marked_already =
            mark.compare_exchange(0, micros + 1, Ordering::Relaxed, Ordering::Relaxed);
    }

    /// It is in no queue any more: from here on it waits anew.
    fn leaves_queue(&self) {
        if self.marks.queued.swap(0, Ordering::Relaxed) > 0 {
            self.marks.waits.store(0, Ordering::Relaxed);
        }
    }

    /// What its method names; what may be a URI counts as one.
    fn subject(&self) -> Subject {
        if self.method.starts_with("resources/") || &*self.method == "completion/complete" {
            Subject::Resource
        } else {
            Subject::Tool
        }
    }
}

fn at(mark: &AtomicU64) -> Option<Duration> {
    mark.load(Ordering::Relaxed).checked_sub(1).map(Duration::from_micros)
}

impl fmt::Debug for Observed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Observed").field("number", &self.number).finish_non_exhaustive()
    }
}

/// The numbers of this process.
static NUMBERS: AtomicU64 = AtomicU64::new(1);

/// A request under observation, held by whoever will answer it. Dropped before that, it is lost.
#[derive(Debug)]
pub struct Watched {
    observed: Arc<Observed>,
    observer: Arc<dyn Observer>,
}

impl Watched {
    /// A request that just came.
    pub fn begin(
        observer: &Arc<dyn Observer>,
        origin: Origin,
        id: &RawId,
        method: &str,
        bytes: usize,
        trace: Option<Trace>,
    ) -> Self {
        let observed = Arc::new(Observed {
            number: NUMBERS.fetch_add(1, Ordering::Relaxed),
            arrived: SystemTime::now(),
            origin,
            id: id.start(LONGEST_ID),
            method: method.into(),
            bytes,
            trace,
            since: Instant::now(),
            name: OnceLock::new(),
            destination: Mutex::default(),
            marks: Marks::default(),
            answer_bytes: AtomicU64::new(0),
            outcome: OnceLock::new(),
        });
        observer.began(&observed);
        Self { observed, observer: Arc::clone(observer) }
    }

    /// What is known of it.
    pub fn observed(&self) -> &Arc<Observed> {
        &self.observed
    }

    /// It names this.
    pub fn names(&self, name: impl Into<Box<str>>) {
        let _named_already = self.observed.name.set(name.into());
    }

    /// It was routed there.
    pub fn routed(&self, route: &Route) {
        let own = self.observed.subject().label(&route.own);
        self.goes_to(&route.server, Some(own.into()));
    }

    /// It can only be of this server, which has not told it yet.
    pub fn guessed(&self, server: &ServerName) {
        self.goes_to(server, None);
    }

    fn goes_to(&self, server: &ServerName, own: Option<Box<str>>) {
        let destination = Destination { server: server.clone(), own };
        *lock(&self.observed.destination) = Some(Arc::new(destination));
    }

    /// Its server is not ready, or not any more.
    pub fn waits(&self) {
        self.observed.leaves_queue();
        self.observed.mark(&self.observed.marks.waits);
    }

    /// Its server is ready; it waits for a slot there, if only for a moment.
    pub fn queues(&self) {
        self.observed.mark(&self.observed.marks.queued);
    }

    /// It is handed to its server.
    pub fn sent(&self) {
        self.observed.mark(&self.observed.marks.sent);
    }

    /// It certainly did not reach its server.
    pub fn unsent(&self) {
        self.observed.marks.sent.store(0, Ordering::Relaxed);
    }

    /// It certainly did not reach its server, and is routed once more.
    pub fn again(&self) {
        self.unsent();
        self.observed.leaves_queue();
        *lock(&self.observed.destination) = None;
    }

    /// It is over, with an answer of so many bytes. Only the first end counts.
    pub fn over(self, outcome: Outcome, answer_bytes: usize) {
        self.observed.answer_bytes.store(answer_bytes as u64, Ordering::Relaxed);
        let _first = self.observed.outcome.set(outcome);
    }
}

impl Drop for Watched {
    fn drop(&mut self) {
        self.observed.outcome.get_or_init(|| Outcome::Lost);
        self.observed.mark(&self.observed.marks.over);
        self.observer.over(Arc::clone(&self.observed));
    }
}

#[cfg(test)]
mod tests;

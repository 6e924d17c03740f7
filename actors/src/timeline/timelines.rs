//! All timelines: written by whoever learns a fact, read by anybody, no actor between.

use super::ring::Ring;
use super::{Event, EventKind, TimelineStore};
use crate::mutex::lock; // a timeline is whole after each of its steps
use crate::observation::Observer;
use crate::server::{Generation, ServerName};
use dashmap::DashMap;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use tokio::time::Instant;

/// What happened to each server: the last 500 facts, 300 of which are those that matter. Cheap to
/// clone; all clones are the same timelines.
#[derive(Debug, Clone, Default)]
pub struct Timelines(Arc<Shared>);

#[derive(Debug, Default)]
struct Shared {
    rings: DashMap<ServerName, Arc<Mutex<Ring>>>,
    /// Whether [`Timelines::save`] has anything to do.
    dirty: AtomicBool,
    /// Held while disk and timelines are brought together, on threads that may block: a recorder that
    /// died may have left a thread that still does.
    saving: Mutex<()>,
    /// Is told of every new fact.
    observer: Option<Arc<dyn Observer>>,
}

impl Timelines {
    /// Timelines of these servers, to be loaded by the first [`Self::save`]. Others may be added by
    /// [`Self::put`].
    pub fn of(servers: impl IntoIterator<Item = ServerName>) -> Self {
        Self::observed(servers, None)
    }

    /// The same, of which somebody is told every new fact.
    pub fn observed(
        servers: impl IntoIterator<Item = ServerName>,
        observer: Option<Arc<dyn Observer>>,
    ) -> Self {
        let timelines = Self(Arc::new(Shared { observer, ..Shared::default() }));
        for server in servers {
            timelines.0.rings.entry(server).or_default();
            timelines.0.dirty.store(true, Ordering::Release);
        }
        timelines
    }

    /// Adds a fact. Never waits longer than it takes to copy a few pointers. Its texts are shortened to
    /// 500 bytes each, 4 KiB a list; secrets in them are masked already.
    pub fn put(&self, server: &ServerName, event: Event) {
        let event = Event { kind: event.kind.trimmed(), ..event };
        if let Some(observer) = &self.0.observer {
            observer.noted(server, &event);
        }
        lock(&self.ring(server)).put(event, Instant::now());
        self.0.dirty.store(true, Ordering::Release);
    }

    /// Adds a fact of this moment, about a connection if there is one. See [`Self::put`].
    pub fn note(&self, server: &ServerName, generation: Option<Generation>, kind: EventKind) {
        self.put(server, Event::now(generation.map(Generation::number), kind));
    }

    /// The last `limit` facts about this server, oldest first.
    pub fn get(&self, server: &ServerName, limit: usize) -> Vec<Event> {
        let ring = self.0.rings.get(server).map(|ring| Arc::clone(&ring));
        let events = ring.map(|ring| lock(&ring).last(limit)).unwrap_or_default();
        events.into_iter().map(Arc::unwrap_or_clone).collect()
    }

    /// Whether there is anything to [`Self::save`].
    pub fn unsaved(&self) -> bool {
        self.0.dirty.load(Ordering::Acquire)
    }

    /// Loads what the store has of each server not yet loaded, then gives it what is new. Blocks as
    /// long as the store does. What could not be written stays new; the first error is returned.
    pub fn save(&self, store: &dyn TimelineStore) -> io::Result<()> {
        let _one = lock(&self.0.saving);
        self.0.dirty.store(false, Ordering::Release);
        let rings: Vec<_> =
            self.0.rings.iter().map(|ring| (ring.key().clone(), Arc::clone(&ring))).collect();
        let mut result = Ok(());
        for (server, ring) in rings {
            if let Err(error) = save_one(store, &server, &ring) {
                self.0.dirty.store(true, Ordering::Release);
                result = result.and(Err(error));
            }
        }
        result
    }

    fn ring(&self, server: &ServerName) -> Arc<Mutex<Ring>> {
        if let Some(ring) = self.0.rings.get(server) {
            return Arc::clone(&ring);
        }
        Arc::clone(&self.0.rings.entry(server.clone()).or_default())
    }
}

fn save_one(store: &dyn TimelineStore, server: &ServerName, ring: &Mutex<Ring>) -> io::Result<()> {
    if !lock(ring).recalled() {
        let events = store.load(server);
        lock(ring).recall(events);
    }
    let news = lock(ring).news();
    if news.events.is_empty() {
        return Ok(());
    }
    let events: Vec<Event> = news.events.into_iter().map(Arc::unwrap_or_clone).collect();
    store.append(server, &events)?;
    lock(ring).wrote(news.mark);
    Ok(())
}

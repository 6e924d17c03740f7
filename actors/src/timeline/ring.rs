//! The last facts of one server: two rings, so that lesser facts never push out those that matter.

use super::pace::{Pace, Skipped};
use super::{Event, EventKind};
use std::collections::VecDeque;
use std::sync::Arc;
use tokio::time::Instant;

/// Facts kept that matter.
pub(super) const MATTERS: usize = 300;
/// Lesser facts kept.
pub(super) const CHATTER: usize = 200;
/// The number of the first fact of this run; those of earlier runs have the numbers below.
const FIRST: u64 = 1 << 32;

/// A fact and its number: facts are in the order in which they became known, whatever the clock did.
type Numbered = (u64, Arc<Event>);

/// The timeline of one server.
#[derive(Debug)]
pub(super) struct Ring {
    matters: VecDeque<Numbered>,
    chatter: VecDeque<Numbered>,
    pace: Pace,
    next: u64,
    /// Facts with a number below are on disk.
    written: u64,
    recalled: bool,
}

impl Default for Ring {
    fn default() -> Self {
        let (matters, chatter) = (VecDeque::new(), VecDeque::new());
        let pace = Pace::default();
        Self { matters, chatter, pace, next: FIRST, written: FIRST, recalled: false }
    }
}

/// What is not on disk yet.
#[derive(Debug)]
pub(super) struct News {
    /// In order.
    pub(super) events: Vec<Arc<Event>>,
    /// For [`Ring::wrote`].
    pub(super) mark: u64,
}

impl Ring {
    /// Adds a fact that became known `now`.
    pub(super) fn put(&mut self, event: Event, now: Instant) {
        if event.kind.matters() {
            self.push(event);
        } else if self.pace.admits(event.at, now) {
            self.tell_skipped();
            self.push(event);
        }
    }

    /// The last `limit` facts, oldest first.
    pub(super) fn last(&self, limit: usize) -> Vec<Arc<Event>> {
        let skipped = self.pace.skipped().map(|skipped| Arc::new(event(skipped)));
        let mut all = self.since(0);
        all.extend(skipped);
        all.split_off(all.len().saturating_sub(limit))
    }

    /// What is to be written. The lesser facts counted so far are told by it.
    pub(super) fn news(&mut self) -> News {
        self.tell_skipped();
        News { events: self.since(self.written), mark: self.next }
    }

    /// Notes that the facts up to this mark are on disk.
    pub(super) fn wrote(&mut self, mark: u64) {
        self.written = self.written.max(mark);
    }

    /// Whether [`Self::recall`] was called.
    pub(super) fn recalled(&self) -> bool {
        self.recalled
    }

    /// Puts the facts of earlier runs, oldest first, before those of this one.
    pub(super) fn recall(&mut self, events: Vec<Event>) {
        self.recalled = true;
        for (number, event) in (0..FIRST).zip(events).collect::<Vec<_>>().into_iter().rev() {
            let (ring, room) = self.ring_of(&event.kind);
            if ring.len() < room {
                ring.push_front((number, Arc::new(event)));
            }
        }
    }

    fn push(&mut self, event: Event) {
        let number = self.next;
        self.next += 1;
        let (ring, room) = self.ring_of(&event.kind);
        if ring.len() >= room {
            ring.pop_front();
        }
        ring.push_back((number, Arc::new(event)));
    }

    fn ring_of(&mut self, kind: &EventKind) -> (&mut VecDeque<Numbered>, usize) {
        if kind.matters() { (&mut self.matters, MATTERS) } else { (&mut self.chatter, CHATTER) }
    }

    fn tell_skipped(&mut self) {
        if let Some(skipped) = self.pace.take_skipped() {
            self.push(event(skipped));
        }
    }

    fn since(&self, number: u64) -> Vec<Arc<Event>> {
        let from = |ring: &VecDeque<Numbered>| ring.partition_point(|(n, _)| *n < number);
        let matters = self.matters.range(from(&self.matters)..);
        let mut all: Vec<&Numbered> =
            matters.chain(self.chatter.range(from(&self.chatter)..)).collect();
        all.sort_unstable_by_key(|(number, _)| *number);
        all.into_iter().map(|(_, event)| Arc::clone(event)).collect()
    }
}

fn event(skipped: Skipped) -> Event {
    let kind = EventKind::Skipped { count: skipped.count };
    Event { at: skipped.at, generation: None, kind }
}

#[cfg(test)]
mod tests;

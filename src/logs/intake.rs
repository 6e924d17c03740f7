//! The way in: a queue bounded in entries and in bytes, and the count of what did not fit.
//!
//! A part of it is for the audit alone, so that no flood keeps out what an operator did.

use super::entry::{Entry, Source};
use super::said::Said;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Most entries that wait.
const MOST: usize = 8_192;
/// Most bytes that wait.
const BYTES: usize = 8 << 20;
/// Of that, what only the audit may use.
const AUDIT: (usize, usize) = (512, 512 << 10);
/// Places for orders that are no entries.
const ORDERS: usize = 64;

/// Something to be kept.
pub(super) enum Draft {
    /// As it is.
    Entry(Entry),
    /// A log message that was not read yet.
    Said(Said),
}

impl Draft {
    fn weight(&self) -> usize {
        match self {
            Self::Entry(entry) => entry.weight(),
            Self::Said(said) => size_of::<Said>() + said.params.len(),
        }
    }

    fn source(&self) -> Source {
        match self {
            Self::Entry(entry) => entry.source,
            Self::Said(_) => Source::Mcp,
        }
    }
}

/// What the writing thread is asked.
pub(super) enum Order {
    /// Keep this, of this weight.
    Keep(Box<Draft>, usize),
    /// Say when everything before this is kept.
    Flush(SyncSender<()>),
}

/// Entries of each source that were not kept, because they came faster than they are written.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Dropped {
    /// Of the gateway's own log.
    pub gateway: u64,
    /// Lines of servers' stderr.
    pub stderr: u64,
    /// Log messages of servers.
    pub mcp: u64,
    /// Records of what operators did.
    pub audit: u64,
}

impl Dropped {
    /// By source, in the order of [`Source::ALL`].
    pub const fn by_source(self) -> [(Source, u64); 4] {
        [
            (Source::Gateway, self.gateway),
            (Source::Stderr, self.stderr),
            (Source::Mcp, self.mcp),
            (Source::Audit, self.audit),
        ]
    }
}

/// What waits, and what was dropped.
#[derive(Debug, Default)]
pub(super) struct Gauge {
    waiting: AtomicUsize,
    bytes: AtomicUsize,
    dropped: [AtomicU64; 4],
    closing: AtomicBool,
}

impl Gauge {
    /// Takes a place for something of this weight, if there is one.
    fn enter(&self, source: Source, weight: usize) -> bool {
        let (entries, bytes) = if source == Source::Audit { (0, 0) } else { AUDIT };
        let waiting = self.waiting.fetch_add(1, Ordering::Relaxed);
        let heavy = self.bytes.fetch_add(weight, Ordering::Relaxed) + weight;
        let fits = waiting < MOST - entries && heavy <= BYTES - bytes;
        if !fits {
            self.leave(weight);
        }
        fits
    }

    /// Something of this weight was taken out.
    pub(super) fn leave(&self, weight: usize) {
        self.waiting.fetch_sub(1, Ordering::Relaxed);
        self.bytes.fetch_sub(weight, Ordering::Relaxed);
    }

    /// So many of a source are lost.
    pub(super) fn lost(&self, source: Source, count: u64) {
        self.dropped[source as usize].fetch_add(count, Ordering::Relaxed);
    }

    /// What was dropped so far.
    pub(super) fn dropped(&self) -> Dropped {
        let of = |source: Source| self.dropped[source as usize].load(Ordering::Relaxed);
        Dropped {
            gateway: of(Source::Gateway),
            stderr: of(Source::Stderr),
            mcp: of(Source::Mcp),
            audit: of(Source::Audit),
        }
    }

    /// Nothing more will come.
    pub(super) fn close(&self) {
        self.closing.store(true, Ordering::Relaxed);
    }

    /// Whether nothing more will come.
    pub(super) fn is_closing(&self) -> bool {
        self.closing.load(Ordering::Relaxed)
    }
}

/// Puts into the queue.
#[derive(Debug)]
pub(super) struct Intake {
    orders: SyncSender<Order>,
    pub(super) gauge: Arc<Gauge>,
}

impl Intake {
    /// A queue and both of its ends.
    pub(super) fn new() -> (Self, Receiver<Order>) {
        let (orders, inbox) = sync_channel(MOST + ORDERS);
        (Self { orders, gauge: Arc::default() }, inbox)
    }

    /// Puts something in; what does not fit is counted.
    pub(super) fn put(&self, draft: Draft) {
        let (source, weight) = (draft.source(), draft.weight());
        if !self.gauge.enter(source, weight) {
            self.gauge.lost(source, 1);
        } else if self.orders.try_send(Order::Keep(Box::new(draft), weight)).is_err() {
            self.gauge.leave(weight);
            self.gauge.lost(source, 1);
        }
    }

    /// Asks to be told when all that was put in so far is kept. `false`: nobody is there.
    pub(super) fn flush(&self, told: SyncSender<()>) -> bool {
        self.orders.try_send(Order::Flush(told)).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::Level;

    #[test]
    fn a_full_queue_drops_and_counts_by_source_and_keeps_room_for_the_audit() {
        let (intake, inbox) = Intake::new();
        let say = |source| intake.put(Draft::Entry(Entry::new(source, Level::Info, "x")));
        (0..10_000).for_each(|_| say(Source::Stderr));
        say(Source::Gateway);
        (0..600).for_each(|_| say(Source::Audit));
        let expected = Dropped { gateway: 1, stderr: 10_000 - 7_680, mcp: 0, audit: 600 - 512 };
        assert_eq!(intake.gauge.dropped(), expected);
        while let Ok(Order::Keep(_, weight)) = inbox.try_recv() {
            intake.gauge.leave(weight);
        }
        say(Source::Gateway);
        assert_eq!(intake.gauge.dropped(), expected, "there is room again");
    }

    #[test]
    fn few_heavy_entries_fill_it_too() {
        let (intake, _inbox) = Intake::new();
        let heavy = "x".repeat(1 << 20);
        let say = || intake.put(Draft::Entry(Entry::new(Source::Mcp, Level::Info, heavy.as_str())));
        (0..20).for_each(|_| say());
        assert_eq!(intake.gauge.dropped().mcp, 13);
    }
}

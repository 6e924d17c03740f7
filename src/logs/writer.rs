//! The one thread that writes: takes entries out of the queue, cleans them, writes them together.
//!
//! It waits for the disk so that nobody else has to. What cannot be written now is tried again each second
//! while the queue fills up and then drops.
//!
//! *Invariant:* nothing reaches the database or a listener with a known secret in it.

use super::bounds::Bounds;
use super::database::{Database, Fault};
use super::entry::{Entry, Level, Log, Source};
use super::escapes::without_escapes;
use super::intake::{Draft, Dropped, Gauge, Order};
use super::server_log::Floods;
use crate::redaction::Redaction;
use mcpvisor_actors::clock::unix_millis;
use serde_json::{Map, Value};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender};
use std::sync::{Arc, OnceLock};
use std::thread;
use std::time::{Duration, Instant, SystemTime};
use tokio::sync::broadcast;

/// How long entries are collected.
const TOGETHER: Duration = Duration::from_millis(200);
/// Most that are written together.
const MOST: usize = 500;
/// From a failure to the next attempt, and to what a flood left out.
const AGAIN: Duration = Duration::from_secs(1);
/// Longest text, and longest fields, of an entry.
const LONGEST: usize = 8 << 10;

/// What the thread has.
pub(super) struct Writer {
    pub(super) file: Option<PathBuf>,
    pub(super) bounds: Bounds,
    pub(super) run: i64,
    pub(super) inbox: Receiver<Order>,
    pub(super) gauge: Arc<Gauge>,
    pub(super) floods: Arc<Floods>,
    pub(super) redaction: Redaction,
    pub(super) database: Arc<OnceLock<Database>>,
    pub(super) tail: broadcast::Sender<Arc<Log>>,
}

impl Writer {
    /// Runs until nobody can say anything any more.
    pub(super) fn run(self) {
        let database = match Database::open(self.file.clone(), self.bounds, self.run) {
            Ok(database) => self.database.get_or_init(|| database),
            Err(fault) => {
                tracing::error!(%fault, "no log is kept: there is not even memory for it");
                return;
            }
        };
        let mut work = Work { told: Dropped::default(), failing: false, database, writer: &self };
        work.trim(0);
        let mut looked = Instant::now();
        loop {
            let wait = if self.floods.is_pending() { AGAIN } else { work.look_again() };
            match self.inbox.recv_timeout(wait) {
                Ok(first) => work.batch(first),
                Err(RecvTimeoutError::Timeout) => work.keep(Vec::new()),
                Err(RecvTimeoutError::Disconnected) => break,
            }
            if looked.elapsed() >= work.look_again() {
                work.trim(0);
                looked = Instant::now();
            }
        }
    }
}

/// What is done with it.
struct Work<'a> {
    writer: &'a Writer,
    database: &'a Database,
    /// What was told of the dropped ones.
    told: Dropped,
    /// Whether the last attempt failed.
    failing: bool,
}

impl Work<'_> {
    fn look_again(&self) -> Duration {
        self.database.bounds().look_again()
    }

    /// Collects for a moment, or until somebody waits for it, and writes.
    fn batch(&mut self, first: Order) {
        let until = Instant::now() + TOGETHER;
        let (mut entries, mut bytes) = (Vec::new(), 0);
        let mut next = Some(first);
        let mut waiting: Option<SyncSender<()>> = None;
        while let Some(order) = next.take() {
            match order {
                Order::Keep(draft, weight) => {
                    self.writer.gauge.leave(weight);
                    bytes += weight;
                    entries.push(self.tidy(*draft));
                }
                Order::Flush(told) => {
                    waiting = Some(told);
                    break;
                }
            }
            if entries.len() >= MOST || bytes >= self.database.bounds().of_batch() {
                break;
            }
            let left = until.saturating_duration_since(Instant::now());
            next = self.writer.inbox.recv_timeout(left).ok();
        }
        self.keep(entries);
        if let Some(told) = waiting {
            let _gave_up = told.try_send(());
        }
    }

    /// Writes these, and what was left out before them; tells the listeners.
    fn keep(&mut self, mut entries: Vec<Entry>) {
        if self.database.is_hurt() {
            tracing::warn!(
                "a reader found the log store damaged; it is set aside and a new one begun"
            );
            self.renew();
        }
        entries.extend(self.writer.floods.due(Instant::now()));
        entries.extend(self.newly_dropped());
        if entries.is_empty() {
            return;
        }
        self.trim(entries.iter().map(Entry::weight).sum());
        let Some(ids) = self.insert(&entries) else {
            for entry in &entries {
                self.writer.gauge.lost(entry.source, 1);
            }
            return;
        };
        if self.writer.tail.receiver_count() > 0 {
            for (id, entry) in ids.into_iter().zip(entries) {
                let _nobody_listens = self.writer.tail.send(Arc::new(Log { id, entry }));
            }
        }
    }

    /// `None` when it is over before it could be written.
    fn insert(&mut self, entries: &[Entry]) -> Option<Vec<u64>> {
        loop {
            match self.database.insert(entries) {
                Ok(ids) => {
                    self.failing = false;
                    return Some(ids);
                }
                Err(fault) => self.failed(&fault),
            }
            if self.writer.gauge.is_closing() {
                return None;
            }
            thread::sleep(AGAIN);
        }
    }

    /// Says so once, and begins anew when the file is damaged.
    fn failed(&mut self, fault: &Fault) {
        if !self.failing {
            tracing::warn!(%fault, "the log store cannot be written; it is tried again");
        }
        self.failing = true;
        if fault.is_damage() {
            self.renew();
        }
    }

    fn renew(&self) {
        if let Err(fault) = self.database.renew() {
            tracing::warn!(%fault, "no new log store could be begun");
        }
    }

    fn trim(&mut self, coming: usize) {
        if let Err(fault) = self.database.trim(unix_millis(SystemTime::now()), coming) {
            self.failed(&fault);
        }
    }

    /// Entries that tell what was dropped since it was told last.
    fn newly_dropped(&mut self) -> Vec<Entry> {
        let now = self.writer.gauge.dropped();
        let before = std::mem::replace(&mut self.told, now).by_source();
        let news = now.by_source().into_iter().zip(before);
        let news = news.filter(|((_, now), (_, before))| now > before);
        news.map(|((source, now), (_, before))| {
            let (count, of) = (now - before, source.word());
            tracing::warn!(count, source = of, "log entries were left out of the store");
            let text = format!("{count} entries ({of}) were left out: they came too fast");
            let mut entry = Entry::new(Source::Gateway, Level::Warn, text);
            entry.logger = Some("mcpvisor::logs".to_owned());
            entry.fields.insert("source".to_owned(), of.into());
            entry.fields.insert("leftOut".to_owned(), count.into());
            entry
        })
        .collect()
    }

    /// An entry of bounded size, without secrets.
    fn tidy(&self, draft: Draft) -> Entry {
        let redaction = &self.writer.redaction;
        let (mut entry, cut) = match draft {
            Draft::Entry(entry) => (entry, false),
            Draft::Said(said) => {
                let cut = said.cut;
                (said.read(), cut)
            }
        };
        let text = without_escapes(&entry.text);
        entry.text = redaction.start_of(text.as_bytes(), cut, LONGEST);
        entry.logger = entry.logger.map(|it| redaction.start_of(it.as_bytes(), false, 256));
        entry.fields = bounded(entry.fields, redaction);
        entry
    }
}

/// As many fields as there is room for.
fn bounded(fields: Map<String, Value>, redaction: &Redaction) -> Map<String, Value> {
    let (mut kept, mut left, mut out) = (Map::new(), LONGEST, 0_u64);
    for (key, value) in fields {
        let key = redaction.clean_text(&key);
        let value = redaction.clean_value(value);
        let size = key.len() + value.to_string().len() + 6;
        match left.checked_sub(size) {
            Some(rest) => {
                left = rest;
                kept.insert(key, value);
            }
            None => out += 1,
        }
    }
    if out > 0 {
        kept.insert("fieldsLeftOut".to_owned(), out.into());
    }
    kept
}

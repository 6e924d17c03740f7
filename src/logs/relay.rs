//! The gateway's own log, on its way into the store.
//!
//! Logging starts with the process, the store later: what is said before is kept for it, up to a bound.
//! What the store itself says, and what reaches it another way (stderr of servers, the audit), is left out.
//!
//! *Invariant:* an event never waits, and never makes another one here.

use super::entry::{Entry, Level, Source};
use super::intake::Draft;
use super::store::Open;
use serde_json::{Map, Value};
use std::fmt;
use std::sync::{Arc, PoisonError, RwLock, Weak};
use std::time::Duration;
use tracing::field::{Field, Visit};
use tracing::span::{Attributes, Id};
use tracing::{Event, Subscriber};
use tracing_subscriber::Layer;
use tracing_subscriber::layer::Context;
use tracing_subscriber::registry::LookupSpan;

/// Most events kept before there is a store.
const EARLY: usize = 256;
/// Whose events are not for the store; a target and all below it.
const APART: [&str; 3] =
    ["mcpvisor::logs", "mcpvisor::audit", "mcpvisor::downstream::stdio::stderr"];

/// Where events go. One for the process, as the subscriber is.
static STORE: RwLock<Slot> = RwLock::new(Slot::Early(Vec::new()));

enum Slot {
    Early(Vec<Entry>),
    Open(Weak<Open>),
    /// There will be no store.
    Off,
}

/// No store comes: what was said is kept for nobody, until there is one all the same.
pub fn keep_nothing() {
    let mut slot = STORE.write().unwrap_or_else(PoisonError::into_inner);
    if matches!(*slot, Slot::Early(_)) {
        *slot = Slot::Off;
    }
}

/// From now on events go there.
pub(super) fn attach(store: &Arc<Open>) {
    let mut slot = STORE.write().unwrap_or_else(PoisonError::into_inner);
    if let Slot::Early(entries) = std::mem::replace(&mut *slot, Slot::Open(Arc::downgrade(store))) {
        for entry in entries {
            store.put(Draft::Entry(entry));
        }
    }
}

/// Waits until what the process said so far is in its store, if it has one. Blocks.
pub fn flush(within: Duration) {
    let open = match &*STORE.read().unwrap_or_else(PoisonError::into_inner) {
        Slot::Early(_) | Slot::Off => None,
        Slot::Open(store) => store.upgrade(),
    };
    if let Some(open) = open {
        open.flush(within);
    }
}

fn keep(entry: Entry) {
    match &*STORE.read().unwrap_or_else(PoisonError::into_inner) {
        Slot::Open(store) => {
            if let Some(store) = store.upgrade() {
                store.put(Draft::Entry(entry));
            }
            return;
        }
        Slot::Off => return,
        Slot::Early(entries) if entries.len() >= EARLY => return,
        Slot::Early(_) => {}
    }
    let mut slot = STORE.write().unwrap_or_else(PoisonError::into_inner);
    match &mut *slot {
        Slot::Early(entries) if entries.len() < EARLY => entries.push(entry),
        Slot::Early(_) | Slot::Off => {}
        Slot::Open(store) => {
            if let Some(store) = store.upgrade() {
                store.put(Draft::Entry(entry));
            }
        }
    }
}

/// A layer that hands on every event.
#[derive(Debug, Clone, Copy, Default)]
pub struct Relay;

impl<S: Subscriber + for<'a> LookupSpan<'a>> Layer<S> for Relay {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        let mut told = Told::default();
        attributes.record(&mut told);
        if let Some(span) = context.span(id) {
            span.extensions_mut().insert(told);
        }
    }

    fn on_event(&self, event: &Event<'_>, context: Context<'_, S>) {
        let metadata = event.metadata();
        if is_apart(metadata.target()) {
            return;
        }
        let mut told = Told::default();
        event.record(&mut told);
        for span in context.event_scope(event).into_iter().flatten() {
            if let Some(around) = span.extensions().get::<Told>() {
                told.fill(around);
            }
        }
        let mut entry = Entry::new(Source::Gateway, level(*metadata.level()), told.text);
        (entry.server, entry.session, entry.request) = (told.server, told.session, told.request);
        entry.logger = Some(metadata.target().to_owned());
        entry.fields = told.fields;
        keep(entry);
    }
}

fn is_apart(target: &str) -> bool {
    let below = |rest: &str| rest.is_empty() || rest.starts_with("::");
    APART.iter().any(|apart| target.strip_prefix(apart).is_some_and(below))
}

const fn level(level: tracing::Level) -> Level {
    match level {
        tracing::Level::TRACE => Level::Trace,
        tracing::Level::DEBUG => Level::Debug,
        tracing::Level::INFO => Level::Info,
        tracing::Level::WARN => Level::Warn,
        tracing::Level::ERROR => Level::Error,
    }
}

/// What an event or a span says.
#[derive(Debug, Default)]
struct Told {
    text: String,
    server: Option<String>,
    session: Option<String>,
    request: Option<u64>,
    fields: Map<String, Value>,
}

impl Told {
    /// What the span around says, where this one says nothing.
    fn fill(&mut self, around: &Self) {
        let or = |mine: &mut Option<String>, theirs: &Option<String>| {
            if mine.is_none() {
                mine.clone_from(theirs);
            }
        };
        or(&mut self.server, &around.server);
        or(&mut self.session, &around.session);
        self.request = self.request.or(around.request);
        for (key, value) in &around.fields {
            self.fields.entry(key).or_insert_with(|| value.clone());
        }
    }

    fn note(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.text = text,
            ("server", Value::String(text)) => self.server = Some(text),
            ("session", Value::String(text)) => self.session = Some(text),
            ("request", Value::Number(number)) if number.is_u64() => self.request = number.as_u64(),
            (name, value) => drop(self.fields.insert(name.to_owned(), value)),
        }
    }
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        self.note(field, format!("{value:?}").into());
    }
    fn record_str(&mut self, field: &Field, value: &str) {
        self.note(field, value.into());
    }
    fn record_i64(&mut self, field: &Field, value: i64) {
        self.note(field, value.into());
    }
    fn record_u64(&mut self, field: &Field, value: u64) {
        self.note(field, value.into());
    }
    fn record_f64(&mut self, field: &Field, value: f64) {
        self.note(field, value.into());
    }
    fn record_bool(&mut self, field: &Field, value: bool) {
        self.note(field, value.into());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn without_a_store_nothing_is_kept_for_one() {
        let entry = || Entry::new(Source::Gateway, Level::Info, "said early");
        keep(entry());
        keep_nothing();
        keep(entry());
        let slot = STORE.read().unwrap_or_else(PoisonError::into_inner);
        assert!(!matches!(*slot, Slot::Early(_)));
    }

    #[test]
    fn what_would_feed_on_itself_is_told_apart() {
        for (target, apart) in [
            ("mcpvisor::logs", true),
            ("mcpvisor::logs::writer", true),
            ("mcpvisor::audit", true),
            ("mcpvisor::downstream::stdio::stderr", true),
            ("mcpvisor::logsmith", false),
            ("mcpvisor::downstream::stdio", false),
            ("mcpvisor_actors::server", false),
        ] {
            assert_eq!(is_apart(target), apart, "{target}");
        }
    }
}

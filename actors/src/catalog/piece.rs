//! What one server has of one kind, ready to be shown: a fragment of the list.
//!
//! Lists are made of the pieces of all servers, so a change at one server makes one new piece and leaves
//! those of the others as they are.

use super::Route;
use crate::bridge::modern_client::CacheHints;
use crate::server::ServerName;
use bytes::{Bytes, BytesMut};
use std::ops::Range;
use std::sync::Arc;

/// How clients of 2026-07-28 see a thing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Modern {
    /// As all others do.
    Alike,
    /// So.
    Otherwise(Bytes),
    /// Not at all.
    Hidden,
}

/// One thing.
#[derive(Debug, Clone)]
pub(super) struct Thing {
    /// As clients name it; nothing else has this name.
    pub(super) name: Arc<str>,
    /// What it is also called by.
    pub(super) also: [Option<Arc<str>>; 2],
    /// As it is listed.
    pub(super) text: Bytes,
    /// The same for clients of 2026-07-28.
    pub(super) modern: Modern,
    /// It is in no list; its names stay its own, and lead to it.
    pub(super) off: bool,
    /// Where it is.
    pub(super) route: Arc<Route>,
}

impl Thing {
    /// Whether it is called by the same names.
    pub(super) fn is_called(&self, other: &Self) -> bool {
        self.name == other.name && self.also == other.also
    }

    /// Whether nobody would see a difference between what became of the same.
    fn is_still(&self, other: &Self) -> bool {
        let is_same = Arc::ptr_eq(&self.route, &other.route) && self.off == other.off;
        is_same && self.is_called(other) && self.text == other.text && self.modern == other.modern
    }
}

/// A fragment of a list, ready to be shown.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Listing {
    pub(super) text: Bytes,
    pub(super) items: Vec<(Arc<str>, Range<usize>)>,
}

impl Listing {
    fn of<'a>(shown: impl Iterator<Item = (&'a Arc<str>, &'a Bytes)>, size: usize) -> Self {
        let mut text = BytesMut::with_capacity(size);
        let mut items = Vec::new();
        for (name, item) in shown {
            if !text.is_empty() {
                text.extend_from_slice(b",");
            }
            let start = text.len();
            text.extend_from_slice(item);
            items.push((Arc::clone(name), start..text.len()));
        }
        Self { text: text.freeze(), items }
    }

    /// The texts of all, one by one.
    pub(super) fn texts(&self) -> impl Iterator<Item = &[u8]> {
        self.items.iter().map(|(_, range)| &self.text[range.clone()])
    }
}

/// What one server has of one kind.
#[derive(Debug, Default)]
pub(super) struct Piece {
    things: Vec<Thing>,
    legacy: Listing,
    /// Only when it is another one.
    modern: Option<Listing>,
    hints: Option<CacheHints>,
}

impl Piece {
    /// These things in this order, of a server that says its list may be kept so long.
    pub(super) fn of(mut things: Vec<Thing>, hints: Option<CacheHints>) -> Self {
        let size = things.iter().map(|thing| thing.text.len() + 1).sum();
        let shown = || things.iter().filter(|thing| !thing.off);
        let legacy = Listing::of(shown().map(|thing| (&thing.name, &thing.text)), size);
        let is_alike = shown().all(|thing| thing.modern == Modern::Alike);
        let modern = |thing: &Thing| match &thing.modern {
            Modern::Alike => Some(thing.text.clone()),
            Modern::Otherwise(text) => Some(text.clone()),
            Modern::Hidden => None,
        };
        let modern = (!is_alike).then(|| {
            let texts: Vec<_> = shown().filter_map(|it| Some((&it.name, modern(it)?))).collect();
            Listing::of(texts.iter().map(|(name, text)| (*name, text)), size)
        });
        // the text of each is kept once
        let shown = things.iter_mut().filter(|thing| !thing.off);
        for (thing, (_, range)) in shown.zip(&legacy.items) {
            thing.text = legacy.text.slice(range.clone());
        }
        Self { things, legacy, modern, hints }
    }

    /// The same without some.
    pub(super) fn only(&self, shown: impl Fn(usize, &Thing) -> bool) -> Self {
        let shown = self.things.iter().enumerate().filter(|(at, thing)| shown(*at, thing));
        Self::of(shown.map(|(_, thing)| thing.clone()).collect(), self.hints)
    }

    /// Whether nobody would see a difference between it and one of these.
    pub(super) fn is_still(&self, things: &[Thing], hints: Option<CacheHints>) -> bool {
        let mut both = self.things.iter().zip(things);
        let is_as_long = self.things.len() == things.len();
        self.hints == hints && is_as_long && both.all(|(one, other)| one.is_still(other))
    }

    /// All things, also those that are in no list.
    pub(super) fn things(&self) -> &[Thing] {
        &self.things
    }

    /// The fragment clients of the initialize era see.
    pub(super) fn legacy(&self) -> &Listing {
        &self.legacy
    }

    /// The fragment clients of 2026-07-28 see, when it is another one.
    pub(super) fn modern(&self) -> &Listing {
        self.modern.as_ref().unwrap_or(&self.legacy)
    }

    /// Whether it is of this server.
    pub(super) fn is_of(&self, server: &ServerName) -> bool {
        self.things.first().is_some_and(|thing| thing.route.server == *server)
    }

    /// How long the server says its list may be kept.
    pub(super) fn said(&self) -> Option<CacheHints> {
        self.hints
    }
}

//! One kind of thing as clients see it: a list to show, a table to find the server of each by.

use super::route::Route;
use crate::bridge::modern_client::CacheHints;
use crate::server::ServerName;
use bytes::{Bytes, BytesMut};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Whose eyes a list is seen with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A client of the initialize era.
    Legacy,
    /// A client of 2026-07-28.
    Modern,
}

/// Everything of one kind.
#[derive(Debug, Default)]
pub struct Section {
    legacy: Listing,
    /// Only when it is another one.
    modern: Option<Listing>,
    routes: HashMap<Arc<str>, Arc<Route>>,
    aliases: HashMap<String, Arc<Route>>,
    /// The names of what is in no list because it is switched off.
    off: Vec<Arc<str>>,
    /// What those said who said how long it may be kept, together.
    hints: Option<CacheHints>,
    /// Whether somebody did not say.
    unsaid: bool,
}

/// A list ready to be shown.
#[derive(Debug, Default, PartialEq, Eq)]
struct Listing {
    text: Bytes,
    items: Vec<(Arc<str>, Range<usize>)>,
}

impl Listing {
    fn of<'a>(size: usize, shown: impl Iterator<Item = (&'a Arc<str>, &'a Bytes)>) -> Self {
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

    fn names(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|(name, _)| &**name)
    }
}

/// One page of a list.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// The JSON texts, separated by commas.
    pub items: Bytes,
    /// Where the next page starts.
    pub next: Option<Arc<str>>,
}

/// One thing on its way into a section.
pub(super) struct Shown {
    /// As clients name it; nothing else has this name.
    pub(super) name: String,
    /// What it is also called by.
    pub(super) also: [Option<String>; 2],
    /// As it is listed.
    pub(super) text: Bytes,
    /// The same for clients of 2026-07-28; `None` hides it from them.
    pub(super) modern: Option<Bytes>,
    /// How long its server says its list may be kept.
    pub(super) hints: Option<CacheHints>,
    /// It is in no list; its names stay its own, and lead to it.
    pub(super) off: bool,
    /// Where it is.
    pub(super) route: Route,
}

impl Section {
    /// A section of these, in this order. An alias that could mean two of them means none.
    pub(super) fn of(shown: Vec<Shown>) -> Self {
        let size: usize = shown.iter().map(|one| one.text.len() + 1).sum();
        let mut section = Self { routes: HashMap::with_capacity(shown.len()), ..Self::default() };
        let mut aliases = Vec::with_capacity(shown.len());
        let mut texts = Vec::with_capacity(shown.len());
        for Shown { name, also, text, modern, hints, off, route } in shown {
            let (name, route): (Arc<str>, _) = (name.into(), Arc::new(route));
            aliases.extend(also.into_iter().flatten().map(|alias| (alias, Arc::clone(&route))));
            section.routes.insert(Arc::clone(&name), route);
            if off {
                section.off.push(name);
                continue;
            }
            section.unsaid |= hints.is_none();
            section.hints = [section.hints, hints].into_iter().flatten().reduce(CacheHints::and);
            texts.push((name, text, modern));
        }
        section.legacy = Listing::of(size, texts.iter().map(|(name, text, _)| (name, text)));
        let alike =
            |text: &Bytes, modern: &Bytes| text.as_ptr() == modern.as_ptr() || text == modern;
        if !texts.iter().all(|(_, text, modern)| modern.as_ref().is_some_and(|it| alike(text, it)))
        {
            let shown = texts.iter().filter_map(|(name, _, modern)| Some((name, modern.as_ref()?)));
            section.modern = Some(Listing::of(size, shown));
        }
        let meanings = count(aliases.iter().map(|(alias, _)| alias));
        aliases.retain(|(alias, _)| meanings[alias] == 1);
        section.aliases = aliases.into_iter().collect();
        section
    }

    /// Where the thing of this name or alias is, also when it is a tool that is switched off.
    pub fn route(&self, name: &str) -> Option<&Arc<Route>> {
        self.routes.get(name).or_else(|| self.aliases.get(name))
    }

    /// Those of one server, as they are shown.
    pub fn of_server(&self, server: &ServerName) -> impl Iterator<Item = &str> {
        let of = |name: &str| self.routes.get(name).is_some_and(|route| route.server == *server);
        self.names().filter(move |name| of(name))
    }

    /// All names, as they are shown to clients of the initialize era.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.legacy.names()
    }

    /// Those that would be shown if they were not switched off.
    pub fn switched_off(&self) -> impl Iterator<Item = (&str, &Arc<Route>)> {
        self.off.iter().filter_map(|name| Some((&**name, self.routes.get(name)?)))
    }

    /// How many are shown.
    pub fn len(&self) -> usize {
        self.legacy.items.len()
    }

    /// Whether none is shown.
    pub fn is_empty(&self) -> bool {
        self.legacy.items.is_empty()
    }

    /// Whether nobody would see a difference.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        let texts = |it: &Self, seen| it.listing(seen).text.clone();
        [Seen::Legacy, Seen::Modern].into_iter().all(|seen| texts(self, seen) == texts(other, seen))
    }

    /// How long the list may be kept; `usual` is for servers that do not say.
    pub fn hints(&self, usual: CacheHints) -> CacheHints {
        match self.hints {
            None => usual,
            Some(said) if self.unsaid => said.and(usual),
            Some(said) => said,
        }
    }

    fn listing(&self, seen: Seen) -> &Listing {
        match (seen, &self.modern) {
            (Seen::Modern, Some(modern)) => modern,
            (Seen::Modern, None) | (Seen::Legacy, _) => &self.legacy,
        }
    }

    /// Up to `size` of them after the one named `after`; `None` when there is no such one (any more).
    pub fn page(&self, seen: Seen, after: Option<&str>, size: usize) -> Option<Page> {
        let listing = self.listing(seen);
        let start = match after {
            None => 0,
            Some(name) => listing.names().position(|shown| shown == name)? + 1,
        };
        let end = listing.items.len().min(start.saturating_add(size));
        let items = match listing.items.get(start..end) {
            Some([first, .., last]) => listing.text.slice(first.1.start..last.1.end),
            Some([only]) => listing.text.slice(only.1.clone()),
            _ => Bytes::new(),
        };
        let next = (end < listing.items.len()).then(|| Arc::clone(&listing.items[end - 1].0));
        Some(Page { items, next })
    }

    /// The names most like `name`, whatever their case, best first, at most three.
    pub fn near(&self, name: &str) -> Vec<String> {
        let name = name.to_lowercase();
        let mut scored: Vec<(f64, &str)> = self
            .names()
            .map(|shown| {
                let lower = shown.to_lowercase();
                let bare = lower.rsplit(['.', '/']).next().unwrap_or(&lower);
                let alike = |other| strsim::jaro_winkler(&name, other);
                (alike(&lower).max(alike(bare)), shown)
            })
            .filter(|(score, _)| *score > 0.8)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        scored.into_iter().take(3).map(|(_, shown)| shown.to_owned()).collect()
    }
}

/// How often each is there.
pub(super) fn count<'a>(names: impl Iterator<Item = &'a String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name.clone()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
#[path = "section/tests.rs"]
mod tests;

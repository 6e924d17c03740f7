//! One kind of thing as clients see it: a list to show, a table to find the server of each by.

use super::route::Route;
use crate::server::ServerName;
use bytes::{Bytes, BytesMut};
use std::collections::HashMap;
use std::ops::Range;
use std::sync::Arc;

/// Everything of one kind.
#[derive(Debug, Default)]
pub struct Section {
    listing: Bytes,
    items: Vec<(Arc<str>, Range<usize>)>,
    routes: HashMap<Arc<str>, Arc<Route>>,
    aliases: HashMap<String, Arc<Route>>,
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
    /// Where it is.
    pub(super) route: Route,
}

impl Section {
    /// A section of these, in this order. An alias that could mean two of them means none.
    pub(super) fn of(shown: Vec<Shown>) -> Self {
        let size: usize = shown.iter().map(|one| one.text.len() + 1).sum();
        let mut listing = BytesMut::with_capacity(size);
        let mut section = Self {
            items: Vec::with_capacity(shown.len()),
            routes: HashMap::with_capacity(shown.len()),
            ..Self::default()
        };
        let mut aliases = Vec::with_capacity(shown.len());
        for Shown { name, also, text, route } in shown {
            if !listing.is_empty() {
                listing.extend_from_slice(b",");
            }
            let start = listing.len();
            listing.extend_from_slice(&text);
            let (name, route): (Arc<str>, _) = (name.into(), Arc::new(route));
            aliases.extend(also.into_iter().flatten().map(|alias| (alias, Arc::clone(&route))));
            section.routes.insert(Arc::clone(&name), route);
            section.items.push((name, start..listing.len()));
        }
        section.listing = listing.freeze();
        let meanings = count(aliases.iter().map(|(alias, _)| alias));
        aliases.retain(|(alias, _)| meanings[alias] == 1);
        section.aliases = aliases.into_iter().collect();
        section
    }

    /// Where the thing of this name or alias is.
    pub fn route(&self, name: &str) -> Option<&Arc<Route>> {
        self.routes.get(name).or_else(|| self.aliases.get(name))
    }

    /// Those of one server, as they are shown.
    pub fn of_server(&self, server: &ServerName) -> impl Iterator<Item = &str> {
        let of = |name: &str| self.routes.get(name).is_some_and(|route| route.server == *server);
        self.names().filter(move |name| of(name))
    }

    /// All names, as they are shown.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.items.iter().map(|(name, _)| &**name)
    }

    /// How many are shown.
    pub fn len(&self) -> usize {
        self.items.len()
    }

    /// Whether none is shown.
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }

    /// The JSON texts of all, separated by commas.
    pub fn listing(&self) -> &Bytes {
        &self.listing
    }

    /// Up to `size` of them after the one named `after`; `None` when there is no such one (any more).
    pub fn page(&self, after: Option<&str>, size: usize) -> Option<Page> {
        let start = match after {
            None => 0,
            Some(name) => self.names().position(|shown| shown == name)? + 1,
        };
        let end = self.items.len().min(start.saturating_add(size));
        let items = match self.items.get(start..end) {
            Some([first, .., last]) => self.listing.slice(first.1.start..last.1.end),
            Some([only]) => self.listing.slice(only.1.clone()),
            _ => Bytes::new(),
        };
        let next = (end < self.items.len()).then(|| Arc::clone(&self.items[end - 1].0));
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

//! One kind of thing as clients see it: a list to show, a table to find the server of each by.
//!
//! The list is made of the [`Piece`]s of the servers, in their order. A section that is made from another
//! one shares with it all pieces and names that are the same, so that it costs what is different.

use super::names::Names;
use super::piece::{Listing, Piece, Thing};
use super::route::Route;
use crate::bridge::modern_client::CacheHints;
use crate::server::ServerName;
use bytes::Bytes;
use std::collections::HashMap;
use std::sync::{Arc, OnceLock};

/// Whose eyes a list is seen with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Seen {
    /// A client of the initialize era.
    Legacy,
    /// A client of 2026-07-28.
    Modern,
}

/// Everything of one kind.
#[derive(Debug, Clone, Default)]
pub struct Section {
    /// One of each server, in their order.
    pieces: imbl::Vector<Arc<Piece>>,
    names: Names,
    aliases: Names,
    /// How many are shown.
    len: usize,
    said: OnceLock<Said>,
}

/// How long the servers of a list say that it may be kept.
#[derive(Debug, Clone, Copy, Default)]
struct Said {
    /// What those said who said it, together.
    hints: Option<CacheHints>,
    /// Whether somebody did not say.
    unsaid: bool,
}

/// One page of a list.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Page {
    /// JSON texts, separated by commas within each, and to be separated by commas.
    pub texts: Vec<Bytes>,
    /// Where the next page starts.
    pub next: Option<Arc<str>>,
}

impl Page {
    /// The JSON texts, separated by commas.
    pub fn items(&self) -> Bytes {
        match self.texts.as_slice() {
            [only] => only.clone(),
            texts => texts.join(&b","[..]).into(),
        }
    }
}

impl Section {
    /// Nothing, of so many servers.
    pub(super) fn of(servers: usize) -> Self {
        let pieces = std::iter::repeat_n(Arc::default(), servers).collect();
        Self { pieces, ..Self::default() }
    }

    /// The piece of a server.
    pub(super) fn piece(&self, at: usize) -> Option<&Arc<Piece>> {
        self.pieces.get(at)
    }

    /// The same with other pieces of some servers.
    pub(super) fn renewed(&self, news: &[(usize, &Arc<Piece>)]) -> Self {
        let mut next = Self { said: OnceLock::new(), ..self.clone() };
        // a name may move from one server to another: all go before any comes
        for (at, piece) in news {
            let Some(old) = self.pieces.get(*at) else { continue };
            for thing in missing(old, piece) {
                next.names.remove(&thing.name, &thing.route);
                for alias in thing.also.iter().flatten() {
                    next.aliases.remove(alias, &thing.route);
                }
            }
        }
        for (at, piece) in news {
            let Some(old) = self.pieces.get(*at) else { continue };
            for thing in missing(piece, old) {
                next.names.add(&thing.name, &thing.route);
                for alias in thing.also.iter().flatten() {
                    next.aliases.add(alias, &thing.route);
                }
            }
            next.len = next.len + piece.legacy().items.len() - old.legacy().items.len();
            next.pieces.set(*at, Arc::clone(piece));
        }
        next
    }

    /// Where the thing of this name or alias is, also when it is a tool that is switched off.
    pub fn route(&self, name: &str) -> Option<&Arc<Route>> {
        self.names.get(name).or_else(|| self.aliases.get(name))
    }

    /// Those of one server, as they are shown.
    pub fn of_server(&self, server: &ServerName) -> impl Iterator<Item = &str> {
        let of_it = self.pieces.iter().find(|piece| piece.is_of(server));
        of_it.into_iter().flat_map(|piece| names(piece.legacy()))
    }

    /// All names, as they are shown to clients of the initialize era.
    pub fn names(&self) -> impl Iterator<Item = &str> {
        self.pieces.iter().flat_map(|piece| names(piece.legacy()))
    }

    /// Those that would be shown if they were not switched off.
    pub fn switched_off(&self) -> impl Iterator<Item = (&str, &Arc<Route>)> {
        let things = self.pieces.iter().flat_map(|piece| piece.things());
        things.filter(|thing| thing.off).map(|thing| (&*thing.name, &thing.route))
    }

    /// What each is called at its server, and the place of that one.
    pub(super) fn owns(&self) -> impl Iterator<Item = (usize, &str)> {
        let all = self.pieces.iter().enumerate();
        all.flat_map(|(at, piece)| piece.things().iter().map(move |thing| (at, &*thing.route.own)))
    }

    /// How many are shown.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether none is shown.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Whether nobody would see a difference. Costs as much as there is between the first and the last
    /// server with another piece.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        let is_shared = |(one, other): &(&Arc<Piece>, &Arc<Piece>)| Arc::ptr_eq(one, other);
        let first = self.pieces.iter().zip(&other.pieces).take_while(is_shared).count();
        let ends = self.pieces.iter().rev().zip(other.pieces.iter().rev());
        let least = self.pieces.len().min(other.pieces.len());
        let last = ends.take(least - first).take_while(is_shared).count();
        let differing = |it: &Self| it.pieces.len() - first - last;
        [Seen::Legacy, Seen::Modern].into_iter().all(|seen| {
            let (ours, theirs) = (differing(self), differing(other));
            let ours = self.pieces.iter().skip(first).take(ours);
            let theirs = other.pieces.iter().skip(first).take(theirs);
            let ours = ours.flat_map(|piece| listing(piece, seen).texts());
            ours.eq(theirs.flat_map(|piece| listing(piece, seen).texts()))
        })
    }

    /// How long the list may be kept; `usual` is for servers that do not say.
    pub fn hints(&self, usual: CacheHints) -> CacheHints {
        let Said { hints, unsaid } = *self.said.get_or_init(|| {
            let mut said = Said::default();
            let shown = self.pieces.iter().filter(|piece| !piece.legacy().items.is_empty());
            for hints in shown.map(|piece| piece.said()) {
                said.unsaid |= hints.is_none();
                said.hints = [said.hints, hints].into_iter().flatten().reduce(CacheHints::and);
            }
            said
        });
        match hints {
            None => usual,
            Some(said) if unsaid => said.and(usual),
            Some(said) => said,
        }
    }

    /// Up to `size` of them after the one named `after`; `None` when there is no such one (any more).
    pub fn page(&self, seen: Seen, after: Option<&str>, size: usize) -> Option<Page> {
        let (at, mut skip) = match after {
            None => (0, 0),
            Some(name) => self.position(seen, name).map(|(at, shown)| (at, shown + 1))?,
        };
        let (mut page, mut room, mut last) = (Page::default(), size, None);
        for piece in self.pieces.iter().skip(at) {
            let listing = listing(piece, seen);
            let left = &listing.items[std::mem::take(&mut skip)..];
            let taken = &left[..left.len().min(room)];
            if let [(_, begins), ..] = taken
                && let [.., (name, ends)] = taken
            {
                page.texts.push(listing.text.slice(begins.start..ends.end));
                last = Some(name);
            }
            room -= taken.len();
            if taken.len() < left.len() {
                page.next = last.cloned();
                break;
            }
        }
        Some(page)
    }

    /// Where the one of this name is shown: in which piece, and where in that.
    fn position(&self, seen: Seen, name: &str) -> Option<(usize, usize)> {
        let server = &self.names.get(name)?.server;
        let at = self.pieces.iter().position(|piece| piece.is_of(server))?;
        let shown = names(listing(&self.pieces[at], seen)).position(|shown| shown == name)?;
        Some((at, shown))
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

fn listing(piece: &Piece, seen: Seen) -> &Listing {
    match seen {
        Seen::Legacy => piece.legacy(),
        Seen::Modern => piece.modern(),
    }
}

fn names(listing: &Listing) -> impl Iterator<Item = &str> {
    listing.items.iter().map(|(name, _)| &**name)
}

/// The things of one piece that are not in the other, under the same names.
fn missing<'a>(of: &'a Piece, from: &'a Piece) -> impl Iterator<Item = &'a Thing> {
    let there = from.things().iter().map(|thing| (Arc::as_ptr(&thing.route), thing));
    let there: HashMap<*const Route, &Thing> = there.collect();
    of.things().iter().filter(move |thing| {
        !there.get(&Arc::as_ptr(&thing.route)).is_some_and(|other| other.is_called(thing))
    })
}

#[cfg(test)]
#[path = "section/tests.rs"]
mod tests;

//! What a view shows: lists to show, tables to route by. A value; readers share it.

use super::directory::{Directory, Peers, Uris};
use super::extensions::{Declared, Extensions};
use super::piece::Piece;
use super::{Capabilities, Capability, Route, Section};
use crate::bridge::modern_client::CacheHints;
use crate::otp::Address;
use crate::server::{self, ServerName};
use crate::wire::{PerSubject, Subject};
use bytes::Bytes;
use std::collections::HashSet;
use std::sync::Arc;

/// What one server contributes to what a view shows.
#[derive(Debug, Clone, Default)]
pub(super) struct Part {
    pub(super) pieces: PerSubject<Arc<Piece>>,
    /// What it declared, when that is known.
    pub(super) capabilities: Option<Capabilities>,
    /// What it declared as extensions.
    pub(super) extensions: Option<Arc<Declared>>,
}

/// What clients see at one moment.
#[derive(Debug, Clone, Default)]
pub struct Snapshot {
    sections: PerSubject<Arc<Section>>,
    directory: Directory,
    extensions: Arc<Extensions>,
    /// Servers that should be listed and of which nothing is known yet.
    pub unknown: usize,
}

impl Snapshot {
    /// What these servers show as long as nothing is known of them.
    pub(super) fn of(peers: Arc<Peers>) -> Self {
        let section = Arc::new(Section::of(peers.entries().len()));
        let sections = PerSubject::of(|_| Arc::clone(&section));
        Self { sections, directory: Directory::of(peers), ..Self::default() }
    }

    /// The same with other parts of some servers, and URIs told apart as they are now. Shares what is not
    /// different.
    pub(super) fn renewed(&self, news: &[(usize, Part)], uris: Option<Uris>) -> Self {
        let mut next = self.clone();
        for subject in Subject::ALL {
            let section = self.section(subject);
            let pieces = news.iter().map(|(at, part)| (*at, &part.pieces[subject]));
            let is_other = |(at, piece): &(usize, &Arc<Piece>)| {
                section.piece(*at).is_some_and(|old| !Arc::ptr_eq(old, piece))
            };
            let pieces: Vec<_> = pieces.filter(is_other).collect();
            if !pieces.is_empty() {
                next.sections[subject] = Arc::new(section.renewed(&pieces));
            }
        }
        for (at, part) in news {
            next.directory.declare(*at, part.capabilities);
        }
        if let Some(uris) = uris {
            next.directory.tell_apart(uris);
        }
        let extensions = news.iter().map(|(at, part)| (*at, part.extensions.clone()));
        let extensions = extensions.filter(|(at, it)| self.extensions.of(*at) != it.as_ref());
        let extensions: Vec<_> = extensions.collect();
        if !extensions.is_empty() {
            next.extensions = Arc::new(self.extensions.renewed(extensions));
        }
        next
    }

    /// Everything of one kind.
    pub fn section(&self, subject: Subject) -> &Section {
        &self.sections[subject]
    }

    /// Where the thing called `name` certainly is: by its name, its alias, or because its URI names
    /// its server.
    pub fn route(&self, subject: Subject, name: &str) -> Option<Arc<Route>> {
        let listed = |subject| self.section(subject).route(name).cloned();
        match subject {
            Subject::Tool | Subject::Prompt => listed(subject),
            Subject::Resource => listed(subject).or_else(|| self.named(name)),
            // a completion may refer to a template or to a resource
            Subject::Template => {
                listed(subject).or_else(|| listed(Subject::Resource)).or_else(|| self.named(name))
            }
        }
    }

    fn named(&self, uri: &str) -> Option<Arc<Route>> {
        self.directory.route(uri).map(Arc::new)
    }

    /// Where a URI that is in no list is to be asked for; worth asking once all servers are known.
    pub fn guess(&self, subject: Subject, name: &str) -> Option<Arc<Route>> {
        match subject {
            Subject::Tool | Subject::Prompt => None,
            Subject::Resource | Subject::Template => {
                let templates = self.section(Subject::Template);
                self.directory.guess(name, templates).map(Arc::new)
            }
        }
    }

    /// The server whose thing `name` must be, when nothing is known of that server yet.
    pub fn unlisted(&self, subject: Subject, name: &str) -> Option<&Address<server::Message>> {
        match subject {
            Subject::Tool | Subject::Prompt => {
                self.directory.beginning(|prefix| name.starts_with(prefix))
            }
            Subject::Resource | Subject::Template => {
                let only = || self.directory.beginning(str::is_empty);
                self.directory.unlisted(name).or_else(only)
            }
        }
    }

    /// Whether things of this server may be in it.
    pub fn has(&self, server: &ServerName) -> bool {
        self.directory.has(server.as_str())
    }

    /// Counts the servers that are awaited: all of which nothing is known but the `unreachable` ones.
    pub(super) fn expect(&mut self, unreachable: &HashSet<ServerName>) {
        self.unknown = self.directory.awaited(unreachable);
    }

    /// Whether a server declared this, or may do so once it is known.
    pub fn offers(&self, capability: Capability) -> bool {
        self.directory.offers(capability)
    }

    /// The extensions that servers declared, each once: the JSON text of an object.
    pub fn extensions(&self) -> Option<&Bytes> {
        self.extensions.declared()
    }

    /// Where a method is to be sent that is none of the core.
    pub fn extension(&self, method: &str) -> Option<Arc<Route>> {
        let route = self.directory.way(self.extensions.server(method)?, method)?;
        Some(Arc::new(route))
    }

    /// How long the list of this kind may be kept; `usual` is for servers that do not say. A list that
    /// is not complete may not be kept at all.
    pub fn hints(&self, subject: Subject, usual: CacheHints) -> CacheHints {
        let hints = self.section(subject).hints(usual);
        if self.unknown == 0 { hints } else { CacheHints { ttl_ms: 0, ..hints } }
    }

    /// The kinds whose lists clients that read `other` must read again.
    pub fn changed_since(&self, other: &Self) -> impl Iterator<Item = Subject> {
        let changed = |subject| {
            let is_shared = Arc::ptr_eq(&self.sections[subject], &other.sections[subject]);
            !is_shared && !self.section(subject).shows_the_same(other.section(subject))
        };
        Subject::ALL.into_iter().filter(move |subject| changed(*subject))
    }

    /// What somebody may have meant by `name`, best first, at most three. URIs are not guessed at: only
    /// one that several servers have is told apart.
    pub fn near(&self, subject: Subject, name: &str) -> Vec<String> {
        match subject {
            Subject::Tool | Subject::Prompt => self.section(subject).near(name),
            Subject::Resource | Subject::Template => {
                self.directory.shared(name).into_iter().take(3).collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;

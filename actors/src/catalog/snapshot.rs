//! What a view shows: lists to show, tables to route by. A value; readers share it.

use super::directory::Directory;
use super::extensions::Extensions;
use super::{Capability, Route, Section};
use crate::bridge::modern_client::CacheHints;
use crate::otp::Address;
use crate::server::{self, ServerName};
use crate::wire::{PerSubject, Subject};
use bytes::Bytes;
use std::collections::HashSet;
use std::sync::Arc;

/// A server of which nothing is known yet, with how the names of its things will begin.
pub(super) type Unlisted = (Vec<String>, Address<server::Message>);

/// What clients see at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    pub(super) sections: PerSubject<Section>,
    pub(super) directory: Directory,
    /// Servers of which nothing is known yet, by how the names of their things will begin. Where all
    /// there is must be of one server, that is nothing.
    pub(super) unlisted: Vec<Unlisted>,
    /// What the servers declared as extensions.
    pub(super) extensions: Extensions,
    /// Servers that should be listed and of which nothing is known yet.
    pub unknown: usize,
}

impl Snapshot {
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
            Subject::Resource | Subject::Template => self.directory.guess(name).map(Arc::new),
        }
    }

    /// The server whose thing `name` must be, when nothing is known of that server yet.
    pub fn unlisted(&self, subject: Subject, name: &str) -> Option<&Address<server::Message>> {
        let unlisted = |begins: &dyn Fn(&[String]) -> bool| {
            let mut all = self.unlisted.iter();
            all.find(|(prefixes, _)| begins(prefixes)).map(|(_, address)| address)
        };
        let begins = |prefixes: &[String]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        match subject {
            Subject::Tool | Subject::Prompt => unlisted(&begins),
            Subject::Resource | Subject::Template => {
                let only = |prefixes: &[String]| prefixes.iter().any(String::is_empty);
                self.directory.unlisted(name).or_else(|| unlisted(&only))
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
        self.extensions.route(method).map(Arc::new)
    }

    /// How long the list of this kind may be kept; `usual` is for servers that do not say. A list that
    /// is not complete may not be kept at all.
    pub fn hints(&self, subject: Subject, usual: CacheHints) -> CacheHints {
        let hints = self.section(subject).hints(usual);
        if self.unknown == 0 { hints } else { CacheHints { ttl_ms: 0, ..hints } }
    }

    /// The kinds whose lists clients that read `other` must read again.
    pub fn changed_since(&self, other: &Self) -> impl Iterator<Item = Subject> {
        let changed = |subject| !self.section(subject).shows_the_same(other.section(subject));
        Subject::ALL.into_iter().filter(move |subject| changed(*subject))
    }

    /// What somebody may have meant by `name`, best first, at most three. URIs are not guessed at: only
    /// one that several servers have is told apart.
    pub fn near(&self, subject: Subject, name: &str) -> Vec<String> {
        match subject {
            Subject::Tool | Subject::Prompt => self.section(subject).near(name),
            Subject::Resource | Subject::Template => {
                self.directory.shared(name).iter().take(3).cloned().collect()
            }
        }
    }
}

#[cfg(test)]
mod tests;

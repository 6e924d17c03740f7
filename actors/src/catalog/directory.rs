//! Which server a URI is of, when no list says so.

use super::route::{Entry, Route};
use super::{Capabilities, Capability, uri};
use crate::otp::Address;
use crate::server::{self, ServerName};
use std::collections::{HashMap, HashSet};

/// All servers, by what their URIs look like.
#[derive(Debug, Default)]
pub(super) struct Directory {
    /// Each with what it declared, when that is known.
    peers: Vec<(Entry, Option<Capabilities>)>,
    /// Peers by their names, and by these as they stand in a scheme.
    names: HashMap<String, usize>,
    /// The literal beginnings of templates, longest first.
    beginnings: Vec<(String, usize)>,
    /// URIs that several servers have, and what each of them is shown as.
    shared: HashMap<String, Vec<String>>,
}

impl Directory {
    /// A directory of these servers.
    pub(super) fn of(peers: Vec<(Entry, Option<Capabilities>)>) -> Self {
        let mut names = HashMap::with_capacity(peers.len());
        for (index, (entry, _)) in peers.iter().enumerate() {
            let name = entry.spec.name.as_str();
            names.insert(uri::in_scheme(name), index);
            names.insert(name.to_owned(), index);
        }
        Self { peers, names, ..Self::default() }
    }

    /// Enters a template of a server.
    pub(super) fn template(&mut self, server: &str, template: &str) {
        if let Some(index) = self.names.get(server) {
            self.beginnings.push((uri::literal(template).to_owned(), *index));
        }
    }

    /// All templates are entered.
    pub(super) fn settle(&mut self) {
        self.beginnings.sort_by(|a, b| b.0.len().cmp(&a.0.len()).then_with(|| a.cmp(b)));
        self.beginnings.dedup();
    }

    /// Enters what one of several servers with the same URI is shown as.
    pub(super) fn share(&mut self, uri: &str, shown: &str) {
        self.shared.entry(uri.to_owned()).or_default().push(shown.to_owned());
    }

    /// What a URI that several servers have is shown as.
    pub(super) fn shared(&self, uri: &str) -> &[String] {
        self.shared.get(uri).map_or(&[], Vec::as_slice)
    }

    /// Whether a server of this name is one of them.
    pub(super) fn has(&self, server: &str) -> bool {
        self.names.contains_key(server)
    }

    /// How many there are of which nothing is known, other than these.
    pub(super) fn awaited(&self, unreachable: &HashSet<ServerName>) -> usize {
        let awaited = |(entry, known): &&(Entry, Option<Capabilities>)| {
            known.is_none() && !unreachable.contains(&entry.spec.name)
        };
        self.peers.iter().filter(awaited).count()
    }

    /// Whether a server declared this, or may do so once it is known.
    pub(super) fn offers(&self, capability: Capability) -> bool {
        self.peers.iter().any(|(_, known)| known.is_none_or(|declared| declared.has(capability)))
    }

    /// The server a URI names itself.
    fn named<'a>(&self, text: &'a str) -> Option<(usize, &'a str)> {
        let (name, own) = uri::apart(text)?;
        let found = self.names.get(name).or_else(|| self.names.get(&name.to_ascii_lowercase()));
        found.map(|index| (*index, own))
    }

    /// Whether a URI says which server it is of.
    pub(super) fn names_a_server(&self, text: &str) -> bool {
        self.named(text).is_some()
    }

    /// The way to a URI that names its server.
    pub(super) fn route(&self, text: &str) -> Option<Route> {
        let (index, own) = self.named(text)?;
        let (entry, known) = &self.peers[index];
        known.map(|capabilities| entry.route(capabilities, own))
    }

    /// The server a URI names, when nothing is known of that server yet.
    pub(super) fn unlisted(&self, text: &str) -> Option<&Address<server::Message>> {
        let (entry, known) = &self.peers[self.named(text)?.0];
        known.is_none().then_some(&entry.address)
    }

    /// The way to a URI no list has: to the only server with the template that fits best, else to the
    /// only server with resources. A URI that several servers list is of neither, and one that names its
    /// server is of no other.
    pub(super) fn guess(&self, text: &str) -> Option<Route> {
        if self.shared.contains_key(text) || self.names_a_server(text) {
            return None;
        }
        let mut fitting = self.beginnings.iter().filter(|(begins, _)| text.starts_with(begins));
        let index = if let Some((best, index)) = fitting.next() {
            // another server's template fits as well when it begins with the very same
            fitting.take_while(|(begins, _)| begins == best).next().is_none().then_some(*index)
        } else {
            let has = |known: &Option<Capabilities>| {
                known.is_some_and(|declared| declared.has(Capability::Resources))
            };
            let mut having = (0..self.peers.len()).filter(|index| has(&self.peers[*index].1));
            having.next().filter(|_| having.next().is_none())
        };
        let (entry, known) = &self.peers[index?];
        known.map(|capabilities| entry.route(capabilities, text))
    }
}

//! Which server a URI is of, when no list says so.

use super::holders::Holders;
use super::route::{Entry, Route};
use super::{Capabilities, Capability, Section, uri};
use crate::otp::Address;
use crate::server::{self, ServerName};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// Servers as configured. They are the same as long as the gateway runs; whoever looks at them through
/// the same view shares one value.
#[derive(Debug, Default)]
pub(super) struct Peers {
    entries: Arc<Vec<Entry>>,
    /// By their names, and by these as they stand in a scheme.
    names: HashMap<String, usize>,
    /// How the names of their things begin. Where all there is must be of one server, that is nothing.
    prefixes: Vec<Vec<String>>,
}

impl Peers {
    /// These servers.
    pub(super) fn of(entries: Arc<Vec<Entry>>, prefixes: impl Fn(&str) -> Vec<String>) -> Self {
        let mut names = HashMap::with_capacity(2 * entries.len());
        for (at, entry) in entries.iter().enumerate() {
            let name = entry.spec.name.as_str();
            names.insert(uri::in_scheme(name), at);
            names.insert(name.to_owned(), at);
        }
        let prefixes = entries.iter().map(|entry| prefixes(entry.spec.name.as_str())).collect();
        Self { entries, names, prefixes }
    }

    /// All of them, in their order.
    pub(super) fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// What one is called.
    pub(super) fn name(&self, at: usize) -> &str {
        self.entries[at].spec.name.as_str()
    }

    /// The place of the one of this name.
    pub(super) fn place(&self, server: &ServerName) -> Option<usize> {
        self.names.get(server.as_str()).copied()
    }

    /// The server a URI names itself.
    fn named<'a>(&self, text: &'a str) -> Option<(usize, &'a str)> {
        let (name, own) = uri::apart(text)?;
        let found = self.names.get(name).or_else(|| self.names.get(&name.to_ascii_lowercase()));
        found.map(|at| (*at, own))
    }

    /// Whether a URI says which server it is of.
    pub(super) fn names_a_server(&self, text: &str) -> bool {
        self.named(text).is_some()
    }
}

/// The URIs of everything, by the servers that have them.
#[derive(Debug, Clone, Default)]
pub(super) struct Uris {
    pub(super) peers: Arc<Peers>,
    pub(super) resources: Holders,
    pub(super) templates: Holders,
}

/// The servers of a view, by what their URIs look like.
#[derive(Debug, Clone, Default)]
pub(super) struct Directory {
    peers: Arc<Peers>,
    /// What each declared, when that is known.
    declared: Arc<Vec<Option<Capabilities>>>,
    /// Where URIs are told apart that several servers have: those of everything.
    uris: Option<Uris>,
}

impl Directory {
    /// A directory of these servers, of which nothing is known.
    pub(super) fn of(peers: Arc<Peers>) -> Self {
        let declared = Arc::new(vec![None; peers.entries.len()]);
        Self { peers, declared, uris: None }
    }

    /// What a server declared is known now.
    pub(super) fn declare(&mut self, at: usize, declared: Option<Capabilities>) {
        if self.declared[at] != declared {
            Arc::make_mut(&mut self.declared)[at] = declared;
        }
    }

    /// Which URIs there are.
    pub(super) fn tell_apart(&mut self, uris: Uris) {
        self.uris = Some(uris);
    }

    /// What a URI that several servers have is shown as.
    pub(super) fn shared(&self, uri: &str) -> Vec<String> {
        let Some(uris) = &self.uris else { return Vec::new() };
        let all = [&uris.resources, &uris.templates].map(|holders| holders.of(uri));
        let several = all.into_iter().filter(|holders| holders.len() > 1).flatten();
        let servers = several.map(|at| uris.peers.name(*at)).filter(|server| self.has(server));
        servers.map(|server| uri::of_server(server, uri)).collect()
    }

    /// Whether a server of this name is one of them.
    pub(super) fn has(&self, server: &str) -> bool {
        self.peers.names.contains_key(server)
    }

    /// Each with what it declared.
    fn all(&self) -> impl Iterator<Item = (&Entry, Option<Capabilities>)> {
        self.peers.entries.iter().zip(self.declared.iter().copied())
    }

    /// How many there are of which nothing is known, other than these.
    pub(super) fn awaited(&self, unreachable: &HashSet<ServerName>) -> usize {
        let unknown = self.all().filter(|(_, known)| known.is_none());
        unknown.filter(|(entry, _)| !unreachable.contains(&entry.spec.name)).count()
    }

    /// Whether a server declared this, or may do so once it is known.
    pub(super) fn offers(&self, capability: Capability) -> bool {
        self.declared.iter().any(|known| known.is_none_or(|declared| declared.has(capability)))
    }

    /// The way to something of a server.
    pub(super) fn way(&self, at: usize, own: &str) -> Option<Route> {
        self.declared[at].map(|capabilities| self.peers.entries[at].route(capabilities, own))
    }

    /// The way to a URI that names its server.
    pub(super) fn route(&self, text: &str) -> Option<Route> {
        let (at, own) = self.peers.named(text)?;
        self.way(at, own)
    }

    /// The server a URI names, when nothing is known of that server yet.
    pub(super) fn unlisted(&self, text: &str) -> Option<&Address<server::Message>> {
        let (at, _) = self.peers.named(text)?;
        self.declared[at].is_none().then_some(&self.peers.entries[at].address)
    }

    /// The first server of which nothing is known whose things' names begin so.
    pub(super) fn beginning(
        &self,
        begins: impl Fn(&str) -> bool,
    ) -> Option<&Address<server::Message>> {
        let mut unknown = self.all().zip(&self.peers.prefixes).filter(|((_, it), _)| it.is_none());
        let found = unknown.find(|(_, prefixes)| prefixes.iter().any(|prefix| begins(prefix)));
        found.map(|((entry, _), _)| &entry.address)
    }

    /// The way to a URI no list has: to the only server with the template that fits best, else to the
    /// only server with resources. A URI that several servers list is of neither, and one that names its
    /// server is of no other.
    pub(super) fn guess(&self, text: &str, templates: &Section) -> Option<Route> {
        if self.peers.names_a_server(text) || !self.shared(text).is_empty() {
            return None;
        }
        // another server's template fits as well when it begins with the very same
        let mut best: Option<(usize, Option<usize>)> = None;
        for (at, own) in templates.owns() {
            let begins = uri::literal(own);
            if text.starts_with(begins) {
                best = match best {
                    Some((longest, _)) if longest > begins.len() => best,
                    Some((longest, only)) if longest == begins.len() => {
                        Some((longest, only.filter(|only| *only == at)))
                    }
                    _ => Some((begins.len(), Some(at))),
                };
            }
        }
        let at = if let Some((_, only)) = best {
            only
        } else {
            let has =
                |it: &Option<Capabilities>| it.is_some_and(|it| it.has(Capability::Resources));
            let mut having = (0..self.declared.len()).filter(|at| has(&self.declared[*at]));
            having.next().filter(|_| having.next().is_none())
        };
        self.way(at?, text)
    }
}

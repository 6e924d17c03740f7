//! The merge of what all servers offer, under names that are unique; and the parts of it.
//!
//! It is kept from publication to publication. When a server offers something else, that server and those
//! whose names collide with its names, or did, get other pieces; everybody else's stay the same values.

use super::cell::Manifests;
use super::claims::{Claims, Rule};
use super::directory::{Peers, Uris};
use super::extensions::Declared;
use super::naming::STATUS_TOOL;
use super::piece::{Piece, Thing};
use super::snapshot::Part;
use super::source::Source;
use super::{Entry, Group, Item, Manifest, Naming, NamingStrategy, Snapshot, SwitchedOff};
use crate::server::ServerName;
use crate::wire::{PerSubject, Subject};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::Arc;

/// Merges what is known of all servers. Order: servers by name, their things as they list them.
pub fn merge(naming: &Naming, entries: &[Entry], known: &Manifests) -> Snapshot {
    let mut merge = Merge::of(naming.clone(), Arc::new(entries.to_vec()));
    let all = (0..entries.len()).collect();
    let changed = merge.renew(&all, known, &SwitchedOff::default());
    merge.whole(&merge.nothing(), &changed)
}

/// Servers by their places among all of them.
pub(super) type Places = BTreeSet<usize>;

/// All that is known, under the names it has for everybody.
#[derive(Debug)]
pub(super) struct Merge {
    naming: Naming,
    peers: Arc<Peers>,
    manifests: Vec<Option<Arc<Manifest>>>,
    claims: PerSubject<Claims>,
    parts: Vec<Part>,
}

impl Merge {
    /// These servers, of which nothing is known.
    pub(super) fn of(naming: Naming, entries: Arc<Vec<Entry>>) -> Self {
        let count = entries.len();
        let peers = Arc::new(Peers::of(entries, |server| naming.prefixes(server)));
        let claims = PerSubject::of(|_| Claims::of(count));
        let (manifests, parts) = (vec![None; count], vec![Part::default(); count]);
        Self { naming, peers, manifests, claims, parts }
    }

    /// All servers.
    pub(super) fn peers(&self) -> &Peers {
        &self.peers
    }

    /// How names begin that can only mean a thing of this server.
    pub(super) fn prefixes(&self, server: &str) -> Vec<String> {
        self.naming.prefixes(server)
    }

    /// The servers of which something else is known.
    pub(super) fn differing(&self, known: &Manifests) -> Places {
        let is_other = |(entry, mine): &(&Entry, &Option<Arc<Manifest>>)| {
            known.get(&entry.spec.name).map(Arc::as_ptr) != mine.as_ref().map(Arc::as_ptr)
        };
        let all = self.peers.entries().iter().zip(&self.manifests).enumerate();
        all.filter(|(_, one)| is_other(one)).map(|(at, _)| at).collect()
    }

    /// Of some servers something else is known, or other tools are switched off. Finds each of their things
    /// its name, also those that are switched off: so no name comes to mean another tool by that. Returns
    /// the servers that have other parts now.
    pub(super) fn renew(&mut self, news: &Places, known: &Manifests, off: &SwitchedOff) -> Places {
        let mut was = BTreeMap::new();
        for &at in news {
            let manifest = known.get(&self.peers.entries()[at].spec.name).cloned();
            let extensions = manifest.as_deref().and_then(Declared::of).map(Arc::new);
            self.parts[at].capabilities = manifest.as_ref().map(|manifest| manifest.capabilities);
            self.parts[at].extensions = extensions;
            was.insert(at, std::mem::replace(&mut self.manifests[at], manifest));
        }
        let mut changed = news.clone();
        for subject in Subject::ALL {
            let wants = news.iter().map(|&at| {
                let source = self.source(at, subject);
                let server = self.peers.name(at);
                let named = |base: &str| match subject {
                    Subject::Tool | Subject::Prompt => self.naming.wanted(server, base).into(),
                    Subject::Resource | Subject::Template => base.into(),
                };
                (at, source.map_or_else(Vec::new, |source| source.wants(named)))
            });
            let wants = wants.collect();
            let rule = rule(&self.naming, &self.peers, subject);
            let stirred = self.claims[subject].renew(rule, |at| self.peers.name(at), wants);
            for at in stirred {
                let before = was.get(&at).unwrap_or(&self.manifests[at]).clone();
                let piece = self.piece(at, subject, before.as_deref(), off);
                if let Some(piece) = piece {
                    self.parts[at].pieces[subject] = piece;
                    changed.insert(at);
                }
            }
        }
        changed
    }

    /// What a view of everything shows before anything is known.
    pub(super) fn nothing(&self) -> Snapshot {
        Snapshot::of(Arc::clone(&self.peers))
    }

    /// Everything, where it was `before` that some servers changed.
    pub(super) fn whole(&self, before: &Snapshot, changed: &Places) -> Snapshot {
        let news: Vec<_> = changed.iter().map(|&at| (at, self.parts[at].clone())).collect();
        before.renewed(&news, Some(self.uris()))
    }

    /// The URIs of everything.
    pub(super) fn uris(&self) -> Uris {
        let of = |subject| Claims::wanted(&self.claims[subject]).clone();
        let peers = Arc::clone(&self.peers);
        Uris { peers, resources: of(Subject::Resource), templates: of(Subject::Template) }
    }

    /// What a group shows of a server, under the names it has for everybody.
    pub(super) fn of_group(&self, at: usize, group: &Group) -> Part {
        let mut part = self.parts[at].clone();
        if !group.admits_all() {
            let (server, wants) = (self.peers.name(at), self.claims[Subject::Tool].of_server(at));
            let admits = |at: usize, it: &Thing| group.admits(server, &wants[at].base, &it.name);
            part.pieces[Subject::Tool] = Arc::new(part.pieces[Subject::Tool].only(admits));
        }
        part
    }

    /// One server under its own names; what everybody calls its things is understood, too.
    pub(super) fn alone(&self, at: usize) -> Part {
        let (part, server) = (&self.parts[at], self.peers.name(at));
        let own = Naming { strategy: NamingStrategy::Flat, ..self.naming.clone() };
        let rule = Rule::Rename { naming: &own, reserved: None };
        let pieces = PerSubject::of(|subject| {
            let everywhere = &part.pieces[subject];
            let Some(source) = self.source(at, subject).filter(|_| !everywhere.things().is_empty())
            else {
                return Arc::clone(everywhere);
            };
            let named = matches!(subject, Subject::Tool | Subject::Prompt);
            let wanted =
                |base: &str| if named { own.wanted(server, base) } else { base.to_owned() };
            let mut claims = Claims::of(1);
            claims.renew(rule, |_| server, vec![(0, source.wants(|base| wanted(base).into()))]);
            let things = claims.of_server(0).iter().zip(everywhere.things());
            let things = things.map(|(want, thing)| {
                let (name, elsewhere) = if named {
                    let name = claims.name(rule, server, &source.item(want).name, want);
                    (name, Some(Arc::clone(&thing.name)))
                } else {
                    (Arc::clone(&want.name), None)
                };
                let route = Arc::clone(&thing.route);
                Thing { off: thing.off, ..source.thing(want, name, elsewhere, route) }
            });
            Arc::new(Piece::of(things.collect(), everywhere.said()))
        });
        Part { pieces, ..part.clone() }
    }

    /// What is known of a server of one kind.
    fn source(&self, at: usize, subject: Subject) -> Option<Source<'_>> {
        let manifest = self.manifests[at].as_deref()?;
        Some(Source::of(subject, &self.peers.entries()[at], manifest))
    }

    /// The piece of a server, of which `was` was known, when it is another one now. What is the same in it
    /// is not made again.
    fn piece(
        &self,
        at: usize,
        subject: Subject,
        was: Option<&Manifest>,
        off: &SwitchedOff,
    ) -> Option<Arc<Piece>> {
        let (old, name) = (&self.parts[at].pieces[subject], &self.peers.entries()[at].spec.name);
        let (Some(source), Some(manifest)) = (self.source(at, subject), &self.manifests[at]) else {
            return (!old.things().is_empty()).then(Arc::default);
        };
        let is_same_server =
            |was: &&Manifest| was.about == manifest.about && was.era == manifest.era;
        let before = before(was.filter(is_same_server), subject, old);
        let rule = rule(&self.naming, &self.peers, subject);
        let claims = &self.claims[subject];
        let things = claims.of_server(at).iter().map(|want| {
            let item = source.item(want);
            let called = claims.name(rule, name.as_str(), &item.name, want);
            let before = before.get(&*item.name).filter(|(was, _)| *was == item);
            let thing = match before {
                Some((_, thing)) if thing.name == called => (*thing).clone(),
                Some((_, thing)) => source.thing(want, called, None, Arc::clone(&thing.route)),
                None => source.thing(want, called, None, Arc::new(source.route(want))),
            };
            Thing { off: is_off(off, subject, name, item), ..thing }
        });
        let (things, hints) = (things.collect::<Vec<_>>(), manifest.hints[subject]);
        (!old.is_still(&things, hints)).then(|| Arc::new(Piece::of(things, hints)))
    }
}

fn is_off(off: &SwitchedOff, subject: Subject, server: &ServerName, item: &Item) -> bool {
    subject == Subject::Tool && off.has(server, &item.name)
}

/// What becomes of names of this kind that cannot be had.
fn rule<'a>(naming: &'a Naming, peers: &'a Peers, subject: Subject) -> Rule<'a> {
    match subject {
        Subject::Tool => Rule::Rename { naming, reserved: Some(STATUS_TOOL) },
        Subject::Prompt => Rule::Rename { naming, reserved: None },
        Subject::Resource | Subject::Template => Rule::TellApart(peers),
    }
}

/// What was made of each item, by its own name.
fn before<'a>(
    was: Option<&'a Manifest>,
    subject: Subject,
    old: &'a Piece,
) -> HashMap<&'a str, (&'a Item, &'a Thing)> {
    let things = old.things().iter().map(|thing| (&*thing.route.own, thing));
    let things: HashMap<&str, &Thing> = things.collect();
    let mut before = HashMap::new();
    for item in was.into_iter().flat_map(|was| &was.items[subject]) {
        if let Some(thing) = things.get(&*item.name) {
            before.entry(&*item.name).or_insert((item, *thing));
        }
    }
    before
}

#[cfg(test)]
mod tests;

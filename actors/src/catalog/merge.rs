//! The merge of what all servers offer, under names that are unique; and the parts of it.

use super::cell::Manifests;
use super::directory::Directory;
use super::extensions::Extensions;
use super::naming::{STATUS_TOOL, alias, with_hash};
use super::route::Route;
use super::section::{Section, Shown, count};
use super::snapshot::Unlisted;
use super::{Entry, Group, Item, Manifest, Naming, NamingStrategy, Snapshot, SwitchedOff, uri};
use crate::bridge::{Era, legacy_client, tasks};
use crate::server::ServerName;
use crate::wire::{PerSubject, Subject};
use bytes::Bytes;
use std::collections::HashSet;

/// Merges what is known of all servers. Order: servers by name, their things as they list them.
pub fn merge(naming: &Naming, entries: &[Entry], known: &Manifests) -> Snapshot {
    Merge::of(naming, entries, known, &SwitchedOff::default()).whole()
}

/// All that is known with the names it has for everybody, before anything is rendered.
pub(super) struct Merge<'a> {
    naming: &'a Naming,
    entries: &'a [Entry],
    known: &'a Manifests,
    directory: Directory,
    wanted: PerSubject<Vec<Wanted<'a>>>,
}

impl<'a> Merge<'a> {
    /// Looks at all servers and finds each thing its name, also those that are switched off: so no name
    /// comes to mean another tool by that.
    pub(super) fn of(
        naming: &'a Naming,
        entries: &'a [Entry],
        known: &'a Manifests,
        off: &SwitchedOff,
    ) -> Self {
        let directory = directory(entries.iter(), known);
        let wanted = PerSubject::of(|subject| {
            let mut wanted = wanted(naming, subject, entries, known, off);
            match subject {
                Subject::Tool => rename(naming, Some(STATUS_TOOL), &mut wanted),
                Subject::Prompt => rename(naming, None, &mut wanted),
                Subject::Resource | Subject::Template => tell_apart(&mut wanted, &directory),
            }
            wanted
        });
        Self { naming, entries, known, directory, wanted }
    }

    /// Everything.
    pub(super) fn whole(self) -> Snapshot {
        let Self { naming, entries, known, directory, mut wanted } = self;
        let unlisted = unlisted(entries.iter(), known, |server| naming.prefixes(server));
        let extensions = Extensions::of(entries.iter(), known);
        snapshot(directory, unlisted, extensions, |subject| std::mem::take(&mut wanted[subject]))
    }

    /// What a group shows, under the names it has for everybody.
    pub(super) fn group(&self, group: &Group) -> Snapshot {
        let members = || self.entries.iter().filter(|one| group.servers.contains(&one.spec.name));
        let unlisted = unlisted(members(), self.known, |server| self.naming.prefixes(server));
        let extensions = Extensions::of(members(), self.known);
        snapshot(directory(members(), self.known), unlisted, extensions, |subject| {
            let shown = |one: &&Wanted<'_>| {
                let hidden =
                    subject == Subject::Tool && !group.admits(one.server(), one.base, &one.name);
                !hidden && group.servers.contains(&one.entry.spec.name)
            };
            self.wanted[subject].iter().filter(shown).cloned().collect()
        })
    }

    /// One server under its own names; what everybody calls its things is understood, too.
    pub(super) fn server(&self, server: &ServerName) -> Snapshot {
        let member = || self.entries.iter().filter(|one| one.spec.name == *server);
        // there is no other server a name could be of
        let unlisted = unlisted(member(), self.known, |_| vec![String::new()]);
        let own = Naming { strategy: NamingStrategy::Flat, ..self.naming.clone() };
        let extensions = Extensions::of(member(), self.known);
        snapshot(directory(member(), self.known), unlisted, extensions, |subject| {
            let of_it = self.wanted[subject].iter().filter(|one| one.entry.spec.name == *server);
            let unprefixed = |one: &Wanted<'a>| {
                let one = one.clone();
                match subject {
                    Subject::Tool | Subject::Prompt => Wanted {
                        name: own.wanted(server.as_str(), one.base),
                        elsewhere: Some(one.name),
                        ..one
                    },
                    Subject::Resource | Subject::Template => {
                        Wanted { name: one.item.name.clone(), shared: false, ..one }
                    }
                }
            };
            let mut wanted = of_it.map(unprefixed).collect::<Vec<_>>();
            if matches!(subject, Subject::Tool | Subject::Prompt) {
                rename(&own, None, &mut wanted);
            }
            wanted
        })
    }
}

fn snapshot<'a>(
    mut directory: Directory,
    unlisted: Vec<Unlisted>,
    extensions: Extensions,
    mut wanted: impl FnMut(Subject) -> Vec<Wanted<'a>>,
) -> Snapshot {
    let sections = PerSubject::of(|subject| {
        let wanted = wanted(subject);
        for one in &wanted {
            if one.shared {
                directory.share(&one.item.name, &one.name);
            }
            if subject == Subject::Template {
                directory.template(one.server(), &one.item.name);
            }
        }
        Section::of(wanted.into_iter().map(Wanted::shown).collect())
    });
    directory.settle();
    Snapshot { sections, directory, unlisted, extensions, unknown: 0 }
}

fn directory<'a>(entries: impl Iterator<Item = &'a Entry>, known: &Manifests) -> Directory {
    let declared =
        |entry: &Entry| known.get(&entry.spec.name).map(|manifest| manifest.capabilities);
    Directory::of(entries.map(|entry| (entry.clone(), declared(entry))).collect())
}

/// The servers of which nothing is known, by how the names of their things will begin.
fn unlisted<'a>(
    entries: impl Iterator<Item = &'a Entry>,
    known: &Manifests,
    prefixes: impl Fn(&str) -> Vec<String>,
) -> Vec<Unlisted> {
    let unlisted = entries.filter(|entry| !known.contains_key(&entry.spec.name));
    unlisted.map(|entry| (prefixes(entry.spec.name.as_str()), entry.address.clone())).collect()
}

#[derive(Clone)]
struct Wanted<'a> {
    subject: Subject,
    entry: &'a Entry,
    manifest: &'a Manifest,
    /// Whether its server runs tools as tasks of the initialize era.
    runs_tasks: bool,
    item: &'a Item,
    /// The own name after an override, before prefix and collisions.
    base: &'a str,
    name: String,
    /// What everybody else calls it, where it is shown under another name.
    elsewhere: Option<String>,
    /// Whether other servers have the same URI.
    shared: bool,
    /// Whether it is switched off.
    off: bool,
}

impl Wanted<'_> {
    fn server(&self) -> &str {
        self.entry.spec.name.as_str()
    }

    fn shown(self) -> Shown {
        let named = matches!(self.subject, Subject::Tool | Subject::Prompt);
        let change =
            self.entry.spec.tools.get(&self.item.name).filter(|_| self.subject == Subject::Tool);
        let description = change.and_then(|change| change.description.as_deref());
        let alias = named.then(|| alias(self.server(), self.base));
        let (text, modern) = self.in_both_eras(self.item.render(&self.name, description));
        let route = self.entry.route(self.manifest.capabilities, &self.item.name);
        let headers = self.item.headers.clone().unwrap_or_default();
        let elsewhere = self.elsewhere.clone().filter(|name| alias.as_ref() != Some(name));
        Shown {
            also: [alias, elsewhere],
            text,
            modern,
            hints: self.manifest.hints[self.subject],
            off: self.off,
            route: Route { headers, ..route },
            name: self.name,
        }
    }

    /// As clients of the initialize era see it, and as those of 2026-07-28 do, if they do.
    fn in_both_eras(&self, text: Bytes) -> (Bytes, Option<Bytes>) {
        match (self.subject, self.manifest.era) {
            (Subject::Tool, Era::Legacy(_)) => {
                let modern = tasks::tool(&text, self.runs_tasks);
                (text, modern)
            }
            (Subject::Tool, Era::Modern) => (legacy_client::tool(&text), Some(text)),
            (Subject::Prompt | Subject::Resource | Subject::Template, _) => {
                (text.clone(), Some(text))
            }
        }
    }
}

/// What each server wants to be shown, before collisions are looked at.
fn wanted<'a>(
    naming: &Naming,
    subject: Subject,
    entries: &'a [Entry],
    known: &'a Manifests,
    off: &SwitchedOff,
) -> Vec<Wanted<'a>> {
    let mut wanted = Vec::new();
    for entry in entries {
        let Some(manifest) = known.get(&entry.spec.name) else { continue };
        let (spec, items) = (&entry.spec, &manifest.items[subject]);
        let runs_tasks = subject == Subject::Tool && manifest.runs_tasks();
        let mut seen = HashSet::with_capacity(items.len());
        for item in items {
            let hidden = subject == Subject::Tool && !spec.expose.admits(&item.name);
            if hidden || !seen.insert(&*item.name) {
                continue; // listed twice: called by its name, it is one thing
            }
            let change = spec.tools.get(&item.name).filter(|_| subject == Subject::Tool);
            let base = change.and_then(|change| change.name.as_deref()).unwrap_or(&item.name);
            let name = match subject {
                Subject::Tool | Subject::Prompt => naming.wanted(spec.name.as_str(), base),
                Subject::Resource | Subject::Template => item.name.clone(),
            };
            wanted.push(Wanted {
                subject,
                entry,
                manifest,
                runs_tasks,
                item,
                base,
                name,
                elsewhere: None,
                shared: false,
                off: subject == Subject::Tool && off.has(&spec.name, &item.name),
            });
        }
    }
    wanted
}

/// Gives each a name of its own. A name that several want goes to none of them, so that it never comes
/// to mean another thing; nor is one that is `reserved` for the gateway's own.
fn rename(naming: &Naming, reserved: Option<&str>, shown: &mut [Wanted<'_>]) {
    let wanted = count(shown.iter().map(|one| &one.name));
    let renamed: Vec<Option<String>> = shown
        .iter()
        .map(|one| {
            let reserved = reserved == Some(one.name.as_str());
            (wanted[&one.name] > 1 || reserved).then(|| naming.renamed(one.server(), one.base))
        })
        .collect();
    let taken = count(renamed.iter().flatten());
    for (one, renamed) in shown.iter_mut().zip(&renamed) {
        let Some(name) = renamed else { continue };
        one.name = if wanted.contains_key(name) || taken[name] > 1 {
            with_hash(name, &[one.server(), &one.item.name])
        } else {
            name.clone()
        };
    }
}

/// Puts the server into the URIs that several servers have, and into those that would be taken for
/// another server's if they were shown as they are.
fn tell_apart(shown: &mut [Wanted<'_>], directory: &Directory) {
    let wanted = count(shown.iter().map(|one| &one.name));
    for one in shown {
        one.shared = wanted[&one.name] > 1;
        if one.shared || directory.names_a_server(&one.name) {
            one.name = uri::of_server(one.server(), &one.item.name);
        }
    }
}

#[cfg(test)]
mod tests;

//! The merge of what all servers offer, under names that are unique.

use super::cell::Manifests;
use super::directory::Directory;
use super::naming::{STATUS_TOOL, alias, with_hash};
use super::route::Route;
use super::section::{Section, Shown, count};
use super::{Entry, Item, Manifest, Naming, Snapshot, extensions, uri};
use crate::bridge::{Era, legacy_client, tasks};
use crate::wire::{PerSubject, Subject};
use bytes::Bytes;
use std::collections::HashSet;

/// Merges what is known of all servers. Order: servers by name, their things as they list them.
pub fn merge(naming: &Naming, entries: &[Entry], known: &Manifests) -> Snapshot {
    let mut unlisted = Vec::new();
    let mut peers = Vec::with_capacity(entries.len());
    for entry in entries {
        let capabilities = known.get(&entry.spec.name).map(|manifest| manifest.capabilities);
        if capabilities.is_none() {
            let prefixes = naming.prefixes(entry.spec.name.as_str());
            unlisted.push((prefixes, entry.address.clone()));
        }
        peers.push((entry.clone(), capabilities));
    }
    let mut directory = Directory::of(peers);
    let sections = PerSubject::of(|subject| {
        let mut wanted = wanted(naming, subject, entries, known);
        match subject {
            Subject::Tool | Subject::Prompt => rename(naming, subject, &mut wanted),
            Subject::Resource | Subject::Template => tell_apart(&mut wanted, &mut directory),
        }
        if subject == Subject::Template {
            for one in &wanted {
                directory.template(one.entry.spec.name.as_str(), &one.item.name);
            }
        }
        Section::of(wanted.into_iter().map(Wanted::shown).collect())
    });
    directory.settle();
    let manifests = entries.iter().filter_map(|entry| known.get(&entry.spec.name));
    let extensions = extensions::union(manifests.filter_map(|manifest| manifest.extensions()));
    Snapshot { sections, directory, unlisted, extensions, unknown: 0 }
}

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
        let (text, modern) = self.in_both_eras(self.item.render(&self.name, description));
        let route = self.entry.route(self.manifest.capabilities, &self.item.name);
        Shown {
            alias: named.then(|| alias(self.server(), self.base)),
            text,
            modern,
            hints: self.manifest.hints[self.subject],
            route: Route { headers: self.item.headers.clone(), ..route },
            name: self.name,
        }
    }

    /// As clients of the initialize era see it, and as those of 2026-07-28 do, if they do.
    fn in_both_eras(&self, text: Bytes) -> (Bytes, Option<Bytes>) {
        match (self.subject, self.manifest.era()) {
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
            wanted.push(Wanted { subject, entry, manifest, runs_tasks, item, base, name });
        }
    }
    wanted
}

/// Gives each a name of its own. A name that several want goes to none of them, so that it never comes
/// to mean another thing.
fn rename(naming: &Naming, subject: Subject, shown: &mut [Wanted<'_>]) {
    let wanted = count(shown.iter().map(|one| &one.name));
    let renamed: Vec<Option<String>> = shown
        .iter()
        .map(|one| {
            let reserved = subject == Subject::Tool && one.name == STATUS_TOOL;
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
fn tell_apart(shown: &mut [Wanted<'_>], directory: &mut Directory) {
    let wanted = count(shown.iter().map(|one| &one.name));
    for one in shown {
        let shared = wanted[&one.name] > 1;
        if shared || directory.names_a_server(&one.name) {
            one.name = uri::of_server(one.server(), &one.item.name);
        }
        if shared {
            directory.share(&one.item.name, &one.name);
        }
    }
}

#[cfg(test)]
mod tests;

//! All views: that of everything, and those of a part that somebody looks through.
//!
//! A part is made when it is asked for, then changed at each publication while somebody holds it; what
//! nobody holds any more is forgotten at the next one. A publication costs what it changes: it looks at
//! the servers that offer something else and at those whose names collide with theirs, not at all of them.
//!
//! *Invariant:* every view shows the same publication, but for the moment of publishing.

use super::directory::Peers;
use super::merge::{Merge, Places};
use super::snapshot::Part;
use super::{
    Entry, Group, Manifests, Naming, NoView, Selector, Snapshot, SnapshotCell, SwitchedOff,
    Switches, View,
};
use crate::mutex::lock;
use crate::server::ServerName;
use crate::wire::Subject;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard};

/// The groups of the configuration, by name.
pub type Groups = BTreeMap<Arc<str>, Arc<Group>>;

/// The views of one gateway; clones are the same.
#[derive(Debug, Clone)]
pub struct Views(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    entries: Arc<Vec<Entry>>,
    groups: Groups,
    switches: Switches,
    whole: View,
    published: Mutex<Published>,
}

/// What was published last, and the parts that show it.
#[derive(Debug)]
struct Published {
    merge: Merge,
    off: Arc<SwitchedOff>,
    unreachable: HashSet<ServerName>,
    parts: HashMap<Selector, Shown>,
}

/// A part somebody looks at.
#[derive(Debug)]
struct Shown {
    view: View,
    /// Its servers, by their places among all; in this order they are in the part.
    members: Vec<usize>,
}

impl Views {
    /// Views of these servers, with nothing to show yet.
    pub fn new(naming: Naming, entries: Arc<Vec<Entry>>, groups: Groups) -> Self {
        Self::switched(naming, entries, groups, Switches::default())
    }

    /// The same without the tools that are switched off.
    pub fn switched(
        naming: Naming,
        entries: Arc<Vec<Entry>>,
        groups: Groups,
        switches: Switches,
    ) -> Self {
        let merge = Merge::of(naming, Arc::clone(&entries));
        let mut snapshot = merge.nothing();
        snapshot.unknown = entries.len();
        let whole = View::new(Selector::All, None, SnapshotCell::new(snapshot));
        let published = Mutex::new(Published {
            merge,
            off: Arc::default(),
            unreachable: HashSet::new(),
            parts: HashMap::new(),
        });
        Self(Arc::new(Inner { entries, groups, switches, whole, published }))
    }

    /// The view of everything.
    pub fn whole(&self) -> &View {
        &self.0.whole
    }

    /// The view of what is selected. Merges it when nobody looks through it yet.
    pub fn open(&self, selector: &Selector) -> Result<View, NoView> {
        let Inner { entries, groups, whole, .. } = &*self.0;
        let group = match selector {
            Selector::All => return Ok(whole.clone()),
            Selector::Server(name) if entries.iter().any(|entry| entry.spec.name == *name) => None,
            Selector::Server(name) => {
                let there = entries.iter().map(|entry| entry.spec.name.as_str());
                return Err(NoView::new("server", name.as_str(), there));
            }
            Selector::Group(name) => {
                let unknown = || NoView::new("group", name, groups.keys().map(|name| &**name));
                Some(Arc::clone(groups.get(name).ok_or_else(unknown)?))
            }
        };
        let mut published = self.published();
        if let Some(shown) = published.parts.get(selector) {
            return Ok(shown.view.clone());
        }
        let shown = published.open(selector, group);
        let view = shown.view.clone();
        published.parts.insert(selector.clone(), shown);
        Ok(view)
    }

    /// Publishes what is known of all servers; returns the views that show other lists now, and which.
    pub fn publish(
        &self,
        known: &Manifests,
        unreachable: &HashSet<ServerName>,
    ) -> Vec<(View, Vec<Subject>)> {
        let news = self.published().merge.differing(known);
        self.publish_of(news, known, unreachable)
    }

    /// The same where something new is known of these servers alone.
    pub fn publish_news(
        &self,
        news: &HashSet<ServerName>,
        known: &Manifests,
        unreachable: &HashSet<ServerName>,
    ) -> Vec<(View, Vec<Subject>)> {
        let published = self.published();
        let places = news.iter().filter_map(|server| published.merge.peers().place(server));
        let news = places.collect();
        drop(published);
        self.publish_of(news, known, unreachable)
    }

    fn publish_of(
        &self,
        mut news: Places,
        known: &Manifests,
        unreachable: &HashSet<ServerName>,
    ) -> Vec<(View, Vec<Subject>)> {
        let Inner { switches, whole, .. } = &*self.0;
        let mut published = self.published();
        let Published { merge, off, unreachable: gone, parts } = &mut *published;
        let now_off = switches.off();
        news.extend(off.differing(&now_off).filter_map(|server| merge.peers().place(server)));
        *off = now_off;
        gone.clone_from(unreachable);
        parts.retain(|_, shown| shown.view.is_held());
        let changed = merge.renew(&news, known, off);
        let mut renewed: Vec<_> = parts
            .values()
            .map(|shown| {
                (shown.view.clone(), renew(&shown.view, shown.next(merge, &changed), gone))
            })
            .collect();
        let next = merge.whole(&whole.snapshot().load(), &changed);
        renewed.push((whole.clone(), renew(whole, next, gone)));
        renewed.retain(|(_, subjects)| !subjects.is_empty());
        renewed
    }

    fn published(&self) -> MutexGuard<'_, Published> {
        lock(&self.0.published)
    }
}

impl Published {
    /// A part of what was published last.
    fn open(&self, selector: &Selector, group: Option<Arc<Group>>) -> Shown {
        let all = self.merge.peers().entries();
        let is_member = |entry: &Entry| match (selector, &group) {
            (Selector::Server(name), _) => entry.spec.name == *name,
            (_, Some(group)) => group.servers.contains(&entry.spec.name),
            (_, None) => false,
        };
        let members: Vec<_> = (0..all.len()).filter(|at| is_member(&all[*at])).collect();
        let entries = members.iter().map(|at| all[*at].clone()).collect();
        let nothing =
            Snapshot::of(Arc::new(Peers::of(Arc::new(entries), |server| match selector {
                // there is no other server a name could be of
                Selector::Server(_) => vec![String::new()],
                Selector::All | Selector::Group(_) => self.merge.prefixes(server),
            })));
        let changed = members.iter().copied().collect();
        let view = View::new(selector.clone(), group, SnapshotCell::new(nothing));
        let shown = Shown { view, members };
        let mut next = shown.next(&self.merge, &changed);
        next.expect(&self.unreachable);
        shown.view.snapshot().publish(next);
        shown
    }
}

impl Shown {
    /// What it shows once these servers have changed.
    fn next(&self, merge: &Merge, changed: &Places) -> Snapshot {
        let group = self.view.group();
        let part = |at| match (self.view.selector(), group) {
            (Selector::Group(_), Some(group)) => merge.of_group(at, group),
            _ => merge.alone(at),
        };
        let mine =
            changed.iter().filter_map(|at| Some((self.members.binary_search(at).ok()?, *at)));
        let news: Vec<(usize, Part)> = mine.map(|(place, at)| (place, part(at))).collect();
        // one server has no URI twice
        self.view.snapshot().load().renewed(&news, group.map(|_| merge.uris()))
    }
}

/// Has a view show this; returns the lists that are other ones.
fn renew(view: &View, mut next: Snapshot, unreachable: &HashSet<ServerName>) -> Vec<Subject> {
    next.expect(unreachable);
    let changed = next.changed_since(&view.snapshot().load()).collect();
    view.snapshot().publish(next);
    changed
}

#[cfg(test)]
mod tests;

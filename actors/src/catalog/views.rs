//! All views: that of everything, and those of a part that somebody looks through.
//!
//! A part is merged when it is asked for, then again at each publication while somebody holds it; what
//! nobody holds any more is forgotten at the next one. So a gateway nobody selects from merges once.
//!
//! *Invariant:* every view shows the same publication, but for the moment of publishing.

use super::merge::Merge;
use super::{
    Entry, Group, Manifests, Naming, NoView, Selector, Snapshot, SnapshotCell, Switches, View,
};
use crate::server::ServerName;
use crate::wire::Subject;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

/// The groups of the configuration, by name.
pub type Groups = BTreeMap<Arc<str>, Arc<Group>>;

/// The views of one gateway; clones are the same.
#[derive(Debug, Clone)]
pub struct Views(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    naming: Naming,
    entries: Arc<Vec<Entry>>,
    groups: Groups,
    switches: Switches,
    whole: View,
    published: Mutex<Published>,
}

/// What was published last, and the parts that show it.
#[derive(Debug, Default)]
struct Published {
    known: Arc<Manifests>,
    unreachable: HashSet<ServerName>,
    parts: HashMap<Selector, View>,
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
        let snapshot = SnapshotCell::new(entries.len());
        let whole = View::new(Selector::All, None, snapshot);
        Self(Arc::new(Inner {
            naming,
            entries,
            groups,
            switches,
            whole,
            published: Mutex::default(),
        }))
    }

    /// The view of everything.
    pub fn whole(&self) -> &View {
        &self.0.whole
    }

    /// The view of what is selected. Merges it when nobody looks through it yet.
    pub fn open(&self, selector: &Selector) -> Result<View, NoView> {
        let Inner { naming, entries, groups, switches, whole, .. } = &*self.0;
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
        if let Some(view) = published.parts.get(selector) {
            return Ok(view.clone());
        }
        let view = View::new(selector.clone(), group, SnapshotCell::new(0));
        let known = Arc::clone(&published.known);
        let merge = Merge::of(naming, entries, &known, &switches.off());
        view.snapshot().publish(part(&merge, &view, &published.unreachable));
        published.parts.insert(selector.clone(), view.clone());
        Ok(view)
    }

    /// Publishes the merge of what is known; returns the views that show other lists now, and which.
    pub(super) fn publish(
        &self,
        known: &Arc<Manifests>,
        unreachable: &HashSet<ServerName>,
    ) -> Vec<(View, Vec<Subject>)> {
        let Inner { naming, entries, switches, whole, .. } = &*self.0;
        let mut published = self.published();
        published.known = Arc::clone(known);
        published.unreachable.clone_from(unreachable);
        published.parts.retain(|_, view| view.is_held());
        let merge = Merge::of(naming, entries, known, &switches.off());
        let mut changed: Vec<_> = published
            .parts
            .values()
            .map(|view| (view.clone(), renew(view, part(&merge, view, unreachable))))
            .collect();
        let mut next = merge.whole();
        next.expect(unreachable);
        changed.push((whole.clone(), renew(whole, next)));
        changed.retain(|(_, subjects)| !subjects.is_empty());
        changed
    }

    fn published(&self) -> MutexGuard<'_, Published> {
        self.0.published.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

fn part(merge: &Merge<'_>, view: &View, unreachable: &HashSet<ServerName>) -> Snapshot {
    let mut part = match (view.selector(), view.group()) {
        (Selector::Server(name), _) => merge.server(name),
        (_, Some(group)) => merge.group(group),
        (_, None) => Snapshot::default(),
    };
    part.expect(unreachable);
    part
}

fn renew(view: &View, next: Snapshot) -> Vec<Subject> {
    let changed = next.changed_since(&view.snapshot().load()).collect();
    view.snapshot().publish(next);
    changed
}

#[cfg(test)]
mod tests;

//! One server's things of one kind on their way into a list: as the server wrote them, with what the
//! configuration changes.

use super::claims::Want;
use super::naming::alias;
use super::piece::{Modern, Thing};
use super::route::Route;
use super::{Entry, Item, Manifest};
use crate::bridge::{Era, legacy_client, tasks};
use crate::wire::Subject;
use std::collections::HashSet;
use std::sync::Arc;

/// What a server lists of one kind.
#[derive(Debug, Clone, Copy)]
pub(super) struct Source<'a> {
    subject: Subject,
    entry: &'a Entry,
    manifest: &'a Manifest,
    /// Whether its server runs tools as tasks of the initialize era.
    runs_tasks: bool,
}

impl<'a> Source<'a> {
    /// What this server lists of this kind.
    pub(super) fn of(subject: Subject, entry: &'a Entry, manifest: &'a Manifest) -> Self {
        let runs_tasks = subject == Subject::Tool && manifest.runs_tasks();
        Self { subject, entry, manifest, runs_tasks }
    }

    /// What its things want to be called, in its order, where `named` makes a name of its own one.
    pub(super) fn wants(&self, named: impl Fn(&str) -> Arc<str>) -> Vec<Want> {
        let items = &self.manifest.items[self.subject];
        let mut seen = HashSet::with_capacity(items.len());
        let mut wants = Vec::with_capacity(items.len());
        for (at, item) in items.iter().enumerate() {
            let is_tool = self.subject == Subject::Tool;
            let hidden = is_tool && !self.entry.spec.expose.admits(&item.name);
            if hidden || !seen.insert(&*item.name) {
                continue; // listed twice: called by its name, it is one thing
            }
            let change = self.entry.spec.tools.get(&item.name).filter(|_| is_tool);
            let base = change.and_then(|change| change.name.as_deref()).unwrap_or(&item.name);
            wants.push(Want { item: at, base: base.into(), name: named(base) });
        }
        wants
    }

    /// The item behind a thing.
    pub(super) fn item(&self, want: &Want) -> &'a Item {
        &self.manifest.items[self.subject][want.item]
    }

    /// The way to a thing.
    pub(super) fn route(&self, want: &Want) -> Route {
        let item = self.item(want);
        let headers = item.headers.clone().unwrap_or_default();
        Route { headers, ..self.entry.route(self.manifest.capabilities, &item.name) }
    }

    /// A thing under the name it got; `elsewhere` is what everybody else calls it, where it is shown under
    /// another one.
    pub(super) fn thing(
        &self,
        want: &Want,
        name: Arc<str>,
        elsewhere: Option<Arc<str>>,
        route: Arc<Route>,
    ) -> Thing {
        let (spec, item) = (&self.entry.spec, self.item(want));
        let named = matches!(self.subject, Subject::Tool | Subject::Prompt);
        let alias = named.then(|| alias(spec.name.as_str(), &want.base).into());
        let elsewhere = elsewhere.filter(|name| alias.as_ref() != Some(name));
        let change = spec.tools.get(&item.name).filter(|_| self.subject == Subject::Tool);
        let description = change.and_then(|change| change.description.as_deref());
        let text = item.render(&name, description);
        // as clients of the initialize era see it, and as those of 2026-07-28 do, if they do
        let (text, modern) = match (self.subject, self.manifest.era) {
            (Subject::Tool, Era::Legacy(_)) => {
                let modern = tasks::tool(&text, self.runs_tasks);
                (text, modern)
            }
            (Subject::Tool, Era::Modern) => (legacy_client::tool(&text), Some(text)),
            (Subject::Prompt | Subject::Resource | Subject::Template, _) => {
                (text.clone(), Some(text))
            }
        };
        let modern = match modern {
            None => Modern::Hidden,
            Some(modern) if modern.as_ptr() == text.as_ptr() || modern == text => Modern::Alike,
            Some(modern) => Modern::Otherwise(modern),
        };
        Thing { name, also: [alias, elsewhere], text, modern, off: false, route }
    }
}

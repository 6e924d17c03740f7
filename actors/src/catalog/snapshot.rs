//! The merged view: one list to show, one table to route by. A value; readers share it.

use super::Naming;
use super::cell::Manifests;
use super::naming::{STATUS_TOOL, alias, with_hash};
use crate::otp::Address;
use crate::server::{self, ServerName, ServerSpec};
use bytes::{Bytes, BytesMut};
use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::sync::Arc;

/// Where a tool is called.
#[derive(Debug)]
pub struct Route {
    /// Its server.
    pub server: ServerName,
    /// The server's actor.
    pub address: Address<server::Message>,
    /// The tool's own name there, as JSON text.
    pub tool: Bytes,
}

/// One configured server and what is known of it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its configuration.
    pub spec: Arc<ServerSpec>,
    /// Its actor.
    pub address: Address<server::Message>,
}

/// What clients see at one moment.
#[derive(Debug, Default)]
pub struct Snapshot {
    listing: Bytes,
    tools: Vec<(Arc<str>, Range<usize>)>,
    routes: HashMap<Arc<str>, Arc<Route>>,
    aliases: HashMap<String, Arc<Route>>,
    /// Servers of which nothing is known yet, by how the names of their tools will begin.
    unlisted: Vec<(Vec<String>, Address<server::Message>)>,
    /// Servers that should be listed and of which nothing is known yet.
    pub unknown: usize,
}

/// One page of `tools/list`.
#[derive(Debug, PartialEq, Eq)]
pub struct Page {
    /// The tools' JSON texts, separated by commas.
    pub tools: Bytes,
    /// Where the next page starts.
    pub next: Option<Arc<str>>,
}

impl Snapshot {
    /// Where the tool called `name` is; also under its `server__tool` alias.
    pub fn route(&self, name: &str) -> Option<&Arc<Route>> {
        self.routes.get(name).or_else(|| self.aliases.get(name))
    }

    /// The server whose tool `name` must be, when nothing is known of that server yet.
    pub fn unlisted(&self, name: &str) -> Option<&Address<server::Message>> {
        let begins = |prefixes: &[String]| prefixes.iter().any(|prefix| name.starts_with(prefix));
        self.unlisted.iter().find(|(prefixes, _)| begins(prefixes)).map(|(_, address)| address)
    }

    /// The tools of one server, as they are shown.
    pub fn tools_of(&self, server: &ServerName) -> impl Iterator<Item = &str> {
        let of = |name: &str| self.routes.get(name).is_some_and(|route| route.server == *server);
        self.tools.iter().map(|(name, _)| &**name).filter(move |name| of(name))
    }

    /// How many tools are shown.
    pub fn len(&self) -> usize {
        self.tools.len()
    }

    /// Whether no tool is shown.
    pub fn is_empty(&self) -> bool {
        self.tools.is_empty()
    }

    /// Up to `size` tools after the tool named `after`; `None` when there is no such tool (any more).
    pub fn page(&self, after: Option<&str>, size: usize) -> Option<Page> {
        let start = match after {
            None => 0,
            Some(name) => self.tools.iter().position(|(shown, _)| &**shown == name)? + 1,
        };
        let end = self.tools.len().min(start.saturating_add(size));
        let tools = match self.tools.get(start..end) {
            Some([first, .., last]) => self.listing.slice(first.1.start..last.1.end),
            Some([only]) => self.listing.slice(only.1.clone()),
            _ => Bytes::new(),
        };
        let next = (end < self.tools.len()).then(|| Arc::clone(&self.tools[end - 1].0));
        Some(Page { tools, next })
    }

    /// Whether clients that read `other` need not read again.
    pub fn shows_the_same(&self, other: &Self) -> bool {
        self.listing == other.listing
    }

    /// The names most like `name`, whatever their case, best first, at most three.
    pub fn near(&self, name: &str) -> Vec<String> {
        let name = name.to_lowercase();
        let mut scored: Vec<(f64, &str)> = self
            .tools
            .iter()
            .map(|(shown, _)| {
                let lower = shown.to_lowercase();
                let bare = lower.rsplit(['.', '/']).next().unwrap_or(&lower);
                let alike = |other| strsim::jaro_winkler(&name, other);
                (alike(&lower).max(alike(bare)), &**shown)
            })
            .filter(|(score, _)| *score > 0.8)
            .collect();
        scored.sort_by(|a, b| b.0.total_cmp(&a.0).then(a.1.cmp(b.1)));
        scored.into_iter().take(3).map(|(_, shown)| shown.to_owned()).collect()
    }
}

/// Merges what is known of all servers. Order: servers by name, tools as their server lists them.
pub fn merge(naming: &Naming, entries: &[Entry], known: &Manifests) -> Snapshot {
    let (mut shown, mut unlisted) = (Vec::<Shown<'_>>::new(), Vec::new());
    for entry in entries {
        let Some(manifest) = known.get(&entry.spec.name) else {
            let prefixes = naming.prefixes(entry.spec.name.as_str());
            unlisted.push((prefixes, entry.address.clone()));
            continue;
        };
        let mut seen = HashSet::with_capacity(manifest.tools.len());
        for tool in manifest.tools.iter().filter(|tool| entry.spec.expose.admits(&tool.name)) {
            if !seen.insert(&*tool.name) {
                continue; // listed twice: called by its name, it is one tool
            }
            let change = entry.spec.tools.get(&tool.name);
            let base = change.and_then(|change| change.name.as_deref()).unwrap_or(&tool.name);
            let name = naming.wanted(entry.spec.name.as_str(), base);
            shown.push(Shown { entry, tool, base, name });
        }
    }
    resolve_collisions(naming, &mut shown);

    let routes = HashMap::with_capacity(shown.len());
    let mut snapshot = Snapshot { routes, unlisted, ..Snapshot::default() };
    let mut listing = BytesMut::with_capacity(shown.len() * 256);
    let mut aliases = Vec::with_capacity(shown.len());
    for Shown { entry, tool, base, name } in shown {
        let name: Arc<str> = name.into();
        let change = entry.spec.tools.get(&tool.name);
        if !listing.is_empty() {
            listing.extend_from_slice(b",");
        }
        let start = listing.len();
        let description = change.and_then(|change| change.description.as_deref());
        listing.extend_from_slice(&tool.render(&name, description));
        let route = Arc::new(Route {
            server: entry.spec.name.clone(),
            address: entry.address.clone(),
            tool: crate::wire::string(&tool.name).into(),
        });
        aliases.push((alias(entry.spec.name.as_str(), base), Arc::clone(&route)));
        snapshot.routes.insert(Arc::clone(&name), route);
        snapshot.tools.push((name, start..listing.len()));
    }
    snapshot.listing = listing.freeze();
    let meanings = count(aliases.iter().map(|(alias, _)| alias));
    aliases.retain(|(alias, _)| meanings[alias] == 1);
    snapshot.aliases = aliases.into_iter().collect();
    snapshot
}

struct Shown<'a> {
    entry: &'a Entry,
    tool: &'a super::Tool,
    /// The tool's name after an override, before prefix and collisions.
    base: &'a str,
    name: String,
}

/// Gives each tool a name of its own. A name that several tools want goes to none of them, so that it
/// never comes to mean another tool.
fn resolve_collisions(naming: &Naming, shown: &mut [Shown<'_>]) {
    let wanted = count(shown.iter().map(|tool| &tool.name));
    let renamed: Vec<Option<String>> = shown
        .iter()
        .map(|tool| {
            let collides = wanted[&tool.name] > 1 || tool.name == STATUS_TOOL;
            collides.then(|| naming.renamed(tool.entry.spec.name.as_str(), tool.base))
        })
        .collect();
    let taken = count(renamed.iter().flatten());
    for (tool, renamed) in shown.iter_mut().zip(&renamed) {
        let Some(name) = renamed else { continue };
        tool.name = if wanted.contains_key(name) || taken[name] > 1 {
            with_hash(name, &[tool.entry.spec.name.as_str(), &tool.tool.name])
        } else {
            name.clone()
        };
    }
}

fn count<'a>(names: impl Iterator<Item = &'a String>) -> HashMap<String, usize> {
    let mut counts = HashMap::new();
    for name in names {
        *counts.entry(name.clone()).or_default() += 1;
    }
    counts
}

#[cfg(test)]
mod tests;

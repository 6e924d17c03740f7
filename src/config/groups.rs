//! The checks of `groups` and `tags`: known servers, known tags, and which servers that makes.
//!
//! *Invariant:* a group of a configuration without faults names its servers one by one.

use super::file;
use super::policy::globs;
use super::settings::{Server, patterns};
use super::shape::nearest;
use super::tree::Value;
use super::validate::Judge;
use globset::Glob;
use mcpvisor_actors::server::Expose;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A part of the servers.
#[derive(Clone, Default)]
pub struct Group {
    /// Its servers, disabled ones included.
    pub servers: BTreeSet<String>,
    /// Which of their tools are shown: globs over `server.tool`.
    pub tools: Expose,
    /// What it is for.
    pub description: Option<String>,
}

impl fmt::Debug for Group {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Group")
            .field("servers", &self.servers)
            .field("tools", &patterns(&self.tools))
            .field("description", &self.description)
            .finish()
    }
}

/// The tags of the servers as written, by server.
pub(super) type Tags = BTreeMap<String, Vec<String>>;

/// Judges the tags of one server.
pub(super) fn tags(name: &str, tags: &[String], judge: &mut Judge<'_>) {
    for (at, tag) in tags.iter().enumerate() {
        let path = ["servers", name, "tags", &at.to_string()];
        if !is_name(tag) {
            let message = format!("{} is no tag", judge.shown(&path, tag));
            judge.fault(&path, message, "use 1 to 64 of A-Z a-z 0-9 _ -");
        }
    }
}

/// Judges all groups.
pub(super) fn all(
    groups: BTreeMap<String, file::Group>,
    tags: &Tags,
    servers: &BTreeMap<String, Server>,
    judge: &mut Judge<'_>,
) -> BTreeMap<String, Group> {
    let groups = groups.into_iter().map(|(name, entry)| {
        let group = one(&name, entry, tags, servers, judge);
        (name, group)
    });
    groups.collect()
}

fn one(
    name: &str,
    entry: file::Group,
    tags: &Tags,
    servers: &BTreeMap<String, Server>,
    judge: &mut Judge<'_>,
) -> Group {
    let path = ["groups", name];
    if !is_name(name) {
        let message = format!("`{name}` is no name of a group");
        judge.fault(&path, message, "use 1 to 64 of A-Z a-z 0-9 _ -");
    }
    // as written: a server with faults of its own is there all the same
    let written: Vec<String> = match judge.tree.get("servers").map(|node| &node.value) {
        Some(Value::Table(entries)) => entries.iter().map(|(name, _)| name.clone()).collect(),
        _ => Vec::new(),
    };
    let mut members = named(name, &entry.servers, &written, judge);
    members.extend(tagged(name, &entry.tags, tags, judge));
    if entry.servers.is_empty() && entry.tags.is_empty() {
        members.extend(written);
    } else if !members.is_empty()
        && members.iter().all(|name| servers.get(name).is_some_and(|server| !server.enabled))
    {
        let message = "all its servers are disabled, so it shows nothing";
        judge.note(&path, message, "enable one of them or remove the group");
    }
    let below = |key| ["groups", name, "tools", key];
    let tools = Expose {
        allow: globs(&entry.tools.allow, &below("allow"), judge),
        deny: globs(&entry.tools.deny, &below("deny"), judge),
    };
    Group { servers: members, tools, description: entry.description }
}

/// The servers that names and patterns mean.
fn named(
    group: &str,
    patterns: &[String],
    written: &[String],
    judge: &mut Judge<'_>,
) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    for (at, pattern) in patterns.iter().enumerate() {
        let path = ["groups", group, "servers", &at.to_string()];
        let remedy = "name a server of this file, or write a pattern such as `db-*`";
        let glob = match Glob::new(pattern) {
            Ok(glob) => glob.compile_matcher(),
            Err(error) => {
                judge.fault(&path, format!("is no pattern ({})", error.kind()), remedy);
                continue;
            }
        };
        let before = members.len();
        let meant: Vec<&String> = written.iter().filter(|name| glob.is_match(name)).collect();
        if meant.is_empty() {
            let message = format!("{} is no server", judge.shown(&path, pattern));
            let names: Vec<&str> = written.iter().map(String::as_str).collect();
            judge.fault(&path, message, meant_instead(&path, pattern, &names, remedy, judge));
            continue;
        }
        members.extend(meant.into_iter().cloned());
        if members.len() == before {
            let message = format!("{} adds no server", judge.shown(&path, pattern));
            judge.note(&path, message, "remove it");
        }
    }
    members
}

/// The servers with one of these tags.
fn tagged(group: &str, wanted: &[String], tags: &Tags, judge: &mut Judge<'_>) -> BTreeSet<String> {
    let mut members = BTreeSet::new();
    for (at, tag) in wanted.iter().enumerate() {
        let path = ["groups", group, "tags", &at.to_string()];
        let having = tags.iter().filter(|(_, tags)| tags.contains(tag)).map(|(name, _)| name);
        let having: Vec<String> = having.cloned().collect();
        if having.is_empty() {
            let message = format!("no server has the tag {}", judge.shown(&path, tag));
            let there: Vec<&str> = tags.values().flatten().map(String::as_str).collect();
            let remedy = "write it to `tags` of a server, or remove it here";
            judge.fault(&path, message, meant_instead(&path, tag, &there, remedy, judge));
        }
        members.extend(having);
    }
    members
}

fn meant_instead(
    path: &[&str],
    written: &str,
    there: &[&str],
    otherwise: &str,
    judge: &Judge<'_>,
) -> String {
    let near = nearest(written, there).filter(|_| !judge.tree.nearest(path).loose);
    near.map_or_else(|| otherwise.to_owned(), |name| format!("did you mean `{name}`?"))
}

fn is_name(text: &str) -> bool {
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    (1..=64).contains(&text.len()) && text.chars().all(fits)
}

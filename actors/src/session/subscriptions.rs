//! Who is told when which resource changes: the subscriptions of all sessions, by server.
//!
//! Sessions enter and leave here; a connection asks its server for what is wanted of it. So a server is
//! asked once for a resource, however many sessions watch it, and asked again by each new connection.

use crate::mutex::lock;
use crate::server::ServerName;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::sync::watch;

/// A session's id, and the URI as that session calls it.
type Watcher = (Arc<str>, String);

/// All subscriptions.
#[derive(Debug, Clone, Default)]
pub struct Subscriptions(Arc<Mutex<HashMap<ServerName, Wanted>>>);

/// What is wanted of one server.
#[derive(Debug, Default)]
struct Wanted {
    /// Who watches, by the server's own URI.
    uris: BTreeMap<String, BTreeSet<Watcher>>,
    changed: watch::Sender<()>,
}

impl Wanted {
    /// Takes out the watchers that are `gone`; tells when a URI has none any more.
    fn drop_watchers(&mut self, gone: impl Fn(&Watcher) -> bool) {
        let before = self.uris.len();
        self.uris.retain(|_, watchers| {
            watchers.retain(|watcher| !gone(watcher));
            !watchers.is_empty()
        });
        if self.uris.len() != before {
            self.changed.send_replace(());
        }
    }
}

impl Subscriptions {
    /// Fires when another set of resources of this server is wanted.
    pub(crate) fn changes(&self, server: &ServerName) -> watch::Receiver<()> {
        self.all().entry(server.clone()).or_default().changed.subscribe()
    }

    /// The server's resources that somebody watches.
    pub(crate) fn wanted(&self, server: &ServerName) -> BTreeSet<String> {
        self.all()
            .get(server)
            .map(|wanted| wanted.uris.keys().cloned().collect())
            .unwrap_or_default()
    }

    /// Who is to be told that `updated` of this server changed, and under which URI: whoever watches it
    /// or what it is a part of.
    ///
    /// Source: MCP 2025-11-25 schema, `ResourceUpdatedNotification`: "this might be a sub-resource of
    /// the one that the client actually subscribed to".
    pub(crate) fn watchers(&self, server: &ServerName, updated: &str) -> BTreeSet<Watcher> {
        let all = self.all();
        let Some(wanted) = all.get(server) else { return BTreeSet::new() };
        let concerned = wanted.uris.iter().filter(|(uri, _)| is_part(updated, uri));
        let told = concerned.flat_map(|(uri, watchers)| {
            watchers.iter().map(move |(session, asked)| {
                let named = asked.strip_suffix(uri.as_str()).unwrap_or_default();
                (Arc::clone(session), format!("{named}{updated}"))
            })
        });
        told.collect()
    }

    /// What each session watches, as it calls it.
    pub(super) fn by_session(&self) -> HashMap<Arc<str>, BTreeSet<String>> {
        let mut watched: HashMap<Arc<str>, BTreeSet<String>> = HashMap::new();
        for (session, asked) in self.all().values().flat_map(|it| it.uris.values()).flatten() {
            watched.entry(Arc::clone(session)).or_default().insert(asked.clone());
        }
        watched
    }

    pub(super) fn enter(&self, server: &ServerName, uri: &str, session: &Arc<str>, asked: &str) {
        let mut all = self.all();
        let wanted = all.entry(server.clone()).or_default();
        let watchers = wanted.uris.entry(uri.to_owned()).or_default();
        let first = watchers.is_empty();
        watchers.insert((Arc::clone(session), asked.to_owned()));
        if first {
            wanted.changed.send_replace(());
        }
    }

    pub(super) fn remove(&self, session: &str, asked: &str) {
        for wanted in self.all().values_mut() {
            wanted.drop_watchers(|(id, uri)| **id == *session && uri == asked);
        }
    }

    pub(super) fn leave(&self, session: &str) {
        for wanted in self.all().values_mut() {
            wanted.drop_watchers(|(id, _)| **id == *session);
        }
    }

    fn all(&self) -> MutexGuard<'_, HashMap<ServerName, Wanted>> {
        lock(&self.0)
    }
}

/// Whether `uri` is `whole`, or below it.
fn is_part(uri: &str, whole: &str) -> bool {
    uri.strip_prefix(whole).is_some_and(|rest| {
        rest.is_empty() || whole.ends_with('/') || rest.starts_with(['/', '?', '#'])
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn told(all: &Subscriptions, server: &ServerName, updated: &str) -> Vec<(String, String)> {
        let watchers = all.watchers(server, updated).into_iter();
        watchers.map(|(session, uri)| (session.to_string(), uri)).collect()
    }

    #[test]
    fn a_resource_is_wanted_from_its_first_watcher_to_its_last() {
        let (all, server) = (Subscriptions::default(), ServerName::new("s"));
        let mut changes = all.changes(&server);
        let (a, b): (Arc<str>, Arc<str>) = ("a".into(), "b".into());
        let mut changed = || {
            let changed = changes.has_changed().expect("it lives");
            changes.mark_unchanged();
            changed
        };
        for (step, fires, wanted) in [
            (0, true, &["x:1"][..]),
            (1, false, &["x:1"]),
            (2, false, &["x:1"]),
            (3, true, &["x:1", "x:2"]),
            (4, false, &["x:1", "x:2"]),
            (5, true, &[]),
        ] {
            match step {
                0 | 1 => all.enter(&server, "x:1", &a, "x:1"), // the same twice counts once
                2 => all.enter(&server, "x:1", &b, "m+s:x:1"),
                3 => all.enter(&server, "x:2", &b, "x:2"),
                4 => all.remove("a", "x:1"),
                _ => all.leave("b"),
            }
            let now: Vec<String> = all.wanted(&server).into_iter().collect();
            assert_eq!((changed(), now), (fires, wanted.iter().map(|&u| u.to_owned()).collect()));
        }
        assert!(all.wanted(&ServerName::new("other")).is_empty());
    }

    #[test]
    fn everybody_is_told_under_the_uri_they_watch_and_of_what_is_below_it() {
        let (all, server) = (Subscriptions::default(), ServerName::new("s"));
        all.enter(&server, "x://a", &"one".into(), "x://a");
        all.enter(&server, "x://a", &"two".into(), "m+s:x://a");
        all.enter(&server, "x://a/", &"three".into(), "x://a/");
        let own = |session: &str, uri: &str| (session.to_owned(), uri.to_owned());
        assert_eq!(told(&all, &server, "x://a"), [own("one", "x://a"), own("two", "m+s:x://a")]);
        assert_eq!(
            told(&all, &server, "x://a/b"),
            [own("one", "x://a/b"), own("three", "x://a/b"), own("two", "m+s:x://a/b")]
        );
        assert_eq!(told(&all, &server, "x://ab"), []);
        assert_eq!(told(&all, &ServerName::new("t"), "x://a"), []);
    }
}

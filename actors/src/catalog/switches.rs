//! The tools an operator switched off: in no list, and refused whoever calls them.
//!
//! A tool is meant by its server and the name it has there, so that it stays off whatever it is shown as,
//! and may be switched off before its server has told it.
//!
//! *Invariant:* what is off is kept outside every actor, and read without waiting by whoever passes a call
//! on.

use crate::mutex::lock;
use crate::server::ServerName;
use arc_swap::ArcSwap;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Arc, Mutex};

/// The tools that are off, by server and own name.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct SwitchedOff(BTreeMap<ServerName, BTreeSet<Box<str>>>);

impl SwitchedOff {
    /// Whether the tool `own` of a server is off.
    pub fn has(&self, server: &ServerName, own: &str) -> bool {
        self.0.get(server).is_some_and(|tools| tools.contains(own))
    }

    /// All of them, in the order of their names.
    pub fn all(&self) -> impl Iterator<Item = (&ServerName, &str)> {
        self.0.iter().flat_map(|(server, tools)| tools.iter().map(move |own| (server, &**own)))
    }

    /// The servers of which other tools are off in `other`.
    pub(super) fn differing<'a>(&'a self, other: &'a Self) -> impl Iterator<Item = &'a ServerName> {
        let both = self.0.keys().chain(other.0.keys());
        both.filter(|server| self.0.get(server) != other.0.get(server))
    }

    /// The same with a tool on or off.
    fn with(&self, server: &ServerName, own: &str, on: bool) -> Self {
        let mut next = self.clone();
        let tools = next.0.entry(server.clone()).or_default();
        if on {
            tools.remove(own);
        } else {
            tools.insert(own.into());
        }
        next.0.retain(|_, tools| !tools.is_empty());
        next
    }
}

impl<'a> FromIterator<(&'a str, &'a str)> for SwitchedOff {
    fn from_iter<I: IntoIterator<Item = (&'a str, &'a str)>>(tools: I) -> Self {
        let mut off = Self::default();
        for (server, own) in tools {
            off.0.entry(ServerName::new(server)).or_default().insert(own.into());
        }
        off
    }
}

/// Remembers from run to run what is off. Both functions may block; losing what was saved is allowed.
pub trait SwitchStore: Send + Sync + 'static {
    /// What was saved last.
    fn load(&self) -> SwitchedOff;

    /// Saves it; whether it is remembered now.
    fn save(&self, off: &SwitchedOff) -> bool;
}

/// The switches of one gateway; clones are the same.
#[derive(Clone)]
pub struct Switches(Arc<Inner>);

struct Inner {
    off: ArcSwap<SwitchedOff>,
    store: Arc<dyn SwitchStore>,
    /// Held while the store is written, so that what is there last was off last.
    saving: Mutex<()>,
}

impl Switches {
    /// Switches as they were left. Blocking.
    pub fn of(store: Arc<dyn SwitchStore>) -> Self {
        let off = ArcSwap::from_pointee(store.load());
        Self(Arc::new(Inner { off, store, saving: Mutex::default() }))
    }

    /// What is off at this moment.
    pub fn off(&self) -> Arc<SwitchedOff> {
        self.0.off.load_full()
    }

    /// Whether the tool `own` of a server is off.
    pub(crate) fn is_off(&self, server: &ServerName, own: &str) -> bool {
        self.0.off.load().has(server, own)
    }

    /// Turns a switch; whether that changed anything.
    pub(crate) fn turn(&self, server: &ServerName, own: &str, on: bool) -> bool {
        let before = self.0.off.rcu(|off| off.with(server, own, on));
        before.has(server, own) == on
    }

    /// Saves what is off at this moment; whether it is remembered now. Blocking.
    pub(crate) fn save(&self) -> bool {
        let _last = lock(&self.0.saving);
        self.0.store.save(&self.off())
    }
}

impl Default for Switches {
    /// Nothing is off, and nothing remembered.
    fn default() -> Self {
        Self::of(Arc::new(super::Forgetful))
    }
}

impl fmt::Debug for Switches {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Switches").field(&self.off()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_switch_is_turned_once_and_saved_as_it_stands() {
        let (switches, git) = (Switches::default(), ServerName::new("git"));
        for (own, on, changed) in [
            ("log", true, false),
            ("log", false, true),
            ("log", false, false),
            ("diff", false, true),
        ] {
            assert_eq!(switches.turn(&git, own, on), changed, "{own} {on}");
        }
        assert!(switches.is_off(&git, "log") && !switches.is_off(&ServerName::new("g"), "log"));
        assert_eq!(*switches.off(), [("git", "log"), ("git", "diff")].into_iter().collect());
        assert!(switches.turn(&git, "log", true) && switches.turn(&git, "diff", true));
        assert_eq!(*switches.off(), SwitchedOff::default());
        assert!(!switches.save(), "nothing is remembered here");
    }
}

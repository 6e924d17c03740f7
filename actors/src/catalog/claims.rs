//! The names all servers want for their things of one kind, and those they get.
//!
//! A name that several want goes to none of them, so that it never comes to mean another thing. When a
//! server wants other names, only those are looked at who want one it got or lost.
//!
//! *Invariant:* what a thing is called depends on what is wanted now, not on what was wanted before.

use super::directory::Peers;
use super::holders::{Before, Holders};
use super::naming::with_hash;
use super::{Naming, uri};
use std::collections::BTreeSet;
use std::sync::Arc;

/// What one thing wants to be called.
#[derive(Debug)]
pub(super) struct Want {
    /// Its place in its server's list.
    pub(super) item: usize,
    /// Its own name after an override, before prefix and collisions.
    pub(super) base: Box<str>,
    /// With the prefix, before collisions.
    pub(super) name: Arc<str>,
}

/// What becomes of names that cannot be had.
#[derive(Debug, Clone, Copy)]
pub(super) enum Rule<'a> {
    /// Who wants one that others want too, or that is `reserved` for the gateway's own, is renamed.
    Rename {
        /// How.
        naming: &'a Naming,
        /// A name nobody gets.
        reserved: Option<&'static str>,
    },
    /// The server is put into URIs that several servers have, and into those that would be taken for
    /// another server's if they were shown as they are.
    TellApart(&'a Peers),
}

/// Who wants what.
#[derive(Debug, Default)]
pub(super) struct Claims {
    wants: Vec<Vec<Want>>,
    wanted: Holders,
    /// The names that things are renamed to, by server, and who is.
    renamed: Vec<Vec<Arc<str>>>,
    taken: Holders,
}

impl Claims {
    /// No server wants anything yet.
    pub(super) fn of(servers: usize) -> Self {
        let wants = std::iter::repeat_with(Vec::new).take(servers).collect();
        Self { wants, renamed: vec![Vec::new(); servers], ..Self::default() }
    }

    /// What a server wants.
    pub(super) fn of_server(&self, server: usize) -> &[Want] {
        &self.wants[server]
    }

    /// Who wants which name.
    pub(super) fn wanted(&self) -> &Holders {
        &self.wanted
    }

    /// Servers want other names than before; `called` tells a server's own name. Returns them and all
    /// others whose things may be called otherwise now.
    pub(super) fn renew<'a>(
        &mut self,
        rule: Rule<'_>,
        called: impl Fn(usize) -> &'a str,
        news: Vec<(usize, Vec<Want>)>,
    ) -> BTreeSet<usize> {
        let mut stirred: BTreeSet<usize> = news.iter().map(|(server, _)| *server).collect();
        let mut before = Before::new();
        for (server, wants) in news {
            let old = std::mem::replace(&mut self.wants[server], wants);
            let names =
                |wants: &'_ [Want]| wants.iter().map(|want| Arc::clone(&want.name)).collect();
            let (old, new): (Vec<_>, Vec<_>) = (names(&old), names(&self.wants[server]));
            self.wanted.replace(server, old.iter(), new.iter(), &mut before);
        }
        for (name, _) in before.iter().filter(|it| has_turned(&self.wanted, *it, 1)) {
            stirred.extend(self.wanted.of(name));
        }
        let Rule::Rename { naming, .. } = rule else { return stirred };
        let mut moved = Before::new();
        for &server in &stirred {
            let colliding = self.wants[server].iter().filter(|want| self.collides(rule, want));
            let renamed = |want: &Want| naming.renamed(called(server), &want.base).into();
            let renamed: Vec<Arc<str>> = colliding.map(renamed).collect();
            let old = &self.renamed[server];
            self.taken.replace(server, old.iter(), renamed.iter(), &mut moved);
            self.renamed[server] = renamed;
        }
        for (name, _) in before.iter().filter(|it| has_turned(&self.wanted, *it, 0)) {
            stirred.extend(self.taken.of(name));
        }
        for (name, _) in moved.iter().filter(|it| has_turned(&self.taken, *it, 1)) {
            stirred.extend(self.taken.of(name));
        }
        stirred
    }

    /// What a thing of `server` is called that is called `own` there.
    pub(super) fn name(&self, rule: Rule<'_>, server: &str, own: &str, want: &Want) -> Arc<str> {
        if !self.collides(rule, want) {
            return Arc::clone(&want.name);
        }
        match rule {
            Rule::Rename { naming, .. } => {
                let name = naming.renamed(server, &want.base);
                let is_had = !self.wanted.of(&name).is_empty() || self.taken.of(&name).len() > 1;
                if is_had { with_hash(&name, &[server, own]).into() } else { name.into() }
            }
            Rule::TellApart(_) => uri::of_server(server, own).into(),
        }
    }

    /// Whether it cannot have the name it wants.
    fn collides(&self, rule: Rule<'_>, want: &Want) -> bool {
        let is_reserved = match rule {
            Rule::Rename { reserved, .. } => reserved == Some(&*want.name),
            Rule::TellApart(peers) => peers.names_a_server(&want.name),
        };
        is_reserved || self.wanted.of(&want.name).len() > 1
    }
}

/// Whether more than `limit` have a name now and had not before, or the other way round.
fn has_turned(holders: &Holders, (name, before): (&Arc<str>, &usize), limit: usize) -> bool {
    (*before > limit) != (holders.of(name).len() > limit)
}

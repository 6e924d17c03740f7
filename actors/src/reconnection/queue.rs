//! Who connects next. A value: it is told facts and the time, and says whom to grant a slot.
//!
//! - A task that is not due waits aside, by time, and takes no slot.
//! - Those due are ordered by urgency, priority, score, and the time of asking.
//! - A server waits for those it depends on while they are being worked at, not while they are idle on
//!   purpose, parked, or fail again and again; they inherit its urgency meanwhile.
//! - A new queue grants nothing until every server was heard of, or a second has passed: who is asked
//!   first is not who answers first.
//! - Servers that calls wait for although they fail again and again get all slots but one, as long as
//!   others could use it: calls skip the backoff, so they would keep everybody else out.
//!
//! *Invariant:* at most `max_concurrent` grants are active, and at most one of a server.

mod rank;

use super::{Grant, GrantNumber, Outcome, Task, Urgency};
use crate::server::ServerName;
use priority_queue::PriorityQueue;
use rank::{Rank, Wanted};
use std::cmp::Reverse;
use std::collections::{HashMap, HashSet};
use std::time::Duration;
use tokio::time::Instant;

/// Who must be up before whom; must not have cycles.
pub type DependsOn = HashMap<ServerName, Vec<ServerName>>;

/// How long a new queue waits for word of every server.
pub(super) const SETTLE: Duration = Duration::from_secs(1);

/// The queue.
#[derive(Debug)]
pub struct Queue {
    depends_on: DependsOn,
    max_concurrent: usize,
    wanted: HashMap<ServerName, Wanted>,
    due: PriorityQueue<ServerName, Rank>,
    aside: PriorityQueue<ServerName, Reverse<Instant>>,
    active: HashMap<ServerName, Grant>,
    up: HashSet<ServerName>,
    /// Of whom nothing was heard yet; until `settled` they are waited for.
    unheard: HashSet<ServerName>,
    settled: Instant,
    places: u64,
}

/// The queue as a report shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct View {
    /// Slots there are.
    pub max_concurrent: usize,
    /// Who connects now, by name.
    pub active: Vec<Grant>,
    /// Who waits: first those due, in order, then those waiting for their time.
    pub queued: Vec<Queued>,
}

/// One that waits.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Queued {
    /// What it asked for.
    pub task: Task,
    /// Its urgency, or the greater one of a server that waits for it.
    pub urgency: Urgency,
    /// The server it waits for.
    pub held_by: Option<ServerName>,
}

impl Queue {
    /// An empty queue; `servers` are about to be heard of.
    pub fn new(
        servers: impl IntoIterator<Item = ServerName>,
        depends_on: DependsOn,
        max_concurrent: usize,
        now: Instant,
    ) -> Self {
        Self {
            depends_on,
            max_concurrent: max_concurrent.max(1),
            wanted: HashMap::new(),
            due: PriorityQueue::new(),
            aside: PriorityQueue::new(),
            active: HashMap::new(),
            up: HashSet::new(),
            unheard: servers.into_iter().collect(),
            settled: now + SETTLE,
            places: 0,
        }
    }

    /// Takes over a grant that an earlier queue made.
    pub fn adopt(&mut self, grant: Grant) {
        self.unheard.remove(&grant.task.server);
        self.active.insert(grant.task.server.clone(), grant);
    }

    /// Changes how many may connect at once, at least one. Grants stay as they are.
    pub fn set_max_concurrent(&mut self, max_concurrent: usize) {
        self.max_concurrent = max_concurrent.max(1);
    }

    /// A server wants to connect. Asked again, the last word counts, and it keeps its place. One that
    /// still holds a slot is granted the next only after that came back.
    pub fn want(&mut self, task: Task) {
        let name = task.server.clone();
        self.places += 1;
        let place = self.wanted.get(&name).map_or(self.places, |earlier| earlier.place);
        self.unheard.remove(&name);
        if task.urgency > Urgency::Background {
            self.up.remove(&name); // a background task may be about one that is up
        }
        self.due.remove(&name);
        self.aside.push(name.clone(), Reverse(task.not_before));
        self.wanted.insert(name, Wanted { task, place });
    }

    /// A server does not want to connect any more.
    pub fn withdraw(&mut self, name: &ServerName) {
        self.unheard.remove(name);
        self.forget(name);
    }

    /// A server is up.
    pub fn up(&mut self, name: &ServerName) {
        self.unheard.remove(name);
        self.up.insert(name.clone());
        self.forget(name);
    }

    /// A server is down; unless it wants to connect, that is on purpose.
    pub fn down(&mut self, name: &ServerName) {
        self.unheard.remove(name);
        self.up.remove(name);
    }

    /// A slot came back; a server that is ready with it wants no other. `false` when it is not the
    /// one that is out, so nothing changed.
    pub fn release(&mut self, name: &ServerName, number: GrantNumber, outcome: Outcome) -> bool {
        if self.active.get(name).is_none_or(|grant| grant.number != number) {
            return false;
        }
        self.active.remove(name);
        match outcome {
            Outcome::Ready => self.up(name),
            Outcome::Failed | Outcome::Gone => self.down(name),
        }
        true
    }

    /// Who may connect now, most urgent first; their slots are taken.
    pub fn grants(&mut self, now: Instant) -> Vec<Grant> {
        if now >= self.settled {
            self.unheard.clear();
        } else if !self.unheard.is_empty() {
            return Vec::new();
        }
        self.sort(now);
        let share = (self.max_concurrent - 1).max(1);
        let (mut granted, mut held, mut passed_over) = (Vec::new(), Vec::new(), Vec::new());
        while self.active.len() < self.max_concurrent {
            let Some((name, rank)) = self.due.pop() else { break };
            if self.active.contains_key(&name) || self.holder(&name).is_some() {
                held.push((name, rank));
            } else if rank.insists && self.insisting() >= share {
                passed_over.push((name, rank));
            } else {
                granted.extend(self.grant(name));
            }
        }
        for (name, rank) in passed_over {
            if self.active.len() < self.max_concurrent {
                granted.extend(self.grant(name));
            } else {
                held.push((name, rank));
            }
        }
        self.due.extend(held);
        granted
    }

    /// When [`Self::grants`] may have more to say although nothing was told in between.
    pub fn next_due(&self) -> Option<Instant> {
        if self.unheard.is_empty() {
            self.aside.peek().map(|(_, at)| at.0)
        } else {
            Some(self.settled)
        }
    }

    /// What a report shows.
    pub fn view(&self, now: Instant) -> View {
        let inherited = self.inherited(now);
        let aside = self.aside.clone().into_sorted_iter().map(|(name, _)| name);
        let due = self.due.clone().into_sorted_iter().map(|(name, _)| name);
        let queued = due.chain(aside).filter_map(|name| {
            let wanted = self.wanted.get(&name)?;
            let urgency = wanted.rank(inherited.get(&name).copied()).urgency;
            let held_by = self.holder(&name).cloned();
            Some(Queued { task: wanted.task.clone(), urgency, held_by })
        });
        let mut active: Vec<_> = self.active.values().cloned().collect();
        active.sort_by(|a, b| a.task.server.cmp(&b.task.server));
        View { max_concurrent: self.max_concurrent, active, queued: queued.collect() }
    }

    fn forget(&mut self, name: &ServerName) {
        self.wanted.remove(name);
        self.due.remove(name);
        self.aside.remove(name);
    }

    /// Puts those that have become due among those due, and all of them in order.
    fn sort(&mut self, now: Instant) {
        let inherited = self.inherited(now);
        while let Some((name, _)) = self.aside.pop_if(|_, at| at.0 <= now) {
            let rank = self.wanted.get(&name).map(|wanted| wanted.rank(None));
            self.due.extend(rank.map(|rank| (name, rank)));
        }
        if !self.depends_on.is_empty() {
            for (name, rank) in &mut self.due {
                if let Some(wanted) = self.wanted.get(name) {
                    *rank = wanted.rank(inherited.get(name).copied());
                }
            }
        }
    }

    fn grant(&mut self, name: ServerName) -> Option<Grant> {
        let Wanted { task, .. } = self.wanted.remove(&name)?;
        let grant = Grant { number: GrantNumber::next(), task };
        self.active.insert(name, grant.clone());
        Some(grant)
    }

    /// Slots taken by servers that calls wait for although they fail again and again.
    fn insisting(&self) -> usize {
        self.active.values().filter(|grant| grant.task.insists()).count()
    }

    /// The server this one must wait for.
    fn holder(&self, name: &ServerName) -> Option<&ServerName> {
        self.depends_on.get(name)?.iter().find(|needed| self.is_worked_at(needed))
    }

    /// Whether a server is down and there is hope that it comes up soon.
    fn is_worked_at(&self, name: &ServerName) -> bool {
        let next = self.wanted.get(name).map(|wanted| &wanted.task);
        let task = next.or_else(|| self.active.get(name).map(|grant| &grant.task));
        !self.up.contains(name) && task.is_some_and(|task| !task.is_doubtful())
    }

    /// The urgency of those who wait, by the servers they wait for, directly or not.
    fn inherited(&self, now: Instant) -> HashMap<ServerName, Urgency> {
        let mut inherited = HashMap::new();
        let due = |wanted: &&Wanted| wanted.task.not_before <= now;
        let mut raise: Vec<(&ServerName, Urgency)> = self
            .wanted
            .values()
            .filter(due)
            .map(|wanted| (&wanted.task.server, wanted.task.urgency))
            .collect();
        while let Some((name, urgency)) = raise.pop() {
            for needed in self.depends_on.get(name).into_iter().flatten() {
                let raised = inherited.get(needed).is_none_or(|own| *own < urgency);
                if raised && self.is_worked_at(needed) {
                    inherited.insert(needed.clone(), urgency);
                    raise.push((needed, urgency));
                }
            }
        }
        inherited
    }
}

#[cfg(test)]
mod tests;

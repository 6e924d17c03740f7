//! The permission to connect, and the count of those that are out.

use super::{Grant, GrantNumber, Message, Outcome, Task};
use crate::otp::Address;
use crate::server::ServerName;
use dashmap::DashMap;
use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

/// How many slots there are and who holds them. It outlives the coordinator: every incarnation goes by
/// it, so a slot of an earlier one still counts until it comes back.
#[derive(Debug, Clone)]
pub struct Slots(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    max_concurrent: AtomicUsize,
    out: DashMap<ServerName, Grant>,
}

impl Slots {
    /// So many slots, all free; at least one.
    pub fn new(max_concurrent: usize) -> Self {
        let max_concurrent = AtomicUsize::new(max_concurrent.max(1));
        Self(Arc::new(Inner { max_concurrent, out: DashMap::new() }))
    }

    /// How many there are.
    pub fn max_concurrent(&self) -> usize {
        self.0.max_concurrent.load(Ordering::Relaxed)
    }

    /// The grants whose slots are out.
    pub fn out(&self) -> Vec<Grant> {
        self.0.out.iter().map(|grant| grant.clone()).collect()
    }

    /// Changes how many there are, at least one; the coordinator must hear of it.
    pub(super) fn set_max_concurrent(&self, max_concurrent: usize) {
        self.0.max_concurrent.store(max_concurrent.max(1), Ordering::Relaxed);
    }

    /// The slot of a grant; `coordinator` hears when it comes back.
    pub(super) fn lend(&self, grant: Grant, coordinator: &Address<Message>) -> Slot {
        self.0.out.insert(grant.task.server.clone(), grant.clone());
        let (slots, coordinator) = (self.clone(), coordinator.clone());
        Slot { grant, outcome: Outcome::Gone, slots, coordinator }
    }

    fn back(&self, grant: &Grant) {
        self.0.out.remove_if(&grant.task.server, |_, out| out.number == grant.number);
    }
}

/// Held while a server connects. Dropped, wherever that happens, it comes back as [`Outcome::Gone`].
#[must_use = "a slot that is dropped is given back"]
pub struct Slot {
    grant: Grant,
    outcome: Outcome,
    slots: Slots,
    coordinator: Address<Message>,
}

impl Slot {
    /// What was asked for.
    pub fn task(&self) -> &Task {
        &self.grant.task
    }

    /// Its number.
    pub fn number(&self) -> GrantNumber {
        self.grant.number
    }

    /// Gives it back, saying what became of the attempt. Who failed and wants to try again asks anew
    /// first: else those that depend on it find it idle and go ahead.
    pub fn finish(mut self, outcome: Outcome) {
        self.outcome = outcome;
    }
}

impl Drop for Slot {
    fn drop(&mut self) {
        // first the table, then the word: an incarnation that starts between the two finds it free
        self.slots.back(&self.grant);
        let (server, number) = (self.grant.task.server.clone(), self.grant.number);
        self.coordinator.tell(Message::SlotBack(server, number, self.outcome));
    }
}

impl fmt::Debug for Slot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Slot")
            .field("server", &self.grant.task.server)
            .field("number", &self.grant.number)
            .finish_non_exhaustive()
    }
}

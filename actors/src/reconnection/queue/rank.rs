//! Which of two servers that are due comes first. Values.

use crate::reconnection::{Task, Urgency};
use std::cmp::Reverse;

/// A task and its place among equals: the order of asking.
#[derive(Debug, Clone)]
pub(super) struct Wanted {
    pub(super) task: Task,
    pub(super) place: u64,
}

impl Wanted {
    /// Its rank; `inherited` is the urgency of those who wait for it.
    pub(super) fn rank(&self, inherited: Option<Urgency>) -> Rank {
        Rank {
            urgency: inherited.map_or(self.task.urgency, |other| other.max(self.task.urgency)),
            priority: self.task.priority,
            score: self.task.score,
            place: Reverse(self.place),
            insists: self.task.insists(),
        }
    }
}

/// The order of those due; the greatest is first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Rank {
    pub(super) urgency: Urgency,
    priority: u8,
    score: u8,
    place: Reverse<u64>,
    /// Decides nothing: places differ.
    pub(super) insists: bool,
}

//! Who waits for a slot of the server: a bounded FIFO queue. A value.

use super::{CallSlot, Gate, RoutedCall};
use std::collections::VecDeque;
use std::time::Duration;
use tokio::time::Instant;

/// A call that waits.
#[derive(Debug)]
pub(super) struct Waiting {
    pub(super) call: RoutedCall,
    pub(super) since: Instant,
    pub(super) deadline: Instant,
}

impl Waiting {
    pub(super) fn waited(&self, now: Instant) -> Duration {
        now.duration_since(self.since)
    }
}

/// Gate and queue of one server.
#[derive(Debug)]
pub(super) struct Admission {
    gate: Gate,
    max_queue: usize,
    queue: VecDeque<Waiting>,
}

impl Admission {
    pub(super) fn new(gate: Gate, max_queue: usize) -> Self {
        Self { gate, max_queue, queue: VecDeque::new() }
    }

    /// Puts a call at the end of the queue; gives it back when the queue is full. Calls nobody waits
    /// for any more make room first.
    pub(super) fn enqueue(&mut self, waiting: Waiting) -> Result<(), Box<Waiting>> {
        if self.queue.len() >= self.max_queue {
            self.queue.retain(|waiting| !waiting.call.ticket.control.is_given_up());
        }
        if self.queue.len() >= self.max_queue && !self.passes() {
            return Err(Box::new(waiting));
        }
        self.queue.push_back(waiting);
        Ok(())
    }

    /// Whether the queue is only passed through: a slot is free, and nobody waits for it.
    pub(super) fn passes(&self) -> bool {
        self.queue.is_empty() && self.gate.has_room()
    }

    /// The next call that may go to the server now, with its slot.
    pub(super) fn next(&mut self) -> Option<RoutedCall> {
        while self.queue.front()?.call.ticket.control.is_given_up() {
            self.queue.pop_front();
        }
        let slot: CallSlot = self.gate.take()?;
        let mut call = self.queue.pop_front()?.call;
        call.ticket.hold(slot);
        Some(call)
    }

    /// Those that wait.
    pub(super) fn waiting(&self) -> impl Iterator<Item = &Waiting> {
        self.queue.iter()
    }

    /// Takes out the calls whose deadline has come, and those nobody waits for any more.
    pub(super) fn expired(&mut self, now: Instant) -> Vec<Waiting> {
        let over = |it: &Waiting| it.deadline <= now || it.call.ticket.control.is_given_up();
        let (late, in_time) = std::mem::take(&mut self.queue).into_iter().partition(over);
        self.queue = in_time;
        late.into()
    }

    /// When the next deadline comes.
    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.queue.iter().map(|waiting| waiting.deadline).min()
    }

    /// No waiting call waits longer than until `deadline`.
    pub(super) fn hurry(&mut self, deadline: Instant) {
        for waiting in &mut self.queue {
            waiting.deadline = waiting.deadline.min(deadline);
        }
    }

    /// Takes everything out.
    pub(super) fn take_all(&mut self) -> VecDeque<Waiting> {
        std::mem::take(&mut self.queue)
    }

    pub(super) fn in_flight(&self) -> usize {
        self.gate.in_flight()
    }

    pub(super) fn queued(&self) -> usize {
        self.queue.len()
    }
}

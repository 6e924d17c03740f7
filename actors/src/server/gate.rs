//! The gate of a server: its slots, and the way past its actor while nobody has to wait.
//!
//! A server that is up and has slots left needs no decision of its actor for a call: whoever routes takes a
//! slot and hands the call to the connection. That spares each call two turns of the actor, and a wake of a
//! second thread with them: a runtime runs only so many tasks in a row that wake one another.
//!
//! *Invariant:* no call overtakes one that was sent to the actor before it; a slot of an earlier connection
//! counts for nothing.

use super::driver::Link;
use super::{Generation, Message, RoutedCall};
use crate::fleet::Vitals;
use crate::health::BreakerPolicy;
use crate::mutex::lock;
use ractor::{ActorId, ActorRef};
use std::fmt;
use std::sync::{Arc, Mutex};

/// Shared by the actor, whoever routes calls to it, and the calls that have a slot.
#[derive(Debug, Clone)]
pub struct Gate(Arc<Mutex<Slots>>);

#[derive(Debug)]
struct Slots {
    most: usize,
    in_flight: usize,
    /// The connection whose calls are counted, and whose actor waits for slots.
    serving: Option<(Generation, ActorRef<Message>)>,
    /// The way past the actor.
    open: Option<Way>,
    /// Calls that were sent to the actor and that it has not heard yet.
    detours: usize,
}

/// What a call needs that does not ask the actor.
#[derive(Debug)]
pub(super) struct Way {
    pub(super) link: Link,
    pub(super) vitals: Arc<Vitals>,
    pub(super) breaker: BreakerPolicy,
}

impl Gate {
    /// The gate of a server that takes so many calls at once. It is closed.
    pub fn new(max_in_flight: usize) -> Self {
        let (serving, open) = (None, None);
        let slots = Slots { most: max_in_flight, in_flight: 0, serving, open, detours: 0 };
        Self(Arc::new(Mutex::new(slots)))
    }

    /// Hands a call to the connection; gives it back, for the actor, when that has to decide.
    pub(crate) fn pass(&self, mut call: RoutedCall) -> Result<(), RoutedCall> {
        let Some((link, slot)) = self.take_open() else {
            call.detour = Some(Detour(self.clone())); // counted in the moment it did not pass
            return Err(call);
        };
        if let Some(watched) = call.ticket.watched() {
            watched.queues();
        }
        call.ticket.hold(slot);
        link.send(call);
        Ok(())
    }

    /// A slot and the way, or one more on the detour.
    fn take_open(&self) -> Option<(Link, CallSlot)> {
        let mut slots = lock(&self.0);
        let free = slots.detours == 0 && slots.in_flight < slots.most;
        let way = slots.open.as_ref().filter(|way| free && !way.link.is_over());
        let admits = |way: &&Way| way.vitals.admits_at_once(&way.breaker);
        if let (Some(way), Some((generation, _))) = (way.filter(admits), &slots.serving) {
            let (link, generation) = (way.link.clone(), *generation);
            slots.in_flight += 1;
            return Some((link, CallSlot { gate: self.clone(), generation }));
        }
        slots.detours += 1;
        None
    }

    /// Holds the gate for a call that came to the actor by another way.
    pub(super) fn detour(&self) -> Detour {
        lock(&self.0).detours += 1;
        Detour(self.clone())
    }

    /// From here on the slots are those of this connection, and all are free.
    pub(super) fn serve(&self, generation: Generation, actor: ActorRef<Message>) {
        let mut slots = lock(&self.0);
        let before = slots.serving.replace((generation, actor));
        slots.in_flight = 0;
        drop(slots); // first: what is dropped with an actor's last address may look at the gate
        drop(before);
    }

    /// There is no connection any more: nobody passes, and no slot is taken.
    pub(super) fn end(&self) {
        self.end_of(None);
    }

    /// The same if it is this actor's, or anybody's.
    fn end_of(&self, actor: Option<ActorId>) {
        let mut slots = lock(&self.0);
        let others = |(_, serving): &(_, ActorRef<Message>)| {
            actor.is_some_and(|actor| actor != serving.get_id())
        };
        if slots.serving.as_ref().is_some_and(others) {
            return;
        }
        let before = (slots.serving.take(), slots.open.take());
        slots.in_flight = 0;
        drop(slots);
        drop(before);
    }

    /// Lets calls pass.
    pub(super) fn open(&self, way: Way) {
        let mut slots = lock(&self.0);
        let before = if slots.serving.is_some() { slots.open.replace(way) } else { Some(way) };
        drop(slots);
        drop(before);
    }

    /// Lets no call pass: the actor decides, and hears of each slot that comes back.
    pub(super) fn close(&self) {
        let before = lock(&self.0).open.take();
        drop(before);
    }

    /// A slot for a call that waited. When there is none the gate closes in the same moment, so that the
    /// actor hears of the next that comes back.
    pub(super) fn take(&self) -> Option<CallSlot> {
        let mut slots = lock(&self.0);
        let generation = slots.serving.as_ref().map(|(generation, _)| *generation)?;
        if slots.in_flight >= slots.most {
            let before = slots.open.take();
            drop(slots);
            drop(before);
            return None;
        }
        slots.in_flight += 1;
        Some(CallSlot { gate: self.clone(), generation })
    }

    /// Whether a slot is free.
    pub(super) fn has_room(&self) -> bool {
        let slots = lock(&self.0);
        slots.in_flight < slots.most
    }

    /// Calls that have a slot.
    pub fn in_flight(&self) -> usize {
        lock(&self.0).in_flight
    }

    fn freed(&self, generation: Generation) {
        let mut slots = lock(&self.0);
        let Some((serving, actor)) = &slots.serving else { return };
        if *serving != generation {
            return;
        }
        let waits = slots.open.is_none().then(|| actor.clone());
        slots.in_flight = slots.in_flight.saturating_sub(1);
        drop(slots);
        if let Some(actor) = waits {
            let _gone = actor.send_message(Message::SlotFreed(generation));
        }
    }
}

/// Nobody passes a server without an actor, however that ended.
pub(super) struct Closing(pub(super) Gate, pub(super) ActorId);

impl Drop for Closing {
    fn drop(&mut self) {
        self.0.end_of(Some(self.1)); // the next one may serve already
    }
}

/// A call's place at a connection; it comes back when this is dropped, wherever that happens.
pub struct CallSlot {
    gate: Gate,
    generation: Generation,
}

impl Drop for CallSlot {
    fn drop(&mut self) {
        self.gate.freed(self.generation);
    }
}

impl fmt::Debug for CallSlot {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CallSlot").field("generation", &self.generation).finish_non_exhaustive()
    }
}

/// Held by a call on its way to the actor: none passes meanwhile.
pub(super) struct Detour(Gate);

impl Drop for Detour {
    fn drop(&mut self) {
        lock(&self.0.0).detours -= 1;
    }
}

impl fmt::Debug for Detour {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Detour")
    }
}

#[cfg(test)]
mod tests;

//! The actor around the [`Queue`]: it hears who wants to connect and hands out [`Slot`]s.
//!
//! It does no I/O and waits for nobody. What it holds may be lost: a new incarnation learns from
//! [`Slots`] who holds a slot, and the servers are asked to ask anew. A word that is lost on the way
//! because it died is made good the same way, since its address is rebound before it asks.
//!
//! *Invariant:* every change of the queue is followed by handing out what has become free.

use super::{DependsOn, GrantNumber, Outcome, Queue, Slot, Slots, Task, View};
use crate::otp::{Address, Timer};
use crate::server::ServerName;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::HashMap;
use std::fmt;
use std::sync::Arc;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// Who gets the slot. It must only pass it on; it is called inside the coordinator.
#[derive(Clone)]
pub struct Grantee(Arc<dyn Fn(Slot) + Send + Sync>);

impl Grantee {
    /// Passes slots on with `grant`; a slot that cannot be passed on is to be dropped.
    pub fn new(grant: impl Fn(Slot) + Send + Sync + 'static) -> Self {
        Self(Arc::new(grant))
    }
}

impl fmt::Debug for Grantee {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Grantee")
    }
}

/// What the coordinator hears.
#[derive(Debug)]
pub enum Message {
    /// A server wants to connect; asked again, the last word counts.
    Want(Task, Grantee),
    /// A server does not want to connect any more.
    Withdraw(ServerName),
    /// A server is ready.
    Up(ServerName),
    /// A server is down; unless it wants to connect, that is on purpose.
    Down(ServerName),
    /// A slot came back. Slots say so themselves.
    SlotBack(ServerName, GrantNumber, Outcome),
    /// The next task is due.
    Due,
    /// So many may connect at once.
    SetMaxConcurrent(usize),
    /// What a report shows.
    View(oneshot::Sender<View>),
    /// Somebody looks whether this loop turns.
    Echo(oneshot::Sender<()>),
}

/// What every incarnation is made of.
#[derive(Clone)]
pub struct Arguments {
    /// Its own address, which it binds before it asks anybody anything.
    pub address: Address<Message>,
    /// The slots.
    pub slots: Slots,
    /// The servers there are; the first grants wait until each was heard of, or a second.
    pub servers: Vec<ServerName>,
    /// Who must be up before whom.
    pub depends_on: DependsOn,
    /// Makes every server say [`Message::Up`], [`Message::Want`] or [`Message::Down`] anew. It must
    /// only send messages.
    pub ask_again: Arc<dyn Fn() + Send + Sync>,
}

/// The coordinator actor.
#[derive(Debug)]
pub struct ReconnectionCoordinator;

/// A running coordinator.
pub struct State {
    queue: Queue,
    grantees: HashMap<ServerName, Grantee>,
    slots: Slots,
    address: Address<Message>,
    timer: Option<(Instant, Timer)>,
}

impl Actor for ReconnectionCoordinator {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let Arguments { address, slots, servers, depends_on, ask_again } = arguments;
        // bound before looking who holds slots: what comes back from here on is heard here
        address.bind(me);
        let now = Instant::now();
        let mut queue = Queue::new(servers, depends_on, slots.max_concurrent(), now);
        slots.out().into_iter().for_each(|grant| queue.adopt(grant));
        ask_again();
        Ok(State { queue, grantees: HashMap::new(), slots, address, timer: None })
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Want(task, grantee) => state.want(task, grantee),
            Message::Withdraw(name) => state.withdraw(&name),
            Message::Up(name) => state.up(&name),
            Message::Down(name) => state.queue.down(&name),
            Message::SlotBack(name, number, outcome) => state.slot_back(&name, number, outcome),
            Message::Due => state.timer = None,
            Message::Echo(reply) => {
                let _gone = reply.send(());
            }
            Message::SetMaxConcurrent(count) => state.set_max_concurrent(count),
            Message::View(answer) => {
                let _nobody_waits = answer.send(state.queue.view(Instant::now()));
            }
        }
        state.hand_out(&me);
        Ok(())
    }
}

impl State {
    fn want(&mut self, task: Task, grantee: Grantee) {
        self.grantees.insert(task.server.clone(), grantee);
        self.queue.want(task);
    }

    fn withdraw(&mut self, name: &ServerName) {
        self.queue.withdraw(name);
        self.grantees.remove(name);
    }

    fn up(&mut self, name: &ServerName) {
        self.queue.up(name);
        self.grantees.remove(name);
    }

    fn slot_back(&mut self, name: &ServerName, number: GrantNumber, outcome: Outcome) {
        if self.queue.release(name, number, outcome) {
            tracing::debug!(server = %name, %number, ?outcome, "a slot came back");
            if outcome == Outcome::Ready {
                self.grantees.remove(name);
            }
        }
    }

    fn set_max_concurrent(&mut self, count: usize) {
        self.slots.set_max_concurrent(count);
        self.queue.set_max_concurrent(count);
    }

    fn hand_out(&mut self, me: &ActorRef<Message>) {
        for grant in self.queue.grants(Instant::now()) {
            let task = &grant.task;
            let (server, urgency) = (&task.server, task.urgency.word());
            tracing::debug!(%server, urgency, attempt = task.attempt, "a slot is granted");
            let grantee = self.grantees.remove(server);
            let slot = self.slots.lend(grant, &self.address);
            if let Some(Grantee(grant)) = grantee {
                grant(slot);
            }
        }
        let due = self.queue.next_due();
        if self.timer.as_ref().map(|(at, _)| *at) != due {
            self.timer = due.map(|at| {
                let delay = at.saturating_duration_since(Instant::now());
                (at, Timer::from(me.send_after(delay, || Message::Due)))
            });
        }
    }
}

#[cfg(test)]
#[path = "coordinator/tests.rs"]
mod tests;

//! Connections of one's own, for a server whose requests to clients do not say whom they concern.
//!
//! Each is a server actor of its own below this one, with a card nobody else sees: it connects when
//! its first call comes and is stopped when its session is gone. What the server offers, whether it
//! is up, and subscriptions stay a matter of the shared connection.
//!
//! *Invariant:* a stateless request that runs beside others has a connection to itself, so that what the
//! server asks there can only concern that one.

use super::{Arguments, Message, Server, State, fail};
use crate::bridge::Era;
use crate::call::Failure;
use crate::catalog::Known;
use crate::fleet::Card;
use crate::otp::{Address, Shutdown};
use crate::reconnection;
use crate::server::phase::Phase;
use crate::server::sharing::{Sharing, Whose};
use crate::server::{Parking, RoutedCall, ServerName, ServerSpec, Start};
use crate::session::{Client, Tasks};
use crate::wire::Method;
use futures_util::future::{BoxFuture, join_all};
use ractor::{Actor, ActorCell, ActorRef, ActorStatus, SpawnErr};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// Connections one server may have beside the shared one.
const MOST: usize = 64;
/// Those of them that stateless requests use in turn; the longest unused makes room, with the call that
/// may be parked there.
const STATELESS: usize = 16;
/// One of those that nobody used for so long is ended.
const UNUSED: Duration = Duration::from_secs(60);

/// The connections beside the shared one.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// Clients do not share any more.
    on: bool,
    all: HashMap<Whose, Own>,
}

/// One of them.
#[derive(Debug)]
struct Own {
    actor: ActorRef<Message>,
    card: Arc<Card>,
    used: Instant,
}

impl Own {
    /// Whether nothing waits there: no call, at work or parked, and no task.
    fn rests(&self, parking: &Parking, tasks: &Tasks) -> bool {
        is_idle(&self.card) && !parking.is_home(&self.actor) && !tasks.any_at(&self.actor)
    }

    fn is_over(&self) -> bool {
        matches!(self.actor.get_status(), ActorStatus::Stopping | ActorStatus::Stopped)
    }
}

impl Apart {
    pub(super) fn of(sharing: Sharing) -> Self {
        Self { on: sharing == Sharing::Session, all: HashMap::new() }
    }

    /// Whether calls may have to go elsewhere than to the shared connection.
    pub(super) fn is_on(&self) -> bool {
        self.on
    }

    /// Tells all of them.
    pub(super) fn tell(&self, message: impl Fn() -> Message) {
        for own in self.all.values() {
            let _gone = own.actor.send_message(message());
        }
    }

    /// One of them has ended.
    pub(super) fn ended(&mut self, cell: &ActorCell) -> bool {
        let before = self.all.len();
        self.all.retain(|_, own| own.actor.get_id() != cell.get_id());
        before != self.all.len()
    }

    /// Stops all of them.
    pub(super) async fn stop(&mut self) {
        let all = self.all.drain().map(|(_, own)| own.actor.get_cell());
        join_all(all.map(|cell| async move { Shutdown::Infinite.stop(&cell).await })).await;
    }

    /// A parked call is taken up at one of them.
    fn uses(&mut self, actor: &ActorRef<Message>) {
        let mut all = self.all.values_mut();
        if let Some(own) = all.find(|own| own.actor.get_id() == actor.get_id()) {
            own.used = Instant::now();
        }
    }

    /// Whether one more may be opened; where there are enough, the one that was not used for the
    /// longest time ends, if any is at rest.
    fn has_room(&mut self, rests: impl Fn(&Own) -> bool) -> bool {
        if self.all.len() < MOST {
            return true;
        }
        let resting = self.all.iter().filter(|(_, own)| rests(own));
        let longest = resting.min_by_key(|(_, own)| own.used).map(|(whose, _)| whose.clone());
        let ended = longest.and_then(|whose| self.all.remove(&whose));
        if let Some(own) = &ended {
            own.actor.stop(None);
        }
        ended.is_some()
    }

    /// Whose connection a client's call goes to.
    fn whose(&self, client: &Client, parking: &Parking) -> Whose {
        if client.era() != Era::Modern {
            return Whose::Session(Arc::clone(&client.session));
        }
        let idle = |place: &usize| {
            let own = self.all.get(&Whose::Stateless(*place));
            own.is_none_or(|own| is_idle(&own.card) && !parking.is_home(&own.actor))
        };
        let used = |place: &usize| self.all.get(&Whose::Stateless(*place)).map(|own| own.used);
        let place = (0..STATELESS).find(idle).or_else(|| (0..STATELESS).min_by_key(used));
        Whose::Stateless(place.unwrap_or_default())
    }
}

impl State {
    /// The server asked something that could concern several clients.
    pub(super) fn ambiguous(&mut self) {
        if self.spec.sharing == Sharing::Auto && self.arguments.own.is_none() && !self.apart.on {
            tracing::info!(server = %self.spec.name, "from now on each session has a connection of its own");
            self.apart.on = true;
            self.gate.0.close();
        }
    }

    /// Passes a call to its client's own connection; gives it back when it is for the shared one.
    pub(super) async fn sent_apart(
        &mut self,
        call: RoutedCall,
        me: &ActorRef<Message>,
    ) -> Option<RoutedCall> {
        let (method, client) = (call.ticket.params.method, &call.ticket.client);
        if method.is_of_task()
            && let Some(runner) =
                self.arguments.sessions.tasks().runner(client, &call.ticket.params.name)
        {
            if runner.get_id() == me.get_id() {
                return Some(call);
            }
            let _gone = runner.send_message(Message::Call(call)); // dropped: not sent
            return None;
        }
        let shared = matches!(method, Method::Subscribe | Method::Unsubscribe);
        let stopped = matches!(self.phase, Phase::Stopped);
        if !self.apart.on || shared || stopped || self.is_alone(client) {
            return Some(call);
        }
        let home = if self.parks(&call.ticket.client) {
            self.arguments.parking.home(&call.ticket.message)
        } else {
            Ok(None)
        };
        match home {
            Ok(None) => {}
            Ok(Some(home)) if home.get_id() == me.get_id() => return Some(call),
            Ok(Some(home)) => {
                self.apart.uses(&home);
                let _gone = home.send_message(Message::Call(call)); // dropped: not sent
                return None;
            }
            Err(fault) => {
                if let Some(call) = call.ticket.redeem() {
                    call.refuse(&fault);
                }
                return None;
            }
        }
        self.apart.all.retain(|_, own| !own.is_over());
        let whose = self.apart.whose(&call.ticket.client, &self.arguments.parking);
        if !self.apart.all.contains_key(&whose) {
            let (parking, tasks) = (&self.arguments.parking, self.arguments.sessions.tasks());
            if !self.apart.has_room(|own| own.rests(parking, tasks)) {
                let (server, in_flight) = (self.spec.name.clone(), self.apart.all.len());
                fail(call.ticket, &Failure::Overloaded { server, in_flight, queued: 0 });
                return None;
            }
            let arguments = self.for_one(whose.clone());
            let (card, used) = (Arc::clone(&arguments.card), Instant::now());
            match spawn(arguments, me.get_cell()).await {
                Ok(actor) => self.apart.all.insert(whose.clone(), Own { actor, card, used }),
                Err(error) => {
                    tracing::error!(server = %self.spec.name, %error, "no connection of its own");
                    return None; // dropped: not sent
                }
            };
        }
        if let Some(own) = self.apart.all.get_mut(&whose) {
            own.used = Instant::now();
            // so that the next one is not sent there before this one is taken in
            let vitals = &own.card.vitals;
            vitals.queue(vitals.queued() + 1);
            let _gone = own.actor.send_message(Message::Call(call));
        }
        None
    }

    /// Whether a stateless call would be the only one on the shared connection: there it belongs, with
    /// what its client listens for, as long as nobody else's question can be taken for its.
    fn is_alone(&self, client: &Client) -> bool {
        let calls = self.admission.in_flight() + self.admission.queued();
        client.era() == Era::Modern && self.spec.sharing != Sharing::Session && calls == 0
    }

    /// Whether calls of this client are parked here when the server asks something.
    fn parks(&self, client: &Client) -> bool {
        let known = self.arguments.known.get(&self.spec.name);
        let modern = known.is_some_and(|manifest| manifest.era == Era::Modern);
        client.era() == Era::Modern && !modern
    }

    /// What the connection of one client is made of.
    fn for_one(&self, whose: Whose) -> Arguments {
        let spec = Arc::new(own_spec(&self.spec, &whose));
        tracing::info!(server = %self.spec.name, own = %spec.name, "a connection of its own");
        let known = Known::default();
        if let Some(manifest) = self.arguments.known.get(&self.spec.name) {
            known.put(spec.name.clone(), manifest);
        }
        Arguments {
            card: Arc::new(self.arguments.card.beside(spec, Instant::now())),
            catalog: Address::new(), // nobody lists it
            monitor: Address::new(), // nor watches it: calls that time out are the verdict
            known,
            own: Some(whose),
            ..self.arguments.clone()
        }
    }

    /// The connection of one client ends for good: nobody is to remember its name.
    pub(super) fn leave_queue(&self) {
        if self.arguments.own.is_some() {
            let (name, coordinator) = (&self.spec.name, &self.arguments.coordinator);
            coordinator.tell(reconnection::Message::Withdraw(name.clone()));
            coordinator.tell(reconnection::Message::Down(name.clone()));
        }
    }

    /// Ends the connections nobody uses any more.
    pub(super) fn tidy_own(&mut self) {
        let sessions = &self.arguments.sessions;
        for (whose, own) in &self.apart.all {
            let over = match whose {
                Whose::Session(session) => !sessions.has(session),
                Whose::Stateless(_) => {
                    own.used.elapsed() > UNUSED
                        && own.rests(&self.arguments.parking, sessions.tasks())
                }
            };
            if over {
                own.actor.stop(None);
            }
        }
    }
}

fn is_idle(card: &Card) -> bool {
    card.gate.in_flight() + card.vitals.queued() == 0
}

/// The same server for one client: named after it, waiting for nobody.
fn own_spec(spec: &ServerSpec, whose: &Whose) -> ServerSpec {
    let mut own = spec.clone();
    let whom = match whose {
        Whose::Session(session) => session.chars().take(8).collect(),
        Whose::Stateless(place) => {
            own.limits.max_in_flight = 1;
            format!("stateless-{place}")
        }
    };
    own.name = ServerName::new(&format!("{}@{whom}", spec.name));
    own.start = Start::Lazy;
    own.depends_on = Vec::new();
    own
}

/// Boxed, because this actor starts others of its kind.
fn spawn(
    arguments: Arguments,
    parent: ActorCell,
) -> BoxFuture<'static, Result<ActorRef<Message>, SpawnErr>> {
    Box::pin(async move {
        let (actor, _task) = Actor::spawn_linked(None, Server, arguments, parent).await?;
        Ok(actor)
    })
}

//! The instance actor: one connection of a server, from its first byte to its last.
//!
//! It owns the task that connects, shakes hands and drives. When the actor is stopped the connection
//! is closed politely; when it is killed, dropping the task ends the connection at once.

use super::driver::{Driver, End};
use super::opening::Guess;
use super::parking::Parking;
use super::sharing::Whose;
use super::{Fact, Generation, Loss, Message as ServerMessage, ServerName, ServerSpec, Transport};
use crate::catalog::Manifest;
use crate::fleet::Card;
use crate::health::{Policies, monitor};
use crate::observation::Observer;
use crate::otp::{Address, Lease};
use crate::session::SessionTable;
use crate::timeline::{EventKind, Timelines};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

/// Whom one connection belongs to and whom it tells.
#[derive(Clone)]
pub(super) struct Connected {
    pub(super) spec: Arc<ServerSpec>,
    pub(super) generation: Generation,
    pub(super) server: ActorRef<ServerMessage>,
    pub(super) sessions: SessionTable,
    pub(super) card: Arc<Card>,
    pub(super) monitor: Address<monitor::Message>,
    pub(super) policies: Policies,
    pub(super) timelines: Timelines,
    /// Who is told what the server says, if anybody is.
    pub(super) observer: Option<Arc<dyn Observer>>,
    /// Where calls wait for input of their clients.
    pub(super) parking: Parking,
    /// Whose this connection is, if it is not shared.
    pub(super) own: Option<Whose>,
    /// What is known of the server from earlier.
    pub(super) remembered: Option<Arc<Manifest>>,
    /// How its era is found out.
    pub(super) guess: Guess,
}

impl Connected {
    /// The server's name, also where this connection is a client's own and has another one.
    pub(super) fn shared_name(&self) -> ServerName {
        shared_name(&self.spec.name, self.own.as_ref())
    }

    /// Notes a fact about this connection.
    pub(super) fn note(&self, kind: EventKind) {
        self.timelines.note(&self.shared_name(), Some(self.generation), kind);
    }
}

/// The name of a server by the name of one of its connections.
pub(super) fn shared_name(name: &ServerName, own: Option<&Whose>) -> ServerName {
    match (own, name.as_str().rsplit_once('@')) {
        (Some(_), Some((shared, _))) => ServerName::new(shared),
        _ => name.clone(),
    }
}

/// What an instance is made of.
pub(super) struct Arguments {
    pub(super) context: Connected,
    /// Turned to the reason when the connection is to be ended.
    pub(super) close: watch::Sender<Option<Loss>>,
}

/// The instance actor.
#[derive(Debug)]
pub(super) struct Instance;

/// A running instance.
pub(super) struct State {
    close: watch::Sender<Option<Loss>>,
    life: JoinSet<()>,
}

/// An instance is only started and stopped.
#[derive(Debug)]
pub(super) enum Message {}

impl Actor for Instance {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        _me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let Arguments { context, close } = arguments;
        let closing = close.subscribe();
        let mut life = JoinSet::new();
        let (name, generation) = (&context.spec.name, context.generation);
        let span = tracing::info_span!(parent: None, "instance", server = %name, %generation);
        life.spawn(live(context, closing).instrument(span));
        Ok(State { close, life })
    }

    async fn handle(
        &self,
        _me: ActorRef<Message>,
        message: Message,
        _state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {}
    }

    async fn post_stop(
        &self,
        _me: ActorRef<Message>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.close.send_if_modified(|reason| {
            let first = reason.is_none();
            reason.get_or_insert(Loss::Stopped);
            first
        });
        while state.life.join_next().await.is_some() {}
        Ok(())
    }
}

/// Returns with the reason once the connection is to be ended.
pub(super) async fn closing(close: &mut watch::Receiver<Option<Loss>>) -> Loss {
    match close.wait_for(Option::is_some).await {
        Ok(reason) => reason.clone().unwrap_or(Loss::Stopped),
        Err(_) => Loss::Stopped,
    }
}

/// A process that runs, as the card shows it; it does not any more when this is dropped.
struct Runs(Arc<Card>, u32);

impl Runs {
    fn begin(card: &Arc<Card>, process: u32) -> Self {
        card.vitals.runs_as(process);
        Self(Arc::clone(card), process)
    }
}

impl Drop for Runs {
    fn drop(&mut self) {
        self.0.vitals.left_by(self.1);
    }
}

/// Connects, drives, closes; once more when the server died of being asked for its era. The server hears
/// of the end exactly once, however it comes.
async fn live(mut context: Connected, mut close: watch::Receiver<Option<Loss>>) {
    let spec = Arc::clone(&context.spec);
    let generation = context.generation;
    let lost = move |loss| ServerMessage::Heard(generation, Fact::Lost(loss));
    let lease = Lease::new(context.server.clone(), lost(Loss::Internal));
    let ready_by = Instant::now() + spec.connect_timeout;
    loop {
        let transport = match connected(&spec, ready_by, &mut close).await {
            Ok(transport) => transport,
            Err(loss) => return lease.give_back(lost(loss)),
        };
        let process = transport.process_id();
        tracing::debug!(transport = spec.connector.kind(), process, "connected");
        let runs = process.map(|process| Runs::begin(&context.card, process));
        let driver = Driver::new(context.clone(), transport, ready_by);
        match driver.run(close.clone()).await {
            (End::Lost(loss), transport) => {
                lease.give_back(lost(loss));
                transport.close().await;
                return drop(runs);
            }
            (End::OfDiscovery, transport) => {
                tracing::info!("it ended when asked for its era; once more without");
                let died = ServerMessage::Heard(generation, Fact::DiedOfDiscovery);
                let _gone = context.server.send_message(died);
                // never two at the same time
                transport.close().await;
                context.guess = context.guess.without_discovery();
            }
        }
    }
}

/// A connection, if one can be had in time and is still wanted then.
async fn connected(
    spec: &ServerSpec,
    ready_by: Instant,
    close: &mut watch::Receiver<Option<Loss>>,
) -> Result<Box<dyn Transport>, Loss> {
    let connect = tokio::select! {
        biased;
        loss = closing(close) => Ok(Err(loss)),
        connect = timeout_at(ready_by, spec.connector.connect()) => connect,
    };
    match connect {
        Ok(connected) => connected.map_err(|loss| loss.masked(&spec.mask)),
        Err(_) => Err(Loss::TimedOut { stage: "connect", after: spec.connect_timeout }),
    }
}

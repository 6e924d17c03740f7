//! The instance actor: one connection of a server, from its first byte to its last.
//!
//! It owns the task that connects, shakes hands and drives. When the actor is stopped the connection
//! is closed politely; when it is killed, dropping the task ends the connection at once.

use super::driver::Driver;
use super::{Fact, Generation, Loss, Message as ServerMessage, ServerSpec};
use crate::otp::Lease;
use crate::session::SessionTable;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::Arc;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::{Instant, timeout_at};
use tracing::Instrument;

/// What an instance is made of.
pub(super) struct Arguments {
    pub(super) spec: Arc<ServerSpec>,
    pub(super) generation: Generation,
    pub(super) server: ActorRef<ServerMessage>,
    pub(super) sessions: SessionTable,
}

/// The instance actor.
#[derive(Debug)]
pub(super) struct Instance;

/// A running instance.
pub(super) struct State {
    close: watch::Sender<bool>,
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
        let (close, closing) = watch::channel(false);
        let mut life = JoinSet::new();
        let name = &arguments.spec.name;
        let span = tracing::info_span!(parent: None, "instance", server = %name, generation = %arguments.generation);
        life.spawn(live(arguments, closing).instrument(span));
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
        state.close.send_replace(true);
        while state.life.join_next().await.is_some() {}
        Ok(())
    }
}

/// Connects, drives, closes. The server hears of the end exactly once, however it comes.
async fn live(arguments: Arguments, mut closing: watch::Receiver<bool>) {
    let Arguments { spec, generation, server, sessions } = arguments;
    let lost = move |loss| ServerMessage::Heard(generation, Fact::Lost(loss));
    let lease = Lease::new(server.clone(), lost(Loss::Internal));
    let ready_by = Instant::now() + spec.connect_timeout;
    let connect = tokio::select! {
        connect = timeout_at(ready_by, spec.connector.connect()) => connect,
        _ = closing.wait_for(|&close| close) => Ok(Err(Loss::Stopped)),
    };
    let transport = match connect {
        Ok(Ok(transport)) => transport,
        Ok(Err(loss)) => return lease.give_back(lost(loss.masked(&spec.mask))),
        Err(_) => {
            let after = spec.connect_timeout;
            return lease.give_back(lost(Loss::TimedOut { stage: "connect", after }));
        }
    };
    let process = transport.process_id();
    tracing::debug!(transport = spec.connector.kind(), process, "connected");
    let driver = Driver::new(spec, generation, transport, server, sessions, ready_by);
    let (loss, transport) = driver.run(closing).await;
    lease.give_back(lost(loss));
    transport.close().await;
}

//! The ingress: owns the faces, and is the first to stop, so that no new calls come in.

use crate::session::Clients;
use futures_util::future::BoxFuture;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// A way clients come in. The edges implement it; what must outlive a restart (a bound socket) lives
/// in it, not in the future it makes.
pub trait Face: Send + Sync + 'static {
    /// Serves clients until `stop` turns true, then takes nothing new and returns when the requests in
    /// flight are answered. Returning before means that no client will come any more (stdin ended).
    fn serve(&self, clients: Clients, stop: watch::Receiver<bool>) -> BoxFuture<'static, ()>;
}

/// What every incarnation is made of.
#[derive(Clone)]
pub struct Arguments {
    /// The way in.
    pub clients: Clients,
    /// The faces.
    pub faces: Vec<Arc<dyn Face>>,
    /// Turned true when a face has ended by itself.
    pub finish: watch::Sender<bool>,
    /// How long requests in flight may go on once we stop.
    pub drain: Duration,
}

/// The ingress actor.
#[derive(Debug)]
pub struct Ingress;

/// A running ingress.
#[derive(Debug)]
pub struct State {
    stop: watch::Sender<bool>,
    faces: JoinSet<()>,
    drain: Duration,
}

/// The ingress is only started and stopped.
#[derive(Debug)]
pub enum Message {}

impl Actor for Ingress {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        _me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let (stop, stopping) = watch::channel(false);
        let mut faces = JoinSet::new();
        for face in &arguments.faces {
            let serve = face.serve(arguments.clients.clone(), stopping.clone());
            let (finish, stopping) = (arguments.finish.clone(), stopping.clone());
            faces.spawn(async move {
                serve.await;
                if !*stopping.borrow() {
                    finish.send_replace(true);
                }
            });
        }
        Ok(State { stop, faces, drain: arguments.drain })
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
        state.stop.send_replace(true);
        let drained =
            timeout(state.drain, async { while state.faces.join_next().await.is_some() {} }).await;
        if drained.is_err() {
            tracing::warn!("requests in flight did not finish within the drain time");
        }
        state.faces.shutdown().await;
        Ok(())
    }
}

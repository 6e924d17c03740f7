//! The ingress: owns the faces, and is the first to stop, so that no new calls come in.

use crate::otp::Lease;
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
    finish: watch::Sender<bool>,
    drain: Duration,
}

/// What the ingress hears of its faces.
#[derive(Debug)]
pub enum Message {
    /// One ended by itself: no client will come any more.
    Ended,
    /// One crashed.
    Died,
}

impl Actor for Ingress {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let (stop, stopping) = watch::channel(false);
        let mut faces = JoinSet::new();
        for face in &arguments.faces {
            let serve = face.serve(arguments.clients.clone(), stopping.clone());
            let lease = Lease::new(me.clone(), Message::Died);
            faces.spawn(async move {
                serve.await;
                lease.give_back(Message::Ended);
            });
        }
        Ok(State { stop, faces, finish: arguments.finish, drain: arguments.drain })
    }

    async fn handle(
        &self,
        _me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Ended => {
                state.finish.send_replace(true);
                Ok(())
            }
            // its supervisor starts all faces anew
            Message::Died => Err("a face crashed".into()),
        }
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tree::{Ended, Gateway, GatewaySpec};
    use std::sync::atomic::{AtomicUsize, Ordering};

    /// Crashes the first time, ends the second time.
    #[derive(Default)]
    struct Shaky(AtomicUsize);

    impl Face for Shaky {
        fn serve(&self, _: Clients, _: watch::Receiver<bool>) -> BoxFuture<'static, ()> {
            let earlier = self.0.fetch_add(1, Ordering::SeqCst);
            Box::pin(async move { assert!(earlier > 0, "the first time") })
        }
    }

    #[tokio::test]
    async fn a_face_that_crashes_is_started_again() {
        let face = Arc::new(Shaky::default());
        let faces: Vec<Arc<dyn Face>> = vec![Arc::clone(&face) as _];
        let gateway = Gateway::start(GatewaySpec { faces, ..GatewaySpec::default() }).await;
        let gateway = gateway.expect("a tree");
        let ended = timeout(Duration::from_secs(10), gateway.ended()).await;
        assert_eq!((ended, face.0.load(Ordering::SeqCst)), (Ok(Ended::Stopped), 2));
        gateway.stop(Duration::from_secs(1)).await;
    }
}

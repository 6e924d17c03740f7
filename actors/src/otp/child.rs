//! What a supervisor must know to start, restart and stop a child.

use super::Address;
use futures_util::FutureExt;
use futures_util::future::BoxFuture;
use ractor::{Actor, ActorCell};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// When a child that ended is started again. OTP: `restart`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Restart {
    /// Always.
    Permanent,
    /// After an abnormal end only.
    Transient,
    /// Never, also not because of a sibling.
    Temporary,
}

/// How a child is stopped. OTP: `shutdown`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shutdown {
    /// Killed at once.
    Brutal,
    /// Asked to stop; killed after this time.
    Within(Duration),
    /// Asked to stop and waited for (supervisors, whose children have their own limits).
    Infinite,
}

impl Shutdown {
    /// Ends the child and returns when it is gone.
    pub(crate) async fn stop(self, cell: &ActorCell) {
        let patience = match self {
            Self::Brutal => Some(Duration::ZERO),
            Self::Within(patience) => Some(patience),
            Self::Infinite => None,
        };
        if self != Self::Brutal {
            cell.stop(None);
        }
        if cell.wait(patience).await.is_err() {
            cell.kill();
            let _gone = cell.wait(None).await;
        }
    }
}

/// A child could not be started.
#[derive(Debug, thiserror::Error)]
#[error("actor `{child}` could not be started: {cause}")]
pub struct StartError {
    /// The child's name in its supervisor.
    pub child: String,
    /// What its start said.
    pub cause: String,
}

type StartFn = dyn Fn(ActorCell) -> BoxFuture<'static, Result<ActorCell, StartError>> + Send + Sync;

/// One child: name, policy and how to start it.
#[derive(Clone)]
pub struct ChildSpec {
    /// Its name below its supervisor.
    pub name: String,
    /// When it is restarted.
    pub restart: Restart,
    /// How it is stopped.
    pub shutdown: Shutdown,
    start: Arc<StartFn>,
}

impl ChildSpec {
    /// A child that is a plain actor. `make` yields the actor and its arguments for each incarnation,
    /// and `address` is bound to it.
    pub fn new<A, F>(
        name: impl Into<String>,
        restart: Restart,
        shutdown: Shutdown,
        address: &Address<A::Msg>,
        make: F,
    ) -> Self
    where
        A: Actor,
        F: Fn() -> (A, A::Arguments) + Send + Sync + 'static,
    {
        let name = name.into();
        let child = name.clone();
        let address = address.clone();
        let start = move |supervisor: ActorCell| {
            let (actor, arguments) = make();
            let (address, child) = (address.clone(), child.clone());
            async move {
                match Actor::spawn_linked(None, actor, arguments, supervisor).await {
                    Ok((incarnation, _task)) => {
                        let cell = incarnation.get_cell();
                        address.bind(incarnation);
                        Ok(cell)
                    }
                    Err(error) => Err(StartError { child, cause: error.to_string() }),
                }
            }
            .boxed()
        };
        Self { name, restart, shutdown, start: Arc::new(start) }
    }

    /// Starts one incarnation, linked to `supervisor`.
    pub(crate) async fn start(&self, supervisor: ActorCell) -> Result<ActorCell, StartError> {
        (self.start)(supervisor).await
    }
}

impl fmt::Debug for ChildSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ChildSpec").field("name", &self.name).finish_non_exhaustive()
    }
}

//! A static supervisor: ordered start, restart by strategy within a budget, reverse stop.
//!
//! - Children start in list order, each fully started before the next; if one fails, those started are
//!   stopped in reverse and the start fails.
//! - An exit restarts the children its [`Strategy`] names, if the child's [`Restart`] asks for it:
//!   they are stopped in reverse and started in order. Temporary children that were stopped stay away.
//! - A restart that fails is tried again through a message to self and counts again.
//! - More restarts than the [`Budget`] allows stop all children in reverse and end the supervisor with
//!   [`IntensityExceeded`], for its own supervisor to decide.
//! - There is no backoff, on purpose: retrying belongs above a start that cannot fail by bad luck.
//!
//! *Invariant:* it holds no business state and hears no business messages.

use super::{
    Address, Budget, ChildSpec, Exit, Intensity, Restart, Roster, Shutdown, StartError, Strategy,
};
use ractor::{Actor, ActorCell, ActorProcessingErr, ActorRef, SupervisionEvent};
use std::ops::Range;
use tokio::time::Instant;

/// A supervisor's own specification.
#[derive(Debug, Clone)]
pub struct SupervisorSpec {
    /// Its path in the tree; children are `path/name`.
    pub path: String,
    /// Who restarts with whom.
    pub strategy: Strategy,
    /// How many restarts it bears.
    pub budget: Budget,
    /// Its children in start order.
    pub children: Vec<ChildSpec>,
    /// Where running actors are noted.
    pub roster: Roster,
}

impl SupervisorSpec {
    /// This supervisor as a child of another one.
    pub fn into_child(self, name: &str, restart: Restart) -> ChildSpec {
        let address = Address::new();
        ChildSpec::new(name, restart, Shutdown::Infinite, &address, move || {
            (Supervisor, self.clone())
        })
    }
}

/// The budget of a supervisor is spent.
#[derive(Debug, thiserror::Error)]
#[error("supervisor `{path}` gave up: more than {} restarts in {:?}, the last of `{child}` ({cause})", .budget.max, .budget.period)]
pub struct IntensityExceeded {
    /// The supervisor.
    pub path: String,
    /// Its budget.
    pub budget: Budget,
    /// The child whose exit was one too many.
    pub child: String,
    /// How that child ended.
    pub cause: String,
}

/// What a supervisor tells itself.
#[derive(Debug)]
pub enum SupervisorMessage {
    /// A restart failed; try it again.
    TryAgain {
        /// Index of the first child to start.
        child: usize,
        /// Why it failed.
        cause: String,
    },
}

/// The supervisor actor.
#[derive(Debug)]
pub struct Supervisor;

/// A running supervisor.
#[derive(Debug)]
pub struct State {
    spec: SupervisorSpec,
    cells: Vec<Option<ActorCell>>,
    intensity: Intensity,
}

impl Actor for Supervisor {
    type Msg = SupervisorMessage;
    type State = State;
    type Arguments = SupervisorSpec;

    async fn pre_start(
        &self,
        me: ActorRef<Self::Msg>,
        spec: SupervisorSpec,
    ) -> Result<State, ActorProcessingErr> {
        let count = spec.children.len();
        let intensity = Intensity::new(spec.budget);
        let mut state = State { cells: vec![None; count], intensity, spec };
        match state.start(0..count, &me).await {
            Ok(()) => Ok(state),
            Err((_, error)) => {
                state.stop(0..count).await;
                Err(Box::new(error))
            }
        }
    }

    async fn handle(
        &self,
        me: ActorRef<Self::Msg>,
        message: SupervisorMessage,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            SupervisorMessage::TryAgain { child, cause } => state.restart(child, cause, &me).await,
        }
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let Some((cell, exit)) = Exit::of(event) else { return Ok(()) };
        let Some(child) = state.index_of(&cell) else { return Ok(()) };
        state.exited(child, exit, &me).await
    }

    async fn post_stop(
        &self,
        _me: ActorRef<Self::Msg>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        state.stop(0..state.cells.len()).await;
        Ok(())
    }
}

impl State {
    /// The child whose current incarnation this is; an exit of an earlier one, which we ended
    /// ourselves, is nobody's.
    fn index_of(&self, cell: &ActorCell) -> Option<usize> {
        let id = cell.get_id();
        self.cells.iter().position(|current| current.as_ref().is_some_and(|c| c.get_id() == id))
    }

    async fn exited(
        &mut self,
        child: usize,
        exit: Exit,
        me: &ActorRef<SupervisorMessage>,
    ) -> Result<(), ActorProcessingErr> {
        self.cells[child] = None;
        let spec = &self.spec.children[child];
        self.spec.roster.lost(&format!("{}/{}", self.spec.path, spec.name));
        let restart = match (&exit, spec.restart) {
            (_, Restart::Permanent) | (Exit::Abnormal(_), Restart::Transient) => true,
            (Exit::Normal, Restart::Transient) | (_, Restart::Temporary) => false,
        };
        let cause = match exit {
            Exit::Normal => "ended".to_owned(),
            Exit::Abnormal(cause) => cause,
        };
        tracing::error!(
            supervisor = %self.spec.path, context = "child_terminated", reason = %cause,
            offender = %spec.name, restart, "an actor ended"
        );
        if restart { self.restart(child, cause, me).await } else { Ok(()) }
    }

    async fn restart(
        &mut self,
        child: usize,
        cause: String,
        me: &ActorRef<SupervisorMessage>,
    ) -> Result<(), ActorProcessingErr> {
        let count = self.spec.children.len();
        if !self.intensity.admit(Instant::now()) {
            self.stop(0..count).await;
            return Err(Box::new(IntensityExceeded {
                path: self.spec.path.clone(),
                budget: self.spec.budget,
                child: self.spec.children[child].name.clone(),
                cause,
            }));
        }
        let affected = self.spec.strategy.affected(child, count);
        self.stop(affected.clone()).await;
        if let Err((child, error)) = self.start_again(child, affected, me).await {
            let retry = SupervisorMessage::TryAgain { child, cause: error.to_string() };
            me.send_message(retry)?;
        }
        Ok(())
    }

    /// Starts the affected children again, but no temporary sibling.
    async fn start_again(
        &mut self,
        dead: usize,
        affected: Range<usize>,
        me: &ActorRef<SupervisorMessage>,
    ) -> Result<(), (usize, StartError)> {
        for child in affected {
            let temporary = self.spec.children[child].restart == Restart::Temporary;
            if child == dead || !temporary {
                self.start(child..child + 1, me).await?;
            }
        }
        Ok(())
    }

    async fn start(
        &mut self,
        children: Range<usize>,
        me: &ActorRef<SupervisorMessage>,
    ) -> Result<(), (usize, StartError)> {
        for child in children {
            let spec = &self.spec.children[child];
            let cell = spec.start(me.get_cell()).await.map_err(|error| (child, error))?;
            let path = format!("{}/{}", self.spec.path, spec.name);
            self.spec.roster.started(&path, cell.clone());
            self.cells[child] = Some(cell);
        }
        Ok(())
    }

    async fn stop(&mut self, children: Range<usize>) {
        for child in children.rev() {
            if let Some(cell) = self.cells[child].take() {
                let spec = &self.spec.children[child];
                spec.shutdown.stop(&cell).await;
                self.spec.roster.left(&format!("{}/{}", self.spec.path, spec.name));
            }
        }
    }
}

#[cfg(test)]
#[path = "supervisor/tests.rs"]
mod tests;

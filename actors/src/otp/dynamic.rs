//! A supervisor of children that come and go, all alike and independent of each other.
//!
//! Each child has its own restart budget. A child that spends it is *quarantined*: not restarted but
//! for one trial after [`DynamicSpec::quarantine`], and never a reason for the supervisor to end, so
//! that one bad neighbour cannot take the others down. A trial that stands for the budget's period is
//! passed; a crash before is quarantine again. Children are stopped in parallel.

use super::{Budget, ChildSpec, Exit, Intensity, Restart, Roster, StartError};
use futures_util::future::join_all;
use ractor::{Actor, ActorCell, ActorId, ActorProcessingErr, ActorRef, SupervisionEvent};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::Instant;

/// A dynamic supervisor's specification.
#[derive(Clone)]
pub struct DynamicSpec {
    /// Its path in the tree.
    pub path: String,
    /// Restarts each child bears.
    pub budget: Budget,
    /// How long a child that spent its budget is left alone.
    pub quarantine: Duration,
    /// The children every incarnation starts with.
    pub initial: Arc<dyn Fn() -> Vec<ChildSpec> + Send + Sync>,
    /// Told the name of a child that does not run for now. It must only send messages.
    pub quarantined: Arc<dyn Fn(&str) + Send + Sync>,
    /// Where running actors are noted.
    pub roster: Roster,
}

/// What a dynamic supervisor is asked.
#[derive(Debug)]
pub enum DynamicMessage {
    /// Starts one more child; the answer says whether it runs.
    Start(ChildSpec, oneshot::Sender<Result<(), StartError>>),
    /// Its quarantine is over, or its start failed: one more try.
    TryAgain(String),
}

/// The dynamic supervisor actor.
#[derive(Debug)]
pub struct DynamicSupervisor;

/// A running dynamic supervisor.
pub struct State {
    spec: DynamicSpec,
    children: HashMap<String, Child>,
    names: HashMap<ActorId, String>,
}

struct Child {
    spec: ChildSpec,
    cell: Option<ActorCell>,
    intensity: Intensity,
    trial: Option<Trial>,
}

/// The one restart after a quarantine.
#[derive(Debug, Clone, Copy)]
enum Trial {
    /// The quarantine is not over yet.
    Awaited,
    /// A crash before then fails it.
    Until(Instant),
}

impl Actor for DynamicSupervisor {
    type Msg = DynamicMessage;
    type State = State;
    type Arguments = DynamicSpec;

    async fn pre_start(
        &self,
        me: ActorRef<Self::Msg>,
        spec: DynamicSpec,
    ) -> Result<State, ActorProcessingErr> {
        let initial = (spec.initial)();
        let mut state = State { spec, children: HashMap::new(), names: HashMap::new() };
        for child in initial {
            let name = child.name.clone();
            if let Err(error) = state.add(child, &me).await {
                tracing::error!(offender = %name, reason = %error, "an actor could not be started");
                state.later(&name, &me);
            }
        }
        Ok(state)
    }

    async fn handle(
        &self,
        me: ActorRef<Self::Msg>,
        message: DynamicMessage,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            DynamicMessage::Start(spec, answer) => {
                let name = spec.name.clone();
                let started = state.add(spec, &me).await;
                if started.is_err() {
                    state.children.remove(&name); // whoever asked is told and may ask again
                }
                if let Err(Ok(())) = answer.send(started) {
                    state.unwanted(&name); // whoever asked is gone: nobody would ever end it
                }
            }
            DynamicMessage::TryAgain(name) => state.start(&name, &me).await,
        }
        Ok(())
    }

    async fn handle_supervisor_evt(
        &self,
        me: ActorRef<Self::Msg>,
        event: SupervisionEvent,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let Some((cell, exit)) = Exit::of(event) else { return Ok(()) };
        if let Some(name) = state.names.remove(&cell.get_id()) {
            state.exited(&name, exit, &me).await;
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _me: ActorRef<Self::Msg>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        let running = state.children.values().filter_map(|child| {
            let shutdown = child.spec.shutdown;
            child.cell.as_ref().map(|cell| async move { shutdown.stop(cell).await })
        });
        join_all(running).await;
        for name in state.children.keys() {
            state.spec.roster.left(&state.path(name));
        }
        Ok(())
    }
}

impl State {
    fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.spec.path)
    }

    async fn add(
        &mut self,
        spec: ChildSpec,
        me: &ActorRef<DynamicMessage>,
    ) -> Result<(), StartError> {
        let name = spec.name.clone();
        let intensity = Intensity::new(self.spec.budget);
        let started = spec.start(me.get_cell()).await;
        self.children.insert(name.clone(), Child { spec, cell: None, intensity, trial: None });
        started.map(|cell| self.runs(&name, cell))
    }

    fn runs(&mut self, name: &str, cell: ActorCell) {
        self.spec.roster.started(&self.path(name), cell.clone());
        self.names.insert(cell.get_id(), name.to_owned());
        if let Some(child) = self.children.get_mut(name) {
            child.cell = Some(cell);
            if child.trial.is_some() {
                child.trial = Some(Trial::Until(Instant::now() + self.spec.budget.period));
            }
        }
    }

    async fn exited(&mut self, name: &str, exit: Exit, me: &ActorRef<DynamicMessage>) {
        let Some(child) = self.children.get_mut(name) else { return };
        child.cell = None;
        let reason = match (exit, child.spec.restart) {
            (Exit::Abnormal(reason), Restart::Permanent | Restart::Transient) => reason,
            (Exit::Normal, Restart::Permanent) => "ended".to_owned(),
            (Exit::Normal, _) | (_, Restart::Temporary) => {
                self.children.remove(name);
                self.spec.roster.left(&self.path(name));
                return;
            }
        };
        let now = Instant::now();
        let failed = matches!(child.trial.take(), Some(Trial::Until(end)) if now < end);
        let admitted = child.intensity.admit(now) && !failed;
        tracing::error!(
            supervisor = %self.spec.path, context = "child_terminated", %reason, offender = %name,
            restart = admitted, "an actor ended"
        );
        if admitted {
            self.start(name, me).await;
        } else {
            child.trial = Some(Trial::Awaited);
            tracing::error!(offender = %name, after = ?self.spec.quarantine, "quarantined");
            self.later(name, me);
        }
    }

    /// Asks a child to stop; it leaves when it has.
    fn unwanted(&self, name: &str) {
        if let Some(cell) = self.children.get(name).and_then(|child| child.cell.as_ref()) {
            cell.stop(None);
        }
    }

    async fn start(&mut self, name: &str, me: &ActorRef<DynamicMessage>) {
        let Some(child) = self.children.get(name).filter(|child| child.cell.is_none()) else {
            return;
        };
        match child.spec.start(me.get_cell()).await {
            Ok(cell) => self.runs(name, cell),
            Err(error) => {
                tracing::error!(offender = %name, reason = %error, "an actor could not be started");
                self.later(name, me);
            }
        }
    }

    /// It does not run for now, and is tried again after the quarantine.
    fn later(&self, name: &str, me: &ActorRef<DynamicMessage>) {
        self.spec.roster.left(&self.path(name));
        (self.spec.quarantined)(name);
        let name = name.to_owned();
        let _timer = me.send_after(self.spec.quarantine, move || DynamicMessage::TryAgain(name));
    }
}

#[cfg(test)]
#[path = "dynamic/tests.rs"]
mod tests;

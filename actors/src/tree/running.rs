//! A tree that runs: how it is reached, how it ends.

use crate::fleet::Fleet;
use crate::otp::{Roster, StartError, Supervisor, SupervisorSpec};
use crate::session::Clients;
use ractor::{Actor, ActorCell};
use std::time::Duration;
use tokio::sync::watch;

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    root: ActorCell,
    clients: Clients,
    fleet: Fleet,
    roster: Roster,
    finished: watch::Receiver<bool>,
    drain: Duration,
}

/// How a gateway ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was stopped, or its only client left.
    Stopped,
    /// Its root supervisor gave up.
    GaveUp,
}

impl Gateway {
    pub(super) async fn run(
        root: SupervisorSpec,
        clients: Clients,
        fleet: Fleet,
        roster: Roster,
        finished: watch::Receiver<bool>,
        drain: Duration,
    ) -> Result<Self, StartError> {
        let start = Actor::spawn(None, Supervisor, root).await;
        let (root, _task) = start
            .map_err(|error| StartError { child: "gateway".into(), cause: error.to_string() })?;
        Ok(Self { root: root.get_cell(), clients, fleet, roster, finished, drain })
    }

    /// The way in, for faces and tests.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// What is known of the servers, and how they are ordered about.
    pub fn fleet(&self) -> &Fleet {
        &self.fleet
    }

    /// Who runs.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Returns when the gateway ends by itself: its faces are done, or its root gave up.
    pub async fn ended(&self) -> Ended {
        let mut finished = self.finished.clone();
        tokio::select! {
            _ = self.root.wait(None) => Ended::GaveUp,
            // that nobody can say so any more means nothing: a tree that gave up drops its faces
            Ok(_) = finished.wait_for(|&finished| finished) => Ended::Stopped,
        }
    }

    /// Stops: no new calls, those in flight finish within the drain time, then sessions, then servers.
    /// What has not ended within `deadline` is killed. `true` when all ended by itself.
    pub async fn stop(self, deadline: Duration) -> bool {
        self.clients.freeze().await;
        self.root.stop(None);
        let in_time = self.root.wait(Some(deadline.max(self.drain))).await.is_ok();
        if !in_time {
            tracing::error!("not everything stopped in time, the rest is killed");
            self.root.kill();
            let _gone = self.root.wait(None).await;
        }
        // clients may have come or left meanwhile
        self.clients.save().await;
        in_time
    }
}

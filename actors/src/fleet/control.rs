//! The fleet as the edges see it: what is known of every server, and how it is ordered about.

use super::{Board, Card, FrameWatch};
use crate::catalog::{self, Known, Naming, Switches};
use crate::health::{GlobalPolicy, MonitorPatch, PingPatch, Policies, analyzer, monitor, pings};
use crate::otp::Address;
use crate::proxy;
use crate::reconnection::{self, View};
use crate::server::{self, Order, ServerName};
use crate::session::{Clients, SessionSummary};
use crate::timeline::{EventKind, Timelines};
use futures_util::future::join_all;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::time::timeout;

/// A loop that does not answer for this long stalls.
const STALLED: Duration = Duration::from_secs(1);

/// How the runtime's own loops are reached.
#[derive(Debug, Clone, Default)]
pub struct Loops {
    pub(crate) catalog: Address<catalog::Message>,
    pub(crate) coordinator: Address<reconnection::Message>,
    pub(crate) analyzer: Address<analyzer::Message>,
    pub(crate) pings: Address<pings::Message>,
    pub(crate) monitor: Address<monitor::Message>,
    pub(crate) proxy: Address<proxy::Message>,
}

/// There is no server of this name.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no server `{0}`")]
pub struct NoSuchServer(pub String);

/// What is known of the servers, and how they are ordered about; cheap to clone.
#[derive(Debug, Clone)]
pub struct Fleet {
    /// The cards of all servers.
    pub board: Board,
    /// The policies of this moment.
    pub policies: Policies,
    /// What happened to each server.
    pub timelines: Timelines,
    /// What each server offers.
    pub known: Known,
    pub(crate) switches: Switches,
    pub(crate) loops: Loops,
    pub(crate) clients: Clients,
    pub(crate) naming: Naming,
}

impl Fleet {
    /// The card of one server.
    pub fn card(&self, name: &str) -> Result<&Arc<Card>, NoSuchServer> {
        self.board.card(&ServerName::new(name)).ok_or_else(|| NoSuchServer(name.to_owned()))
    }

    /// Watches every frame of a server's connections from now on.
    pub fn tap(&self, name: &str) -> Result<FrameWatch, NoSuchServer> {
        Ok(self.card(name)?.tap.watch())
    }

    /// Gives a server an order; it is carried out in its own time.
    pub fn order(&self, name: &str, order: Order) -> Result<(), NoSuchServer> {
        self.card(name)?.address.tell(server::Message::Order(order));
        Ok(())
    }

    /// Has a server probed now.
    pub fn probe(&self, name: &str) -> Result<(), NoSuchServer> {
        let card = self.card(name)?;
        let (name, generation) = (card.spec.name.clone(), card.standing().generation);
        let kind = EventKind::Operator { action: "probe".into() };
        self.timelines.note(&name, generation, kind);
        self.loops.monitor.tell(monitor::Message::Check(name));
        Ok(())
    }

    /// Changes the policies; intervals start anew.
    pub fn set_policies(&self, monitor: &MonitorPatch, ping: &PingPatch) -> GlobalPolicy {
        let policy = self.policies.patch(monitor, ping);
        self.loops.monitor.tell(monitor::Message::PolicyChanged);
        policy
    }

    /// Changes how many servers may connect at the same time.
    pub fn set_max_concurrent_reconnections(&self, count: usize) {
        self.loops.coordinator.tell(reconnection::Message::SetMaxConcurrent(count));
    }

    /// Who connects and who waits; `None` when the coordinator does not answer.
    pub async fn reconnections(&self) -> Option<View> {
        let (reply, view) = oneshot::channel();
        self.loops.coordinator.tell(reconnection::Message::View(reply));
        timeout(STALLED, view).await.ok()?.ok()
    }

    /// Sessions open and requests in flight.
    pub fn clients(&self) -> (usize, usize) {
        (self.clients.sessions(), self.clients.in_flight())
    }

    /// The sessions that are open, in the order in which they were opened.
    pub fn sessions(&self) -> Vec<SessionSummary> {
        let mut sessions = self.clients.table().summaries();
        sessions.sort_by(|a, b| (a.opened, &a.id).cmp(&(b.opened, &b.id)));
        sessions
    }

    /// Ends a session, as if its client had; whether there is one with this id.
    pub fn end_session(&self, id: &str) -> bool {
        let session = self.clients.table().find(id);
        if let Some(session) = &session {
            self.clients.end(session);
        }
        session.is_some()
    }

    /// The runtime's own loops, by name, and whether each turns: it answers within a second.
    pub async fn pulse(&self) -> Vec<(&'static str, bool)> {
        let loops = &self.loops;
        let echo = |name, asked: oneshot::Receiver<()>| async move {
            (name, matches!(timeout(STALLED, asked).await, Ok(Ok(()))))
        };
        macro_rules! ask {
            ($($name:literal $address:ident $message:path),+ $(,)?) => {
                [$({
                    let (reply, asked) = oneshot::channel();
                    loops.$address.tell($message(reply));
                    echo($name, asked)
                }),+]
            };
        }
        join_all(ask![
            "catalog" catalog catalog::Message::Echo,
            "reconnection" coordinator reconnection::Message::Echo,
            "quality" analyzer analyzer::Message::Echo,
            "pings" pings pings::Message::Echo,
            "monitor" monitor monitor::Message::Echo,
            "proxy" proxy proxy::Message::Echo,
        ])
        .await
    }
}

//! The proxy: the front actor every call passes. It routes and forwards, and never waits.

use crate::call::{CallTicket, Failure};
use crate::catalog::{Route, Snapshot, SnapshotCell};
use crate::server::{self, RoutedCall};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::Arc;
use std::time::Duration;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What the proxy hears.
#[derive(Debug)]
pub enum Message {
    /// A call to be routed.
    Route(CallTicket),
}

/// What every incarnation is made of.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// What is routed by.
    pub snapshot: SnapshotCell,
    /// How long a call to an unknown tool waits for servers that are starting for the first time.
    pub boot_wait: Duration,
}

/// The proxy actor.
#[derive(Debug)]
pub struct Proxy;

/// A running proxy.
#[derive(Debug)]
pub struct State {
    arguments: Arguments,
    searches: JoinSet<()>,
}

impl Actor for Proxy {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        _me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { arguments, searches: JoinSet::new() })
    }

    async fn handle(
        &self,
        _me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Route(ticket) => state.route(ticket),
        }
        Ok(())
    }
}

impl State {
    fn route(&mut self, ticket: CallTicket) {
        let snapshot = self.arguments.snapshot.load();
        match snapshot.route(&ticket.params.name) {
            Some(route) => forward(ticket, route),
            None => self.search(ticket),
        }
    }

    /// Waits for servers that are starting, and looks for names alike, beside the mailbox: both take
    /// their time.
    fn search(&mut self, ticket: CallTicket) {
        while self.searches.try_join_next().is_some() {}
        let Arguments { snapshot, boot_wait } = self.arguments.clone();
        self.searches.spawn(async move {
            let name = ticket.params.name.clone();
            let find = |snapshot: &Snapshot| snapshot.route(&name).cloned();
            if let Ok(Some(route)) = timeout(boot_wait, snapshot.find(find)).await {
                return forward(ticket, &route);
            }
            if let Some(call) = ticket.redeem() {
                let name: String = name.chars().take(128).collect();
                let near = snapshot.load().near(&name);
                call.fail(&Failure::UnknownTool { name, near });
            }
        });
    }
}

fn forward(ticket: CallTicket, route: &Arc<Route>) {
    let call = RoutedCall { ticket, route: Arc::clone(route) };
    // a server that is being restarted hands the call back: its ticket says "not sent"
    route.address.tell(server::Message::Call(call));
}

//! The proxy: the front actor every call passes. It routes and forwards, and never waits.

use crate::call::{CallTicket, Failure};
use crate::catalog::SnapshotCell;
use crate::server::{self, RoutedCall};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::Arc;
use tokio::task::JoinSet;

/// What the proxy hears.
#[derive(Debug)]
pub enum Message {
    /// A call to be routed.
    Route(CallTicket),
}

/// The proxy actor.
#[derive(Debug)]
pub struct Proxy;

/// A running proxy.
#[derive(Debug)]
pub struct State {
    snapshot: SnapshotCell,
    searches: JoinSet<()>,
}

impl Actor for Proxy {
    type Msg = Message;
    type State = State;
    type Arguments = SnapshotCell;

    async fn pre_start(
        &self,
        _me: ActorRef<Message>,
        snapshot: SnapshotCell,
    ) -> Result<State, ActorProcessingErr> {
        Ok(State { snapshot, searches: JoinSet::new() })
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
        let snapshot = self.snapshot.load();
        let name = &ticket.params.name;
        let Some(route) = snapshot.route(name) else {
            return match snapshot.unlisted(name) {
                Some(server) => server.tell(server::Message::Unlisted(ticket)),
                None => self.unknown(ticket),
            };
        };
        let call = RoutedCall { ticket, route: Arc::clone(route) };
        // a server that is being restarted hands the call back: its ticket says "not sent" once
        if let Err(server::Message::Call(call)) = route.address.cast(server::Message::Call(call))
            && !(call.ticket.goes_again() || call.ticket.control.is_given_up())
            && let Some(call) = call.ticket.redeem()
        {
            call.fail(&Failure::NotRunning { server: route.server.clone() });
        }
    }

    /// Looks for names alike beside the mailbox, because it compares with every tool there is.
    fn unknown(&mut self, ticket: CallTicket) {
        while self.searches.try_join_next().is_some() {}
        let snapshot = self.snapshot.load();
        self.searches.spawn(async move {
            if let Some(call) = ticket.redeem() {
                let name: String = call.params.name.chars().take(128).collect();
                let near = snapshot.near(&name);
                call.fail(&Failure::UnknownTool { name, near });
            }
        });
    }
}

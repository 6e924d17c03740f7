//! The proxy: the front actor every call passes. It routes and forwards, and never waits.

use crate::call::{CallTicket, Failure};
use crate::catalog::{Snapshot, SnapshotCell};
use crate::server::{self, RoutedCall};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;
use tokio::time::timeout;

/// What the proxy hears.
#[derive(Debug)]
pub enum Message {
    /// A call to be routed.
    Route(CallTicket),
    /// Somebody looks whether this loop turns.
    Echo(oneshot::Sender<()>),
}

/// What every incarnation is made of.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// Who serves which tool.
    pub snapshot: SnapshotCell,
    /// How long a call of an unknown tool waits for servers of which nothing is known yet.
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
    /// Names alike are looked for one at a time, because that compares with every tool there is.
    searching: Arc<Mutex<()>>,
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
        Ok(State { arguments, searches: JoinSet::new(), searching: Arc::default() })
    }

    async fn handle(
        &self,
        _me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Route(ticket) => state.route(ticket),
            Message::Echo(reply) => {
                let _gone = reply.send(());
            }
        }
        Ok(())
    }
}

impl State {
    fn route(&mut self, ticket: CallTicket) {
        if let Err(ticket) = pass_on(&self.arguments.snapshot.load(), ticket) {
            self.unknown(ticket);
        }
    }

    /// Waits, and looks for names alike, beside the mailbox. What is unknown while servers are still
    /// awaited may be a tool of one of them: it is decided when they are known, like a list.
    fn unknown(&mut self, ticket: CallTicket) {
        while self.searches.try_join_next().is_some() {}
        let Arguments { snapshot, boot_wait } = self.arguments.clone();
        let searching = Arc::clone(&self.searching);
        self.searches.spawn(async move {
            let _late = timeout(boot_wait, snapshot.decided(&ticket.params.name)).await;
            let snapshot = snapshot.load();
            let Err(ticket) = pass_on(&snapshot, ticket) else { return };
            if let Some(server) = snapshot.unlisted(&ticket.params.name) {
                return server.tell(server::Message::Unlisted(ticket));
            }
            let Some(call) = ticket.redeem() else { return };
            if call.control.is_given_up() {
                return call.forget();
            }
            let name: String = call.params.name.chars().take(128).collect();
            let near = searching.try_lock().map(|_one| snapshot.near(&name)).unwrap_or_default();
            call.fail(&Failure::UnknownTool { name, near });
        });
    }
}

/// Passes a call on to the server of its tool; gives it back when there is none.
fn pass_on(snapshot: &Snapshot, ticket: CallTicket) -> Result<(), CallTicket> {
    let Some(route) = snapshot.route(&ticket.params.name) else { return Err(ticket) };
    let call = RoutedCall { ticket, route: Arc::clone(route) };
    // a server that is being restarted hands the call back: its ticket says "not sent" once
    if let Err(server::Message::Call(call)) = route.address.cast(server::Message::Call(call))
        && !(call.ticket.goes_again() || call.ticket.control.is_given_up())
        && let Some(call) = call.ticket.redeem()
    {
        call.fail(&Failure::NotRunning { server: route.server.clone() });
    }
    Ok(())
}

//! The proxy: the front actor every call passes. It routes by what its client sees, forwards, and never
//! waits.

use crate::call::{CallTicket, Failure, method_not_allowed};
use crate::catalog::{Capability, Route, Snapshot, Switches};
use crate::server::{self, RoutedCall};
use crate::session::SessionTable;
use crate::wire::{CallParams, Method, Subject};
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
    /// Who runs which task.
    pub(crate) sessions: SessionTable,
    /// Which tools are switched off.
    pub switches: Switches,
    /// How long a call of something unknown waits for servers of which nothing is known yet.
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
        if ticket.params.method.is_of_task() {
            return self.task(ticket);
        }
        if ticket.params.method == Method::OfExtension {
            return self.extension(ticket);
        }
        let snapshot = ticket.client.view.snapshot().load();
        if let Err(ticket) =
            pass_on(&snapshot, &self.arguments.switches, snapshot.unknown == 0, ticket)
        {
            self.unknown(ticket);
        }
    }

    /// A task is asked for where it runs.
    fn task(&self, ticket: CallTicket) {
        let tasks = self.arguments.sessions.tasks();
        match tasks.route(&ticket.client, &ticket.params.name) {
            Some(route) => {
                mark(&ticket, &route);
                send(RoutedCall::new(ticket, route));
            }
            None => {
                if let Some(call) = ticket.redeem() {
                    let task = call.params.label();
                    call.fail(&Failure::UnknownTask { task });
                }
            }
        }
    }

    /// A method that is none of the core goes to the server that has its extension, once all are known.
    fn extension(&mut self, ticket: CallTicket) {
        while self.searches.try_join_next().is_some() {}
        let (view, boot_wait) = (ticket.client.view.clone(), self.arguments.boot_wait);
        self.searches.spawn(async move {
            let _late = timeout(boot_wait, view.snapshot().complete()).await;
            let route = view.snapshot().load().extension(&ticket.params.name);
            if let Some(route) = route {
                mark(&ticket, &route);
                return send(RoutedCall::new(ticket, route));
            }
            if let Some(call) = ticket.redeem() {
                let reply = method_not_allowed(call.id(), &call.params.name);
                call.reply(reply);
            }
        });
    }

    /// Waits, and looks for names alike, beside the mailbox. What is unknown while servers are still
    /// awaited may be of one of them: it is decided when they are known, like a list.
    fn unknown(&mut self, ticket: CallTicket) {
        while self.searches.try_join_next().is_some() {}
        let boot_wait = self.arguments.boot_wait;
        let view = ticket.client.view.clone();
        let searching = Arc::clone(&self.searching);
        let switches = self.arguments.switches.clone();
        self.searches.spawn(async move {
            let subject = ticket.params.subject;
            let _late =
                timeout(boot_wait, view.snapshot().decided(subject, &ticket.params.name)).await;
            let snapshot = view.snapshot().load();
            let Err(ticket) = pass_on(&snapshot, &switches, false, ticket) else { return };
            if let Some(server) = snapshot.unlisted(subject, &ticket.params.name) {
                return server.tell(server::Message::Unlisted(ticket));
            }
            let Err(ticket) = pass_on(&snapshot, &switches, true, ticket) else { return };
            let Some(call) = ticket.redeem() else { return };
            if call.control.is_given_up() {
                return call.forget();
            }
            let longest = if subject == Subject::Tool { 128 } else { 2_000 };
            let name: String = call.params.name.chars().take(longest).collect();
            let near = searching.try_lock().map(|_one| snapshot.near(subject, &name));
            call.fail(&Failure::Unknown { subject, name, near: near.unwrap_or_default() });
        });
    }
}

/// Passes a call on to its server; gives it back when there is none. `guess` tells whether a server may
/// be asked that does not list what the call names.
fn pass_on(
    snapshot: &Snapshot,
    switches: &Switches,
    guess: bool,
    ticket: CallTicket,
) -> Result<(), CallTicket> {
    let CallParams { subject, ref name, method, .. } = ticket.params;
    let listed = snapshot.route(subject, name);
    let Some(route) = listed.or_else(|| snapshot.guess(subject, name).filter(|_| guess)) else {
        return Err(ticket);
    };
    mark(&ticket, &route);
    if subject == Subject::Tool && switches.is_off(&route.server, &route.own) {
        let (server, tool) = (route.server.clone(), route.own.clone());
        if let Some(call) = ticket.redeem() {
            call.fail(&Failure::SwitchedOff { server, tool });
        }
        return Ok(());
    }
    if !route.capabilities.has(Capability::of_method(method)) {
        let (server, method) = (route.server.clone(), method.as_str());
        if let Some(call) = ticket.redeem() {
            call.fail(&Failure::NotDeclared { server, method });
        }
        return Ok(());
    }
    if let Err(call) = route.gate.pass(RoutedCall::new(ticket, Arc::clone(&route))) {
        send(call);
    }
    Ok(())
}

/// Says of a call where it goes, also when it is refused on the way.
fn mark(ticket: &CallTicket, route: &Route) {
    if let Some(watched) = ticket.watched() {
        watched.routed(route);
    }
}

fn send(call: RoutedCall) {
    let route = Arc::clone(&call.route);
    // a server that is being restarted hands the call back: its ticket says "not sent" once
    if let Err(server::Message::Call(call)) = route.address.cast(server::Message::Call(call))
        && !(call.ticket.goes_again() || call.ticket.control.is_given_up())
        && let Some(call) = call.ticket.redeem()
    {
        call.fail(&Failure::NotRunning { server: route.server.clone() });
    }
}

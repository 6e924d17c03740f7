//! The session actor: one client's conversation.

use super::ask::{Ask, AskId, Questions};
use super::list::Listing;
use super::news::News;
use super::{BuiltinTool, Client, ClientStream, Fact, SessionHandle, SessionTable};
use crate::call::{Again, CallTicket, Control, GoneBecause, Request};
use crate::catalog::SnapshotCell;
use crate::observation::{Lookout, SessionOver};
use crate::otp::{Address, Ticket, Timer};
use crate::proxy;
use crate::wire::{CancelParams, Kind, ProgressParams, RawId};
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::JoinSet;
use tokio::time::Instant;

mod requests;

/// Before a call that was not sent is tried once more: time for a crashed actor to be back.
pub(super) const AGAIN_AFTER: Duration = Duration::from_millis(50);

/// What a session hears.
#[derive(Debug)]
pub enum Message {
    /// The client sent this.
    Deliver(Ticket<Request>),
    /// The client gave up a request by closing its connection.
    Abandon(RawId),
    /// Messages that belong to no request go here.
    Attach(ClientStream),
    /// Something that concerns all sessions.
    Told(Fact),
    /// A server asks the client something.
    Ask(Ask),
    /// It does not want the answer any more, and why.
    Withdraw(AskId, &'static str),
    /// A call that was certainly not sent, for its second try.
    Again(CallTicket),
    /// Time to look whether anybody is still there.
    IdleDue,
    /// Another session needs a place; the answer is whether this one, unused for so long, ends.
    Yield(Duration, oneshot::Sender<bool>),
}

/// What a session is made of.
#[derive(Debug, Clone)]
pub struct Arguments {
    /// Who it is.
    pub client: Arc<Client>,
    /// How it is reached.
    pub address: Address<Message>,
    /// Where it is entered.
    pub table: SessionTable,
    /// Where calls go.
    pub proxy: Address<proxy::Message>,
    /// What is shown.
    pub snapshot: SnapshotCell,
    /// How lists are answered.
    pub listing: Listing,
    /// The gateway's own tool, if it has one.
    pub builtin: Option<Arc<dyn BuiltinTool>>,
    /// Without traffic for this long it ends.
    pub idle: Duration,
    /// Who looks at its requests.
    pub lookout: Lookout,
    /// Its place among the sessions, given back when it is gone, however it ends.
    pub place: Arc<OwnedSemaphorePermit>,
}

/// The session actor.
#[derive(Debug)]
pub struct Session;

/// A running session.
pub struct State {
    arguments: Arguments,
    _entry: Entry,
    again: Again,
    initialized: bool,
    in_flight: HashMap<RawId, Arc<Control>>,
    outbound: Option<ClientStream>,
    news: News,
    questions: Questions,
    idle_timer: Timer,
    lists: JoinSet<()>,
}

/// Its place in the table: there from before it can be found to whenever and however it ends.
struct Entry {
    table: SessionTable,
    client: Arc<Client>,
    lookout: Lookout,
    opened: Instant,
}

impl Entry {
    fn new(arguments: &Arguments) -> Self {
        let Arguments { client, address, table, lookout, .. } = arguments;
        let (table, client, lookout) = (table.clone(), Arc::clone(client), lookout.clone());
        let handle = SessionHandle::new(&client, address, &lookout);
        table.enter(Arc::clone(&client.session), handle);
        Self { table, client, lookout, opened: Instant::now() }
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.table.leave(&self.client.session);
        if let Some(observer) = self.lookout.observer() {
            observer.session_over(&SessionOver {
                session: Arc::clone(&self.client.session),
                face: self.lookout.face(),
                revision: self.client.profile().map(|profile| profile.era.revision()),
                lasted: self.opened.elapsed(),
            });
        }
    }
}

impl Actor for Session {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        let entry = Entry::new(&arguments);
        let initialized = arguments.client.profile().is_some();
        let again = {
            let me = me.clone();
            Arc::new(move |ticket| {
                let _timer = me.send_after(AGAIN_AFTER, move || Message::Again(ticket));
            })
        };
        let idle_timer = Timer::from(me.send_after(arguments.idle, || Message::IdleDue));
        Ok(State {
            arguments,
            idle_timer,
            _entry: entry,
            again,
            initialized,
            in_flight: HashMap::new(),
            outbound: None,
            news: News::default(),
            questions: Questions::default(),
            lists: JoinSet::new(),
        })
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Deliver(ticket) => state.deliver(ticket),
            Message::Abandon(id) => state.give_up(&id, GoneBecause::Disconnected),
            Message::Attach(stream) => state.attach(stream),
            Message::Told(fact) => state.told(fact),
            Message::Ask(ask) => state.ask(ask),
            Message::Withdraw(id, reason) => state.questions.withdraw(id, reason),
            Message::Again(ticket) => state.route(ticket),
            Message::IdleDue => state.idle(&me),
            Message::Yield(unused, answer) => {
                let ends = state.arguments.client.usage.idle() >= unused && !state.is_in_use();
                let _nobody_waits = answer.send(ends);
                if ends {
                    me.stop(None);
                }
            }
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _me: ActorRef<Message>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        for control in state.in_flight.values() {
            control.give_up(GoneBecause::Disconnected);
        }
        Ok(())
    }
}

impl State {
    fn deliver(&mut self, ticket: Ticket<Request>) {
        self.flush();
        let Some(request) = ticket.redeem() else { return };
        match request.message.kind().clone() {
            Kind::Request { id, method } => self.request(request, id, &method),
            Kind::Notification { method } if &*method == "notifications/cancelled" => {
                let cancel = CancelParams::of(&request.message);
                if let Some((id, reason)) =
                    cancel.and_then(|c| Some((RawId::new(c.request_id)?, c.reason)))
                {
                    self.give_up(&id, GoneBecause::Cancelled(reason));
                }
            }
            Kind::Notification { method } if &*method == "notifications/progress" => {
                if let Some(progress) = ProgressParams::of(&request.message) {
                    self.questions.progress(progress.token, &request.message);
                }
            }
            Kind::Notification { method } if &*method == "notifications/roots/list_changed" => {
                self.arguments.table.roots_changed();
            }
            Kind::Notification { .. } => {} // `initialized` asks for nothing
            Kind::Response { id, ok } => {
                let id = id.as_ref().and_then(RawId::as_number);
                self.questions.answered(id, ok, &request.message);
            }
        }
    }

    fn route(&self, ticket: CallTicket) {
        // a proxy that is being restarted hands the call back: its ticket says "not sent"
        self.arguments.proxy.tell(proxy::Message::Route(ticket));
    }

    fn give_up(&mut self, id: &RawId, because: GoneBecause) {
        if let Some(control) = self.in_flight.remove(id) {
            control.give_up(because);
        }
    }

    fn ask(&mut self, ask: Ask) {
        if self.initialized && self.arguments.client.abilities().allow(ask.need) {
            self.questions.put(ask, self.outbound.as_ref());
        }
    }

    fn attach(&mut self, stream: ClientStream) {
        self.outbound = Some(stream);
        self.flush();
    }

    fn told(&mut self, fact: Fact) {
        if !self.initialized {
            return; // it has seen nothing that could have changed
        }
        match fact {
            Fact::ListChanged(method) => self.news.list_changed(method),
            Fact::Updated(uri, payload) => self.news.updated(uri, payload),
            Fact::Told(payload) => {
                if let Some(stream) = &self.outbound {
                    let _full = stream.notify(payload); // it may ask at any time
                }
            }
            Fact::Log(level, payload) => {
                if let Some(stream) = &self.outbound
                    && self.arguments.client.wants(level)
                {
                    let _full = stream.notify(payload);
                }
            }
        }
        self.flush();
    }

    fn flush(&mut self) {
        if let Some(stream) = self.outbound.as_ref().filter(|stream| !stream.is_closed()) {
            self.news.tell(stream);
        }
    }

    /// Whether a call is in flight, the client is asked something, or somebody listens.
    fn is_in_use(&self) -> bool {
        self.questions.wait()
            || self.in_flight.values().any(|control| !control.is_over())
            || self.outbound.as_ref().is_some_and(|stream| !stream.is_closed())
    }

    fn idle(&mut self, me: &ActorRef<Message>) {
        let rest = self.arguments.idle.saturating_sub(self.arguments.client.usage.idle());
        if rest.is_zero() && !self.is_in_use() {
            tracing::info!(session = %self.arguments.client.session, "session idle, ended");
            me.stop(None);
        } else {
            let rest = if rest.is_zero() { self.arguments.idle } else { rest };
            self.idle_timer = Timer::from(me.send_after(rest, || Message::IdleDue));
        }
    }
}

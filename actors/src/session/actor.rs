//! The session actor: one client's conversation.

use super::list::{self, BadList, Listing};
use super::news::News;
use super::{
    BuiltinTool, Client, ClientStream, Fact, LogLevel, SessionHandle, SessionTable, initialize,
};
use crate::bridge::legacy_client::ModernMeta;
use crate::call::{Again, Call, CallTicket, Control, GoneBecause, Request, method_not_allowed};
use crate::catalog::{Capability, STATUS_TOOL, SnapshotCell};
use crate::otp::{Address, Ticket, Timer};
use crate::proxy;
use crate::wire::{
    CallParams, CancelParams, Kind, Method, Payload, RawId, Subject, code, error_reply, result_raw,
};
use bytes::Bytes;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, oneshot};
use tokio::task::JoinSet;
use tokio::time::timeout;

/// Before a call that was not sent is tried once more: time for a crashed actor to be back.
const AGAIN_AFTER: Duration = Duration::from_millis(50);

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
    idle_timer: Timer,
    lists: JoinSet<()>,
}

/// Its place in the table: there from before it can be found to whenever and however it ends.
struct Entry(SessionTable, Arc<str>);

impl Entry {
    fn new(arguments: &Arguments) -> Self {
        let id = Arc::clone(&arguments.client.session);
        let handle = SessionHandle::new(&arguments.client, &arguments.address);
        arguments.table.enter(Arc::clone(&id), handle);
        Self(arguments.table.clone(), id)
    }
}

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.leave(&self.1);
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
            // `initialized` asks for nothing, and no server's request was passed to this client
            Kind::Notification { .. } | Kind::Response { .. } => {}
        }
    }

    /// Every method of the protocol this gateway serves, in one table.
    fn request(&mut self, request: Request, id: RawId, method: &str) {
        let params = request.message.params();
        let reply = match method {
            "initialize" => self.initialize(&id, params),
            "ping" => result_raw(&id, Bytes::from_static(b"{}")),
            _ if !self.initialized => {
                let text = "this session is not initialized; send `initialize` first";
                error_reply(Some(&id), code::NOT_READY, text, None)
            }
            "logging/setLevel" => self.set_level(&id, params),
            _ => match (Subject::listed_by(method), Method::parse(method)) {
                (Some(subject), _) => return self.list(request, id, subject),
                (_, Some(named)) if self.offers(Capability::of_method(named)) => {
                    return self.call(request, id, named);
                }
                _ => method_not_allowed(&id, method),
            },
        };
        request.reply(reply);
    }

    /// Whether something behind this gateway can do this, or may once it is known. Tools it has itself.
    fn offers(&self, capability: Capability) -> bool {
        capability == Capability::Tools || self.arguments.snapshot.load().offers(capability)
    }

    fn initialize(&mut self, id: &RawId, params: Option<&[u8]>) -> Payload {
        if self.initialized {
            let text = "this session is initialized already; open another one";
            return error_reply(Some(id), code::INVALID_REQUEST, text, None);
        }
        match initialize::answer(params) {
            Ok((version, result)) => {
                self.initialized = true;
                if let Some(meta) = params.and_then(ModernMeta::of_initialize) {
                    self.arguments.client.initialized(version, meta);
                }
                tracing::info!(session = %self.arguments.client.session, %version, "session opened");
                result_raw(id, result)
            }
            Err(fault) => error_reply(Some(id), code::INVALID_PARAMS, &fault.to_string(), None),
        }
    }

    fn set_level(&self, id: &RawId, params: Option<&[u8]>) -> Payload {
        if let Some(level) = params.and_then(LogLevel::of_params) {
            self.arguments.table.set_level(&self.arguments.client, level);
            result_raw(id, Bytes::from_static(b"{}"))
        } else {
            let levels = LogLevel::ALL.map(LogLevel::as_str).join(", ");
            let text = format!("`params.level` must be one of {levels}");
            error_reply(Some(id), code::INVALID_PARAMS, &text, None)
        }
    }

    /// Lists at once when everything is known, else as soon as it is, but after `boot_wait` at the
    /// latest.
    fn list(&mut self, request: Request, id: RawId, subject: Subject) {
        while self.lists.try_join_next().is_some() {}
        let Listing { page_size, boot_wait } = self.arguments.listing;
        let own = self.arguments.builtin.clone().filter(|_| subject == Subject::Tool);
        let capability = Capability::of_subject(subject);
        // while it waits, the ticket answers for it
        let ticket = Ticket::new(request);
        let answer = move |snapshot: &SnapshotCell| {
            let Some(request) = ticket.redeem() else { return };
            let snapshot = snapshot.load();
            if subject != Subject::Tool && !snapshot.offers(capability) {
                return request.reply(method_not_allowed(&id, subject.list()));
            }
            let page = list::cursor(request.message.params()).and_then(|cursor| {
                let own = own.as_ref().map(|tool| tool.listed()).filter(|_| cursor.is_none());
                list::page(&snapshot, subject, own.as_ref(), cursor.as_deref(), page_size)
            });
            let reply = match page {
                Ok(result) => result_raw(&id, result),
                Err(fault @ (BadList::NotAnObject | BadList::Cursor)) => {
                    error_reply(Some(&id), code::INVALID_PARAMS, &fault.to_string(), None)
                }
            };
            request.reply(reply);
        };
        if self.arguments.snapshot.load().unknown == 0 {
            answer(&self.arguments.snapshot);
        } else {
            let snapshot = self.arguments.snapshot.clone();
            self.lists.spawn(async move {
                let _late = timeout(boot_wait, snapshot.complete()).await;
                answer(&snapshot);
            });
        }
    }

    fn call(&mut self, request: Request, id: RawId, method: Method) {
        let params = match CallParams::of(method, &request.message) {
            Ok(params) => params,
            Err(fault) => {
                let reply = error_reply(Some(&id), code::INVALID_PARAMS, &fault.to_string(), None);
                request.reply(reply);
                return;
            }
        };
        if method == Method::Unsubscribe {
            self.unsubscribe(&params.name);
            return request.reply(result_raw(&id, Bytes::from_static(b"{}")));
        }
        if params.subject == Subject::Tool
            && params.name == STATUS_TOOL
            && let Some(tool) = &self.arguments.builtin
        {
            let result = tool.call(&self.arguments.snapshot.load());
            return request.reply(result_raw(&id, result));
        }
        let control = Arc::new(match method {
            Method::Subscribe => Control::of_subscription(&params.name),
            _ => Control::default(),
        });
        if !self.register(&id, &control) {
            let text = "a request with this id is still in flight";
            request.reply(error_reply(Some(&id), code::INVALID_REQUEST, text, None));
            return;
        }
        let client = Arc::clone(&self.arguments.client);
        let call = Call::new(request, id, params, client, control, Arc::clone(&self.again));
        self.route(Ticket::new(Box::new(call)));
    }

    /// First marks subscriptions under way, then ends those there are; whoever makes one looks after that
    /// whether it was marked.
    fn unsubscribe(&mut self, uri: &str) {
        for control in self.in_flight.values() {
            control.withdraw(uri);
        }
        self.arguments.table.unsubscribe(&self.arguments.client, uri);
        self.news.forget(uri);
    }

    /// Notes a call in flight; `false` when its id is taken.
    fn register(&mut self, id: &RawId, control: &Arc<Control>) -> bool {
        if self.in_flight.len() >= 64 && self.in_flight.len().is_power_of_two() {
            self.in_flight.retain(|_, control| !control.is_over());
        }
        if self.in_flight.get(id).is_some_and(|earlier| !earlier.is_over()) {
            return false;
        }
        self.in_flight.insert(id.detached(), Arc::clone(control));
        true
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

    /// Whether a call is in flight, or somebody listens.
    fn is_in_use(&self) -> bool {
        self.in_flight.values().any(|control| !control.is_over())
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

//! What a face sees of the runtime: admit a request, open or find a session, deliver messages.

use super::actor::{Arguments, Message, Session};
use super::list::Listing;
use super::records::Records;
use super::{
    Ask, AskId, BuiltinTool, Client, ClientStream, Fact, InFlight, SessionStore, SessionTable,
    stateless,
};
use crate::call::{Admission, Again, Request};
use crate::catalog::{NoView, Selector, View, Views};
use crate::observation::{Lookout, Observer, TraceContext};
use crate::otp::{Address, ChildSpec, DynamicMessage, Restart, Shutdown, Ticket};
use crate::proxy;
use crate::wire;
use ractor::ActorStatus;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore, oneshot};
use tokio::time::timeout;

/// A session that agreed to end has done so within this time.
const ROOM_WITHIN: Duration = Duration::from_secs(1);

/// A face's way into the runtime, to everything or to a part of it; cheap to clone.
#[derive(Clone)]
pub struct Clients {
    pub(super) spec: Arc<ClientsSpec>,
    view: View,
    records: Option<Records>,
    requests: Arc<Semaphore>,
    sessions: Arc<Semaphore>,
    /// For `subscriptions/listen`, of which each client may have one without a session.
    pub(super) listens: Arc<Semaphore>,
    /// Where stateless calls go for their second try.
    pub(super) again: Again,
    pub(super) lookout: Lookout,
}

/// What sessions are made of.
pub struct ClientsSpec {
    /// The pool sessions are children of.
    pub pool: Address<DynamicMessage>,
    /// The sessions that are alive.
    pub table: SessionTable,
    /// Where calls go.
    pub proxy: Address<proxy::Message>,
    /// What can be seen.
    pub views: Views,
    /// How lists are answered.
    pub listing: Listing,
    /// The gateway's own tool, if it has one.
    pub builtin: Option<Arc<dyn BuiltinTool>>,
    /// Requests in flight in the whole gateway.
    pub max_requests: usize,
    /// Sessions alive at once; also `subscriptions/listen` open at once.
    pub max_sessions: usize,
    /// A session without traffic for this long is ended.
    pub idle: Duration,
    /// A session without traffic for this long makes room for a new one when all places are taken.
    pub yields_after: Duration,
    /// Where sessions are remembered from run to run, if they are.
    pub store: Option<Arc<dyn SessionStore>>,
    /// Who is told of requests.
    pub observer: Arc<dyn Observer>,
}

/// One client session.
#[derive(Debug, Clone)]
pub struct SessionHandle {
    client: Arc<Client>,
    address: Address<Message>,
    lookout: Lookout,
}

/// The session has ended (or its actor was restarted): the client must initialize anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the session has ended; send `initialize` to open a new one")]
pub struct SessionGone;

impl Clients {
    /// A way in, to everything.
    pub fn new(spec: ClientsSpec) -> Self {
        let requests = Arc::new(Semaphore::new(spec.max_requests));
        let sessions = Arc::new(Semaphore::new(spec.max_sessions));
        let listens = Arc::new(Semaphore::new(spec.max_sessions));
        let again = stateless::again(&spec.proxy);
        let view = spec.views.whole().clone();
        let records = spec
            .store
            .clone()
            .map(|store| Records::new(store, spec.table.clone(), spec.idle, spec.max_sessions));
        let lookout = Lookout::new(&spec.observer);
        Self { spec: Arc::new(spec), view, records, requests, sessions, listens, again, lookout }
    }

    /// The same way in, to what is selected: sessions opened through it see nothing else, and no other
    /// session is found through it.
    pub fn viewing(&self, selector: &Selector) -> Result<Self, NoView> {
        Ok(Self { view: self.spec.views.open(selector)?, ..self.clone() })
    }

    /// The same way in for clients of this face, as [`Origin::face`](crate::observation::Origin::face)
    /// names it. A session keeps the face it was opened through.
    #[must_use]
    pub fn through(self, face: &'static str) -> Self {
        Self { lookout: self.lookout.through(face), ..self }
    }

    /// What clients of this way in see: for a request without a session, its lists are in the view's
    /// snapshot, and its calls must carry the view in their [`Client`].
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Takes one of the gateway's slots for requests in flight; `None` when all are taken (answer
    /// `overloaded`).
    pub fn admit(&self) -> Option<Admission> {
        Arc::clone(&self.requests).try_acquire_owned().ok().map(Admission::from)
    }

    /// The pool sessions are children of.
    pub(crate) fn pool(&self) -> Address<DynamicMessage> {
        self.spec.pool.clone()
    }

    /// What is remembered of the sessions from run to run, if anything is.
    pub(crate) fn records(&self) -> Option<&Records> {
        self.records.as_ref()
    }

    pub(crate) fn table(&self) -> &SessionTable {
        &self.spec.table
    }

    /// How many sessions are open.
    pub fn sessions(&self) -> usize {
        self.spec.table.len()
    }

    /// How many `subscriptions/listen` are open.
    pub fn listens(&self) -> usize {
        self.spec.max_sessions - self.listens.available_permits()
    }

    /// How many requests are in flight.
    pub fn in_flight(&self) -> usize {
        self.spec.max_requests - self.requests.available_permits()
    }

    /// Opens a session; `None` when the cap on sessions is reached and none of them makes room, or the
    /// gateway shuts down.
    pub async fn open(&self) -> Option<SessionHandle> {
        let id = uuid::Uuid::new_v4().to_string();
        self.open_as(Client::new(id.into(), self.view.clone())).await
    }

    /// Opens the session of this client.
    pub(super) async fn open_as(&self, client: Client) -> Option<SessionHandle> {
        let spec = Arc::clone(&self.spec);
        let place = match Arc::clone(&self.sessions).try_acquire_owned() {
            Ok(place) => Arc::new(place),
            Err(_all_taken) => Arc::new(self.make_room().await?),
        };
        let client = Arc::new(client);
        let id = Arc::clone(&client.session);
        let address = Address::new();
        let session = SessionHandle::new(&client, &address, &self.lookout);
        let arguments = Arguments {
            client,
            address: address.clone(),
            table: spec.table.clone(),
            proxy: spec.proxy.clone(),
            snapshot: self.view.snapshot().clone(),
            listing: spec.listing,
            builtin: self.builtin().cloned(),
            idle: spec.idle,
            lookout: self.lookout.clone(),
            place,
        };
        let child = ChildSpec::new(
            &*id,
            Restart::Temporary,
            Shutdown::Within(Duration::from_secs(1)),
            &address,
            move || (Session, arguments.clone()),
        );
        let (answer, started) = oneshot::channel();
        let asked = spec.pool.cast(DynamicMessage::Start(child, answer)).is_ok();
        (asked && matches!(started.await, Ok(Ok(())))).then_some(session)
    }

    /// The gateway's own tool, where it has one and shows it.
    pub(super) fn builtin(&self) -> Option<&Arc<dyn BuiltinTool>> {
        self.spec.builtin.as_ref().filter(|_| self.view.has_own_tools())
    }

    /// Ends a session; it is not found from here on.
    pub fn end(&self, session: &SessionHandle) {
        self.spec.table.leave(session.id());
        if let Some(records) = self.records() {
            records.forget(session.id());
        }
        session.close();
    }

    /// Has the session end that was not used for the longest time, if one may. It decides itself, so
    /// that none ends with a call in flight or an open stream.
    async fn make_room(&self) -> Option<OwnedSemaphorePermit> {
        for session in self.spec.table.least_recent(self.spec.yields_after) {
            if session.yields(self.spec.yields_after).await {
                tracing::info!(session = session.id(), "session idle, ended to make room");
                let place = Arc::clone(&self.sessions).acquire_owned();
                return timeout(ROOM_WITHIN, place).await.ok()?.ok();
            }
        }
        None
    }

    /// The session with this id, if it is alive and sees the same.
    pub fn find(&self, id: &str) -> Option<SessionHandle> {
        let session = self.spec.table.find(id)?;
        (session.client.view.selector() == self.view.selector()).then_some(session)
    }
}

impl fmt::Debug for Clients {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Clients").field("sessions", &self.sessions()).finish_non_exhaustive()
    }
}

impl SessionHandle {
    pub(super) fn new(client: &Arc<Client>, address: &Address<Message>, lookout: &Lookout) -> Self {
        let (client, address) = (Arc::clone(client), address.clone());
        Self { client, address, lookout: lookout.clone() }
    }

    /// The session's id (unguessable; visible ASCII).
    pub fn id(&self) -> &str {
        &self.client.session
    }

    /// The revision negotiated at `initialize`; `None` before.
    pub fn revision(&self) -> Option<wire::ProtocolVersion> {
        self.client.revision()
    }

    /// How its client came in.
    pub(super) fn face(&self) -> &'static str {
        self.lookout.face()
    }

    pub(super) fn client(&self) -> &Client {
        &self.client
    }

    /// Delivers one message of the client's. The answer to a request, its progress and its log
    /// messages go to `stream`; the stream is dropped by the runtime once nothing more will come.
    /// Requests need an `admission`.
    pub fn deliver(
        &self,
        message: wire::Message,
        admission: Option<Admission>,
        stream: ClientStream,
    ) -> Result<(), SessionGone> {
        self.deliver_within(message, admission, stream, None)
    }

    /// Does so for a message beside which this came of its trace.
    pub fn deliver_within(
        &self,
        message: wire::Message,
        admission: Option<Admission>,
        stream: ClientStream,
        ambient: Option<TraceContext>,
    ) -> Result<(), SessionGone> {
        self.client.usage.touch();
        let origin = |face| self.client.origin(face);
        let watched = self.lookout.begin(&message, ambient, origin);
        let admission = admission.map(|it| it.counted(InFlight::of(&self.client)));
        self.put(Request { message, stream, admission, watched })
    }

    /// Puts a message into its mailbox.
    pub(super) fn put(&self, request: Request) -> Result<(), SessionGone> {
        let ticket = Ticket::new(request);
        self.address.cast(Message::Deliver(ticket)).map_err(|undelivered| {
            if let Message::Deliver(ticket) = undelivered
                && let Some(request) = ticket.redeem()
            {
                request.refused(); // the face answers
            }
            SessionGone
        })
    }

    /// The client that sent this request is gone (its connection closed): the call is cancelled and
    /// its slot freed. Harmless when the request was answered already.
    pub fn abandon(&self, id: &wire::RawId) {
        self.address.tell(Message::Abandon(id.clone()));
    }

    /// Sets where messages go that belong to no request (GET stream, stdio, SSE,
    /// WebSocket). A later call
    /// replaces the earlier stream.
    pub fn attach(&self, stream: ClientStream) -> Result<(), SessionGone> {
        self.client.usage.touch();
        self.client.usage.listens(&stream);
        self.address.cast(Message::Attach(stream)).map_err(|_| SessionGone)
    }

    /// Gives back a message from a stream that [`Self::attach`] set and nobody read: what is still worth
    /// knowing is told on the next one.
    pub fn undelivered(&self, payload: &wire::Payload) {
        if let Some(fact) = Fact::of_undelivered(payload) {
            self.tell(&fact);
        }
    }

    /// Whether it has not ended, as far as is known here.
    pub fn is_alive(&self) -> bool {
        self.address.cell().is_some_and(|cell| cell.get_status() < ActorStatus::Stopping)
    }

    /// Ends the session; its calls in flight are cancelled.
    pub fn close(&self) {
        if let Some(cell) = self.address.cell() {
            cell.stop(None);
        }
    }

    pub(super) fn ask(&self, ask: Ask) {
        self.address.tell(Message::Ask(ask));
    }

    pub(super) fn withdraw(&self, id: AskId, reason: &'static str) {
        self.address.tell(Message::Withdraw(id, reason));
    }

    /// Asks it to make room; whether it does.
    async fn yields(&self, unused: Duration) -> bool {
        let (answer, answered) = oneshot::channel();
        self.address.cast(Message::Yield(unused, answer)).is_ok() && answered.await.unwrap_or(false)
    }

    pub(super) fn tell(&self, fact: &Fact) {
        self.address.tell(Message::Told(fact.clone()));
    }
}

#[cfg(test)]
mod tests {
    use crate::tree::{Gateway, GatewaySpec};
    use futures_util::future::join_all;
    use std::time::Duration;
    use tokio::time::{sleep, timeout};

    #[tokio::test]
    async fn sessions_opened_at_once_are_never_more_than_allowed_and_give_their_places_back() {
        let spec = GatewaySpec { max_sessions: 2, ..GatewaySpec::default() };
        let gateway = Gateway::start(spec).await.expect("a tree");
        let clients = gateway.clients();
        let opened = join_all((0..16).map(|_| clients.open())).await;
        let opened: Vec<_> = opened.into_iter().flatten().collect();
        assert_eq!(opened.len(), 2);
        opened[0].close();
        opened[1].address.cell().expect("an actor").kill();
        for _ in 0..2 {
            let again = async {
                while clients.open().await.is_none() {
                    sleep(Duration::from_millis(2)).await;
                }
            };
            timeout(Duration::from_secs(10), again).await.expect("a place is given back");
        }
        assert!(clients.open().await.is_none());
        gateway.stop(Duration::from_secs(1)).await;
    }
}

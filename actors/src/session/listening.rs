//! `subscriptions/listen`: a client of 2026-07-28 hears of changes without a session.
//!
//! A task of its own carries news from the inbox, where everybody can put them, to the client's stream.
//! It holds none of the gateway's slots for requests, but its place in its connection's share of them;
//! how many there are is bounded by itself. Servers
//! are asked to watch a resource when somebody listens for it first, and what may have changed in
//! between is told as a change.
//!
//! *Invariant:* the acknowledgement comes first, and no change after it is missed; a client that does
//! not read costs one inbox of coalesced news.

use super::news::News;
use super::underway::GivenUp;
use super::{Client, ClientStream, ClientStreamReader, Clients, Fact, SessionTable, Underway};
use crate::bridge::Listen;
use crate::call::{Admission, Call, Control, LastWord, Request};
use crate::catalog::{Capability, Route, Snapshot, View};
use crate::mutex::lock;
use crate::observation::Outcome;
use crate::otp::Ticket;
use crate::proxy;
use crate::wire::{
    CallParams, Kind, Limits, Members, Message, Method, Payload, RawId, Strictness, Subject, code,
    request_raw, string,
};
use futures_util::stream::{self, StreamExt};
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;
use tokio::sync::{Notify, watch};
use tokio::time::timeout;

/// So long a client that listens waits for servers to say that they watch what it listens for.
const CONFIRMED_WITHIN: Duration = Duration::from_secs(2);
/// So many of them servers are asked for at a time.
const AT_ONCE: usize = 8;
/// Most resources one client listens for in one request.
const MOST_URIS: usize = 1_000;

/// Where news wait for one who listens.
#[derive(Debug)]
pub(super) struct Inbox {
    pub(super) view: View,
    filter: Listen,
    news: Mutex<News>,
    wake: Notify,
}

impl Inbox {
    fn new(view: View, filter: Listen) -> Self {
        Self { view, filter, news: Mutex::default(), wake: Notify::new() }
    }

    /// Keeps what it listens for.
    pub(super) fn tell(&self, fact: &Fact) {
        match fact {
            Fact::ListChanged(method) if self.filter.wants_changes(method) => {
                self.news().list_changed(method);
            }
            // only those who watch it are told
            Fact::Updated(uri, payload) => self.news().updated(Arc::clone(uri), payload.clone()),
            Fact::ListChanged(_) | Fact::Told(_) | Fact::Log(..) => return,
        }
        self.wake.notify_one();
    }

    fn next(&self) -> Option<Payload> {
        self.news().next()
    }

    fn news(&self) -> MutexGuard<'_, News> {
        lock(&self.news)
    }
}

/// Its place in the table, however it ends.
struct Entry(SessionTable, Arc<str>);

impl Drop for Entry {
    fn drop(&mut self) {
        self.0.leave_listen(&self.1);
    }
}

/// Serves a `subscriptions/listen` until its client leaves or the gateway ends it.
pub(super) fn listen(clients: &Clients, request: Request, id: &RawId) -> Underway {
    let filter = match Listen::of(&request.message) {
        Ok(filter) => filter,
        Err(fault) => {
            request.reply(LastWord::fault(id, &fault));
            return Underway::over();
        }
    };
    if filter.uris.len() > MOST_URIS {
        let text = format!("listen for at most {MOST_URIS} resources in one request");
        request.reply(LastWord::error(id, code::INVALID_PARAMS, &text));
        return Underway::over();
    }
    let Ok(place) = Arc::clone(&clients.listens).try_acquire_owned() else {
        let text = "too many clients listen already; nothing was done, try again later";
        request.reply(LastWord::error(id, code::OVERLOADED, text));
        return Underway::over();
    };
    let Request { stream, admission, watched, .. } = request;
    // it lasts as long as its client likes
    let share = admission.and_then(Admission::into_share);
    let (end, mut told) = watch::channel(false);
    let (clients, id) = (clients.clone(), id.detached());
    let given_up = GivenUp(watched);
    let listening = async move {
        let (_place, given_up) = ((place, share), given_up);
        let in_order = tokio::select! {
            biased;
            () = stream.closed() => false,
            told = told.wait_for(|end| *end) => told.is_ok(),
            () = serve(&clients, filter, &stream, &id) => true,
        };
        if in_order {
            let ended = Listen::ended(&id);
            if let Some(watched) = given_up.take() {
                watched.over(Outcome::Ok, ended.len());
            }
            stream.answer(ended, None);
        }
    };
    Underway::listen(listening, end)
}

/// Carries news to the client; never returns by itself.
async fn serve(clients: &Clients, wanted: Listen, stream: &ClientStream, id: &RawId) {
    let spec = &clients.spec;
    if !wanted.uris.is_empty() {
        let _late = timeout(spec.listing.boot_wait, clients.shown().complete()).await;
    }
    let snapshot = clients.shown().load();
    let routes: Vec<_> = wanted.uris.iter().filter_map(|uri| watched(&snapshot, uri)).collect();
    let uris = routes.iter().map(|(uri, _)| (*uri).to_owned()).collect();
    let watcher: Arc<str> = uuid::Uuid::new_v4().to_string().into();
    let mut honoured = Listen { uris, ..wanted.clone() };
    let inbox = Arc::new(Inbox::new(clients.view().clone(), honoured.clone()));
    spec.table.enter_listen(Arc::clone(&watcher), Arc::clone(&inbox));
    let _entry = Entry(spec.table.clone(), Arc::clone(&watcher));
    for refused in watch_all(clients, &watcher, routes).await {
        honoured.uris.remove(&refused);
    }
    stream.notify_in_time(honoured.acknowledged(id)).await;
    loop {
        inbox.wake.notified().await;
        while let Some(news) = inbox.next() {
            let news = Message::parse(news.to_bytes(), Limits::default(), Strictness::Liberal);
            if let Ok(news) = news {
                stream.notify_in_time(Listen::tagged(&news, id)).await;
            }
        }
    }
}

/// Has servers watch resources; which of them they refused to. Who listens hears that they do once they
/// do, so that no change is missed after that; a server that takes long or is down is asked as soon as it
/// can be.
async fn watch_all(
    clients: &Clients,
    watcher: &Arc<str>,
    routes: Vec<(&str, Arc<Route>)>,
) -> BTreeSet<String> {
    let client = Arc::new(Client::new(Arc::clone(watcher), clients.view().clone()));
    let ask = |(uri, _): &(&str, _)| refusal(clients, Arc::clone(&client), (*uri).to_owned());
    let asked: Vec<_> = routes.iter().map(ask).collect();
    let mut answers = stream::iter(asked).buffer_unordered(AT_ONCE);
    let mut refused = BTreeSet::new();
    let all = async {
        while let Some(refusal) = answers.next().await {
            refused.extend(refusal);
        }
    };
    let _late = timeout(CONFIRMED_WITHIN, all).await;
    for (uri, route) in routes {
        if !refused.contains(uri) {
            clients.spec.table.subscriptions().enter(&route.server, &route.own, watcher, uri);
        }
    }
    refused
}

/// Has its server watch a resource; its URI when that will not.
async fn refusal(clients: &Clients, client: Arc<Client>, uri: String) -> Option<String> {
    let answer = subscribe(clients, &client, &uri)?.next().await?.payload.to_bytes();
    let answer = Message::parse(answer, Limits::default(), Strictness::Liberal).ok()?;
    let Kind::Response { ok: false, .. } = answer.kind() else { return None };
    let error = Members::of(answer.outcome_raw()?)?;
    let number: i32 = serde_json::from_str(error.get("code").ok()??.get()).ok()?;
    (!code::is_of_the_moment(number)).then_some(uri)
}

/// Asks the server of a resource to watch it; where its answer comes.
fn subscribe(clients: &Clients, client: &Arc<Client>, uri: &str) -> Option<ClientStreamReader> {
    let params = format!("{{\"uri\":{}}}", string(uri));
    let message = request_raw(1, Method::Subscribe.as_str(), &params).to_bytes();
    let message = Message::parse(message, Limits::default(), Strictness::Strict).ok()?;
    let params = CallParams::of(Method::Subscribe, &message).ok()?;
    let control = Arc::new(Control::of_subscription(uri));
    let (stream, answer) = ClientStream::new();
    let request = Request { message, stream, admission: None, watched: None };
    let (client, again) = (Arc::clone(client), Arc::clone(&clients.again));
    let call = Call::new(request, RawId::from(1), params, client, control, again);
    clients.spec.proxy.tell(proxy::Message::Route(Ticket::new(Box::new(call))));
    Some(answer)
}

/// The server that tells of changes of this resource, when there is one.
fn watched<'a>(snapshot: &Snapshot, uri: &'a str) -> Option<(&'a str, Arc<Route>)> {
    let listed = snapshot.route(Subject::Resource, uri);
    let route = listed.or_else(|| snapshot.guess(Subject::Resource, uri))?;
    route.capabilities.has(Capability::Subscribe).then_some((uri, route))
}

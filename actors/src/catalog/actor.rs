//! The catalog actor: hears what servers offer, publishes the merged snapshot, remembers it.

use super::{CatalogStore, Entry, Known, Manifest, View, Views};
use crate::otp::Lease;
use crate::server::{self, ServerName, ServerSpec, Start};
use crate::session::{Fact, SessionTable};
use crate::wire::Subject;
use ractor::{Actor, ActorProcessingErr, ActorRef};
use std::collections::{BTreeSet, HashSet};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::oneshot;
use tokio::task::JoinSet;

/// Changes that come within this time are published together, so that a storm of them costs one merge
/// and one `list_changed` each time.
const GATHER: Duration = Duration::from_millis(20);

/// What the catalog hears.
#[derive(Debug)]
pub enum Message {
    /// A server offers this; the lease comes back once that is published.
    Offered(ServerName, Arc<Manifest>, Lease<server::Message>),
    /// A server could not be asked: nobody needs to wait for its tools.
    Unreachable(ServerName),
    /// A tool was switched on or off: said once that is published.
    Switched(oneshot::Sender<()>),
    /// Time to publish what was gathered.
    PublishDue,
    /// Somebody looks whether this loop turns.
    Echo(oneshot::Sender<()>),
}

/// What every incarnation is made of.
#[derive(Clone)]
pub struct Arguments {
    /// All configured servers, by name.
    pub entries: Arc<Vec<Entry>>,
    /// What is known of them.
    pub known: Known,
    /// Where the result is published.
    pub views: Views,
    /// Where it is remembered.
    pub store: Arc<dyn CatalogStore>,
    /// Who is told of changes.
    pub sessions: SessionTable,
}

impl Arguments {
    /// Loads what was remembered. Blocking; called once before the tree starts.
    pub fn recall(&self) {
        for entry in self.entries.iter() {
            let remembered = self.store.load(&entry.spec);
            if let Some(manifest) = remembered.as_ref().and_then(Manifest::from_json) {
                self.known.put(entry.spec.name.clone(), Arc::new(manifest));
            }
        }
        self.publish(None, &HashSet::new());
    }

    /// Publishes what is known; something new only of these servers, when they are named.
    fn publish(&self, news: Option<&HashSet<ServerName>>, unreachable: &HashSet<ServerName>) {
        let known = self.known.all();
        let changed = match news {
            Some(news) => self.views.publish_news(news, &known, unreachable),
            None => self.views.publish(&known, unreachable),
        };
        let whole = self.views.whole().snapshot().load();
        let tools = whole.section(Subject::Tool).len();
        tracing::debug!(tools, awaited = whole.unknown, views = changed.len(), "catalog");
        for (view, subjects) in changed {
            let methods: BTreeSet<_> = subjects.into_iter().map(Subject::changed).collect();
            for method in methods {
                let sees = |other: &View| other.selector() == view.selector();
                self.sessions.broadcast(&Fact::ListChanged(method), sees);
            }
        }
    }

    /// Whether this server is started with the gateway: always, unless it is lazy and known.
    pub fn starts_at_boot(spec: &ServerSpec, known: &Known) -> bool {
        spec.start == Start::Eager || known.get(&spec.name).is_none()
    }
}

/// The catalog actor.
#[derive(Debug)]
pub struct Catalog;

/// A running catalog.
pub struct State {
    arguments: Arguments,
    unreachable: HashSet<ServerName>,
    gathering: bool,
    /// Who offers something else since the last publication; `None` is whoever does, before the first.
    news: Option<HashSet<ServerName>>,
    /// Who waits for the next publication.
    awaiting: Vec<Lease<server::Message>>,
    saves: JoinSet<()>,
}

impl Actor for Catalog {
    type Msg = Message;
    type State = State;
    type Arguments = Arguments;

    async fn pre_start(
        &self,
        me: ActorRef<Message>,
        arguments: Arguments,
    ) -> Result<State, ActorProcessingErr> {
        me.send_message(Message::PublishDue)?;
        let unreachable = HashSet::new();
        Ok(State {
            arguments,
            unreachable,
            gathering: true,
            news: None,
            awaiting: Vec::new(),
            saves: JoinSet::new(),
        })
    }

    async fn handle(
        &self,
        me: ActorRef<Message>,
        message: Message,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        match message {
            Message::Offered(server, manifest, done) => {
                state.offered(&server, &manifest, done, &me);
            }
            Message::Unreachable(server) => state.unreachable(server, &me),
            Message::Switched(done) => {
                state.publish();
                let _gone = done.send(());
            }
            Message::PublishDue => {
                state.gathering = false;
                state.publish();
            }
            Message::Echo(reply) => {
                let _gone = reply.send(());
            }
        }
        Ok(())
    }

    async fn post_stop(
        &self,
        _me: ActorRef<Message>,
        state: &mut State,
    ) -> Result<(), ActorProcessingErr> {
        while state.saves.join_next().await.is_some() {}
        Ok(())
    }
}

impl State {
    /// Publishes what was gathered, and says so to whoever waits for that.
    fn publish(&mut self) {
        self.arguments.publish(self.news.as_ref(), &self.unreachable);
        self.news = Some(HashSet::new());
        self.awaiting.clear();
    }

    fn offered(
        &mut self,
        server: &ServerName,
        manifest: &Arc<Manifest>,
        done: Lease<server::Message>,
        me: &ActorRef<Message>,
    ) {
        self.unreachable.remove(server);
        let before = self.arguments.known.get(server);
        if before.is_some_and(|before| before == *manifest) {
            if self.news.as_ref().is_none_or(|news| news.contains(server)) {
                self.awaiting.push(done); // it is about to be shown
            }
            return; // it is shown already
        }
        self.arguments.known.put(server.clone(), Arc::clone(manifest));
        if let Some(news) = &mut self.news {
            news.insert(server.clone());
        }
        self.awaiting.push(done);
        self.save(server, Arc::clone(manifest));
        self.gather(me);
    }

    fn unreachable(&mut self, server: ServerName, me: &ActorRef<Message>) {
        if self.unreachable.insert(server) {
            self.gather(me);
        }
    }

    fn gather(&mut self, me: &ActorRef<Message>) {
        if !self.gathering {
            self.gathering = true;
            let _timer = me.send_after(GATHER, || Message::PublishDue);
        }
    }

    fn save(&mut self, server: &ServerName, manifest: Arc<Manifest>) {
        while self.saves.try_join_next().is_some() {}
        let entry = self.arguments.entries.iter().find(|entry| entry.spec.name == *server);
        let Some(spec) = entry.map(|entry| Arc::clone(&entry.spec)) else { return };
        let store = Arc::clone(&self.arguments.store);
        self.saves.spawn_blocking(move || store.save(&spec, &manifest.to_json()));
    }
}

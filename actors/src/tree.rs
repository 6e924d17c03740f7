//! The whole tree as one table of child specifications: who is supervised by whom, with which budget
//! and which patience. Nothing else in this crate decides policy.
//!
//! ```text
//! gateway              one_for_one, 3 in 30 s, then the process exits 70     (start ↓, stop ↑)
//! ├── catalog          permanent
//! ├── recorder         permanent; stops after everybody who has something to say
//! ├── registrar        permanent, where sessions are remembered from run to run
//! ├── reconnection     permanent: who may connect when
//! ├── servers          permanent, dynamic: 5 in 60 s each, then quarantined
//! │   └── NAME         one actor a server; its instance is a child of it
//! ├── health           rest_for_one, 5 in 60 s
//! │   ├── quality      rates
//! │   ├── pings        probes
//! │   └── monitor      decides
//! ├── sessions         permanent, dynamic: temporary children
//! ├── proxy            permanent
//! └── ingress          permanent; first to stop
//! ```

mod health;
mod running;

pub use running::{Ended, Gateway};

use crate::bridge::modern_client::CacheHints;
use crate::catalog::{
    self, Catalog, CatalogStore, Entry, Forgetful, Groups, Known, Naming, SwitchStore, Switches,
    Views,
};
use crate::fleet::{Board, Card, Fleet, Loops};
use crate::health::{GlobalPolicy, Policies};
use crate::ingress::{self, Face, Ingress};
use crate::observation::{Observer, Unobserved};
use crate::otp::{
    Address, Budget, ChildSpec, DynamicSpec, DynamicSupervisor, Restart, Roster, Shutdown,
    StartError, Strategy, SupervisorSpec,
};
use crate::proxy::{self, Proxy};
use crate::reconnection::{self, ReconnectionCoordinator, Slots};
use crate::server::{self, Parking, Server, ServerSpec};
use crate::session::{
    BuiltinTool, Clients, ClientsSpec, Listing, Registrar, SessionStore, SessionTable,
};
use crate::timeline::{self, Recorder, TimelineStore, Timelines, Unkept};
use ractor::Actor;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{Semaphore, watch};
use tokio::time::Instant;

const ROOT: Budget = Budget::new(3, Duration::from_secs(30));
const ONE_SERVER: Budget = Budget::new(5, Duration::from_secs(60));
const HEALTH: Budget = Budget::new(5, Duration::from_secs(60));
const QUARANTINE: Duration = Duration::from_secs(300);
const QUICK: Shutdown = Shutdown::Within(Duration::from_secs(1));
/// For the last facts to reach the disk.
const RECORDER: Shutdown = Shutdown::Within(Duration::from_secs(2));
/// What a server actor may take above the polite end of its connection.
const ABOVE_CLOSE: Duration = Duration::from_secs(1);

/// What the tree is made of.
pub struct GatewaySpec {
    /// The servers.
    pub servers: Vec<ServerSpec>,
    /// The naming rule.
    pub naming: Naming,
    /// Parts of the servers that clients may select by a name.
    pub groups: Groups,
    /// How lists are answered.
    pub listing: Listing,
    /// The gateway's own tool, if it has one.
    pub builtin: Option<Arc<dyn BuiltinTool>>,
    /// When servers are checked, and how.
    pub health: GlobalPolicy,
    /// Probes at the same time.
    pub max_concurrent_checks: usize,
    /// Servers that connect at the same time.
    pub max_concurrent_reconnections: usize,
    /// Where catalogs are remembered.
    pub store: Arc<dyn CatalogStore>,
    /// Where it is remembered which tools are switched off.
    pub switch_store: Arc<dyn SwitchStore>,
    /// Where timelines are kept.
    pub timeline_store: Arc<dyn TimelineStore>,
    /// Requests in flight in the whole gateway.
    pub max_requests: usize,
    /// Sessions alive at once.
    pub max_sessions: usize,
    /// A session without traffic for this long is ended.
    pub session_idle: Duration,
    /// A session without traffic for this long makes room for a new one when all places are taken.
    pub session_yields_after: Duration,
    /// Where sessions are remembered from run to run, if they are.
    pub session_store: Option<Arc<dyn SessionStore>>,
    /// How long calls in flight may go on once the gateway stops.
    pub drain: Duration,
    /// Who is told what happens.
    pub observer: Arc<dyn Observer>,
    /// How clients come in.
    pub faces: Vec<Arc<dyn Face>>,
}

impl Default for GatewaySpec {
    /// No servers, no faces, nothing remembered.
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            naming: Naming::default(),
            groups: Groups::new(),
            listing: Listing {
                page_size: 1000,
                boot_wait: Duration::from_secs(2),
                cache: CacheHints::default(),
            },
            builtin: None,
            health: GlobalPolicy::default(),
            max_concurrent_checks: 64,
            max_concurrent_reconnections: 3,
            store: Arc::new(Forgetful),
            switch_store: Arc::new(Forgetful),
            timeline_store: Arc::new(Unkept),
            max_requests: 4096,
            max_sessions: 1024,
            session_idle: Duration::from_secs(1800),
            session_yields_after: Duration::from_secs(10),
            session_store: None,
            drain: Duration::from_secs(10),
            observer: Arc::new(Unobserved),
            faces: Vec::new(),
        }
    }
}

/// What outlives every actor: the parent's, passed to each incarnation.
struct Estate {
    board: Board,
    policies: Policies,
    timelines: Timelines,
    known: Known,
    switches: Switches,
    sessions: SessionTable,
    slots: Slots,
    probes: Arc<Semaphore>,
    parking: Parking,
    loops: Loops,
    roster: Roster,
    observer: Option<Arc<dyn Observer>>,
}

impl Gateway {
    /// Starts the tree. Blocks shortly on what the catalog store remembers.
    pub async fn start(spec: GatewaySpec) -> Result<Self, StartError> {
        let estate = Estate::of(&spec);
        let entry = |card: &Arc<Card>| Entry {
            spec: Arc::clone(&card.spec),
            address: card.address.clone(),
            gate: card.gate.clone(),
        };
        let entries = Arc::new(estate.board.cards().map(entry).collect::<Vec<_>>());
        let catalog = catalog::Arguments {
            views: Views::switched(
                spec.naming.clone(),
                Arc::clone(&entries),
                spec.groups.clone(),
                estate.switches.clone(),
            ),
            known: estate.known.clone(),
            entries,
            store: Arc::clone(&spec.store),
            sessions: estate.sessions.clone(),
        };
        catalog.recall();
        let clients = Clients::new(ClientsSpec {
            pool: Address::new(),
            table: estate.sessions.clone(),
            proxy: estate.loops.proxy.clone(),
            views: catalog.views.clone(),
            listing: spec.listing,
            builtin: spec.builtin.clone(),
            max_requests: spec.max_requests,
            max_sessions: spec.max_sessions,
            idle: spec.session_idle,
            yields_after: spec.session_yields_after,
            store: spec.session_store.clone(),
            observer: Arc::clone(&spec.observer),
        });
        let (finish, finished) = watch::channel(false);
        let ingress = ingress::Arguments {
            clients: clients.clone(),
            faces: spec.faces.clone(),
            finish,
            drain: spec.drain,
        };
        let root = estate.root(&spec, catalog, ingress);
        let fleet = estate.fleet(clients.clone(), spec.naming.clone());
        Self::run(root, clients, fleet, estate.roster, finished, spec.drain).await
    }
}

impl Estate {
    fn of(spec: &GatewaySpec) -> Self {
        let now = Instant::now();
        let observer = (!spec.observer.is_idle()).then(|| Arc::clone(&spec.observer));
        let card =
            |spec: &ServerSpec| Arc::new(Card::new(Arc::new(spec.clone()), Address::new(), now));
        Self {
            board: Board::new(spec.servers.iter().map(card)),
            policies: Policies::new(spec.health),
            timelines: Timelines::observed(
                spec.servers.iter().map(|spec| spec.name.clone()),
                observer.clone(),
            ),
            known: Known::default(),
            switches: Switches::of(Arc::clone(&spec.switch_store)),
            sessions: SessionTable::new(),
            slots: Slots::new(spec.max_concurrent_reconnections),
            probes: Arc::new(Semaphore::new(spec.max_concurrent_checks.max(1))),
            parking: Parking::new(),
            loops: Loops::default(),
            roster: Roster::default(),
            observer,
        }
    }

    /// What the edges see of the servers.
    fn fleet(&self, clients: Clients, naming: Naming) -> Fleet {
        Fleet {
            board: self.board.clone(),
            policies: self.policies.clone(),
            timelines: self.timelines.clone(),
            known: self.known.clone(),
            switches: self.switches.clone(),
            loops: self.loops.clone(),
            clients,
            naming,
        }
    }

    /// The table.
    fn root(
        &self,
        spec: &GatewaySpec,
        catalog: catalog::Arguments,
        ingress: ingress::Arguments,
    ) -> SupervisorSpec {
        let loops = &self.loops;
        let routing = proxy::Arguments {
            sessions: self.sessions.clone(),
            switches: self.switches.clone(),
            boot_wait: spec.listing.boot_wait,
        };
        let recording = timeline::Arguments {
            timelines: self.timelines.clone(),
            store: Arc::clone(&spec.timeline_store),
        };
        let (pool, drain) = (ingress.clients.pool(), ingress.drain);
        let registrar = ingress.clients.records().cloned().map(|records| {
            permanent("registrar", QUICK, &Address::new(), move || (Registrar, records.clone()))
        });
        let (connecting, servers) = (self.reconnection(), self.servers());
        let (sessions, health) = (self.sessions(), self.health());
        let mut children = vec![
            permanent("catalog", QUICK, &loops.catalog, move || (Catalog, catalog.clone())),
            permanent("recorder", RECORDER, &Address::new(), move || (Recorder, recording.clone())),
            permanent("reconnection", QUICK, &loops.coordinator, move || {
                (ReconnectionCoordinator, connecting.clone())
            }),
            permanent("servers", Shutdown::Infinite, &Address::new(), move || {
                (DynamicSupervisor, servers.clone())
            }),
            health.into_child("health", Restart::Permanent),
            permanent("sessions", Shutdown::Infinite, &pool, move || {
                (DynamicSupervisor, sessions.clone())
            }),
            permanent("proxy", QUICK, &loops.proxy, move || (Proxy, routing.clone())),
            permanent(
                "ingress",
                Shutdown::Within(drain + Duration::from_secs(1)),
                &Address::new(),
                move || (Ingress, ingress.clone()),
            ),
        ];
        children.splice(2..2, registrar);
        SupervisorSpec {
            path: "gateway".into(),
            strategy: Strategy::OneForOne,
            budget: ROOT,
            roster: self.roster.clone(),
            children,
        }
    }

    fn reconnection(&self) -> reconnection::Arguments {
        let names = self.board.cards().map(|card| card.spec.name.clone());
        let edges = self.board.cards().filter(|card| !card.spec.depends_on.is_empty());
        let edges = edges.map(|card| (card.spec.name.clone(), card.spec.depends_on.clone()));
        let board = self.board.clone();
        reconnection::Arguments {
            address: self.loops.coordinator.clone(),
            slots: self.slots.clone(),
            servers: names.collect(),
            depends_on: edges.collect(),
            ask_again: Arc::new(move || {
                for card in board.cards() {
                    card.address.tell(server::Message::AskAgain);
                }
            }),
        }
    }

    fn servers(&self) -> DynamicSpec {
        let all: Arc<[server::Arguments]> =
            self.board.cards().map(|card| self.server(Arc::clone(card))).collect();
        let child = |arguments: &server::Arguments| {
            let (card, arguments) = (&arguments.card, arguments.clone());
            let patience = Shutdown::Within(card.spec.stop_within + ABOVE_CLOSE);
            let name = card.spec.name.as_str();
            permanent(name, patience, &card.address, move || (Server, arguments.clone()))
        };
        let children: Vec<ChildSpec> = all.iter().map(child).collect();
        let quarantined = move |name: &str| {
            if let Some(server) = all.iter().find(|all| all.card.spec.name.as_str() == name) {
                server::quarantined(server, QUARANTINE);
            }
        };
        self.pool("gateway/servers", ONE_SERVER, children, Arc::new(quarantined))
    }

    fn server(&self, card: Arc<Card>) -> server::Arguments {
        server::Arguments {
            card,
            catalog: self.loops.catalog.clone(),
            known: self.known.clone(),
            sessions: self.sessions.clone(),
            coordinator: self.loops.coordinator.clone(),
            monitor: self.loops.monitor.clone(),
            policies: self.policies.clone(),
            timelines: self.timelines.clone(),
            observer: self.observer.clone(),
            parking: self.parking.clone(),
            switches: self.switches.clone(),
            own: None,
        }
    }

    fn sessions(&self) -> DynamicSpec {
        // temporary children are never quarantined
        self.pool("gateway/sessions", ROOT, Vec::new(), Arc::new(|_| {}))
    }

    fn pool(
        &self,
        path: &str,
        budget: Budget,
        children: Vec<ChildSpec>,
        quarantined: Arc<dyn Fn(&str) + Send + Sync>,
    ) -> DynamicSpec {
        DynamicSpec {
            path: path.into(),
            budget,
            quarantine: QUARANTINE,
            initial: Arc::new(move || children.clone()),
            quarantined,
            roster: self.roster.clone(),
        }
    }
}

fn permanent<A: Actor>(
    name: &str,
    shutdown: Shutdown,
    address: &Address<A::Msg>,
    make: impl Fn() -> (A, A::Arguments) + Send + Sync + 'static,
) -> ChildSpec {
    ChildSpec::new(name, Restart::Permanent, shutdown, address, make)
}

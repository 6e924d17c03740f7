//! The whole tree as one table of child specifications: who is supervised by whom, with which budget
//! and which patience. Nothing else in this crate decides policy.
//!
//! ```text
//! gateway              one_for_one, 3 in 30 s, then the process exits 70     (start ↓, stop ↑)
//! ├── catalog          permanent
//! ├── servers          permanent, dynamic: 5 in 60 s each, then quarantined
//! │   └── NAME         one actor a server; its instance is a child of it
//! ├── sessions         permanent, dynamic: temporary children
//! ├── proxy            permanent
//! └── ingress          permanent; first to stop
//! ```

use crate::catalog::{self, Catalog, CatalogStore, Entry, Forgetful, Known, Naming, SnapshotCell};
use crate::ingress::{self, Face, Ingress};
use crate::otp::{
    Address, Budget, ChildSpec, DynamicSpec, DynamicSupervisor, Restart, Roster, Shutdown,
    StartError, Strategy, Supervisor, SupervisorSpec,
};
use crate::proxy::{self, Proxy};
use crate::server::{self, Backoff, Server, ServerSpec};
use crate::session::{Clients, ClientsSpec, Listing, SessionTable};
use ractor::{Actor, ActorCell};
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

const ROOT: Budget = Budget::new(3, Duration::from_secs(30));
const ONE_SERVER: Budget = Budget::new(5, Duration::from_secs(60));
const QUARANTINE: Duration = Duration::from_secs(300);
const QUICK: Shutdown = Shutdown::Within(Duration::from_secs(1));
/// What a server actor may take above the polite end of its connection.
const ABOVE_CLOSE: Duration = Duration::from_secs(1);

/// What the tree is made of.
pub struct GatewaySpec {
    /// The servers.
    pub servers: Vec<ServerSpec>,
    /// The naming rule.
    pub naming: Naming,
    /// How lists are answered.
    pub listing: Listing,
    /// When lost servers are tried again.
    pub backoff: Backoff,
    /// Where catalogs are remembered.
    pub store: Arc<dyn CatalogStore>,
    /// Requests in flight in the whole gateway.
    pub max_requests: usize,
    /// Sessions alive at once.
    pub max_sessions: usize,
    /// A session without traffic for this long is ended.
    pub session_idle: Duration,
    /// How long calls in flight may go on once the gateway stops.
    pub drain: Duration,
    /// How clients come in.
    pub faces: Vec<Arc<dyn Face>>,
}

impl Default for GatewaySpec {
    /// No servers, no faces, nothing remembered.
    fn default() -> Self {
        Self {
            servers: Vec::new(),
            naming: Naming::default(),
            listing: Listing { page_size: 1000, boot_wait: Duration::from_secs(2) },
            backoff: Backoff::default(),
            store: Arc::new(Forgetful),
            max_requests: 4096,
            max_sessions: 1024,
            session_idle: Duration::from_secs(1800),
            drain: Duration::from_secs(10),
            faces: Vec::new(),
        }
    }
}

/// A running gateway.
#[derive(Debug)]
pub struct Gateway {
    root: ActorCell,
    clients: Clients,
    roster: Roster,
    finished: watch::Receiver<bool>,
    drain: Duration,
}

/// How a gateway ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// It was stopped, or its only client left.
    Stopped,
    /// Its root supervisor gave up.
    GaveUp,
}

impl Gateway {
    /// Starts the tree. Blocks shortly on what the catalog store remembers.
    pub async fn start(spec: GatewaySpec) -> Result<Self, StartError> {
        let GatewaySpec { servers, faces, drain, .. } = &spec;
        let (drain, faces) = (*drain, faces.clone());
        let roster = Roster::default();
        let sessions = SessionTable::new();
        let entries: Vec<Entry> = servers
            .iter()
            .map(|spec| Entry { spec: Arc::new(spec.clone()), address: Address::new() })
            .collect();
        let catalog_address = Address::new();
        let catalog = catalog::Arguments {
            naming: spec.naming.clone(),
            known: Known::default(),
            snapshot: SnapshotCell::new(entries.len()),
            entries: Arc::new(entries),
            store: Arc::clone(&spec.store),
            sessions: sessions.clone(),
        };
        catalog.recall();
        let clients_spec = ClientsSpec {
            pool: Address::new(),
            table: sessions,
            proxy: Address::new(),
            snapshot: catalog.snapshot.clone(),
            listing: spec.listing,
            max_requests: spec.max_requests,
            max_sessions: spec.max_sessions,
            idle: spec.session_idle,
        };
        let (pool, proxy) = (clients_spec.pool.clone(), clients_spec.proxy.clone());
        let clients = Clients::new(clients_spec);
        let (finish, finished) = watch::channel(false);
        let ingress = ingress::Arguments { clients: clients.clone(), faces, finish, drain };

        let server_pool = server_pool(&catalog, &catalog_address, spec.backoff, &roster);
        let sessions_pool = DynamicSpec {
            path: "gateway/sessions".into(),
            budget: ROOT,
            quarantine: QUARANTINE,
            initial: Arc::new(Vec::new),
            roster: roster.clone(),
        };
        let proxying = proxy::Arguments {
            snapshot: catalog.snapshot.clone(),
            boot_wait: spec.listing.boot_wait,
        };
        let root = SupervisorSpec {
            path: "gateway".into(),
            strategy: Strategy::OneForOne,
            budget: ROOT,
            roster: roster.clone(),
            children: vec![
                permanent("catalog", QUICK, &catalog_address, move || (Catalog, catalog.clone())),
                permanent("servers", Shutdown::Infinite, &Address::new(), move || {
                    (DynamicSupervisor, server_pool.clone())
                }),
                permanent("sessions", Shutdown::Infinite, &pool, move || {
                    (DynamicSupervisor, sessions_pool.clone())
                }),
                permanent("proxy", QUICK, &proxy, move || (Proxy, proxying.clone())),
                permanent(
                    "ingress",
                    Shutdown::Within(drain + Duration::from_secs(1)),
                    &Address::new(),
                    move || (Ingress, ingress.clone()),
                ),
            ],
        };
        let start = Actor::spawn(None, Supervisor, root).await;
        let (root, _task) = start
            .map_err(|error| StartError { child: "gateway".into(), cause: error.to_string() })?;
        Ok(Self { root: root.get_cell(), clients, roster, finished, drain })
    }

    /// The way in, for faces and tests.
    pub fn clients(&self) -> &Clients {
        &self.clients
    }

    /// Who runs.
    pub fn roster(&self) -> &Roster {
        &self.roster
    }

    /// Returns when the gateway ends by itself: its faces are done, or its root gave up.
    pub async fn ended(&self) -> Ended {
        let mut finished = self.finished.clone();
        tokio::select! {
            _ = self.root.wait(None) => Ended::GaveUp,
            // that nobody can say so any more means nothing: a tree that gave up drops its faces
            Ok(_) = finished.wait_for(|&finished| finished) => Ended::Stopped,
        }
    }

    /// Stops: no new calls, those in flight finish within the drain time, then sessions, then servers.
    /// What has not ended within `deadline` is killed. `true` when all ended by itself.
    pub async fn stop(self, deadline: Duration) -> bool {
        self.root.stop(None);
        let in_time = self.root.wait(Some(deadline.max(self.drain))).await.is_ok();
        if !in_time {
            tracing::error!("not everything stopped in time, the rest is killed");
            self.root.kill();
            let _gone = self.root.wait(None).await;
        }
        in_time
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

fn server_pool(
    catalog: &catalog::Arguments,
    catalog_address: &Address<catalog::Message>,
    backoff: Backoff,
    roster: &Roster,
) -> DynamicSpec {
    let children: Vec<ChildSpec> = catalog
        .entries
        .iter()
        .map(|entry| {
            let arguments = server::Arguments {
                spec: Arc::clone(&entry.spec),
                backoff,
                catalog: catalog_address.clone(),
                known: catalog.known.clone(),
                sessions: catalog.sessions.clone(),
            };
            let name = entry.spec.name.as_str();
            let patience = Shutdown::Within(entry.spec.stop_within + ABOVE_CLOSE);
            permanent(name, patience, &entry.address, move || (Server, arguments.clone()))
        })
        .collect();
    DynamicSpec {
        path: "gateway/servers".into(),
        budget: ONE_SERVER,
        quarantine: QUARANTINE,
        initial: Arc::new(move || children.clone()),
        roster: roster.clone(),
    }
}

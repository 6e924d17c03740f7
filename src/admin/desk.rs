//! Where a running gateway is found: faces are made before it, and their routes need it.

use super::Feed;
use super::bench::Recordings;
use crate::config::Config;
use crate::gateway;
use crate::ledger::Ledger;
use crate::logs::LogStore;
use crate::telemetry::{Hub, Instruments, Watch};
use mcpvisor_actors::fleet::Fleet;
use mcpvisor_actors::session::Clients;
use mcpvisor_actors::tree::Gateway;
use std::fmt;
use std::sync::{Arc, OnceLock};
use tokio::time::Instant;

/// A place for a running gateway; cheap to clone, all clones are one.
#[derive(Clone, Default)]
pub struct Desk(Arc<OnceLock<Running>>);

/// A gateway that runs, as its operators see it.
pub struct Running {
    /// Its servers.
    pub fleet: Fleet,
    /// A way in, to call tools.
    pub clients: Clients,
    /// What it was told.
    pub config: Arc<Config>,
    /// What it observes.
    pub hub: Arc<Hub>,
    /// What counts and exports, and what its gauges read.
    pub instruments: Option<(Arc<Instruments>, Arc<Watch>)>,
    /// What became of its requests.
    pub ledger: Arc<Ledger>,
    /// What happens in it.
    pub feed: Feed,
    /// Frames that were recorded.
    pub(super) recordings: Recordings,
    /// What it and its servers say.
    pub logs: LogStore,
    /// Since when it runs.
    pub since: Instant,
}

impl Running {
    /// A gateway that was just started, with an empty ledger, a feed of its own and no log.
    pub fn of(gateway: &Gateway, config: &Config, hub: Arc<Hub>) -> Self {
        Self {
            fleet: gateway.fleet().clone(),
            clients: gateway.clients().clone(),
            config: Arc::new(config.clone()),
            hub,
            instruments: None,
            ledger: Arc::default(),
            feed: Feed::new(),
            recordings: Recordings::default(),
            logs: LogStore::off(),
            since: Instant::now(),
        }
    }

    /// From now on this counts it and exports what is known of it.
    pub fn counted_by(&mut self, instruments: Arc<Instruments>) {
        let watch = instruments.watch(self.fleet.clone(), Arc::clone(&self.hub), self.logs.clone());
        self.instruments = Some((instruments, watch));
    }
}

impl Desk {
    /// A desk nobody sits at yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The gateway runs. Said again, nothing changes.
    pub fn open(&self, running: Running) {
        let _open_already = self.0.set(running);
    }

    /// The gateway, once it runs.
    pub(super) fn running(&self) -> Option<&Running> {
        self.0.get()
    }

    /// What counts and exports, once the gateway runs.
    pub(super) fn instruments(&self) -> Option<Arc<Instruments>> {
        let (instruments, _) = self.0.get()?.instruments.as_ref()?;
        Some(Arc::clone(instruments))
    }

    /// The gateway has ended: sends the last telemetry, but waits for no collector longer than a moment.
    pub async fn farewell(&self) {
        let (Some(running), Some(instruments)) = (self.running(), self.instruments()) else {
            return;
        };
        instruments.farewell(gateway::farewell(&running.config)).await;
    }

    /// The fleet, and since when it runs; `None` while the gateway starts.
    pub(super) fn fleet(&self) -> Option<(&Fleet, Instant)> {
        self.0.get().map(|running| (&running.fleet, running.since))
    }
}

impl fmt::Debug for Desk {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Desk").field(&self.0.get().is_some()).finish()
    }
}

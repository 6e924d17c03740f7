//! The cards of all servers, by name.

use super::tap::Tap;
use super::{Standing, State, Vitals};
use crate::health::{Checks, Quality, QualityReport};
use crate::mutex::lock;
use crate::otp::Address;
use crate::server::{self, Gate, ServerName, ServerSpec};
use arc_swap::ArcSwap;
use ractor::{ActorCell, ActorStatus};
use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard};
use tokio::time::Instant;

/// Everything known of one server.
pub struct Card {
    /// Its configuration.
    pub spec: Arc<ServerSpec>,
    /// How its actor is reached.
    pub address: Address<server::Message>,
    /// Its signs of life.
    pub vitals: Arc<Vitals>,
    /// Its slots, and the way past its actor.
    pub gate: Gate,
    /// Where its frames can be watched.
    pub(crate) tap: Arc<Tap>,
    standing: ArcSwap<Standing>,
    checks: ArcSwap<Checks>,
    quality: Mutex<Quality>,
    report: ArcSwap<QualityReport>,
}

impl Card {
    /// A server nobody has started.
    pub fn new(spec: Arc<ServerSpec>, address: Address<server::Message>, now: Instant) -> Self {
        let quality = Quality::new(now);
        let report = quality.report(now, 0);
        Self {
            gate: Gate::new(spec.limits.max_in_flight),
            spec,
            address,
            vitals: Arc::new(Vitals::new(now)),
            tap: Arc::default(),
            standing: ArcSwap::from_pointee(Standing::idle(now)),
            checks: ArcSwap::default(),
            quality: Mutex::new(quality),
            report: ArcSwap::from_pointee(report),
        }
    }

    /// The card of a connection of one client's own: its frames are seen where those of its server are.
    pub(crate) fn beside(&self, spec: Arc<ServerSpec>, now: Instant) -> Self {
        Self { tap: Arc::clone(&self.tap), ..Self::new(spec, Address::new(), now) }
    }

    /// Where it stands.
    pub fn standing(&self) -> Arc<Standing> {
        let said = self.standing.load_full();
        match self.corrected(&said) {
            Some(state) => Arc::new(Standing { state, link: None, ..Standing::clone(&said) }),
            None => said,
        }
    }

    /// What became of what its actor said last, without another word of it.
    fn corrected(&self, said: &Standing) -> Option<State> {
        let over = |cell: ActorCell| {
            matches!(cell.get_status(), ActorStatus::Stopping | ActorStatus::Stopped)
        };
        if self.address.cell().is_some_and(over) {
            return Some(State::Quarantined);
        }
        let due = said.next.is_some_and(|next| next <= Instant::now());
        (said.state == State::Down && due).then_some(State::Queued)
    }

    /// Published by its actor.
    pub(crate) fn stands(&self, standing: Standing) {
        self.standing.store(Arc::new(standing));
    }

    /// What its checks showed.
    pub fn checks(&self) -> Arc<Checks> {
        self.checks.load_full()
    }

    /// Published by the monitor.
    pub(crate) fn checked(&self, checks: Checks) {
        self.checks.store(Arc::new(checks));
    }

    /// How well it does.
    pub fn quality(&self) -> Arc<QualityReport> {
        self.report.load_full()
    }

    /// Published by the analyzer.
    pub(crate) fn rated(&self, report: QualityReport) {
        self.report.store(Arc::new(report));
    }

    /// Its history; held for microseconds.
    pub fn history(&self) -> MutexGuard<'_, Quality> {
        lock(&self.quality)
    }
}

impl std::fmt::Debug for Card {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Card").field("server", &self.spec.name).finish_non_exhaustive()
    }
}

/// The cards of all servers, in the order of their names; cheap to clone.
#[derive(Debug, Clone, Default)]
pub struct Board(Arc<BTreeMap<ServerName, Arc<Card>>>);

impl Board {
    /// A board of these cards.
    pub fn new(cards: impl IntoIterator<Item = Arc<Card>>) -> Self {
        Self(Arc::new(cards.into_iter().map(|card| (card.spec.name.clone(), card)).collect()))
    }

    /// The card of one server.
    pub fn card(&self, server: &ServerName) -> Option<&Arc<Card>> {
        self.0.get(server)
    }

    /// All cards, by name.
    pub fn cards(&self) -> impl Iterator<Item = &Arc<Card>> {
        self.0.values()
    }

    /// How many servers there are.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

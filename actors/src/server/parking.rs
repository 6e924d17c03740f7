//! Calls that wait while their stateless clients gather input: what the clients carry meanwhile, and
//! where the calls are.
//!
//! *Invariant:* a place is used once; what is not taken up again is given up in bounded time and
//! number.

use super::Message;
use crate::bridge::{BadState, Fault, Handle, Parked, RequestDigest, SealKey, modern_client};
use crate::wire;
use dashmap::DashMap;
use ractor::ActorRef;
use ring::rand::{SecureRandom, SystemRandom};
use std::fmt;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

/// Calls that may be parked at a time.
const MOST: usize = 1024;

/// All parked calls of this process; cheap to clone.
#[derive(Clone)]
pub struct Parking(Arc<Inner>);

struct Inner {
    key: Option<SealKey>,
    began: Instant,
    random: SystemRandom,
    free: Arc<Semaphore>,
    homes: DashMap<Handle, ActorRef<Message>>,
}

/// A parked call's place; given back when dropped.
pub(super) struct Place {
    parking: Parking,
    handle: Handle,
    _permit: OwnedSemaphorePermit,
}

impl Parking {
    /// Nothing parked. The key lives as long as this value: no call outlives the process.
    pub fn new() -> Self {
        let (random, mut secret) = (SystemRandom::new(), [0; 32]);
        let key = random.fill(&mut secret).ok().and_then(|()| SealKey::new(&secret));
        let (free, homes) = (Arc::new(Semaphore::new(MOST)), DashMap::new());
        let began = Instant::now();
        Self(Arc::new(Inner { key, began, random, free, homes }))
    }

    /// Takes a place for a call at `home`; with it, what its client is to bring back within `lasts`.
    /// `None` when all are taken.
    pub(super) fn park(
        &self,
        home: &ActorRef<Message>,
        request: RequestDigest,
        lasts: Duration,
    ) -> Option<(Place, String)> {
        let permit = Arc::clone(&self.0.free).try_acquire_owned().ok()?;
        let mut handle = Handle::default();
        self.0.random.fill(&mut handle).ok()?;
        let lasts = u64::try_from(lasts.as_millis()).unwrap_or(u64::MAX);
        let expires_ms = self.now_ms().saturating_add(lasts);
        // nobody is told apart before there is authentication
        let parked = Parked { handle, principal: "", expires_ms, request };
        let state = self.0.key.as_ref()?.seal(&parked)?;
        self.0.homes.insert(handle, home.clone());
        Some((Place { parking: self.clone(), handle, _permit: permit }, state))
    }

    /// Milliseconds of this process: states are of no use in another one.
    fn now_ms(&self) -> u64 {
        u64::try_from(self.0.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// Whether calls are parked at this server actor.
    pub(super) fn is_home(&self, actor: &ActorRef<Message>) -> bool {
        self.0.homes.iter().any(|home| home.get_id() == actor.get_id())
    }

    /// The call a state names; `request` must be the one it was parked for.
    pub(super) fn open(&self, state: &str, request: &RequestDigest) -> Result<Handle, BadState> {
        let key = self.0.key.as_ref().ok_or(BadState::Forged)?;
        key.open(state, "", request, self.now_ms())
    }

    /// The server actor a repeated request belongs to; `None` for a request that brings back no state.
    pub(super) fn home(&self, request: &wire::Message) -> Result<Option<ActorRef<Message>>, Fault> {
        let Some(state) = modern_client::request_state(request)? else { return Ok(None) };
        let handle = self.open(&state, &RequestDigest::of(request))?;
        let home = self.0.homes.get(&handle).map(|home| home.clone());
        home.map(Some).ok_or(Fault::State(BadState::Spent))
    }
}

impl Default for Parking {
    fn default() -> Self {
        Self::new()
    }
}

impl Place {
    /// What names it.
    pub(super) fn handle(&self) -> &Handle {
        &self.handle
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.parking.0.homes.remove(&self.handle);
    }
}

impl fmt::Debug for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Place")
    }
}

impl fmt::Debug for Parking {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Parking").field("parked", &self.0.homes.len()).finish_non_exhaustive()
    }
}

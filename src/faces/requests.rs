//! The stateless requests under way on one connection, by their ids.
//!
//! Over HTTP a request is given up by closing its response; here it is named in
//! `notifications/cancelled`.
//!
//! Source: MCP 2026-07-28 "Cancellation".
//!
//! *Invariant:* what is under way when the connection is gone is given up.

use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::session::Underway;
use mcpvisor_actors::wire::{CancelParams, Kind, Message, RawId};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// Fewer than this are not worth cleaning up.
const FEW: usize = 64;

/// The requests; clones are the same ones.
#[derive(Debug, Clone, Default)]
pub(super) struct Requests(Arc<Mutex<HashMap<RawId, Underway>>>);

impl Requests {
    /// Whether a request with this id is still under way.
    pub(super) fn has(&self, id: &RawId) -> bool {
        self.lock().get(id).is_some_and(|underway| !underway.is_over())
    }

    /// Keeps one that is not over.
    pub(super) fn enter(&self, id: &RawId, underway: Underway) {
        if underway.is_over() {
            return;
        }
        let mut all = self.lock();
        if all.len() >= FEW && all.len().is_power_of_two() {
            all.retain(|_, underway| !underway.is_over());
        }
        all.insert(id.detached(), underway);
    }

    /// Gives up the request a `notifications/cancelled` names; `false` when it names none of these.
    pub(super) fn cancelled(&self, message: &Message) -> bool {
        let Kind::Notification { method } = message.kind() else { return false };
        if &**method != "notifications/cancelled" || self.lock().is_empty() {
            return false;
        }
        let cancel = CancelParams::of(message);
        let named = cancel.and_then(|it| Some((RawId::new(it.request_id)?, it.reason)));
        let Some((id, reason)) = named else { return false };
        let underway = self.lock().remove(&id);
        if let Some(underway) = &underway {
            underway.cancel(reason);
        }
        underway.is_some()
    }

    /// Nothing new will come: who listens is answered.
    pub(super) fn wind_up(&self) {
        self.lock().values().for_each(Underway::wind_up);
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<RawId, Underway>> {
        lock(&self.0)
    }
}

/// Gives up what is under way when it is dropped.
#[derive(Debug)]
pub(super) struct GivenUp(pub(super) Requests);

impl Drop for GivenUp {
    fn drop(&mut self) {
        self.0.lock().values().for_each(Underway::abandon);
    }
}

//! Who listens for changes in 2026-07-28: each `subscriptions/listen` that is open.
//!
//! *Invariant:* a listen hears what its filter names, marked as its own, and nothing after its end.

use super::outlet::Outlet;
use bytes::Bytes;
use mcpvisor_actors::bridge::Listen;
use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::wire::{Limits, Message, RawId, Strictness};
use serde_json::json;
use std::sync::{Mutex, MutexGuard};

/// All open listens.
#[derive(Debug, Default)]
pub(super) struct Listeners(Mutex<Vec<Listener>>);

#[derive(Debug)]
struct Listener {
    id: RawId,
    filter: Listen,
    outlet: Outlet,
}

impl Listeners {
    fn all(&self) -> MutexGuard<'_, Vec<Listener>> {
        lock(&self.0)
    }

    /// Opens one.
    pub(super) fn open(&self, id: RawId, filter: Listen, outlet: Outlet) {
        self.all().push(Listener { id, filter, outlet });
    }

    /// Ends one without a word, as its client asked; whether there was such a one.
    pub(super) fn cancel(&self, id: &str) -> bool {
        let mut all = self.all();
        let before = all.len();
        all.retain(|listener| listener.id.as_bytes() != id.as_bytes());
        all.len() != before
    }

    /// Ends all of them: the ids, and where the answers go.
    pub(super) fn end(&self) -> Vec<(RawId, Outlet)> {
        self.all().drain(..).map(|listener| (listener.id, listener.outlet)).collect()
    }

    /// How many there are, and of which resources they want to hear.
    pub(super) fn wanted(&self) -> (usize, Vec<String>) {
        let mut all = self.all();
        all.retain(|listener| !listener.outlet.is_gone());
        let mut uris: Vec<_> = all.iter().flat_map(|one| one.filter.uris.iter().cloned()).collect();
        uris.sort();
        uris.dedup();
        (all.len(), uris)
    }

    /// Where a notification goes, with the parameters it has there.
    pub(super) fn wanting(&self, method: &str, uri: Option<&str>) -> Vec<(Outlet, String)> {
        let params = uri.map_or_else(|| json!({}), |uri| json!({ "uri": uri }));
        let plain = json!({ "jsonrpc": "2.0", "method": method, "params": params }).to_string();
        let message = Message::parse(Bytes::from(plain), Limits::default(), Strictness::Strict);
        let Ok(message) = message else { return Vec::new() };
        let mut all = self.all();
        all.retain(|listener| !listener.outlet.is_gone());
        let wanting = all.iter().filter(|listener| listener.filter.wants(&message));
        let tagged = wanting.filter_map(|listener| {
            let text = Listen::tagged(&message, &listener.id).to_bytes();
            let value: serde_json::Value = serde_json::from_slice(&text).ok()?;
            Some((listener.outlet.clone(), value["params"].to_string()))
        });
        tagged.collect()
    }
}

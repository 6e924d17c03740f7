//! Sessions that go on after the gateway was restarted.
//!
//! *Invariant:* a session that is brought back can be found only once it knows what its client said at
//! `initialize`; and there is one of it, however many requests name it at once.

use super::{
    Client, ClientStream, ClientStreamReader, Clients, LogLevel, SessionHandle, SessionRecord,
    initialize,
};
use crate::bridge::legacy_client::ModernMeta;
use crate::call::Request;
use crate::wire::{Limits, Message, Strictness, request_raw};
use serde_json::json;
use std::time::Duration;
use tokio::time::timeout;

/// A stopping gateway waits for the disk so long.
const SAVED_WITHIN: Duration = Duration::from_secs(1);

/// There is no place for a session that could be brought back; it can be later.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no further session can be opened now; try again soon")]
pub struct NoRoom;

impl Clients {
    /// The session with this id, if it is alive or can be brought back from an earlier run. To be waited
    /// for to the end: a session that is only half brought back knows nothing of its subscriptions.
    pub async fn find_or_restore(&self, id: &str) -> Result<Option<SessionHandle>, NoRoom> {
        let (None, Some(records)) = (self.find(id), self.records()) else {
            return Ok(self.find(id));
        };
        let _one_at_a_time = records.restoring().await;
        if let Some(session) = self.find(id) {
            return Ok(Some(session));
        }
        let Some(record) = records.claim(id).await else { return Ok(None) };
        if record.selector != self.view().selector().path() {
            return Ok(None);
        }
        let client = Client::new(id.into(), self.view().clone());
        let params = record.initialize.as_bytes();
        let negotiated = initialize::answer(Some(params), "");
        let (Ok((version, _)), Some(meta)) = (negotiated, ModernMeta::of_initialize(params)) else {
            return Ok(None);
        };
        client.initialized(version, meta);
        let session = self.open_as(client).await.ok_or(NoRoom)?;
        let pending = self.set_up(&session, &record);
        records.restored(id, record, pending);
        tracing::info!(session = session.id(), "session of an earlier run goes on");
        Ok(Some(session))
    }

    /// Remembers a session from run to run; `params` are those of its `initialize`.
    pub fn remember(&self, session: &SessionHandle, params: &[u8]) {
        if let Some(records) = self.records() {
            records.remember(session, params);
        }
    }

    /// The gateway stops: what is known of the sessions now stays, whether or not it can be written
    /// soon.
    pub(crate) async fn freeze(&self) {
        if let Some(records) = self.records() {
            records.freeze();
        }
        self.save().await;
    }

    /// Writes what changed of the sessions, unless that takes too long.
    pub(crate) async fn save(&self) {
        if let Some(records) = self.records()
            && timeout(SAVED_WITHIN, records.save()).await.is_err()
        {
            tracing::warn!("the sessions were not remembered in time");
        }
    }

    /// What the client asked for after `initialize`; the subscriptions that are being made.
    fn set_up(
        &self,
        session: &SessionHandle,
        record: &SessionRecord,
    ) -> Vec<(String, ClientStreamReader)> {
        let level = record.level.as_ref().map(|level| json!({ "level": level }).to_string());
        if let Some(level) = level.and_then(|params| LogLevel::of_params(params.as_bytes())) {
            self.table().set_level(session.client(), level);
        }
        let subscribing = record.subscriptions.iter().enumerate().filter_map(|(number, uri)| {
            let params = json!({ "uri": uri }).to_string();
            // clients count from the other end
            let id = u64::MAX - number as u64;
            let request = request_raw(id, "resources/subscribe", &params).to_bytes();
            let message = Message::parse(request, Limits::default(), Strictness::Strict).ok()?;
            let (stream, answer) = ClientStream::new();
            session.put(Request { message, stream, admission: None, watched: None }).ok()?;
            Some((uri.clone(), answer))
        });
        subscribing.collect()
    }
}

#[cfg(test)]
#[path = "restore/tests.rs"]
mod tests;

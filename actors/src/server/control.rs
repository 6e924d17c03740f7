//! Our own conversation with a server: handshake, listing, log level. A value: answers in, requests out.
//!
//! *Invariant:* a server is ready only after it was listed anew, and a method it did not declare is
//! never sent to it.

use super::Loss;
use super::listing::{Heard, Listing};
use crate::bridge::Era;
use crate::catalog::{Capabilities, Capability, Manifest};
use crate::session::{LogLevel, identity};
use crate::wire::{PerSubject, ProtocolVersion, Subject};
use bytes::Bytes;
use serde_json::json;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// How long a server that is ready otherwise waits for its first lists of what is no tool.
const BESIDE: Duration = Duration::from_secs(1);

/// What a request of ours was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Initialize,
    List(Subject),
    SetLevel,
}

impl Purpose {
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::List(subject) => subject.list(),
            Self::SetLevel => "logging/setLevel",
        }
    }

    /// Whether a server that cannot be asked this is of no use.
    pub(super) fn decides(self) -> bool {
        matches!(self, Self::Initialize | Self::List(Subject::Tool))
    }
}

/// What is to be done next.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    /// Send a request with these parameters.
    Request(Purpose, String),
    /// Send `notifications/initialized`.
    Initialized(ProtocolVersion),
    /// Tell that the server is ready, or that what it offers changed.
    Publish(Manifest),
    /// Give the connection up.
    GiveUp(Loss),
}

/// The state of the conversation.
#[derive(Debug)]
pub(super) struct Control {
    manifest: Option<Manifest>,
    /// What was known of the server before: stands for what it has not listed yet.
    remembered: Option<Arc<Manifest>>,
    listings: PerSubject<Listing>,
    /// What it offers was published: there is a last good list of its tools.
    published: bool,
    /// When it is published although not everything is listed.
    publish_by: Option<Instant>,
    level: Option<LogLevel>,
    /// What stateless clients wanted so far: their requests are over before the server could be told
    /// that it is not wanted any more.
    floor: Option<LogLevel>,
}

impl Control {
    /// `level` is the log level wanted at the start, `remembered` what is known from earlier.
    pub(super) fn new(level: Option<LogLevel>, remembered: Option<Arc<Manifest>>) -> Self {
        Self {
            manifest: None,
            remembered,
            listings: PerSubject::of(Listing::new),
            published: false,
            publish_by: None,
            level,
            floor: None,
        }
    }

    /// How it begins.
    pub(super) fn begin() -> Action {
        let params = json!({
            "protocolVersion": ProtocolVersion::LATEST.as_str(),
            "capabilities": identity::capabilities(),
            "clientInfo": identity::implementation(),
        });
        Action::Request(Purpose::Initialize, params.to_string())
    }

    /// What the server declared; nothing before it did.
    pub(super) fn capabilities(&self) -> Capabilities {
        self.manifest.as_ref().map(|manifest| manifest.capabilities).unwrap_or_default()
    }

    /// The era it speaks; of the initialize era before it said so.
    pub(super) fn era(&self) -> Era {
        let version = self.manifest.as_ref().map(|manifest| manifest.version);
        Era::Legacy(version.unwrap_or(ProtocolVersion::LATEST))
    }

    /// A request of ours was answered: `Ok` with the result, `Err` with the error object.
    pub(super) fn answered(
        &mut self,
        purpose: Purpose,
        outcome: Result<Bytes, Bytes>,
        now: Instant,
    ) -> Vec<Action> {
        match (purpose, outcome) {
            (Purpose::Initialize, Ok(result)) => self.initialized(&result, now),
            (Purpose::Initialize, Err(error)) => {
                let detail = answered_with("initialize", &error);
                vec![Action::GiveUp(Loss::Protocol { detail })]
            }
            (Purpose::List(subject), outcome) => self.listed(subject, outcome, now),
            (Purpose::SetLevel, Err(error)) => {
                let error = String::from_utf8_lossy(&error);
                tracing::debug!(%error, "the server refused logging/setLevel");
                Vec::new()
            }
            (Purpose::SetLevel, Ok(_)) => Vec::new(),
        }
    }

    /// The server says that what it offers changed.
    pub(super) fn list_changed(&mut self, notification: &str, now: Instant) -> Vec<Action> {
        let declared = self.capabilities();
        for subject in Subject::ALL {
            if subject.changed() == notification && declared.has(Capability::of_subject(subject)) {
                self.listings[subject].grow_stale();
            }
        }
        self.list_if_due(now)
    }

    /// When [`Self::list_if_due`] is worth calling.
    pub(super) fn list_due(&self) -> Option<Instant> {
        let listings = Subject::ALL.into_iter().filter_map(|subject| self.listings[subject].due());
        listings.chain(self.publish_by).min()
    }

    /// Lists again what changed if its last listing is long enough ago; publishes what was waited for
    /// long enough.
    pub(super) fn list_if_due(&mut self, now: Instant) -> Vec<Action> {
        let mut actions = Vec::new();
        if self.publish_by.is_some_and(|by| by <= now) {
            actions.extend(self.publish());
        }
        for subject in Subject::ALL {
            if self.listings[subject].is_due(now) {
                actions.push(self.start_listing(subject, now));
            }
        }
        actions
    }

    /// There is no more time to become ready: publishes what must be, if it is there.
    pub(super) fn hurry(&mut self) -> Vec<Action> {
        if self.publish_by.is_some() { self.publish() } else { Vec::new() }
    }

    /// The log level that sessions want changed.
    pub(super) fn level(&mut self, level: Option<LogLevel>) -> Vec<Action> {
        let before = std::mem::replace(&mut self.level, level.into_iter().chain(self.floor).min());
        if self.level == before { Vec::new() } else { self.set_level() }
    }

    /// A stateless client wants messages of this level with its request.
    pub(super) fn level_for_one(&mut self, level: LogLevel) -> Vec<Action> {
        self.floor = self.floor.into_iter().chain([level]).min();
        self.level(self.level)
    }

    fn set_level(&self) -> Vec<Action> {
        match self.level {
            Some(level) if self.capabilities().has(Capability::Logging) => {
                vec![Action::Request(
                    Purpose::SetLevel,
                    json!({ "level": level.as_str() }).to_string(),
                )]
            }
            _ => Vec::new(),
        }
    }

    fn initialized(&mut self, result: &Bytes, now: Instant) -> Vec<Action> {
        let mut manifest = match Manifest::of(result) {
            Ok(manifest) => manifest,
            Err(detail) => return vec![Action::GiveUp(Loss::Protocol { detail })],
        };
        let mut actions = vec![Action::Initialized(manifest.version)];
        let declared = manifest.capabilities;
        let listed = |subject: &Subject| declared.has(Capability::of_subject(*subject));
        if let Some(remembered) = self.remembered.take() {
            for subject in Subject::ALL.into_iter().filter(listed) {
                manifest.items[subject].clone_from(&remembered.items[subject]);
            }
        }
        self.manifest = Some(manifest);
        actions.extend(self.set_level());
        for subject in Subject::ALL.into_iter().filter(listed) {
            actions.push(self.start_listing(subject, now));
        }
        actions.extend(self.publish_when_listed(now));
        actions
    }

    fn start_listing(&mut self, subject: Subject, now: Instant) -> Action {
        self.listings[subject].start(now);
        Action::Request(Purpose::List(subject), "{}".to_owned())
    }

    fn listed(
        &mut self,
        subject: Subject,
        outcome: Result<Bytes, Bytes>,
        now: Instant,
    ) -> Vec<Action> {
        match self.listings[subject].heard(outcome) {
            Heard::Nothing => Vec::new(),
            Heard::More(params) => vec![Action::Request(Purpose::List(subject), params)],
            Heard::All(items) => {
                if let Some(manifest) = &mut self.manifest {
                    manifest.items[subject] = items;
                }
                let mut actions = self.publish_when_listed(now);
                actions.extend(self.list_if_due(now));
                actions
            }
            Heard::Failed(detail) => self.not_listed(subject, detail, now),
        }
    }

    /// A listing failed. The first one of tools decides whether the server is usable; any other one
    /// leaves the last good list standing (D39) and is repeated after a while.
    fn not_listed(&mut self, subject: Subject, detail: String, now: Instant) -> Vec<Action> {
        if subject == Subject::Tool && !self.listings[subject].succeeded() {
            return vec![Action::GiveUp(Loss::Protocol { detail })];
        }
        let list = subject.list();
        tracing::warn!(%detail, list, "listing failed, the last good list stays");
        self.listings[subject].repeat_later();
        if self.published { Vec::new() } else { self.publish_when_listed(now) }
    }

    /// Publishes unless something is still to be listed. Once the tools are, the first publication
    /// waits a moment for the rest and no longer.
    fn publish_when_listed(&mut self, now: Instant) -> Vec<Action> {
        let listing = |subject| self.listings[subject].is_first();
        if self.published || !Subject::ALL.into_iter().any(listing) {
            return self.publish();
        }
        if !listing(Subject::Tool) {
            self.publish_by.get_or_insert(now + BESIDE);
        }
        Vec::new()
    }

    fn publish(&mut self) -> Vec<Action> {
        self.publish_by = None;
        let Some(manifest) = &self.manifest else { return Vec::new() };
        self.published = true;
        vec![Action::Publish(manifest.clone())]
    }
}

pub(super) fn answered_with(method: &str, error: &Bytes) -> String {
    let error: String = String::from_utf8_lossy(error).chars().take(2_000).collect();
    format!("`{method}` was answered with {error}")
}

#[cfg(test)]
#[path = "control/tests.rs"]
mod tests;

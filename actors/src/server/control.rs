//! Our own conversation with a server: its era, listing, log level. A value: answers in, requests out.
//!
//! *Invariant:* a server is ready only after it was listed anew, and a method it did not declare is
//! never sent to it.

use super::listing::{Heard, Listing};
use super::opening::{Guess, Opening, Verdict};
use super::{Carriage, Loss};
use crate::bridge::legacy_client::ModernMeta;
use crate::bridge::{Era, ParamHeaders, Supported};
use crate::catalog::{Capabilities, Capability, Item, Manifest};
use crate::session::{LogLevel, identity};
use crate::wire::{Edits, Members, Message, PerSubject, ProtocolVersion, Subject};
use bytes::Bytes;
use serde_json::json;
use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

mod purpose;

pub(super) use purpose::Purpose;

/// How long a server that is ready otherwise waits for its first lists of what is no tool.
const BESIDE: Duration = Duration::from_secs(1);

/// What is to be done next.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    /// Send a request with these parameters.
    Request(Purpose, String),
    /// The era is known; in the initialize era send `notifications/initialized`.
    Established(Era),
    /// Tell that the server is ready, or that what it offers changed.
    Publish(Manifest),
    /// Give the connection up.
    GiveUp(Loss),
}

/// The state of the conversation.
#[derive(Debug)]
pub(super) struct Control {
    opening: Opening,
    carriage: Carriage,
    /// What our requests of 2026-07-28 say of us.
    meta: ModernMeta,
    manifest: Option<Manifest>,
    /// The tools some of whose arguments travel as headers, too.
    annotated: HashMap<String, ParamHeaders>,
    /// What was known of the server before: stands for what it has not listed yet.
    remembered: Option<Arc<Manifest>>,
    listings: PerSubject<Listing>,
    /// What it offers was published: there is a last good list of its tools.
    published: bool,
    /// When it is published although not everything is listed.
    publish_by: Option<Instant>,
    level: Option<LogLevel>,
}

impl Control {
    /// `level` is the log level wanted at the start, `remembered` what is known from earlier, `guess`
    /// what follows from it for the era.
    pub(super) fn new(
        level: Option<LogLevel>,
        remembered: Option<Arc<Manifest>>,
        guess: Guess,
    ) -> Self {
        let info = Bytes::from(identity::implementation().to_string());
        Self {
            opening: Opening::new(guess),
            carriage: guess.carriage,
            meta: ModernMeta::new(&Bytes::from_static(identity::ABILITIES), Some(info)),
            manifest: None,
            annotated: HashMap::new(),
            remembered,
            listings: PerSubject::of(Listing::new),
            published: false,
            publish_by: None,
            level,
        }
    }

    /// How it begins.
    pub(super) fn begin(&mut self, now: Instant) -> Action {
        let first = self.opening.begin(now);
        self.ask(first)
    }

    fn ask(&self, purpose: Purpose) -> Action {
        if purpose == Purpose::Discover {
            return Action::Request(purpose, self.meta.params(""));
        }
        let params = format!(
            "{{\"protocolVersion\":\"{}\",\"capabilities\":{},\"clientInfo\":{}}}",
            ProtocolVersion::LATEST.as_str(),
            String::from_utf8_lossy(identity::ABILITIES),
            identity::implementation(),
        );
        Action::Request(purpose, params)
    }

    /// What the server declared; nothing before it did.
    pub(super) fn capabilities(&self) -> Capabilities {
        self.manifest.as_ref().map(|manifest| manifest.capabilities).unwrap_or_default()
    }

    /// The era it speaks; of the initialize era before it said so.
    pub(super) fn era(&self) -> Era {
        let era = self.manifest.as_ref().map(|manifest| manifest.era);
        era.unwrap_or(Era::Legacy(ProtocolVersion::LATEST))
    }

    /// Whether what is no `initialize` is written as in 2026-07-28: the question for the era, too, is.
    pub(super) fn speaks_modern(&self) -> bool {
        self.manifest.as_ref().is_none_or(|manifest| manifest.era == Era::Modern)
    }

    /// Which changes can be heard of it.
    pub(super) fn supported(&self) -> Supported {
        let about = self.manifest.as_ref().and_then(|manifest| Members::of(&manifest.about));
        let declared = about.and_then(|about| about.get("capabilities").ok().flatten());
        declared.map(|raw| Supported::of(raw.get().as_bytes())).unwrap_or_default()
    }

    /// The parameters of a request of our own with these other members, as the era wants them.
    pub(super) fn params(&self, members: &str) -> String {
        match self.era() {
            Era::Modern => self.meta.params(members),
            Era::Legacy(_) => format!("{{{members}}}"),
        }
    }

    /// What a request of 2026-07-28 lacks of what each must say.
    pub(super) fn filled(&self, request: &Message) -> Edits {
        self.meta.fill(request)
    }

    /// What a tool says of its arguments that travel as headers.
    pub(super) fn annotations(&self, tool: &str) -> Option<&ParamHeaders> {
        self.annotated.get(tool)
    }

    /// Whether a connection that ends like this died of being asked for its era.
    pub(super) fn died_of_discovery(&self, loss: &Loss) -> bool {
        self.opening.died_of(loss)
    }

    /// A request of ours was answered: `Ok` with the result, `Err` with the error object.
    pub(super) fn answered(
        &mut self,
        purpose: Purpose,
        outcome: Result<Bytes, Bytes>,
        now: Instant,
    ) -> Vec<Action> {
        match (purpose, outcome) {
            (Purpose::Initialize | Purpose::Discover, outcome) => {
                let verdict = self.opening.answered(purpose, outcome, now);
                self.opened(verdict, now)
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

    /// A request of ours could not be delivered, or got no answer in its response.
    pub(super) fn failed(&mut self, purpose: Purpose, loss: Loss, now: Instant) -> Vec<Action> {
        match purpose {
            Purpose::Initialize | Purpose::Discover => {
                let verdict = self.opening.failed(purpose, loss);
                self.opened(verdict, now)
            }
            // without the tools it is of no use, and the loss says why better than words about it
            Purpose::List(Subject::Tool) if !self.published => vec![Action::GiveUp(loss)],
            _ => self.answered(purpose, Err(Bytes::from(loss.to_string())), now),
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
        self.act_if_due(now)
    }

    /// What was heard of changes may not be all there was: everything it tells changes of is to be
    /// listed again.
    pub(super) fn may_have_changed(&mut self, now: Instant) -> Vec<Action> {
        let declared = self.capabilities();
        for subject in Subject::ALL {
            if declared.has(Capability::of_subject(subject)) {
                self.listings[subject].grow_stale();
            }
        }
        self.act_if_due(now)
    }

    /// When [`Self::act_if_due`] is worth calling.
    pub(super) fn due(&self) -> Option<Instant> {
        let listings = Subject::ALL.into_iter().filter_map(|subject| self.listings[subject].due());
        listings.chain(self.publish_by).chain(self.opening.due()).min()
    }

    /// Lists again what changed if its last listing is long enough ago; publishes what was waited for
    /// long enough; asks in another era when there was no answer for long enough.
    pub(super) fn act_if_due(&mut self, now: Instant) -> Vec<Action> {
        let verdict = self.opening.silent(now);
        let mut actions = self.opened(verdict, now);
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
        let before = std::mem::replace(&mut self.level, level);
        if self.level == before { Vec::new() } else { self.set_level() }
    }

    fn set_level(&self) -> Vec<Action> {
        match self.level {
            Some(level)
                if self.capabilities().has(Capability::Logging) && self.era() != Era::Modern =>
            {
                vec![Action::Request(
                    Purpose::SetLevel,
                    json!({ "level": level.as_str() }).to_string(),
                )]
            }
            _ => Vec::new(),
        }
    }

    /// What the two questions came to so far.
    fn opened(&mut self, verdict: Verdict, now: Instant) -> Vec<Action> {
        let manifest = match verdict {
            Verdict::Wait => return Vec::new(),
            Verdict::Ask(purpose) => return vec![self.ask(purpose)],
            Verdict::No(loss) => return vec![Action::GiveUp(loss)],
            Verdict::Legacy(result) => Manifest::of(&result),
            Verdict::Modern(result) => Manifest::discovered(&result),
        };
        match manifest {
            Ok(mut manifest) => {
                manifest.is_modern_too = self.opening.is_modern_too();
                self.established(manifest, now)
            }
            Err(detail) => vec![Action::GiveUp(Loss::Protocol { detail })],
        }
    }

    fn established(&mut self, mut manifest: Manifest, now: Instant) -> Vec<Action> {
        let mut actions = vec![Action::Established(manifest.era)];
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
        Action::Request(Purpose::List(subject), self.params(""))
    }

    fn listed(
        &mut self,
        subject: Subject,
        outcome: Result<Bytes, Bytes>,
        now: Instant,
    ) -> Vec<Action> {
        match self.listings[subject].heard(outcome) {
            Heard::Nothing => Vec::new(),
            Heard::More(member) => {
                vec![Action::Request(Purpose::List(subject), self.params(&member))]
            }
            Heard::All(mut items, hints) => {
                if subject == Subject::Tool {
                    self.annotate(&mut items);
                }
                if let Some(manifest) = &mut self.manifest {
                    manifest.items[subject] = items;
                    manifest.hints[subject] = hints.filter(|_| manifest.era == Era::Modern);
                }
                let mut actions = self.publish_when_listed(now);
                actions.extend(self.act_if_due(now));
                actions
            }
            Heard::Failed(detail) => self.not_listed(subject, detail, now),
        }
    }

    /// Where arguments travel as headers, a tool that says wrongly which is left out.
    ///
    /// Source: MCP 2026-07-28 "Streamable HTTP", custom headers from tool parameters.
    fn annotate(&mut self, tools: &mut Vec<Item>) {
        self.annotated.clear();
        if self.era() != Era::Modern || self.carriage != Carriage::Posts {
            return;
        }
        tools.retain(|tool| {
            if let Err(fault) = &tool.headers {
                tracing::warn!(tool = tool.name, %fault, "a tool is not listed");
            }
            tool.headers.is_ok()
        });
        for tool in tools {
            if let Ok(headers) = &tool.headers
                && !headers.is_empty()
            {
                self.annotated.insert(tool.name.clone(), headers.clone());
            }
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

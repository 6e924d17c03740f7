//! Our own conversation with a server: handshake, listing, log level. A value: answers in, requests out.
//!
//! *Invariant:* a server is ready only after it was listed anew, and a method it did not declare is
//! never sent to it.

use super::Loss;
use crate::catalog::{Manifest, Tool};
use crate::session::LogLevel;
use crate::wire::{Members, ProtocolVersion, Span};
use bytes::Bytes;
use serde_json::json;
use std::collections::HashSet;
use std::time::Duration;
use tokio::time::Instant;

/// Listings begin at least this far apart, however often the server says its list changed.
const LIST_SPACING: Duration = Duration::from_millis(250);

/// The same after a listing that failed; doubled with each one more, up to [`MAX_PAUSE`].
const FIRST_PAUSE: Duration = Duration::from_secs(5);
const MAX_PAUSE: Duration = Duration::from_secs(300);

/// Most pages of one listing, and most tools; a server that never ends is not believed.
const MAX_PAGES: usize = 1_000;
const MAX_TOOLS: usize = 10_000;
/// Most bytes of one listing.
const MAX_BYTES: usize = 64 << 20;

/// What a request of ours was for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Purpose {
    Initialize,
    List,
    SetLevel,
}

impl Purpose {
    pub(super) fn method(self) -> &'static str {
        match self {
            Self::Initialize => "initialize",
            Self::List => "tools/list",
            Self::SetLevel => "logging/setLevel",
        }
    }
}

/// What is to be done next.
#[derive(Debug, PartialEq)]
pub(super) enum Action {
    /// Send a request with these parameters.
    Request(Purpose, String),
    /// Send `notifications/initialized`.
    Initialized(ProtocolVersion),
    /// Tell that the server is ready, or that its tools changed.
    Publish(Manifest),
    /// Give the connection up.
    GiveUp(Loss),
}

/// The state of the conversation.
#[derive(Debug)]
pub(super) struct Control {
    manifest: Option<Manifest>,
    listing: Option<Listing>,
    last_listed: Option<Instant>,
    /// How long after that the next listing may begin.
    spacing: Duration,
    /// The list changed since the last listing began, or that one failed.
    stale: bool,
    /// A list was published: there is a last good one.
    published: bool,
    level: Option<LogLevel>,
}

#[derive(Debug, Default)]
struct Listing {
    tools: Vec<Tool>,
    /// The cursors followed: one a page but the first.
    cursors: HashSet<String>,
    bytes: usize,
}

impl Control {
    /// `level` is the log level wanted at the start.
    pub(super) fn new(level: Option<LogLevel>) -> Self {
        Self {
            manifest: None,
            listing: None,
            last_listed: None,
            spacing: LIST_SPACING,
            stale: false,
            published: false,
            level,
        }
    }

    /// How it begins.
    pub(super) fn begin() -> Action {
        let params = json!({
            "protocolVersion": ProtocolVersion::LATEST.as_str(),
            // none yet: what is declared here must be answered when the server asks for it
            "capabilities": {},
            "clientInfo": { "name": "mcpvisor", "version": env!("CARGO_PKG_VERSION") },
        });
        Action::Request(Purpose::Initialize, params.to_string())
    }

    /// Whether the server declared tools.
    pub(super) fn has_tools(&self) -> bool {
        self.manifest.as_ref().is_some_and(|manifest| manifest.capabilities.tools)
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
            (Purpose::List, Ok(result)) => self.listed(&result, now),
            (Purpose::List, Err(error)) => self.not_listed(answered_with("tools/list", &error)),
            (Purpose::SetLevel, Err(error)) => {
                let error = String::from_utf8_lossy(&error);
                tracing::debug!(%error, "the server refused logging/setLevel");
                Vec::new()
            }
            (Purpose::SetLevel, Ok(_)) => Vec::new(),
        }
    }

    /// The server says its tools changed.
    pub(super) fn list_changed(&mut self, now: Instant) -> Vec<Action> {
        self.stale = self.manifest.as_ref().is_some_and(|m| m.capabilities.tools);
        self.list_if_due(now)
    }

    /// When [`Self::list_if_due`] is worth calling.
    pub(super) fn list_due(&self) -> Option<Instant> {
        let waits = self.stale && self.listing.is_none();
        waits.then_some(self.last_listed).flatten().map(|last| last + self.spacing)
    }

    /// Lists again if the list changed and the last listing is long enough ago.
    pub(super) fn list_if_due(&mut self, now: Instant) -> Vec<Action> {
        let due = self.last_listed.is_none_or(|last| now >= last + self.spacing);
        if self.stale && self.listing.is_none() && due {
            vec![self.start_listing(now)]
        } else {
            Vec::new()
        }
    }

    /// The clients' log level changed.
    pub(super) fn level(&mut self, level: Option<LogLevel>) -> Vec<Action> {
        self.level = level;
        self.set_level()
    }

    fn set_level(&self) -> Vec<Action> {
        let logging = self.manifest.as_ref().is_some_and(|m| m.capabilities.logging);
        match self.level {
            Some(level) if logging => {
                vec![Action::Request(
                    Purpose::SetLevel,
                    json!({ "level": level.as_str() }).to_string(),
                )]
            }
            _ => Vec::new(),
        }
    }

    fn initialized(&mut self, result: &Bytes, now: Instant) -> Vec<Action> {
        let manifest = match Manifest::of(result) {
            Ok(manifest) => manifest,
            Err(detail) => return vec![Action::GiveUp(Loss::Protocol { detail })],
        };
        let mut actions = vec![Action::Initialized(manifest.version)];
        let tools = manifest.capabilities.tools;
        self.manifest = Some(manifest.clone());
        actions.extend(self.set_level());
        self.published = !tools;
        actions.push(if tools { self.start_listing(now) } else { Action::Publish(manifest) });
        actions
    }

    fn start_listing(&mut self, now: Instant) -> Action {
        self.stale = false;
        self.last_listed = Some(now);
        self.listing = Some(Listing::default());
        Action::Request(Purpose::List, "{}".to_owned())
    }

    fn listed(&mut self, result: &Bytes, now: Instant) -> Vec<Action> {
        let Some(listing) = &mut self.listing else { return Vec::new() };
        let Some((tools, next)) = page(result) else {
            return self.not_listed("`tools/list` was answered without a `tools` array".to_owned());
        };
        listing.tools.extend(tools);
        listing.bytes += result.len();
        if listing.tools.len() > MAX_TOOLS
            || listing.cursors.len() >= MAX_PAGES
            || listing.bytes > MAX_BYTES
        {
            let detail = format!(
                "it lists more than {MAX_TOOLS} tools, {MAX_PAGES} pages or {} MiB",
                MAX_BYTES >> 20
            );
            return self.not_listed(detail);
        }
        if let Some(cursor) = next {
            let request = Action::Request(Purpose::List, format!("{{\"cursor\":{cursor}}}"));
            if listing.cursors.insert(cursor) {
                return vec![request];
            }
            return self.not_listed("`tools/list` gave the same cursor twice".to_owned());
        }
        let tools = self.listing.take().unwrap_or_default().tools;
        let Some(manifest) = &mut self.manifest else { return Vec::new() };
        manifest.tools = tools;
        let mut actions = vec![Action::Publish(manifest.clone())];
        self.published = true;
        self.spacing = LIST_SPACING;
        actions.extend(self.list_if_due(now));
        actions
    }

    /// A listing failed. The first one decides whether the server is usable; a later one leaves the
    /// last good list standing (D39) and is repeated after a while.
    fn not_listed(&mut self, detail: String) -> Vec<Action> {
        self.listing = None;
        if !self.published {
            return vec![Action::GiveUp(Loss::Protocol { detail })];
        }
        tracing::warn!(%detail, "listing failed, the last good list stays");
        self.stale = true;
        self.spacing = (self.spacing * 2).clamp(FIRST_PAUSE, MAX_PAUSE);
        Vec::new()
    }
}

fn answered_with(method: &str, error: &Bytes) -> String {
    let error: String = String::from_utf8_lossy(error).chars().take(2_000).collect();
    format!("`{method}` was answered with {error}")
}

/// The tools of one page and the raw cursor of the next.
fn page(result: &Bytes) -> Option<(Vec<Tool>, Option<String>)> {
    let members = Members::of(result)?;
    let array = members.get("tools").ok()??;
    let tools = Tool::list(&Span::of(array.get().as_bytes(), result).share(result))?;
    let cursor = members.get("nextCursor").ok()?.map(|raw| raw.get().to_owned());
    // an empty one means there is none: some servers write it so
    Some((tools, cursor.filter(|cursor| cursor.starts_with('"') && cursor.len() > 2)))
}

#[cfg(test)]
#[path = "control/tests.rs"]
mod tests;

//! One client, as far as its calls must know it.

use super::LogLevel;
use super::usage::Usage;
use crate::bridge::legacy_client::ModernMeta;
use crate::bridge::{Abilities, Era, RequestMeta, tasks};
use crate::catalog::View;
use crate::observation::Origin;
use crate::wire::ProtocolVersion;
use std::sync::atomic::{AtomicU8, Ordering};
use std::sync::{Arc, OnceLock};

/// No log messages are wanted until the client says so.
const NO_LEVEL: u8 = u8::MAX;

/// The client of a session, or of one stateless request.
#[derive(Debug)]
pub struct Client {
    /// The session's id; empty for a stateless request.
    pub session: Arc<str>,
    /// What it sees and can call.
    pub view: View,
    level: AtomicU8,
    profile: OnceLock<Profile>,
    pub(super) usage: Usage,
}

/// What a client said of itself.
#[derive(Debug, Clone)]
pub struct Profile {
    /// The era it speaks.
    pub era: Era,
    /// What it declared and who it is, as servers of 2026-07-28 are told.
    pub meta: ModernMeta,
    /// What it may be asked for.
    pub abilities: Abilities,
    /// It understands tasks of the extension of 2026-07-28.
    pub tasks: bool,
}

impl Client {
    /// The client of a session that is to be initialized.
    pub(super) fn new(session: Arc<str>, view: View) -> Self {
        let (profile, usage) = (OnceLock::new(), Usage::default());
        Self { session, view, level: AtomicU8::new(NO_LEVEL), profile, usage }
    }

    /// The client of one request of 2026-07-28.
    pub(super) fn stateless(said: &RequestMeta, view: View) -> Self {
        let meta = ModernMeta::new(&said.capabilities, said.client_info.clone());
        let tasks = tasks::are_understood(&said.capabilities);
        let profile = Profile { era: Era::Modern, meta, abilities: said.abilities, tasks };
        let level = said.log_level.map_or(NO_LEVEL, LogLevel::index);
        let (session, level) = (Arc::from(""), AtomicU8::new(level));
        Self { session, view, level, profile: profile.into(), usage: Usage::default() }
    }

    /// What it said at `initialize`; the first time counts.
    pub(super) fn initialized(&self, version: ProtocolVersion, meta: ModernMeta) {
        let abilities = meta.abilities();
        let era = Era::Legacy(version);
        let _once = self.profile.set(Profile { era, meta, abilities, tasks: false });
    }

    /// What it said of itself; `None` before `initialize`.
    pub fn profile(&self) -> Option<&Profile> {
        self.profile.get()
    }

    /// The client of a session, as it is told to who looks at its requests.
    pub(super) fn origin(&self, face: &'static str) -> Origin {
        let profile = self.profile();
        Origin {
            face,
            session: Arc::clone(&self.session),
            revision: profile.map(|profile| profile.era.revision()),
            client: profile.and_then(|profile| profile.meta.client_info().cloned()),
        }
    }

    /// The era it speaks.
    pub fn era(&self) -> Era {
        self.profile().map_or(Era::Legacy(ProtocolVersion::LATEST), |profile| profile.era)
    }

    /// The revision agreed on at `initialize`; `None` before, and for a stateless client.
    pub fn revision(&self) -> Option<ProtocolVersion> {
        match self.profile()?.era {
            Era::Legacy(version) => Some(version),
            Era::Modern => None,
        }
    }

    /// What it may be asked for.
    pub fn abilities(&self) -> Abilities {
        self.profile().map(|profile| profile.abilities).unwrap_or_default()
    }

    /// Whether it understands tasks of the extension of 2026-07-28.
    pub fn knows_tasks(&self) -> bool {
        self.profile().is_some_and(|profile| profile.tasks)
    }

    /// Whether a message of this level is sent to this client: only after it set a level (D41).
    pub fn wants(&self, level: LogLevel) -> bool {
        self.level().is_some_and(|wanted| level >= wanted)
    }

    /// The least severe level it wants, if it wants any.
    pub fn level(&self) -> Option<LogLevel> {
        LogLevel::at(self.level.load(Ordering::Relaxed))
    }

    pub(super) fn set_level(&self, level: LogLevel) {
        self.level.store(level.index(), Ordering::Relaxed);
    }
}

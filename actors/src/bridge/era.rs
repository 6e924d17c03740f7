//! The era a peer lives in, what follows from it, and how a server gives its era away.

use super::MODERN_VERSIONS;
use crate::wire::{Kind, Members, Message, ProtocolVersion, code};
use bytes::Bytes;
use serde_json::value::RawValue;

/// How a peer is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// It opened with `initialize` and agreed on this revision.
    Legacy(ProtocolVersion),
    /// 2026-07-28: no session.
    Modern,
}

/// How a request in flight is given up.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CancelBy {
    /// With `notifications/cancelled`.
    Notification,
    /// By closing the response stream of its POST.
    ClosingItsStream,
}

impl Era {
    /// How a request is given up towards a peer of this era.
    ///
    /// Source: MCP 2026-07-28 "Cancellation"; 2025-11-25 "Cancellation", where a closed stream is
    /// explicitly no cancellation.
    pub fn cancel_by(self, over_http: bool) -> CancelBy {
        match self {
            Self::Modern if over_http => CancelBy::ClosingItsStream,
            Self::Modern | Self::Legacy(_) => CancelBy::Notification,
        }
    }

    /// Whether a client that closes the response stream of a request has given the request up.
    pub fn closing_cancels(self) -> bool {
        self == Self::Modern
    }

    /// Whether event ids are given out and `Last-Event-ID` is honoured.
    pub fn resumes(self) -> bool {
        matches!(self, Self::Legacy(_))
    }

    /// Whether `ping` exists. Without it any answer, best to `server/discover`, proves life.
    pub fn pings(self) -> bool {
        matches!(self, Self::Legacy(_))
    }

    /// Whether a connection keeps state of its client: capabilities, log level, subscriptions. Clients
    /// that differ in these cannot share one without care.
    pub fn is_sticky(self) -> bool {
        matches!(self, Self::Legacy(_))
    }
}

/// What a server's answer to `server/discover` says about its era. Silence and exit are judged by the
/// caller: both mean legacy.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reaction {
    /// Modern; the `DiscoverResult` as it came.
    Modern(Bytes),
    /// Modern, but it refused this very request; the error object as it came.
    ModernRefused(Bytes),
    /// Modern, and of our revisions it speaks none, not even a legacy one.
    Incompatible(Vec<String>),
    /// Speak `initialize`.
    Legacy,
}

impl Reaction {
    /// Judges a response to `server/discover`.
    ///
    /// Source: MCP 2026-07-28 "stdio" and "Streamable HTTP", backward compatibility: a discover result
    /// or a recognised modern error is modern, anything else is legacy.
    pub fn of(response: &Message) -> Self {
        let Kind::Response { ok, .. } = response.kind() else { return Self::Legacy };
        let outcome = response.outcome().unwrap_or_default();
        Self::of_outcome(if *ok { Ok(&outcome) } else { Err(&outcome) })
    }

    /// The same for its result or its error object alone.
    pub fn of_outcome(outcome: Result<&Bytes, &Bytes>) -> Self {
        let (Ok(raw) | Err(raw)) = outcome;
        let Some(members) = Members::of(raw) else { return Self::Legacy };
        let get = |key| members.get(key).ok().flatten();
        if outcome.is_ok() {
            return match get("supportedVersions").and_then(versions) {
                Some(versions) => Self::by_versions(versions, || Self::Modern(raw.clone())),
                None => Self::Legacy,
            };
        }
        match get("code").and_then(|code| serde_json::from_str::<i32>(code.get()).ok()) {
            Some(code::HEADER_MISMATCH | code::MISSING_CAPABILITY) => {
                Self::ModernRefused(raw.clone())
            }
            Some(code::UNSUPPORTED_VERSION) => {
                let data = get("data").and_then(|data| Members::of(data.get().as_bytes()));
                let supported = data.and_then(|data| data.get("supported").ok().flatten());
                let versions = supported.and_then(versions).unwrap_or_default();
                Self::by_versions(versions, || Self::ModernRefused(raw.clone()))
            }
            _ => Self::Legacy,
        }
    }

    fn by_versions(versions: Vec<String>, modern: impl FnOnce() -> Self) -> Self {
        let unsaid = versions.is_empty(); // only a modern server answers so
        if unsaid || versions.iter().any(|version| MODERN_VERSIONS.contains(&version.as_str())) {
            modern()
        } else if versions.iter().any(|version| ProtocolVersion::parse(version).is_some()) {
            Self::Legacy // it answers `server/discover` and wants to be initialized all the same
        } else {
            Self::Incompatible(versions)
        }
    }
}

fn versions(raw: &RawValue) -> Option<Vec<String>> {
    serde_json::from_str(raw.get()).ok()
}

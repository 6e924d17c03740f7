//! The era a peer lives in, what follows from it, and how a server gives its era away.

use super::{MODERN, MODERN_VERSIONS};
use crate::wire::Raw;
use crate::wire::{Members, ProtocolVersion, code};
use bytes::Bytes;

/// How a peer is spoken to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Era {
    /// It opened with `initialize` and agreed on this revision.
    Legacy(ProtocolVersion),
    /// 2026-07-28: no session.
    Modern,
}

impl Era {
    /// The revision spoken in it.
    pub fn revision(self) -> &'static str {
        match self {
            Self::Legacy(version) => version.as_str(),
            Self::Modern => MODERN,
        }
    }

    /// Whether `ping` exists. Without it any answer, best to `server/discover`, proves life.
    pub fn pings(self) -> bool {
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
    /// Judges the result or the error object of a response to `server/discover`.
    ///
    /// Source: MCP 2026-07-28 "stdio" and "Streamable HTTP", backward compatibility: a discover result
    /// or a recognised modern error is modern, anything else is legacy.
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

fn versions(raw: Raw<'_>) -> Option<Vec<String>> {
    serde_json::from_str(raw.get()).ok()
}

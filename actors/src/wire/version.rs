//! The protocol revisions of the initialize era.

use std::fmt;

/// A revision whose sessions open with `initialize`.
///
/// Source: MCP "Versioning"; the stateless revision 2026-07-28 has no handshake and is not one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProtocolVersion {
    /// First revision: stdio and HTTP+SSE.
    V2024_11_05,
    /// Streamable HTTP, annotations, batching.
    V2025_03_26,
    /// Structured output, elicitation; batching removed.
    V2025_06_18,
    /// Icons, URL elicitation, tasks (experimental).
    V2025_11_25,
}

impl ProtocolVersion {
    /// Every revision, oldest first.
    pub const ALL: [Self; 4] =
        [Self::V2024_11_05, Self::V2025_03_26, Self::V2025_06_18, Self::V2025_11_25];

    /// The newest revision with a handshake.
    pub const LATEST: Self = Self::V2025_11_25;

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::V2024_11_05 => "2024-11-05",
            Self::V2025_03_26 => "2025-03-26",
            Self::V2025_06_18 => "2025-06-18",
            Self::V2025_11_25 => "2025-11-25",
        }
    }

    /// Reads a revision from the wire.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|version| version.as_str() == text)
    }

    /// What we answer to a client that asked for `requested`: that revision, or our newest.
    ///
    /// Source: MCP 2025-11-25 "Lifecycle", version negotiation.
    pub fn negotiate(requested: &str) -> Self {
        Self::parse(requested).unwrap_or(Self::LATEST)
    }
}

impl fmt::Display for ProtocolVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

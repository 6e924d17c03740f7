//! Log levels of the protocol.

use crate::wire::Members;

/// Severity of a log message, least severe first.
///
/// Source: MCP "Logging", log levels (RFC 5424).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
#[expect(missing_docs, reason = "the names are the standard's")]
pub enum LogLevel {
    Debug,
    Info,
    Notice,
    Warning,
    Error,
    Critical,
    Alert,
    Emergency,
}

impl LogLevel {
    /// Every level, least severe first.
    pub const ALL: [Self; 8] = [
        Self::Debug,
        Self::Info,
        Self::Notice,
        Self::Warning,
        Self::Error,
        Self::Critical,
        Self::Alert,
        Self::Emergency,
    ];

    /// As on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Debug => "debug",
            Self::Info => "info",
            Self::Notice => "notice",
            Self::Warning => "warning",
            Self::Error => "error",
            Self::Critical => "critical",
            Self::Alert => "alert",
            Self::Emergency => "emergency",
        }
    }

    /// Reads `level` from the parameters of `logging/setLevel` or `notifications/message`.
    pub fn of_params(params: &[u8]) -> Option<Self> {
        let members = Members::of(params)?;
        let level = members.get("level").ok()??;
        let level: String = serde_json::from_str(level.get()).ok()?;
        Self::ALL.into_iter().find(|known| known.as_str() == level)
    }

    pub(super) fn index(self) -> u8 {
        self as u8
    }

    pub(super) fn at(index: u8) -> Option<Self> {
        Self::ALL.get(usize::from(index)).copied()
    }
}

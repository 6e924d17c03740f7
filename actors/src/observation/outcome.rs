//! How a request ended.

/// How a request ended, as its client saw it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Outcome {
    /// With a result.
    Ok,
    /// With a result of its server that has `isError`.
    ToolError,
    /// With a JSON-RPC error, of its server's or for a request that is no good one.
    Error {
        /// The code.
        code: i32,
    },
    /// With a failure of ours: its server did not answer, or was not asked.
    Failed {
        /// Which, in a word for programs.
        reason: &'static str,
        /// Whether its server may have executed it.
        sent: bool,
        /// Which, in words; secrets are masked.
        text: Box<str>,
    },
    /// Its client gave it up, or was gone.
    Cancelled,
    /// Whoever held it died without a word.
    Lost,
}

impl Outcome {
    /// For programs: `ok`, `tool_error`, `error`, `failed`, `cancelled`, `lost`.
    pub const fn word(&self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::ToolError => "tool_error",
            Self::Error { .. } => "error",
            Self::Failed { .. } => "failed",
            Self::Cancelled => "cancelled",
            Self::Lost => "lost",
        }
    }

    /// Whether its client got what it asked for.
    pub const fn is_ok(&self) -> bool {
        matches!(self, Self::Ok)
    }
}

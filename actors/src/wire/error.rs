//! What can be wrong with a frame, and the JSON-RPC codes we answer with.

/// JSON-RPC and MCP error codes used on the wire.
///
/// Source: JSON-RPC 2.0 §5.1; MCP "Base protocol", revisions 2024-11-05 to 2026-07-28.
pub mod code {
    /// Invalid JSON was received.
    pub const PARSE_ERROR: i32 = -32_700;
    /// The JSON is not a valid request object.
    pub const INVALID_REQUEST: i32 = -32_600;
    /// The method does not exist, or no server here declared it.
    pub const METHOD_NOT_FOUND: i32 = -32_601;
    /// The parameters are missing or wrong.
    pub const INVALID_PARAMS: i32 = -32_602;
    /// A fault inside the gateway.
    pub const INTERNAL_ERROR: i32 = -32_603;
    /// The request cannot be served in this state (no session, not initialized).
    pub const NOT_READY: i32 = -32_000;
    /// The client must open a URL first; revision 2025-11-25 only.
    pub const URL_ELICITATION_REQUIRED: i32 = -32_042;
    /// HTTP headers and body contradict each other; since 2026-07-28.
    pub const HEADER_MISMATCH: i32 = -32_020;
    /// The client did not declare what the request needs of it; since 2026-07-28.
    pub const MISSING_CAPABILITY: i32 = -32_021;
    /// The revision named in `_meta` is not spoken here; since 2026-07-28.
    pub const UNSUPPORTED_VERSION: i32 = -32_022;
    /// Too many requests are waiting; nothing was sent, retrying later is safe.
    pub const OVERLOADED: i32 = -32_003;
    /// The server behind the name is not available; nothing was sent.
    pub const UNAVAILABLE: i32 = -32_004;
    /// The request was sent and no answer came in time; its outcome is unknown.
    pub const TIMEOUT: i32 = -32_005;
    /// The connection ended after the request was sent; its outcome is unknown.
    pub const OUTCOME_UNKNOWN: i32 = -32_006;
    /// The request waited too long for a free slot; nothing was sent.
    pub const QUEUE_TIMEOUT: i32 = -32_007;
    /// The server's actor is out of service; nothing was sent.
    pub const NOT_RUNNING: i32 = -32_008;
    /// The server answered none of its last calls and gets none for a moment; nothing was sent.
    pub const BREAKER_OPEN: i32 = -32_009;
    /// The request could not be delivered; nothing was executed.
    pub const REFUSED: i32 = -32_010;
    /// The gateway could not pass the request on; nothing was sent.
    pub const NOT_SENT: i32 = -32_011;
    /// The gateway lost track of a request it had sent; its outcome is unknown.
    pub const RUNNER_DIED: i32 = -32_012;
    /// There is no such resource. Of the initialize era; later revisions say -32602.
    pub const RESOURCE_NOT_FOUND: i32 = -32_002;

    /// Whether we answer with this what may be otherwise later.
    pub const fn is_of_the_moment(code: i32) -> bool {
        matches!(code, RUNNER_DIED..=OVERLOADED)
    }
}

/// Why bytes are not an acceptable JSON-RPC message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum WireError {
    /// Not JSON at all.
    #[error("invalid JSON at line {line} column {column}; send one JSON-RPC 2.0 object")]
    NotJson {
        /// Line of the fault, from 1.
        line: usize,
        /// Column of the fault, from 1.
        column: usize,
    },
    /// Bytes that are not UTF-8.
    #[error("the message is not valid UTF-8 (byte {at}); MCP messages must be UTF-8")]
    NotUtf8 {
        /// Offset of the first bad byte.
        at: usize,
    },
    /// A JSON array at the top: JSON-RPC batching.
    #[error("a batch of messages, which only revision 2025-03-26 has; send one message at a time")]
    Batch,
    /// A batch of more messages than are taken at once.
    #[error("a batch of more than {limit} messages; send fewer at a time")]
    LongBatch {
        /// The limit in force.
        limit: usize,
    },
    /// JSON, but not a JSON-RPC message.
    #[error("not a JSON-RPC 2.0 message: {0}")]
    NotJsonRpc(&'static str),
    /// Nested deeper than the limit.
    #[error("nested deeper than {limit} levels")]
    TooDeep {
        /// The limit in force.
        limit: usize,
    },
    /// Larger than the limit.
    #[error("larger than {limit} bytes")]
    TooLarge {
        /// The limit in force, in bytes.
        limit: usize,
    },
}

impl WireError {
    /// The JSON-RPC code that tells a client about this fault.
    pub const fn code(&self) -> i32 {
        match self {
            Self::NotJson { .. } | Self::NotUtf8 { .. } => code::PARSE_ERROR,
            Self::Batch
            | Self::LongBatch { .. }
            | Self::NotJsonRpc(_)
            | Self::TooDeep { .. }
            | Self::TooLarge { .. } => code::INVALID_REQUEST,
        }
    }
}

//! Request ids as they were spelled.

use bytes::Bytes;
use std::fmt;

/// A JSON-RPC request id, kept byte for byte: `7`, `"7"` and `7.0` are three different ids and each
/// is echoed as its sender wrote it.
///
/// Source: JSON-RPC 2.0 §4; MCP "Requests": string or integer, never null.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct RawId(Bytes);

impl RawId {
    /// Accepts the raw JSON of a string or a number; anything else is no id.
    pub fn new(raw: Bytes) -> Option<Self> {
        matches!(raw.first(), Some(b'"' | b'-' | b'0'..=b'9')).then_some(Self(raw))
    }

    /// The id in memory of its own, so that keeping it does not keep the message it came in.
    #[must_use]
    pub fn detached(&self) -> Self {
        Self(Bytes::copy_from_slice(&self.0))
    }

    /// The first bytes of the id, in memory of their own: to be shown, not to answer with.
    #[must_use]
    pub fn start(&self, bytes: usize) -> Self {
        Self(Bytes::copy_from_slice(&self.0[..bytes.min(self.0.len())]))
    }

    /// The JSON text of the id.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// The id as the number we handed out, also when a server answers with it in quotes.
    pub fn as_number(&self) -> Option<u64> {
        let text = std::str::from_utf8(&self.0).ok()?;
        text.trim_matches('"').parse().ok()
    }
}

impl From<u64> for RawId {
    fn from(number: u64) -> Self {
        Self(Bytes::from(number.to_string()))
    }
}

impl fmt::Display for RawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&String::from_utf8_lossy(&self.0))
    }
}

impl fmt::Debug for RawId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RawId({self})")
    }
}

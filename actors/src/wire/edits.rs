//! Replacements collected for one message.

use super::{Payload, Span, Splice};
use bytes::Bytes;

/// What is to be put where in a message. Spans may come in any order and never overlap; an empty span
/// inserts.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Edits(Vec<(Span, Bytes)>);

impl Edits {
    /// Puts `bytes` where `span` is.
    pub fn put(&mut self, span: Span, bytes: impl Into<Bytes>) {
        self.0.push((span, bytes.into()));
    }

    /// Adds the edits of another part of the same message.
    pub fn extend(&mut self, other: Self) {
        self.0.extend(other.0);
    }

    /// Whether the message stays as it is.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// As [`Message::with_id`](super::Message::with_id) takes them.
    pub fn as_slices(&self) -> Vec<(Span, &[u8])> {
        self.0.iter().map(|(span, bytes)| (*span, bytes.as_ref())).collect()
    }

    /// `base` with the edits made.
    pub fn splice(&self, base: &Bytes) -> Payload {
        let edits = self.0.iter();
        edits.fold(Splice::new(base), |splice, (span, bytes)| splice.replace(*span, bytes)).finish()
    }
}

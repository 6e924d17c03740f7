//! A server's answer, carried over.

use super::Fault;
use crate::wire::{Edits, Message, Payload, RawId, result_raw};
use bytes::Bytes;

/// What becomes of an answer on its way to a client of the other era.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Translated {
    /// The answer with these edits.
    Edited(Edits),
    /// Another result: its JSON text.
    Result(Bytes),
    /// An error instead.
    Fault(Fault),
}

impl Translated {
    /// Ready to be written, as the answer to `id`. `answer` is the message that was translated.
    pub fn payload(&self, answer: &Message, id: &RawId) -> Payload {
        match self {
            Self::Edited(edits) => answer.with_id(id.as_bytes(), &edits.as_slices()),
            Self::Result(result) => result_raw(id, result.clone()),
            Self::Fault(fault) => fault.reply(Some(id)),
        }
    }
}

//! What is read of a message on its way through, and how it gets another id.

use serde::Deserialize;
use serde_json::value::RawValue;
use std::borrow::Cow;

/// The members a gateway has to know; the rest stays unparsed.
#[derive(Deserialize)]
pub(super) struct Envelope<'a> {
    #[serde(borrow)]
    pub(super) id: Option<&'a RawValue>,
    #[serde(borrow)]
    pub(super) method: Option<Cow<'a, str>>,
    #[serde(borrow)]
    #[allow(dead_code)] // parsed, as a gateway must
    params: Option<&'a RawValue>,
    #[serde(borrow)]
    #[allow(dead_code)]
    result: Option<&'a RawValue>,
}

impl<'a> Envelope<'a> {
    pub(super) fn of(text: &'a [u8]) -> Option<Self> {
        serde_json::from_slice(text).ok()
    }

    /// Appends the message, which is `text`, under another id.
    pub(super) fn write_as(&self, text: &[u8], id: &str, buffer: &mut Vec<u8>) {
        let Some(old) = self.id else { return buffer.extend_from_slice(text) };
        let start = old.get().as_ptr().addr() - text.as_ptr().addr();
        buffer.extend_from_slice(&text[..start]);
        buffer.extend_from_slice(id.as_bytes());
        buffer.extend_from_slice(&text[start + old.get().len()..]);
    }
}

//! Bytes ready to be written, made by replacing spans of a message.

use super::Span;
use bytes::{Bytes, BytesMut};

/// Below this size one copy is cheaper than a list of shared slices.
const COPY_BELOW: usize = 8 * 1024;

/// What goes out: slices that share the incoming message's allocation where it is large.
#[derive(Debug, Clone, Default)]
pub struct Payload {
    chunks: Vec<Bytes>,
    len: usize,
}

impl Payload {
    /// Joins parts; small ones are copied into one buffer.
    pub fn concat(parts: impl IntoIterator<Item = Bytes>) -> Self {
        let chunks: Vec<Bytes> = parts.into_iter().filter(|part| !part.is_empty()).collect();
        let len = chunks.iter().map(Bytes::len).sum();
        let payload = Self { chunks, len };
        // a small one gets a buffer of its own, so that keeping it keeps no larger one alive
        if len < COPY_BELOW && !payload.chunks.is_empty() {
            payload.joined().into()
        } else {
            payload
        }
    }

    /// Total size in bytes.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Whether there is nothing to write.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// The parts, in order.
    pub fn chunks(&self) -> &[Bytes] {
        &self.chunks
    }

    /// As one contiguous buffer; copies only when there is more than one part.
    pub fn to_bytes(&self) -> Bytes {
        match self.chunks.as_slice() {
            [one] => one.clone(),
            _ => self.joined(),
        }
    }

    fn joined(&self) -> Bytes {
        let mut joined = BytesMut::with_capacity(self.len);
        for chunk in &self.chunks {
            joined.extend_from_slice(chunk);
        }
        joined.freeze()
    }

    /// The payload on one line: raw line breaks, which JSON has only between tokens, become spaces.
    ///
    /// Source: MCP "stdio": messages are delimited by newlines and must not contain embedded ones.
    #[must_use]
    pub fn on_one_line(mut self) -> Self {
        for chunk in &mut self.chunks {
            if memchr::memchr2(b'\n', b'\r', chunk).is_some() {
                let flat = chunk.iter().map(|&b| if matches!(b, b'\n' | b'\r') { b' ' } else { b });
                *chunk = flat.collect();
            }
        }
        self
    }
}

impl From<Bytes> for Payload {
    fn from(bytes: Bytes) -> Self {
        Self { len: bytes.len(), chunks: vec![bytes] }
    }
}

/// Collects replacements in a message; spans may be given in any order and must not overlap.
#[derive(Debug)]
pub struct Splice<'a> {
    base: &'a Bytes,
    edits: Vec<(Span, &'a [u8])>,
}

impl<'a> Splice<'a> {
    /// Starts from the bytes of a message.
    pub fn new(base: &'a Bytes) -> Self {
        Self { base, edits: Vec::with_capacity(4) }
    }

    /// Puts `bytes` where `span` is.
    #[must_use]
    pub fn replace(mut self, span: Span, bytes: &'a [u8]) -> Self {
        self.edits.push((span, bytes));
        self
    }

    /// The edited message.
    pub fn finish(mut self) -> Payload {
        self.edits.sort_by_key(|(span, _)| span.start());
        let added: usize = self.edits.iter().map(|(_, bytes)| bytes.len()).sum();
        let most = self.base.len() + added;
        if most < COPY_BELOW {
            let mut joined = BytesMut::with_capacity(most);
            let mut at = 0;
            for (span, bytes) in &self.edits {
                joined.extend_from_slice(&self.base[at..span.range().start]);
                joined.extend_from_slice(bytes);
                at = span.range().end;
            }
            joined.extend_from_slice(&self.base[at..]);
            return joined.freeze().into();
        }
        let mut parts = Vec::with_capacity(self.edits.len() * 2 + 1);
        let mut at = 0;
        for (span, bytes) in self.edits {
            let range = span.range();
            parts.push(self.base.slice(at..range.start));
            parts.push(Bytes::copy_from_slice(bytes));
            at = range.end;
        }
        parts.push(self.base.slice(at..));
        Payload::concat(parts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_messages_are_shared_and_small_ones_are_one_buffer() {
        let large = Bytes::from(vec![b'x'; 3 * COPY_BELOW]);
        let edit = Span::of(&large[10..12], &large);
        let spliced = Splice::new(&large).replace(edit, b"yyy").finish();
        assert_eq!(spliced.len(), large.len() + 1);
        assert_eq!(spliced.chunks()[2].as_ptr(), large[12..].as_ptr());

        let small = large.slice(..20);
        let edit = Span::of(&small[10..12], &small);
        assert_eq!(Splice::new(&small).replace(edit, b"").finish().chunks().len(), 1);
    }

    #[test]
    fn a_pretty_printed_message_becomes_one_line() {
        let payload = Payload::from(Bytes::from_static(b"{\r\n  \"a\": 1\n}"));
        assert_eq!(payload.on_one_line().to_bytes(), "{    \"a\": 1 }");
    }
}

//! Lines held back because they look like one JSON object printed over several lines.
//!
//! Brackets are counted as lines come, so joining costs one pass however many lines there are.
//!
//! *Invariant:* never holds more text than the cap; what exceeds it is counted, not kept.

use crate::downstream::evidence::Evidence;
use bytes::{Bytes, BytesMut};
use mcpvisor_actors::server::Noise;
use mcpvisor_actors::wire::{Limits, WireError};

/// What a further line did.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Joined {
    /// More must come.
    Incomplete,
    /// The object is closed: all of it.
    Closed(Bytes),
    /// It is closed but too large, or can never become JSON.
    Hopeless,
}

/// The lines so far.
#[derive(Debug)]
pub(super) struct Held {
    text: BytesMut,
    evidence: Evidence,
    depth: usize,
    overflown: bool,
    /// How many lines, and how long the last one is: where the fault is.
    lines: usize,
    last_line: usize,
}

impl Held {
    /// Starts with a first line; `None` when it closes what it opens or ends within a string.
    pub(super) fn start(line: &[u8]) -> Option<Self> {
        let depth = depth_after(0, line)?;
        let held = Self {
            text: BytesMut::from(line),
            evidence: Evidence::of(line),
            depth,
            overflown: false,
            lines: 1,
            last_line: line.len(),
        };
        (depth > 0).then_some(held)
    }

    /// Adds a line.
    pub(super) fn join(&mut self, line: &[u8], cap: usize) -> Joined {
        self.evidence.absorb(b"\n");
        self.evidence.absorb(line);
        (self.lines, self.last_line) = (self.lines + 1, line.len());
        self.overflown |= self.text.len() + line.len() >= cap;
        if self.overflown {
            self.text = BytesMut::new();
        } else {
            self.text.extend_from_slice(b"\n");
            self.text.extend_from_slice(line);
        }
        match depth_after(self.depth, line) {
            None => Joined::Hopeless,
            Some(0) if self.overflown => Joined::Hopeless,
            Some(0) => Joined::Closed(std::mem::take(&mut self.text).freeze()),
            Some(depth) => {
                self.depth = depth;
                Joined::Incomplete
            }
        }
    }

    /// What it was after all.
    pub(super) fn into_noise(self, limits: Limits) -> Noise {
        let fault = if self.overflown {
            WireError::TooLarge { limit: limits.max_bytes }
        } else {
            WireError::NotJson { line: self.lines, column: self.last_line }
        };
        self.evidence.noise(fault)
    }
}

/// The nesting after a line; `None` when the line ends within a string, which JSON forbids.
fn depth_after(mut depth: usize, line: &[u8]) -> Option<usize> {
    let mut bytes = line.iter();
    while let Some(byte) = bytes.next() {
        match byte {
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth = depth.saturating_sub(1),
            b'"' => loop {
                match bytes.next()? {
                    b'"' => break,
                    b'\\' => _ = bytes.next()?,
                    _ => {}
                }
            },
            _ => {}
        }
    }
    Some(depth)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn brackets_in_strings_do_not_count() {
        for (line, expected) in [
            (r#"{"a": ["#, Some(2)),
            (r#""}}}","#, Some(0)),
            (r#""\"{","#, Some(0)),
            (r#""open"#, None),
            (r#""open\"#, None),
        ] {
            assert_eq!(depth_after(0, line.as_bytes()), expected, "{line}");
        }
    }

    #[test]
    fn too_large_a_whole_is_not_kept() {
        let mut held = Held::start(br#"{"id":3,"result":["#).expect("open");
        for _ in 0..100 {
            assert_eq!(held.join(b"\"0123456789\",", 100), Joined::Incomplete);
            assert!(held.text.len() <= 100);
        }
        assert_eq!(held.join(b"1]}", 100), Joined::Hopeless);
        let noise = held.into_noise(Limits { max_bytes: 100, max_depth: 9 });
        assert_eq!((noise.fault, noise.id), (WireError::TooLarge { limit: 100 }, Some(3)));
    }
}

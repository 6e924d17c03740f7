//! Bytes → lines, none of them longer than the cap in memory.
//!
//! A line is split off the read buffer without copying. What exceeds the cap is dropped as it comes,
//! except its two ends.
//!
//! *Invariant:* the buffer never holds more than the cap and one read.

use crate::downstream::evidence::Evidence;
use bytes::{Bytes, BytesMut};

/// Room for a read, and what is left of it for the next ones.
const READ: usize = 16 * 1024;
/// Least room for a read. To keep more would be a new buffer for each message that is read by itself.
const LEAST: usize = 4 * 1024;
/// Room for one read within a long line.
const LONG_READ: usize = 128 * 1024;
/// After a line of this size the buffer is given up, so that its memory goes with the message.
const LARGE: usize = 256 * 1024;

/// One line, without its line feed.
#[derive(Debug)]
pub(super) enum Line {
    /// All of it.
    Whole(Bytes),
    /// It was longer than the cap.
    Oversize(Evidence),
}

/// The read buffer.
#[derive(Debug)]
pub(super) struct Lines {
    buffer: BytesMut,
    /// No line feed before this offset.
    scanned: usize,
    cap: usize,
    /// The ends of a line that is being dropped.
    dropping: Option<Evidence>,
}

impl Lines {
    pub(super) fn new(cap: usize) -> Self {
        Self { buffer: BytesMut::new(), scanned: 0, cap, dropping: None }
    }

    /// The buffer to append to, with room for a read.
    pub(super) fn space(&mut self) -> &mut BytesMut {
        let room = self.buffer.capacity() - self.buffer.len();
        if self.buffer.len() >= READ {
            self.buffer.reserve(LONG_READ);
        } else if room < LEAST {
            self.buffer.reserve(READ);
        }
        &mut self.buffer
    }

    /// The next complete line.
    pub(super) fn next(&mut self) -> Option<Line> {
        let Some(found) = memchr::memchr(b'\n', &self.buffer[self.scanned..]) else {
            self.scanned = self.buffer.len();
            if self.dropping.is_some() || self.buffer.len() > self.cap {
                let bytes = std::mem::take(&mut self.buffer);
                self.dropping.get_or_insert_default().absorb(&bytes);
                self.scanned = 0;
            }
            return None;
        };
        let length = self.scanned + found;
        let mut line = self.buffer.split_to(length + 1);
        line.truncate(length);
        self.scanned = 0;
        if length >= LARGE {
            self.buffer = BytesMut::from(&self.buffer[..]);
        }
        Some(self.line(line.freeze()))
    }

    /// What is left when the input has ended: a last line without line feed.
    pub(super) fn rest(&mut self) -> Option<Line> {
        let rest = std::mem::take(&mut self.buffer).freeze();
        self.scanned = 0;
        (self.dropping.is_some() || !rest.is_empty()).then(|| self.line(rest))
    }

    fn line(&mut self, bytes: Bytes) -> Line {
        match self.dropping.take() {
            Some(mut evidence) => {
                evidence.absorb(&bytes);
                Line::Oversize(evidence)
            }
            None if bytes.len() > self.cap => Line::Oversize(Evidence::of(&bytes)),
            None => Line::Whole(bytes),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Lines as text; `None` for oversize ones.
    fn lines(cap: usize, input: &[u8], step: usize) -> Vec<Option<String>> {
        let mut lines = Lines::new(cap);
        let mut seen = Vec::new();
        let text = |line| match line {
            Line::Whole(bytes) => Some(String::from_utf8_lossy(&bytes).into_owned()),
            Line::Oversize(_) => None,
        };
        for chunk in input.chunks(step) {
            lines.space().extend_from_slice(chunk);
            while let Some(line) = lines.next() {
                seen.push(text(line));
            }
            assert!(lines.buffer.len() <= cap.max(step) + step);
        }
        seen.extend(lines.rest().map(text));
        seen
    }

    #[test]
    fn lines_do_not_depend_on_how_the_bytes_arrive() {
        let input = b"one\n\ntwo2\ntoolong\nlast";
        let some = |text: &str| Some(text.to_owned());
        let expected = [some("one"), some(""), some("two2"), None, some("last")];
        for step in 1..=input.len() {
            assert_eq!(lines(4, input, step), expected, "in steps of {step}");
        }
    }

    #[test]
    fn a_line_shares_the_buffer_it_was_read_into() {
        let mut lines = Lines::new(1000);
        lines.space().extend_from_slice(b"first\nsecond\n");
        let start = lines.buffer.as_ptr();
        let Some(Line::Whole(first)) = lines.next() else { panic!("a line") };
        assert_eq!(first.as_ptr(), start);
    }
}

//! Cuts the input into lines; a line above the cap is skipped, not kept.

use crate::faces::connection::{Heard, Input};
use bytes::BytesMut;
use std::io;
use tokio::io::{AsyncRead, AsyncReadExt};

/// Read at a time; also what the buffer starts with and shrinks back to.
const READ: usize = 16 * 1024;

/// Reads lines; memory is bounded by the cap and one read.
#[derive(Debug)]
pub(super) struct Lines<R> {
    input: R,
    cap: usize,
    buffer: BytesMut,
    /// How much of the buffer has no line break.
    searched: usize,
    skipping: bool,
    ended: bool,
}

impl<R> Lines<R> {
    pub(super) fn new(input: R, cap: usize) -> Self {
        let buffer = BytesMut::with_capacity(READ);
        Self { input, cap, buffer, searched: 0, skipping: false, ended: false }
    }

    fn finish(&mut self, line: BytesMut) -> Heard {
        self.searched = 0;
        let too_long = std::mem::take(&mut self.skipping) || line.len() > self.cap;
        if too_long { Heard::TooLong } else { Heard::Text(line.freeze()) }
    }
}

impl<R: AsyncRead + Unpin + Send> Input for Lines<R> {
    type Error = io::Error;

    /// The next line; `None` at the end of the input. The last line needs no line break.
    async fn next(&mut self) -> io::Result<Option<Heard>> {
        loop {
            if let Some(at) = line_break(&self.buffer[self.searched..]) {
                let mut line = self.buffer.split_to(self.searched + at + 1);
                line.truncate(line.len() - 1);
                return Ok(Some(self.finish(line)));
            }
            self.searched = self.buffer.len();
            if self.skipping || self.searched > self.cap {
                self.skipping = true;
                self.searched = 0;
                self.buffer = BytesMut::with_capacity(READ);
            }
            if self.ended {
                let rest = self.buffer.split();
                let empty = rest.is_empty() && !self.skipping;
                return Ok((!empty).then(|| self.finish(rest)));
            }
            self.buffer.reserve(READ);
            self.ended = self.input.read_buf(&mut self.buffer).await? == 0;
        }
    }
}

fn line_break(bytes: &[u8]) -> Option<usize> {
    memchr::memchr(b'\n', bytes)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    async fn lines(input: &[u8], cap: usize) -> Vec<Heard> {
        let mut lines = Lines::new(input, cap);
        let mut all = Vec::new();
        while let Some(line) = lines.next().await.unwrap() {
            all.push(line);
        }
        assert_eq!(lines.next().await.unwrap(), None);
        all
    }

    fn text(text: &'static str) -> Heard {
        Heard::Text(Bytes::from_static(text.as_bytes()))
    }

    #[tokio::test]
    async fn the_input_is_cut_at_line_breaks() {
        assert_eq!(lines(b"", 9).await, []);
        assert_eq!(lines(b"a\nbc\n\nd", 9).await, [text("a"), text("bc"), text(""), text("d")]);
        assert_eq!(lines(b"a\r\n", 9).await, [text("a\r")]);
    }

    #[tokio::test]
    async fn a_line_above_the_cap_is_skipped_and_the_next_one_is_read() {
        assert_eq!(lines(b"123\n1234\n12\n", 3).await, [text("123"), Heard::TooLong, text("12")]);
        let mut long = vec![b'x'; 10 * READ];
        long.extend_from_slice(b"\nok");
        assert_eq!(lines(&long, 3).await, [Heard::TooLong, text("ok")]);
        assert_eq!(lines(&long[..5 * READ], 3).await, [Heard::TooLong]);
    }

    #[tokio::test]
    async fn a_line_that_is_thrown_away_is_not_kept() {
        let long = vec![b'x'; 100 * READ];
        let mut lines = Lines::new(&long[..], READ);
        assert_eq!(lines.next().await.unwrap(), Some(Heard::TooLong));
        assert!(lines.buffer.capacity() <= 2 * READ);
    }

    #[tokio::test]
    async fn a_long_line_below_the_cap_arrives_whole() {
        let mut long = vec![b'x'; 5 * READ];
        long.push(b'\n');
        let mut lines = Lines::new(&long[..], 5 * READ);
        let line = lines.next().await.unwrap();
        assert_eq!(line, Some(Heard::Text(Bytes::copy_from_slice(&long[..5 * READ]))));
    }
}

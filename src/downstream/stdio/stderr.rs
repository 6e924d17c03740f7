//! The child's stderr: always read, so that it never blocks the child; the end is kept as evidence.
//!
//! A flood costs a copy of at most [`KEEP`] bytes a read. Whole lines go to the log, at a bounded rate a
//! server; what is left out is counted.
//!
//! It never shows anything to a client by itself.

use crate::logs::ServerLog;
use crate::redaction::Redaction;
use mcpvisor_actors::mutex::lock;
use memchr::{memchr, memchr_iter, memrchr};
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};
use tokio::io::{AsyncRead, AsyncReadExt};
use tokio::task::JoinHandle;
use tracing::Instrument;

/// Bytes kept.
const KEEP: usize = 16 * 1024;
/// Lines shown.
const LINES: usize = 50;
/// Bytes taken at once.
const READ: usize = 16 * 1024;
/// Longest line logged.
const LONGEST: usize = 4 * 1024;

/// The end of what was written to stderr. The reading task ends with it.
#[derive(Debug)]
pub(super) struct Stderr {
    tail: Arc<Mutex<Tail>>,
    reader: JoinHandle<()>,
    ended: bool,
}

impl Drop for Stderr {
    fn drop(&mut self) {
        self.reader.abort();
    }
}

impl Stderr {
    /// Starts reading.
    pub(super) fn of(pipe: impl AsyncRead + Unpin + Send + 'static, lines: Lines) -> Self {
        let tail = Arc::new(Mutex::new(Tail::default()));
        let reader = tokio::spawn(read(pipe, Arc::clone(&tail), lines).in_current_span());
        Self { tail, reader, ended: false }
    }

    /// The last lines.
    pub(super) fn lines(&self) -> Vec<String> {
        lock(&self.tail).lines()
    }

    /// Ready once everything was read.
    pub(super) fn poll_end(&mut self, context: &mut Context<'_>) -> Poll<()> {
        if !self.ended {
            self.ended = std::pin::Pin::new(&mut self.reader).poll(context).is_ready();
        }
        if self.ended { Poll::Ready(()) } else { Poll::Pending }
    }
}

async fn read(mut pipe: impl AsyncRead + Unpin, tail: Arc<Mutex<Tail>>, mut lines: Lines) {
    // never written to by us: of a server that is silent, no page of it is in memory
    let mut chunk = Vec::with_capacity(READ);
    while let Ok(1..) = pipe.read_buf(&mut chunk).await {
        lock(&tail).push(&chunk);
        if lines.log.is_wanted() {
            lines.take(&chunk);
        }
        chunk.clear();
    }
    lines.end();
}

/// The last bytes: at most twice [`KEEP`], so that old ones are moved out rarely.
#[derive(Debug, Default)]
struct Tail {
    bytes: Vec<u8>,
    /// Bytes no longer here.
    forgotten: usize,
}

impl Tail {
    fn push(&mut self, chunk: &[u8]) {
        if self.bytes.len() + chunk.len() > 2 * KEEP {
            let surplus = (self.bytes.len() + chunk.len()).saturating_sub(KEEP);
            self.bytes.drain(..surplus.min(self.bytes.len()));
            self.forgotten += surplus;
        }
        self.bytes.extend_from_slice(&chunk[chunk.len().saturating_sub(KEEP)..]);
    }

    /// The last lines; where more was written, the first one says how much is not shown.
    fn lines(&self) -> Vec<String> {
        let start = self.bytes.len().saturating_sub(KEEP);
        let text = self.bytes[start..].trim_ascii_end();
        let mut lines: Vec<&[u8]> = text.rsplit(|&byte| byte == b'\n').take(LINES).collect();
        lines.reverse();
        if lines == [b""] {
            return Vec::new();
        }
        let shown: usize = lines.iter().map(|line| line.len() + 1).sum();
        let hidden = (self.forgotten + start + text.len() + 1).saturating_sub(shown);
        let note = (hidden > 0).then(|| format!("({hidden} bytes before this are not kept)"));
        let lines = lines.into_iter().map(|line| {
            String::from_utf8_lossy(line.strip_suffix(b"\r").unwrap_or(line)).into_owned()
        });
        note.into_iter().chain(lines).collect()
    }
}

/// Cuts lines for the log.
pub(super) struct Lines {
    pid: u32,
    log: ServerLog,
    redaction: Redaction,
    /// The beginning of the line that has not ended yet.
    partial: Vec<u8>,
    cut: bool,
}

impl Lines {
    /// Lines of this process, to that log, without those secrets.
    pub(super) fn new(pid: u32, log: ServerLog, redaction: Redaction) -> Self {
        Self { pid, log, redaction, partial: Vec::new(), cut: false }
    }

    fn take(&mut self, chunk: &[u8]) {
        let mut rest = chunk;
        while let Some(end) = memchr(b'\n', rest) {
            if !self.log.admits() {
                let lines = memchr_iter(b'\n', rest).count() as u64;
                self.log.left_out(lines, (self.partial.len() + rest.len()) as u64);
                self.begin_anew();
                rest = &rest[memrchr(b'\n', rest).map_or(rest.len(), |last| last + 1)..];
                break;
            }
            self.add(&rest[..end]);
            self.tell();
            rest = &rest[end + 1..];
        }
        self.add(rest);
    }

    /// What has no end is a line, too, once nothing follows.
    fn end(&mut self) {
        if !self.partial.is_empty() && self.log.admits() {
            self.tell();
        }
    }

    fn add(&mut self, bytes: &[u8]) {
        // a secret at the end is seen whole, or not shown
        let room = (LONGEST + self.redaction.longest()).saturating_sub(self.partial.len());
        self.cut |= room < bytes.len();
        self.partial.extend_from_slice(&bytes[..bytes.len().min(room)]);
    }

    fn tell(&mut self) {
        let raw = self.partial.trim_ascii_end();
        let line = self.redaction.start_of(raw, self.cut, LONGEST);
        tracing::debug!(pid = self.pid, %line, "stderr");
        self.log.line(self.pid, line);
        self.begin_anew();
    }

    fn begin_anew(&mut self) {
        self.partial.clear();
        self.cut = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tail(chunks: &[&[u8]]) -> Vec<String> {
        let mut tail = Tail::default();
        for chunk in chunks {
            tail.push(chunk);
            assert!(tail.bytes.len() <= 2 * KEEP);
        }
        tail.lines()
    }

    #[test]
    fn little_is_shown_as_it_was_written() {
        assert_eq!(tail(&[]), [""; 0]);
        assert_eq!(tail(&[b"one\r\ntw", b"o\n"]), ["one", "two"]);
        assert_eq!(tail(&[b"no end"]), ["no end"]);
    }

    #[test]
    fn of_much_the_last_lines_are_shown_and_the_rest_is_counted() {
        let many: Vec<String> = (0..1000).map(|n| format!("line {n:03}\n")).collect();
        let chunks: Vec<&[u8]> = many.iter().map(String::as_bytes).collect();
        let lines = tail(&chunks);
        assert_eq!(lines.len(), LINES + 1);
        assert_eq!(lines[0], "(8550 bytes before this are not kept)");
        assert_eq!((lines[1].as_str(), lines[LINES].as_str()), ("line 950", "line 999"));

        let flood = vec![b'x'; 10 * KEEP];
        let lines = tail(&[&flood, &flood[..7]]);
        assert_eq!(lines[1].len(), KEEP);
    }
}

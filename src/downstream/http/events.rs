//! Server-sent events out of bytes, in pieces of any size.
//!
//! A decoder of our own rather than a crate's, because a cap on one event must cost that event only:
//! it is skipped and reported, the stream goes on. For the same reason an odd line is ignored, as
//! the standard asks, and never an error.
//!
//! Source: WHATWG HTML "Server-sent events", 9.2.6 Interpreting an event stream.
//!
//! *Invariant:* never holds more than the cap plus one line prefix, whatever comes in.

use bytes::Bytes;
use std::collections::VecDeque;
use std::time::Duration;

/// What a line may have beyond its data: a field name, a colon, a space, a byte order mark.
const LINE_PREFIX: usize = 64;

/// One event.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Event {
    /// Its type; empty for a message.
    pub(crate) name: String,
    /// Its data lines joined by line feeds.
    pub(crate) data: Bytes,
}

impl Event {
    /// Whether it is a message: no type, or the type `message`.
    pub(crate) fn is_message(&self) -> bool {
        matches!(self.name.as_str(), "" | "message")
    }
}

/// What a stream yields.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Item {
    /// An event.
    Event(Event),
    /// An event above the cap; its first bytes.
    TooLarge(Bytes),
}

/// Turns bytes into events.
#[derive(Debug)]
pub(crate) struct EventDecoder {
    limit: usize,
    line: Vec<u8>,
    name: String,
    data: Vec<u8>,
    /// Evidence of an event that grew above the cap.
    oversize: Option<Bytes>,
    /// The rest of the current line is thrown away.
    skipping: bool,
    after_cr: bool,
    at_start: bool,
    ready: VecDeque<Item>,
    last_id: Option<String>,
    retry: Option<Duration>,
}

impl EventDecoder {
    /// A decoder that skips events with more than `limit` bytes of data.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            limit,
            line: Vec::new(),
            name: String::new(),
            data: Vec::new(),
            oversize: None,
            skipping: false,
            after_cr: false,
            at_start: true,
            ready: VecDeque::new(),
            last_id: None,
            retry: None,
        }
    }

    /// The last event id seen on this or an earlier stream.
    pub(crate) fn last_id(&self) -> Option<&str> {
        self.last_id.as_deref()
    }

    /// How long the server wants us to wait before we come back.
    pub(crate) fn retry(&self) -> Option<Duration> {
        self.retry
    }

    /// Makes ready for the continuation of a broken stream: forgets the unfinished event, keeps the
    /// last event id and the waiting time.
    pub(crate) fn restart(&mut self) {
        let (last_id, retry) = (self.last_id.take(), self.retry);
        *self = Self { last_id, retry, ..Self::new(self.limit) };
    }

    /// Takes bytes in; [`Self::next`] then yields what became complete.
    pub(crate) fn feed(&mut self, mut bytes: &[u8]) {
        if std::mem::take(&mut self.after_cr) && bytes.first() == Some(&b'\n') {
            bytes = &bytes[1..];
        }
        while let Some(at) = memchr::memchr2(b'\n', b'\r', bytes) {
            self.end_line(&bytes[..at]);
            let mut next = at + 1;
            if bytes[at] == b'\r' {
                match bytes.get(next) {
                    Some(b'\n') => next += 1,
                    Some(_) => {}
                    None => self.after_cr = true,
                }
            }
            bytes = &bytes[next..];
        }
        self.part_of_line(bytes);
    }

    /// The stream ended cleanly: an event that lacks only its empty line still counts.
    pub(crate) fn finish(&mut self) {
        self.end_line(b"");
        self.dispatch();
    }

    /// The next event that is complete.
    pub(crate) fn next(&mut self) -> Option<Item> {
        self.ready.pop_front()
    }

    fn part_of_line(&mut self, bytes: &[u8]) {
        if self.skipping {
            return;
        }
        if self.line.len() + bytes.len() + self.data.len() > self.limit + LINE_PREFIX {
            let mut evidence = std::mem::take(&mut self.line);
            evidence.extend_from_slice(&bytes[..bytes.len().min(LINE_PREFIX)]);
            self.give_up(evidence.strip_prefix(b"data:").unwrap_or(&evidence));
            self.skipping = true;
        } else {
            self.line.extend_from_slice(bytes);
        }
    }

    fn end_line(&mut self, rest: &[u8]) {
        if std::mem::take(&mut self.skipping) {
            return;
        }
        if self.line.is_empty() {
            self.whole_line(rest);
        } else {
            self.part_of_line(rest);
            if !std::mem::take(&mut self.skipping) {
                let line = std::mem::take(&mut self.line);
                self.whole_line(&line);
            }
        }
    }

    fn whole_line(&mut self, mut line: &[u8]) {
        if std::mem::take(&mut self.at_start) {
            line = line.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(line);
        }
        if line.is_empty() {
            return self.dispatch();
        }
        let (field, value) = match memchr::memchr(b':', line) {
            Some(at) => (&line[..at], &line[at + 1..]),
            None => (line, &b""[..]),
        };
        let value = value.strip_prefix(b" ").unwrap_or(value);
        match field {
            b"data" => self.data_line(value),
            b"event" => self.name = String::from_utf8_lossy(value).into_owned(),
            b"id" if !value.contains(&0) => {
                self.last_id = Some(String::from_utf8_lossy(value).into_owned());
            }
            b"retry" => {
                let millis = std::str::from_utf8(value).ok().and_then(|text| text.parse().ok());
                self.retry = millis.map(Duration::from_millis).or(self.retry);
            }
            _ => {}
        }
    }

    fn data_line(&mut self, value: &[u8]) {
        if self.oversize.is_some() {
            return;
        }
        if self.data.len() + value.len() > self.limit {
            return self.give_up(value);
        }
        self.data.extend_from_slice(value);
        self.data.push(b'\n');
    }

    /// The current event is above the cap: only a few bytes of it are kept.
    fn give_up(&mut self, line: &[u8]) {
        let data = std::mem::take(&mut self.data);
        if self.oversize.is_none() {
            let start = if data.is_empty() { line } else { &data };
            let shown = start.len().min(super::body::EXCERPT);
            self.oversize = Some(Bytes::copy_from_slice(&start[..shown]));
        }
    }

    /// The event is complete; one without data is none.
    fn dispatch(&mut self) {
        let name = std::mem::take(&mut self.name);
        let mut data = std::mem::take(&mut self.data);
        if let Some(evidence) = self.oversize.take() {
            self.ready.push_back(Item::TooLarge(evidence));
        } else if data.len() > 1 {
            data.pop();
            self.ready.push_back(Item::Event(Event { name, data: data.into() }));
        }
    }
}

#[cfg(test)]
#[path = "events/tests.rs"]
mod tests;

//! Lines → what was heard: messages, batches, messages over several lines, and noise.
//!
//! Source: MCP "stdio": one message a line, nothing else on stdout. Servers break this with banners,
//! pretty-printed JSON, byte order marks and half lines; one request fails at worst.
//!
//! *Invariant:* a message never waits behind noise: lines held back in the hope of a continuation
//! are given up as soon as a line is a message by itself.

mod held;

use super::lines::{Line, Lines};
use crate::downstream::evidence;
use bytes::{Bytes, BytesMut};
use held::{Held, Joined};
use mcpvisor_actors::server::Inbound;
use mcpvisor_actors::wire::{Limits, Message, Strictness, WireError, elements};
use serde::de::IgnoredAny;
use std::collections::VecDeque;

/// Most messages in one batch; what is heard must stay bounded by the bytes it took.
const MAX_BATCH: usize = 1024;
/// What a message that interrupts others must contain.
const MARK: &[u8] = b"\"jsonrpc\"";

/// Reads messages out of a byte stream.
#[derive(Debug)]
pub(super) struct Frames {
    lines: Lines,
    limits: Limits,
    held: Option<Held>,
    ready: VecDeque<Inbound>,
}

impl Frames {
    pub(super) fn new(limits: Limits) -> Self {
        let lines = Lines::new(limits.max_bytes);
        Self { lines, limits, held: None, ready: VecDeque::new() }
    }

    /// The buffer to append to, with room for a read.
    pub(super) fn space(&mut self) -> &mut BytesMut {
        self.lines.space()
    }

    /// The next thing heard in what was appended so far.
    pub(super) fn next(&mut self) -> Option<Inbound> {
        loop {
            if let Some(heard) = self.ready.pop_front() {
                return Some(heard);
            }
            let line = self.lines.next()?;
            self.take(line);
        }
    }

    /// The input has ended: what is left counts as complete.
    pub(super) fn finish(&mut self) {
        while let Some(line) = self.lines.next() {
            self.take(line);
        }
        if let Some(line) = self.lines.rest() {
            self.take(line);
        }
        self.give_up_held();
    }

    fn take(&mut self, line: Line) {
        match line {
            Line::Oversize(evidence) => {
                self.give_up_held();
                let fault = WireError::TooLarge { limit: self.limits.max_bytes };
                self.ready.push_back(Inbound::Noise(evidence.noise(fault)));
            }
            Line::Whole(bytes) => {
                let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(&bytes).trim_ascii();
                let text = bytes.slice_ref(text);
                if !text.is_empty() {
                    self.take_text(&text);
                }
            }
        }
    }

    fn take_text(&mut self, text: &Bytes) {
        let Some(held) = &mut self.held else { return self.take_fresh(text) };
        if let Some(message) = message_by_itself(text, self.limits) {
            self.give_up_held();
            return self.hear(message);
        }
        match held.join(text, self.limits.max_bytes) {
            Joined::Incomplete => {}
            Joined::Closed(whole) => {
                self.held = None;
                match Message::parse(whole.clone(), self.limits, Strictness::Liberal) {
                    Ok(message) => self.hear(message),
                    Err(fault) => self.noise(&whole, fault),
                }
            }
            Joined::Hopeless => self.give_up_held(),
        }
    }

    /// A line with nothing held before it.
    fn take_fresh(&mut self, text: &Bytes) {
        if text[0] == b'[' {
            return self.take_batch(text);
        }
        match Message::parse(text.clone(), self.limits, Strictness::Liberal) {
            Ok(message) => self.hear(message),
            Err(fault) if breaks_off(text, &fault) => match Held::start(text) {
                Some(held) => self.held = Some(held),
                None => self.noise(text, fault),
            },
            Err(fault) => self.noise(text, fault),
        }
    }

    /// A batch, which 2025-03-26 allows, or a banner in brackets.
    fn take_batch(&mut self, text: &Bytes) {
        let parts = match self.limits.check(text) {
            Err(fault) => return self.noise(text, fault),
            Ok(()) => elements(text, MAX_BATCH),
        };
        match parts {
            Ok(Some(parts)) if !parts.is_empty() => {
                for part in parts {
                    self.take_part(&text.slice_ref(part.get().as_bytes()));
                }
            }
            Ok(Some(_)) => self.noise(text, WireError::Batch),
            Ok(None) | Err(_) => {
                let parsed = Message::parse(text.clone(), self.limits, Strictness::Liberal);
                self.noise(text, parsed.err().unwrap_or(WireError::Batch));
            }
        }
    }

    fn take_part(&mut self, part: &Bytes) {
        match Message::parse(part.clone(), self.limits, Strictness::Liberal) {
            Ok(message) => self.hear(message),
            Err(fault) => self.noise(part, fault),
        }
    }

    fn hear(&mut self, message: Message) {
        self.ready.push_back(Inbound::Message { message, related: None });
    }

    fn noise(&mut self, text: &[u8], fault: WireError) {
        self.ready.push_back(Inbound::Noise(evidence::noise(text, fault)));
    }

    fn give_up_held(&mut self) {
        if let Some(held) = self.held.take() {
            self.ready.push_back(Inbound::Noise(held.into_noise(self.limits)));
        }
    }
}

/// Whether the text is the start of an object that may go on in the next line.
fn breaks_off(text: &[u8], fault: &WireError) -> bool {
    matches!(fault, WireError::NotJson { .. })
        && text.first() == Some(&b'{')
        && serde_json::from_slice::<IgnoredAny>(text).is_err_and(|error| error.is_eof())
}

/// A message that may interrupt held lines. It must say `jsonrpc`, because an inner line of
/// pretty-printed JSON may look like a sloppy message.
fn message_by_itself(text: &Bytes, limits: Limits) -> Option<Message> {
    let says_so =
        text.first() == Some(&b'{') && text.windows(MARK.len()).any(|window| window == MARK);
    says_so.then(|| Message::parse(text.clone(), limits, Strictness::Liberal).ok()).flatten()
}

#[cfg(test)]
#[path = "frames/tests.rs"]
mod tests;

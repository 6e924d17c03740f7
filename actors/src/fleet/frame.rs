//! One frame of a connection, as people and programs see it. A value.
//!
//! Of a frame the text is kept, not its HTTP headers: they belong to the transport.
//!
//! *Invariant:* the text holds no secret of its server, and no part of one.

use crate::server::{Generation, Mask, Noise};
use crate::wire::{Kind, Limits, Message, RawId, Strictness, WireError};
use bytes::Bytes;
use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// Longest text of a frame that is kept, in bytes.
pub const SHOWN: usize = 64 * 1024;
/// Longest text of noise that is shown, in bytes: less than is kept of it, so that no part of a secret is
/// left at its end.
const NOISE: usize = 240;
/// Longest id and method of a frame that are kept, in bytes.
const NAME: usize = 200;
/// Longest secret that is certain not to be shown in part where a text is cut, in bytes.
const SECRET: usize = 16 * 1024;

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = FrameDirection)]
pub enum Direction {
    /// To the server.
    Out,
    /// From the server.
    In,
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum FrameKind {
    /// Asks for an answer.
    Request,
    /// Answers a request.
    Response,
    /// Tells something.
    Notification,
    /// No message.
    Noise,
}

/// One frame of a server's connection. HTTP headers are no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Frame {
    /// Its number among the frames of its server that somebody watched, from 1.
    pub seq: u64,
    /// When it was sent or heard, in Unix milliseconds.
    #[serde(rename = "atMs", with = "crate::clock::millis")]
    #[schema(value_type = u64)]
    pub at: SystemTime,
    /// Which way it went.
    pub direction: Direction,
    /// The number of the connection it went over.
    #[schema(value_type = u64)]
    pub generation: Generation,
    /// Whether that connection is one client's own.
    pub own: bool,
    /// What it is.
    pub kind: FrameKind,
    /// The JSON text of its id, if it has one; at most 200 bytes.
    pub id: Option<String>,
    /// Its method, if it has one; at most 200 bytes.
    pub method: Option<String>,
    /// Its length in bytes, before anything was cut or masked. Of noise: of the part that was kept.
    pub bytes: usize,
    /// Whether only the beginning is shown.
    pub truncated: bool,
    /// Whether a secret was masked in it.
    pub masked: bool,
    /// Its text, at most 64 KiB of it.
    pub text: String,
}

/// What a frame says, before it is known when and where it went.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Said {
    kind: FrameKind,
    id: Option<String>,
    method: Option<String>,
    bytes: usize,
    truncated: bool,
    masked: bool,
    text: String,
}

impl Said {
    /// What a message says.
    pub(crate) fn message(message: &Message, mask: &Mask) -> Self {
        let (kind, id, method) = match message.kind() {
            Kind::Request { id, method } => (FrameKind::Request, Some(id), Some(method)),
            Kind::Response { id, .. } => (FrameKind::Response, id.as_ref(), None),
            Kind::Notification { method } => (FrameKind::Notification, None, Some(method)),
        };
        let text = |text: &str| {
            let mut text = Shown::of(text.as_bytes(), mask).text;
            cut_at(&mut text, NAME);
            text
        };
        let id = id.map(RawId::to_string).map(|id| text(&id));
        let method = method.map(|method| text(method));
        Self { id, method, ..Self::text(kind, message.bytes(), mask) }
    }

    /// What the bytes of a frame of ours say.
    pub(crate) fn of_ours(bytes: &Bytes, mask: &Mask) -> Self {
        // its size and depth were judged before
        let limits = Limits { max_bytes: usize::MAX, max_depth: usize::MAX };
        match Message::parse(bytes.clone(), limits, Strictness::Liberal) {
            Ok(message) => Self::message(&message, mask),
            Err(_) => Self::text(FrameKind::Noise, bytes, mask),
        }
    }

    /// What was heard and is no message.
    pub(crate) fn noise(noise: &Noise, mask: &Mask) -> Self {
        let mut said = Self::text(FrameKind::Noise, noise.excerpt.as_bytes(), mask);
        said.truncated |= matches!(noise.fault, WireError::TooLarge { .. });
        said.truncated |= said.text.len() > NOISE;
        cut_at(&mut said.text, NOISE);
        Self { id: noise.id.map(|id| id.to_string()), ..said }
    }

    fn text(kind: FrameKind, bytes: &[u8], mask: &Mask) -> Self {
        let Shown { text, masked, truncated } = Shown::of(bytes, mask);
        Self { kind, id: None, method: None, bytes: bytes.len(), truncated, masked, text }
    }

    /// The frame it is, there and then.
    pub(crate) fn frame(self, seq: u64, at: Place) -> Frame {
        let Self { kind, id, method, bytes, truncated, masked, text } = self;
        let Place { generation, own, direction } = at;
        let at = SystemTime::now();
        Frame {
            seq,
            at,
            direction,
            generation,
            own,
            kind,
            id,
            method,
            bytes,
            truncated,
            masked,
            text,
        }
    }
}

/// Where a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) generation: Generation,
    pub(crate) own: bool,
    pub(crate) direction: Direction,
}

/// What was said, as it may be shown.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Shown {
    /// The text, or its beginning.
    pub text: String,
    /// Whether a secret was masked in it.
    pub masked: bool,
    /// Whether only the beginning is shown.
    pub truncated: bool,
}

impl Shown {
    /// At most [`SHOWN`] bytes of what was said, without the secrets of its server.
    pub fn of(bytes: &[u8], mask: &Mask) -> Self {
        let part = &bytes[..bytes.len().min(SHOWN + SECRET)];
        let text = String::from_utf8_lossy(part);
        let mut clean = mask(&text);
        let (masked, length) = (clean != text, clean.len());
        if part.len() == bytes.len() {
            cut_at(&mut clean, SHOWN);
        } else {
            // a secret may have been cut at the end of the part
            cut_at(&mut clean, SHOWN.min(length.saturating_sub(SECRET)));
        }
        let truncated = part.len() < bytes.len() || length > SHOWN;
        Self { text: clean, masked, truncated }
    }
}

/// Cuts a text after so many bytes at most, between two characters.
fn cut_at(text: &mut String, most: usize) {
    let most = most.min(text.len());
    let at = (0..=most).rev().find(|&at| text.is_char_boundary(at));
    text.truncate(at.unwrap_or_default());
}

#[cfg(test)]
mod tests;

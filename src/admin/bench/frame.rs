//! A frame, as the API shows it.

use mcpvisor_actors::clock::unix_millis;
use mcpvisor_actors::fleet::{Direction, Frame, FrameKind};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// One frame of a server's connection. HTTP headers are no part of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Frame)]
pub struct FrameReport {
    /// Its number among the frames of its server that somebody watched.
    pub seq: u64,
    /// When it was sent or heard, in Unix milliseconds.
    pub at_ms: u64,
    /// Which way it went.
    pub direction: Way,
    /// The number of the connection it went over.
    pub generation: u64,
    /// Whether that connection is one client's own.
    pub own: bool,
    /// What it is.
    pub kind: What,
    /// The JSON text of its id, if it has one.
    pub id: Option<String>,
    /// Its method, if it has one.
    pub method: Option<String>,
    /// Its length in bytes, before anything was cut or masked.
    pub bytes: usize,
    /// Whether only the beginning is shown.
    pub truncated: bool,
    /// Whether a secret was masked in it.
    pub masked: bool,
    /// Its text, at most 64 KiB of it.
    pub text: String,
}

/// Which way a frame went.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = FrameDirection)]
pub enum Way {
    /// To the server.
    Out,
    /// From the server.
    In,
}

/// What a frame is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = FrameKind)]
pub enum What {
    /// Asks for an answer.
    Request,
    /// Answers a request.
    Response,
    /// Tells something.
    Notification,
    /// No message.
    Noise,
}

impl From<&Frame> for FrameReport {
    fn from(frame: &Frame) -> Self {
        Self {
            seq: frame.seq,
            at_ms: unix_millis(frame.at),
            direction: match frame.direction {
                Direction::Out => Way::Out,
                Direction::In => Way::In,
            },
            generation: frame.generation.number(),
            own: frame.own,
            kind: match frame.kind {
                FrameKind::Request => What::Request,
                FrameKind::Response => What::Response,
                FrameKind::Notification => What::Notification,
                FrameKind::Noise => What::Noise,
            },
            id: frame.id.clone(),
            method: frame.method.clone(),
            bytes: frame.bytes,
            truncated: frame.truncated,
            masked: frame.masked,
            text: frame.text.clone(),
        }
    }
}

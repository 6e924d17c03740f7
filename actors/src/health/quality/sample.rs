//! What is learnt about a server: one request's fate, or a change of its link. Values.

use std::time::Duration;
use tokio::time::Instant;

/// What kind of request a sample is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SampleKind {
    /// A probe: always the same cheap question, so its times compare well.
    Probe,
    /// A client's call: its time depends on the tool.
    Call,
}

/// How a request ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// An answer came; an error the server itself worded is an answer too.
    Answered {
        /// Time from question to answer.
        took: Duration,
    },
    /// No answer in time, the transport failed, or what came was unreadable.
    Failed,
}

/// The fate of one request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Sample {
    /// When its fate was known.
    pub at: Instant,
    /// What was asked.
    pub kind: SampleKind,
    /// What came of it.
    pub outcome: Outcome,
}

impl Sample {
    /// The time an answer took, in whole microseconds; none when none came.
    pub(super) fn micros(&self) -> Option<u32> {
        match self.outcome {
            Outcome::Answered { took } => Some(u32::try_from(took.as_micros()).unwrap_or(u32::MAX)),
            Outcome::Failed => None,
        }
    }
}

/// A change of the connection to a server.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinkEvent {
    /// It is ready for calls.
    Up,
    /// It was lost, or an attempt failed.
    Down,
}

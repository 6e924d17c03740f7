//! One fact in the life of a server.

use serde::{Deserialize, Serialize};
use std::time::SystemTime;
use utoipa::ToSchema;

/// A fact, and when it became known.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
pub struct Event {
    /// When; written as milliseconds since 1970.
    #[serde(rename = "atMs", with = "crate::clock::millis")]
    #[schema(value_type = u64)]
    pub at: SystemTime,
    /// The connection it is about, when it is about one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub generation: Option<u64>,
    /// What.
    #[serde(flatten)]
    pub kind: EventKind,
}

impl Event {
    /// A fact of this moment.
    pub fn now(generation: Option<u64>, kind: EventKind) -> Self {
        Self { at: SystemTime::now(), generation, kind }
    }
}

/// The kinds of facts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(tag = "event", rename_all = "snake_case", rename_all_fields = "camelCase")]
pub enum EventKind {
    /// It is in another state.
    State {
        /// The state's word.
        state: String,
        /// Why, in words, when it is a bad one.
        cause: Option<String>,
    },
    /// A slot for connecting was granted.
    Attempt {
        /// Attempts since it was last stable.
        attempt: u32,
        /// How urgent it was.
        urgency: String,
    },
    /// It was probed.
    Probe {
        /// `alive`, `silent` or `gone`.
        outcome: String,
        /// Round trip, in microseconds, when it answered.
        #[schema(rename = "rttUs")]
        rtt_us: Option<u64>,
        /// Whether a call's silence was the reason.
        suspicion: bool,
    },
    /// The monitor concluded something.
    Verdict {
        /// What, in words.
        text: String,
    },
    /// Its tools changed.
    Tools {
        /// How many it has now.
        count: usize,
        /// Names that are new.
        added: Vec<String>,
        /// Names that are gone.
        removed: Vec<String>,
    },
    /// The last lines it wrote to stderr before it ended.
    Stderr {
        /// The lines.
        lines: Vec<String>,
    },
    /// It sent what is no message.
    Noise {
        /// How often so far over this connection.
        count: u64,
        /// The start of the last.
        excerpt: String,
    },
    /// A call worth keeping: failed, or one of a sample.
    Call {
        /// The tool, by the server's own name.
        tool: String,
        /// `ok`, or the reason of the failure.
        outcome: String,
        /// How long it took at the server, in microseconds.
        #[schema(rename = "tookUs")]
        took_us: u64,
    },
    /// The circuit breaker is in another state.
    Breaker {
        /// `open`, `half_open` or `closed`.
        state: String,
    },
    /// Its quality crossed the threshold, or its trend changed.
    Quality {
        /// The score.
        score: u8,
        /// `improving`, `stable` or `degrading`.
        trend: String,
        /// What is to be expected, in words.
        issues: Vec<String>,
    },
    /// A person asked for something.
    Operator {
        /// `restart`, `stop`, `start` or `probe`.
        action: String,
    },
    /// Probes, calls and noise that came too fast to be kept one by one; made by
    /// [`Timelines`](super::Timelines) alone.
    Skipped {
        /// How many.
        count: u64,
    },
}

impl EventKind {
    /// Whether it explains what became of the server, so that no number of lesser facts may push it
    /// out: all but probes, calls, noise and the count of those left out.
    pub const fn matters(&self) -> bool {
        match self {
            Self::State { .. }
            | Self::Attempt { .. }
            | Self::Verdict { .. }
            | Self::Tools { .. }
            | Self::Stderr { .. }
            | Self::Breaker { .. }
            | Self::Quality { .. }
            | Self::Operator { .. } => true,
            Self::Probe { .. } | Self::Noise { .. } | Self::Call { .. } | Self::Skipped { .. } => {
                false
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_event_is_one_flat_object_and_reads_back() {
        let event = Event {
            at: SystemTime::UNIX_EPOCH + std::time::Duration::from_millis(1_500),
            generation: Some(7),
            kind: EventKind::Probe { outcome: "alive".into(), rtt_us: Some(80), suspicion: false },
        };
        let text = serde_json::to_string(&event).unwrap();
        assert_eq!(
            text,
            r#"{"atMs":1500,"generation":7,"event":"probe","outcome":"alive","rttUs":80,"suspicion":false}"#
        );
        assert_eq!(serde_json::from_str::<Event>(&text).unwrap(), event);
    }
}

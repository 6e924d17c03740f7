//! A request as it is kept: small, and with nothing in it that keeps a message alive.

use mcpvisor_actors::observation::{Observed, Outcome, Phase, TraceId};
use mcpvisor_actors::server::ServerName;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Longest name, method or id, in characters.
const NAME: usize = 200;
/// Longest text of a failure, in characters.
const TEXT: usize = 500;
/// Longest description a client gives of itself, in bytes; of a longer one nothing is kept.
const CLIENT: usize = 512;

/// A request at a moment; once it is over, for good.
#[derive(Debug)]
pub(super) struct Entry {
    pub(super) number: u64,
    pub(super) arrived: SystemTime,
    pub(super) session: Arc<str>,
    pub(super) face: &'static str,
    pub(super) client: Option<Box<[u8]>>,
    pub(super) revision: Option<&'static str>,
    pub(super) id: Box<str>,
    pub(super) method: Box<str>,
    pub(super) name: Option<Box<str>>,
    pub(super) server: Option<ServerName>,
    pub(super) own: Option<Box<str>>,
    pub(super) phase: Phase,
    pub(super) starting: Duration,
    pub(super) queued: Duration,
    pub(super) downstream: Option<Duration>,
    pub(super) took: Duration,
    pub(super) waits_at: Option<Duration>,
    pub(super) queued_at: Option<Duration>,
    pub(super) sent_at: Option<Duration>,
    pub(super) over_at: Option<Duration>,
    pub(super) bytes: u64,
    pub(super) answer_bytes: u64,
    pub(super) outcome: Option<Outcome>,
    pub(super) trace: Option<TraceId>,
}

impl Entry {
    /// What is known of a request now.
    pub(super) fn of(request: &Observed) -> Self {
        let (origin, destination) = (&request.origin, request.destination());
        let destination = destination.as_deref();
        let id = String::from_utf8_lossy(request.id.as_bytes());
        let client = origin.client.as_deref().filter(|client| client.len() <= CLIENT);
        Self {
            number: request.number,
            arrived: request.arrived,
            session: Arc::clone(&origin.session),
            face: origin.face,
            client: client.map(Into::into),
            revision: origin.revision,
            id: cut(&id, NAME),
            method: cut(&request.method, NAME),
            name: request.name().map(|name| cut(name, NAME)),
            server: destination.map(|it| it.server.clone()),
            own: destination.and_then(|it| Some(cut(it.own.as_deref()?, NAME))),
            phase: request.phase(),
            starting: request.starting(),
            queued: request.queued(),
            downstream: request.downstream(),
            took: request.took(),
            waits_at: request.waits_at(),
            queued_at: request.queued_at(),
            sent_at: request.sent_at(),
            over_at: request.over_at(),
            bytes: request.bytes as u64,
            answer_bytes: request.answer_bytes(),
            outcome: request.outcome().map(|outcome| match outcome {
                Outcome::Failed { reason, sent, text } => {
                    Outcome::Failed { reason, sent: *sent, text: cut(text, TEXT) }
                }
                other => other.clone(),
            }),
            trace: request.trace.as_ref().map(|trace| trace.id),
        }
    }

    /// Whether its client did not get what it asked for, and did not give it up itself.
    pub(super) fn is_failed(&self) -> bool {
        match &self.outcome {
            Some(Outcome::Ok | Outcome::Cancelled) | None => false,
            Some(
                Outcome::ToolError | Outcome::Error { .. } | Outcome::Failed { .. } | Outcome::Lost,
            ) => true,
        }
    }

    /// Whether it calls a tool.
    pub(super) fn is_tool_call(&self) -> bool {
        &*self.method == "tools/call"
    }

    /// Whether its length says how fast something is: a `subscriptions/listen` lasts as long as its
    /// client likes.
    pub(super) fn is_timed(&self) -> bool {
        &*self.method != "subscriptions/listen"
    }
}

/// At most so many characters of a text; one that is cut ends in `…`.
fn cut(text: &str, most: usize) -> Box<str> {
    if text.len() <= most {
        return text.into();
    }
    match text.char_indices().nth(most) {
        None => text.into(),
        Some(_) => text.chars().take(most - 1).chain(['…']).collect::<String>().into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_is_cut_at_a_character_and_says_so() {
        assert_eq!(&*cut("äöü", 3), "äöü");
        assert_eq!(&*cut("äöüß", 3), "äö…");
        assert_eq!(cut(&"x".repeat(10_000), NAME).chars().count(), NAME);
    }
}

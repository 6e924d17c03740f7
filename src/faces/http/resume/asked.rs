//! The requests a stream answers, and which of its events does.
//!
//! *Invariant:* a request counts as answered by the first event that answers it.

use mcpvisor_actors::wire::{Kind, Limits, Message, Payload, RawId, Strictness};

/// One request.
#[derive(Debug, Clone)]
pub(super) struct Asked {
    /// Its id.
    pub(super) id: RawId,
    /// The number of the event with its answer.
    pub(super) answered: Option<u64>,
}

impl Asked {
    /// None of these is answered yet.
    pub(super) fn all(requests: &[RawId]) -> Vec<Self> {
        requests.iter().map(|id| Self { id: id.detached(), answered: None }).collect()
    }

    /// Whether a client that has seen the events up to `at` has not seen its answer.
    pub(super) fn is_open(&self, at: u64) -> bool {
        self.answered.is_none_or(|number| number > at)
    }

    /// Notes that event `number` is an answer, the `last` one or another.
    pub(super) fn note(all: &mut [Self], answer: &Payload, last: bool, number: u64) {
        // what is answered last needs no name; most streams have one answer
        let id = if last { None } else { answered(answer) };
        let is_it = |it: &&mut Self| it.answered.is_none() && (last || Some(&it.id) == id.as_ref());
        if let Some(asked) = all.iter_mut().find(is_it) {
            asked.answered = Some(number);
        }
    }
}

/// The request this answers.
fn answered(answer: &Payload) -> Option<RawId> {
    let limits = Limits { max_bytes: usize::MAX, max_depth: usize::MAX };
    match Message::parse(answer.to_bytes(), limits, Strictness::Liberal).ok()?.kind() {
        Kind::Response { id, .. } => id.as_ref().map(RawId::detached),
        Kind::Request { .. } | Kind::Notification { .. } => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcpvisor_actors::wire::result_raw;

    #[test]
    fn each_request_is_open_until_the_event_that_answers_it() {
        let mut all = Asked::all(&[RawId::from(1), RawId::from(2)]);
        let result = |id: u64| result_raw(&RawId::from(id), bytes::Bytes::from_static(b"{}"));
        for (number, id) in [(3, 2), (4, 7), (5, 2)] {
            Asked::note(&mut all, &result(id), false, number);
        }
        let open = |at| all.iter().map(|asked| asked.is_open(at)).collect::<Vec<_>>();
        assert_eq!(open(2), [true, true]);
        assert_eq!(open(3), [true, false]);
        Asked::note(&mut all, &result(1), true, 6);
        let open = |at| all.iter().map(|asked| asked.is_open(at)).collect::<Vec<_>>();
        assert_eq!((open(5), open(6)), (vec![true, false], vec![false, false]));
    }
}

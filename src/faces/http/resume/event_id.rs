//! The id of an event: which run of the gateway, which stream of it, which event of the stream.
//!
//! Source: MCP 2025-11-25 "Transports", resumability: an id is unique over all streams of a session and
//! names the stream it came on.

use std::fmt;

/// What a stream is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StreamKind {
    /// The answer to what one POST asked.
    Calls,
    /// What belongs to no request.
    Standing,
}

/// The name of a stream, unlike all others of this and (but for chance) of earlier runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct StreamName {
    /// Of this run of the gateway.
    pub(super) run: u32,
    /// What it is for.
    pub(super) kind: StreamKind,
    /// Its number in this run.
    pub(super) number: u64,
}

/// Where in a stream a client is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct EventId {
    /// The stream.
    pub(super) stream: StreamName,
    /// The event, from 1; 0 stands before the first.
    pub(super) at: u64,
}

impl EventId {
    /// Reads an id; `None` when it is none of ours.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split('-');
        let (run, name, at) = (parts.next()?, parts.next()?, parts.next()?);
        let kind = match name.chars().next()? {
            'c' => StreamKind::Calls,
            's' => StreamKind::Standing,
            _ => return None,
        };
        let id = Self {
            stream: StreamName {
                run: u32::from_str_radix(run, 16).ok()?,
                kind,
                number: name.get(1..)?.parse().ok()?,
            },
            at: at.parse().ok()?,
        };
        parts.next().is_none().then_some(id)
    }
}

impl fmt::Display for EventId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let StreamName { run, kind, number } = self.stream;
        let kind = match kind {
            StreamKind::Calls => 'c',
            StreamKind::Standing => 's',
        };
        write!(f, "{run:08x}-{kind}{number}-{}", self.at)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_read_as_it_was_written_and_nothing_else_is_one() {
        for kind in [StreamKind::Calls, StreamKind::Standing] {
            let stream = StreamName { run: 0xab, kind, number: 7 };
            let id = EventId { stream, at: 12 };
            assert_eq!(EventId::parse(&id.to_string()), Some(id));
        }
        assert_eq!(
            EventId::parse("000000ab-c7-12").map(|id| id.to_string()).as_deref(),
            Some("000000ab-c7-12")
        );
        for text in
            ["", "7", "ab-c7", "ab-x7-1", "ab-c-1", "ab-c7-", "zz-c7-1", "ab-c7-1-2", "ab--1"]
        {
            assert_eq!(EventId::parse(text), None, "{text:?}");
        }
    }
}

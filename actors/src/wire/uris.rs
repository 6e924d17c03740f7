//! URIs inside a message of a server, for whoever must show them otherwise.

use super::{Members, Message, Span};
use bytes::Bytes;
use serde_json::value::RawValue;

/// The URIs a message of a server tells of, and where they stand.
#[derive(Debug, Clone, Default)]
pub struct Uris(Vec<(String, Span)>);

impl Uris {
    /// The URI of a `notifications/resources/updated`.
    pub fn of_update(message: &Message) -> Self {
        let members = message.params().and_then(Members::of);
        Self(members.iter().filter_map(|members| uri(members, message.bytes())).collect())
    }

    /// Those of the contents in the result of a `resources/read`.
    pub fn of_contents(message: &Message) -> Self {
        let contents = || {
            let result = Members::of(message.outcome_raw()?)?;
            let contents = result.get("contents").ok()??;
            serde_json::from_str::<Vec<&RawValue>>(contents.get()).ok()
        };
        let of = |raw: &RawValue| uri(&Members::of(raw.get().as_bytes())?, message.bytes());
        Self(contents().unwrap_or_default().into_iter().filter_map(of).collect())
    }

    /// Each of them.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Span)> {
        self.0.iter().map(|(uri, span)| (&**uri, *span))
    }
}

fn uri(members: &Members<'_>, whole: &Bytes) -> Option<(String, Span)> {
    let raw = members.get("uri").ok()??;
    Some((serde_json::from_str(raw.get()).ok()?, Span::of(raw.get().as_bytes(), whole)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Limits, Strictness};

    #[test]
    fn the_uris_of_contents_are_found_and_oddities_passed_over() {
        let text = r#"{"jsonrpc":"2.0","id":1,"result":{"contents":[{"uri":"a:1"},{},7,{"text":"x","uri":"a:2"}]}}"#;
        let message =
            Message::parse(text.into(), Limits::default(), Strictness::Liberal).expect("JSON-RPC");
        let uris = Uris::of_contents(&message);
        let found: Vec<_> = uris.iter().map(|(uri, span)| (uri, &text[span.range()])).collect();
        assert_eq!(found, [("a:1", r#""a:1""#), ("a:2", r#""a:2""#)]);
    }
}

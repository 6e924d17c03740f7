//! A session as people look at it from outside. Its actor is not asked.

use super::SessionHandle;
use crate::wire::Members;
use std::sync::Arc;
use std::time::{Duration, SystemTime};

/// Longest part of what a client says of itself that is shown.
const SHOWN: usize = 200;

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionSummary {
    /// Its id.
    pub id: Arc<str>,
    /// How its client came in, as in [`Origin::face`](crate::observation::Origin::face).
    pub face: &'static str,
    /// Who its client says it is; `None` before `initialize`, or when it said nothing of the kind.
    pub client: Option<ClientName>,
    /// The revision agreed on; `None` before `initialize`.
    pub revision: Option<&'static str>,
    /// What it sees: `/servers/NAME`, `/groups/NAME`, or nothing for everything.
    pub view: String,
    /// When it was opened, in this process.
    pub opened: SystemTime,
    /// How long its client said nothing.
    pub idle: Duration,
    /// Requests that are not answered, or whose answers are not written.
    pub in_flight: usize,
    /// Whether its client listens for what belongs to no request.
    pub listening: bool,
}

/// Who a client says it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClientName {
    /// Its name.
    pub name: String,
    /// Its version; empty when it says none.
    pub version: String,
}

impl ClientName {
    /// Reads the JSON text of an `Implementation`; `None` when that has no name.
    pub fn of(implementation: &[u8]) -> Option<Self> {
        let members = Members::of(implementation)?;
        let text = |key| -> Option<String> {
            let text: String = serde_json::from_str(members.get(key).ok()??.get()).ok()?;
            Some(text.chars().take(SHOWN).collect())
        };
        Some(Self { name: text("name")?, version: text("version").unwrap_or_default() })
    }
}

impl SessionSummary {
    pub(super) fn of(session: &SessionHandle) -> Self {
        let client = session.client();
        let origin = client.origin(session.face());
        Self {
            client: origin.client.and_then(|client| ClientName::of(&client)),
            id: origin.session,
            face: origin.face,
            revision: origin.revision,
            view: client.view.selector().path(),
            opened: client.usage.opened(),
            idle: client.usage.idle(),
            in_flight: client.usage.in_flight(),
            listening: client.usage.is_listening(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_client_is_named_by_what_it_says_of_itself() {
        let named = |text: &str| ClientName::of(text.as_bytes()).map(|it| (it.name, it.version));
        let pair = |name: &str, version: &str| Some((name.to_owned(), version.to_owned()));
        assert_eq!(named(r#"{"name":"a","title":"A","version":"1"}"#), pair("a", "1"));
        assert_eq!(named(r#"{"name":"a","version":2}"#), pair("a", ""));
        assert_eq!(named(r#"{"version":"1"}"#), None);
        assert_eq!(named("[]"), None);
        let long = format!(r#"{{"name":"{}"}}"#, "n".repeat(1000));
        assert_eq!(ClientName::of(long.as_bytes()).map(|it| it.name.len()), Some(SHOWN));
    }
}

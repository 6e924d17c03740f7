//! Which session was sent to which URL: who hears that what it did there is done.
//!
//! Source: MCP 2025-11-25 "Elicitation", URL mode, `notifications/elicitation/complete`.
//!
//! *Invariant:* only the session that was sent there hears of it, and what is remembered is bounded.

use super::Driver;
use crate::session::Fact;
use crate::wire::{Kind, Members, Message, code};
use serde_json::value::RawValue;
use std::collections::VecDeque;
use std::sync::Arc;

/// Elicitations remembered for one connection; the oldest is forgotten first.
const MOST: usize = 256;

/// The elicitations by URL of this connection that are not known to be done, and their sessions.
#[derive(Debug, Default)]
pub(super) struct Eliciting(VecDeque<(String, Arc<str>)>);

impl Eliciting {
    /// The server asks this of a session.
    pub(super) fn asked(&mut self, request: &Message, session: &Arc<str>) {
        let Some(params) = request.params().and_then(Members::of) else { return };
        if text(&params, "mode").as_deref() == Some("url") {
            self.note(&params, session);
        }
    }

    /// The server answers a session's call; perhaps that it is to open URLs first.
    pub(super) fn required(&mut self, answer: &Message, session: &Arc<str>) {
        for elicitation in elicitations(answer).unwrap_or_default() {
            if let Some(elicitation) = Members::of(elicitation.get().as_bytes()) {
                self.note(&elicitation, session);
            }
        }
    }

    fn note(&mut self, elicitation: &Members<'_>, session: &Arc<str>) {
        let Some(id) = text(elicitation, "elicitationId").filter(|_| !session.is_empty()) else {
            return;
        };
        if self.0.len() >= MOST {
            self.0.pop_front();
        }
        self.0.push_back((id, Arc::clone(session)));
    }

    /// It is done: whose it was.
    fn done(&mut self, notification: &Message) -> Option<Arc<str>> {
        let id = text(&Members::of(notification.params()?)?, "elicitationId")?;
        let place = self.0.iter().rposition(|(noted, _)| *noted == id)?;
        self.0.remove(place).map(|(_, session)| session)
    }
}

impl Driver {
    /// What a session was to do at a URL is done.
    pub(super) fn elicited(&mut self, message: &Message) {
        if let Some(session) = self.eliciting.done(message) {
            self.context.sessions.tell(&session, &Fact::Told(message.notified(&[])));
        }
    }
}

fn text(members: &Members<'_>, key: &str) -> Option<String> {
    serde_json::from_str(members.get(key).ok()??.get()).ok()
}

/// What an error of `URLElicitationRequiredError` names.
fn elicitations(answer: &Message) -> Option<Vec<Box<RawValue>>> {
    let Kind::Response { ok: false, .. } = answer.kind() else { return None };
    let error = Members::of(answer.outcome_raw()?)?;
    let number: i32 = serde_json::from_str(error.get("code").ok()??.get()).ok()?;
    let data = Members::of(error.get("data").ok()??.get().as_bytes())?;
    let all =
        data.get("elicitations").ok()?.filter(|_| number == code::URL_ELICITATION_REQUIRED)?;
    serde_json::from_str(all.get()).ok()
}

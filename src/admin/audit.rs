//! What was changed through the API, by whom, and whether it came to pass.
//!
//! The guard puts every request on record that may change something, so no page can forget to; a page may
//! add what exactly was asked for with [`Detail`].
//!
//! *Invariant:* a record holds no token, and what a client chose of it is short and has no control
//! characters.

use super::Desk;
use crate::logs::{Audit, AuditOutcome, LogStore};
use axum::http::StatusCode;
use mcpvisor_actors::timeline::clean;
use serde_json::{Value, json};
use std::fmt;
use std::net::SocketAddr;

/// Who asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Who {
    /// Where the request came from, when that is known.
    pub(super) peer: Option<SocketAddr>,
    /// Whether a token was asked for.
    pub(super) token: bool,
}

/// What exactly was asked for; an extension of the answer of a page.
#[derive(Debug, Clone)]
pub(super) struct Detail(pub(super) Value);

/// What a request does, and to what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Act {
    /// The operation's id.
    pub(super) action: String,
    /// What it is about: `servers/files`, `monitor`.
    pub(super) target: String,
}

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            Some(peer) => write!(f, "{}", peer.ip().to_canonical())?,
            None => f.write_str("unknown")?,
        }
        f.write_str(if self.token { " with the token" } else { "" })
    }
}

/// Puts a request on record, and how it was answered.
pub(super) fn audit(
    desk: &Desk,
    who: Who,
    act: &Act,
    answered: StatusCode,
    detail: Option<Detail>,
) {
    let target: String = clean(&act.target).chars().take(200).collect();
    let server = target.strip_prefix("servers/").filter(|name| !name.contains('/'));
    let outcome = match answered {
        answered if answered.is_success() => AuditOutcome::Done,
        answered if answered.is_client_error() => AuditOutcome::Refused,
        _ => AuditOutcome::Failed,
    };
    let mut told = json!({ "status": answered.as_u16() });
    if let Some(Detail(asked)) = detail {
        told["asked"] = asked;
    }
    let record = Audit {
        who: &who.to_string(),
        action: &act.action,
        target: &target,
        server,
        outcome,
        detail: told,
    };
    match desk.running() {
        Some(running) => running.logs.audit(&record),
        // it is still on stderr
        None => LogStore::off().audit(&record),
    }
}

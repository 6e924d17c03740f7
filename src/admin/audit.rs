//! What was changed through the API, by whom, and whether it came to pass.
//!
//! *Invariant:* a record holds no body and no token, and what a client chose of it is short and has no
//! control characters.

use axum::http::StatusCode;
use mcpvisor_actors::timeline::clean;
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

impl fmt::Display for Who {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.peer {
            Some(peer) => write!(f, "{}", peer.ip().to_canonical())?,
            None => f.write_str("unknown")?,
        }
        f.write_str(if self.token { " with the token" } else { "" })
    }
}

/// Puts a change on record: the operation, what it was about, and how it was answered.
pub(super) fn audit(who: &Who, action: &str, about: &str, answered: StatusCode) {
    let about: String = clean(about).chars().take(200).collect();
    let outcome = if answered.is_success() { "done" } else { "refused" };
    tracing::info!(
        target: "mcpvisor::audit",
        %who, action, about, outcome, status = answered.as_u16(),
        "{action} {about}: {outcome}"
    );
}

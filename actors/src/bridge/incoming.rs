//! Which era a client's message belongs to.

use super::request_meta::named_version;
use super::{Fault, MODERN_VERSIONS, RequestMeta};
use crate::wire::{Kind, Message};

/// What a client's message is, before anybody acts on it.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// A stateless request of 2026-07-28.
    Modern(Box<RequestMeta>),
    /// `initialize`: a session of the initialize era opens.
    Initialize,
    /// A request within a session of the initialize era, or `ping` before one.
    Legacy,
    /// A request that names no revision where no session is: answer "initialize first".
    Unopened,
    /// A notification or response: it belongs to whatever it names.
    EraFree,
    /// Meant as a request of 2026-07-28, and refused.
    Refused(Fault),
}

impl Incoming {
    /// Sorts a message in. `in_session`: the connection or the session it names was initialized.
    /// `header`: the `MCP-Protocol-Version` of its HTTP request, if it came over HTTP with one.
    ///
    /// Source: MCP 2026-07-28 "Versioning and Compatibility": modern `_meta` selects the modern era,
    /// `initialize` the legacy one; both may run beside each other.
    pub fn of(message: &Message, in_session: bool, header: Option<&str>) -> Self {
        let Kind::Request { method, .. } = message.kind() else { return Self::EraFree };
        let modern_only = matches!(&**method, "server/discover" | "subscriptions/listen");
        let by_header = header.is_some_and(|version| MODERN_VERSIONS.contains(&version));
        let initialize = &**method == "initialize";
        if modern_only || (by_header && !initialize) || named_version(message).is_some() {
            return match RequestMeta::of(message) {
                Ok(meta) => Self::Modern(Box::new(meta)),
                Err(fault) => Self::Refused(fault),
            };
        }
        match &**method {
            _ if initialize => Self::Initialize,
            "ping" => Self::Legacy,
            _ if in_session => Self::Legacy,
            _ => Self::Unopened,
        }
    }
}

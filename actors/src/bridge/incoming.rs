//! Which era a client's message belongs to.

use super::request_meta::named_version;
use super::{Fault, MODERN_VERSIONS, RequestMeta};
use crate::wire::{Kind, Message};

/// What a client's message is, before anybody acts on it.
#[derive(Debug, Clone)]
pub enum Incoming {
    /// A stateless request of 2026-07-28.
    Modern(Box<RequestMeta>),
    /// A request of the initialize era, `initialize` itself among them.
    Legacy,
    /// A notification or response: it belongs to whatever it names.
    EraFree,
    /// Meant as a request of 2026-07-28, and refused.
    Refused(Fault),
}

impl Incoming {
    /// Sorts a message in. `header`: the `MCP-Protocol-Version` of its HTTP request, if it came over
    /// HTTP with one.
    ///
    /// Source: MCP 2026-07-28 "Versioning and Compatibility": modern `_meta` selects the modern era,
    /// `initialize` the legacy one; both may run beside each other.
    pub fn of(message: &Message, header: Option<&str>) -> Self {
        let Kind::Request { method, .. } = message.kind() else { return Self::EraFree };
        let modern_only = matches!(&**method, "server/discover" | "subscriptions/listen");
        let by_header = header.is_some_and(|version| MODERN_VERSIONS.contains(&version));
        let initialize = &**method == "initialize";
        if !(modern_only || (by_header && !initialize) || named_version(message).is_some()) {
            return Self::Legacy;
        }
        match RequestMeta::of(message) {
            Ok(meta) => Self::Modern(Box::new(meta)),
            Err(fault) => Self::Refused(fault),
        }
    }
}

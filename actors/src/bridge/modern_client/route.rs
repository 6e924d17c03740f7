//! Which methods of 2026-07-28 a legacy server has, and what becomes of the others.

use crate::bridge::Fault;

/// What is to be done with a request of 2026-07-28.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Send it on, with [`request`](super::request).
    Forward,
    /// Answer from the initialize result, with [`discover_result`](super::discover_result).
    Discover,
    /// Serve it here from the server's notifications, with [`Listen`](crate::bridge::Listen).
    Listen,
    /// Refuse it: 404 over HTTP.
    Refuse(Fault),
}

impl Route {
    /// Decides by the method.
    ///
    /// Source: MCP 2026-07-28 "Key Changes": what was removed is an unknown method.
    pub fn of(method: &str) -> Self {
        match method {
            "server/discover" => Self::Discover,
            "subscriptions/listen" => Self::Listen,
            "initialize"
            | "ping"
            | "logging/setLevel"
            | "resources/subscribe"
            | "resources/unsubscribe" => Self::Refuse(Fault::NoSuchMethod(method.into())),
            // of the extension; which server runs a task is known by its id
            "tasks/get" | "tasks/update" | "tasks/cancel" => Self::Forward,
            _ if method.starts_with("tasks/") => Self::Refuse(Fault::NoSuchMethod(method.into())),
            _ => Self::Forward,
        }
    }
}

/// Where a legacy server's notification goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Destination {
    /// To the request it belongs to, if that wants it
    /// ([`RequestMeta::wants`](crate::bridge::RequestMeta::wants) for log messages).
    ItsRequest,
    /// To every [`Listen`](crate::bridge::Listen) that wants it.
    Listeners,
    /// Nowhere: 2026-07-28 has no such notification.
    Nowhere,
}

/// Decides by the method.
pub fn upward_notification(method: &str) -> Destination {
    match method {
        "notifications/tools/list_changed"
        | "notifications/prompts/list_changed"
        | "notifications/resources/list_changed"
        | "notifications/resources/updated" => Destination::Listeners,
        "notifications/elicitation/complete" | "notifications/tasks/status" => Destination::Nowhere,
        _ => Destination::ItsRequest,
    }
}

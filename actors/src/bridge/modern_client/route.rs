//! Which methods of 2026-07-28 a legacy server has, and what becomes of the others.

use crate::bridge::Fault;

/// What is to be done with a request of 2026-07-28.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Send it on, with [`request`](super::request).
    Forward,
    /// Answer with what this gateway offers.
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

//! Which of a legacy client's methods a server of 2026-07-28 has, and what becomes of the others.

use crate::bridge::Fault;
use crate::session::LogLevel;
use crate::wire::Members;

/// What is to be done with a request of a client in the initialize era.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Route {
    /// Send it on, with [`ModernMeta::request`](super::ModernMeta::request).
    Forward,
    /// Answer `initialize` from the discover result.
    Initialize,
    /// Answer `{}` here: `ping` is no more.
    Pong,
    /// Keep the level with the session, answer `{}`; it goes into `_meta` of each request.
    SetLevel(LogLevel),
    /// Add the URI to what is listened for (re-open the listen), answer `{}`.
    Subscribe(String),
    /// Take it out again, answer `{}`.
    Unsubscribe(String),
    /// Refuse it.
    Refuse(Fault),
}

impl Route {
    /// Decides by the method; `params` are read only where the method is answered here.
    pub fn of(method: &str, params: Option<&[u8]>) -> Self {
        const NO_URI: Fault = Fault::BadParams("`params.uri` must be a string");
        let uri = || {
            let members = Members::of(params?)?;
            serde_json::from_str(members.get("uri").ok()??.get()).ok()
        };
        match method {
            "initialize" => Self::Initialize,
            "ping" => Self::Pong,
            "logging/setLevel" => params.and_then(LogLevel::of_params).map_or(
                Self::Refuse(Fault::BadParams("`params.level` must be a log level")),
                Self::SetLevel,
            ),
            "resources/subscribe" => uri().map_or(Self::Refuse(NO_URI), Self::Subscribe),
            "resources/unsubscribe" => uri().map_or(Self::Refuse(NO_URI), Self::Unsubscribe),
            // tasks of 2025-11-25 are hidden; the others belong to the other era
            "server/discover" | "subscriptions/listen" => Self::refused(method),
            _ if method.starts_with("tasks/") => Self::refused(method),
            _ => Self::Forward,
        }
    }

    fn refused(method: &str) -> Self {
        Self::Refuse(Fault::NoSuchMethod(method.into()))
    }
}

/// Whether a notification of the client's means anything to a server of 2026-07-28. Cancelling does
/// (see [`CancelBy`](crate::bridge::CancelBy)); `initialized` and changed roots do not, for roots are
/// asked for anew each time.
pub fn notification_passes(method: &str) -> bool {
    !matches!(
        method,
        "notifications/initialized"
            | "notifications/roots/list_changed"
            | "notifications/progress"
            | "notifications/tasks/status"
    )
}

/// Whether a notification of a server of 2026-07-28 means anything to a client of the initialize era;
/// those that do lose their subscription id with [`untagged`](crate::bridge::untagged).
pub fn upward_notification(method: &str) -> bool {
    method != "notifications/subscriptions/acknowledged"
}

//! Why a request was not delivered, and how the client is told: a status and a JSON-RPC error.
//!
//! *Invariant:* whatever a client sends, it is answered with a 4xx or 503, never a 500.

use super::reply;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcpvisor_actors::bridge::Fault;
use mcpvisor_actors::catalog::NoView;
use mcpvisor_actors::session::Held;
use mcpvisor_actors::wire::{RawId, WireError, code, error_reply};
use serde_json::Value;

/// A request that was not delivered to a session.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the body must be sent as Content-Type: application/json")]
    ContentType,
    #[error("the answer can be application/json or text/event-stream; accept one of them")]
    NotAcceptable,
    #[error("this is an event stream; send Accept: text/event-stream")]
    StreamNotAcceptable,
    #[error("the body is larger than {limit} bytes; send less, or raise the limit of messages")]
    TooLarge { limit: usize },
    #[error("the body did not arrive in time; send it faster, or in one piece")]
    TooSlow,
    #[error("the body could not be read; send the request again")]
    Broken,
    #[error("{0}")]
    Wire(#[from] WireError),
    #[error("{0}")]
    Stateless(#[from] Fault),
    #[error("no Mcp-Session-Id header; send initialize first")]
    NoSession,
    #[error("no sessionId in the address; open the event stream first and use its endpoint")]
    NoSessionId,
    #[error("session expired or unknown; initialize again")]
    UnknownSession,
    #[error("no such event in this session; send the id of an event of one of its streams")]
    NoSuchEvent,
    #[error("too many requests are in flight; nothing was done, try again soon")]
    Overloaded,
    #[error("too many messages wait to be read on your event stream; read them, then go on")]
    Unread,
    #[error("no further session can be opened now; try again soon")]
    NoRoom,
    #[error("the address is no text; use the names of the configuration")]
    Address,
    #[error("{0}")]
    NoView(#[from] NoView),
}

impl Refusal {
    /// The refusal of a revision nobody knows.
    pub(super) fn version(requested: &str) -> Self {
        Self::Stateless(Fault::UnsupportedVersion { requested: requested.to_owned() })
    }

    fn status(&self) -> StatusCode {
        match self {
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable | Self::StreamNotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::TooLarge { .. } | Self::Wire(WireError::TooLarge { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UnknownSession | Self::Address | Self::NoView(_) => StatusCode::NOT_FOUND,
            Self::Overloaded | Self::Unread | Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken
            | Self::Wire(_)
            | Self::NoSession
            | Self::NoSessionId
            | Self::NoSuchEvent => StatusCode::BAD_REQUEST,
            // what is not even taken in is never a 200
            Self::Stateless(fault) => StatusCode::from_u16(fault.http_status())
                .ok()
                .filter(|status| !status.is_success())
                .unwrap_or(StatusCode::BAD_REQUEST),
        }
    }

    const fn code(&self) -> i32 {
        match self {
            Self::Wire(error) => error.code(),
            Self::Overloaded | Self::Unread | Self::NoRoom => code::OVERLOADED,
            Self::ContentType
            | Self::NotAcceptable
            | Self::StreamNotAcceptable
            | Self::TooLarge { .. }
            | Self::TooSlow
            | Self::Broken
            | Self::Address
            | Self::NoView(_)
            | Self::NoSuchEvent => code::INVALID_REQUEST,
            Self::NoSession | Self::NoSessionId | Self::UnknownSession => code::NOT_READY,
            Self::Stateless(fault) => fault.code(),
        }
    }

    fn data(&self) -> Option<Value> {
        match self {
            Self::Stateless(fault) => fault.data(),
            _ => None,
        }
    }

    /// Whether part of the body may be unread, so that the connection cannot be used again.
    const fn leaves_body(&self) -> bool {
        matches!(
            self,
            Self::ContentType
                | Self::NotAcceptable
                | Self::TooLarge { .. }
                | Self::TooSlow
                | Self::Broken
                | Self::Address
                | Self::NoView(_)
        )
    }

    /// The refusal of a request whose id is known.
    pub(super) fn of(self, id: Option<RawId>) -> Refused {
        Refused { why: self, id }
    }
}

/// A refusal and the id of the request it answers.
#[derive(Debug)]
pub(super) struct Refused {
    why: Refusal,
    id: Option<RawId>,
}

impl From<Refusal> for Refused {
    fn from(why: Refusal) -> Self {
        Self { why, id: None }
    }
}

impl IntoResponse for Refused {
    fn into_response(self) -> Response {
        let payload = {
            let (code, text, data) = (self.why.code(), self.why.to_string(), self.why.data());
            error_reply(self.id.as_ref(), code, &text, data.as_ref())
        };
        let mut response = reply::json(&payload, Held::default());
        *response.status_mut() = self.why.status();
        let headers = response.headers_mut();
        if self.why.status() == StatusCode::SERVICE_UNAVAILABLE {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
        }
        if self.why.leaves_body() {
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// The answer to a method the route does not have.
pub(super) fn method_not_allowed(allow: &'static str) -> Response {
    let mut response = Response::new(Body::from(format!("use one of: {allow}\n")));
    *response.status_mut() = StatusCode::METHOD_NOT_ALLOWED;
    let headers = response.headers_mut();
    headers.insert(header::ALLOW, HeaderValue::from_static(allow));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    response
}

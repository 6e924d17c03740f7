//! Why a request was not delivered, and how the client is told: a status and a JSON-RPC error.
//!
//! *Invariant:* whatever a client sends, it is answered with a 4xx or 503, never a 500.

use super::reply;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use mcpvisor_actors::session::Held;
use mcpvisor_actors::wire::{ProtocolVersion, RawId, WireError, code, error_reply};

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
    #[error("unsupported MCP-Protocol-Version; this endpoint speaks {}", versions())]
    Version,
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
}

fn versions() -> String {
    ProtocolVersion::ALL.map(ProtocolVersion::as_str).join(", ")
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::NotAcceptable | Self::StreamNotAcceptable => StatusCode::NOT_ACCEPTABLE,
            Self::TooLarge { .. } | Self::Wire(WireError::TooLarge { .. }) => {
                StatusCode::PAYLOAD_TOO_LARGE
            }
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::UnknownSession => StatusCode::NOT_FOUND,
            Self::Overloaded | Self::Unread | Self::NoRoom => StatusCode::SERVICE_UNAVAILABLE,
            Self::Broken
            | Self::Wire(_)
            | Self::Version
            | Self::NoSession
            | Self::NoSessionId
            | Self::NoSuchEvent => StatusCode::BAD_REQUEST,
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
            | Self::NoSuchEvent => code::INVALID_REQUEST,
            Self::Version | Self::NoSession | Self::NoSessionId | Self::UnknownSession => {
                code::NOT_READY
            }
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
        let payload = error_reply(self.id.as_ref(), self.why.code(), &self.why.to_string(), None);
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

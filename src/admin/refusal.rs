//! Why an administrative request was not carried out, as JSON: `{error: {code, message, remedy}}`.

use super::bench::BenchFault;
use crate::config::Faults;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde::Serialize;
use utoipa::ToSchema;

/// A request that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the gateway is still starting")]
    Starting,
    #[error("there is no server `{name}`")]
    NoSuchServer { name: String, near: Vec<String> },
    #[error("there is no such page of the API")]
    NoSuchPage,
    #[error("there is no tool `{name}`")]
    NoSuchTool { name: String, near: Vec<String> },
    #[error("no request {0} runs, and none is kept")]
    NoSuchCall(String),
    #[error("there is no session `{0}`")]
    NoSuchSession(String),
    #[error("all places for those who listen to events are taken")]
    TooManyListeners,
    #[error("all slots for requests are taken")]
    Overloaded,
    #[error("the call was not over after {0} s, so it was given up")]
    NoAnswer(u64),
    #[error("this listener can be reached by other machines, so the API is not served here")]
    NotHere,
    #[error("the API asks for a token, and this request has none or another one")]
    Unauthorized,
    #[error("too many wrong tokens were tried")]
    Attempts,
    #[error("a page from elsewhere may not use the API")]
    Origin,
    #[error("this page does not know that method")]
    Method,
    #[error("the body must be sent as Content-Type: application/json")]
    ContentType,
    #[error("the body is too large or did not arrive in time")]
    Body,
    #[error("the body is not what this page takes: {0}")]
    NotThat(String),
    #[error("`{key}` is `{value}`")]
    Query { key: &'static str, value: String, choices: &'static str },
    #[error("the server is out of service, so it cannot be ordered about")]
    Quarantined,
    #[error(transparent)]
    Bench(BenchFault),
    #[error("no log is kept here")]
    NoLog,
    #[error("{0}")]
    LogUnreadable(String),
    #[error("{} wrong", counted(.0.0.len()))]
    Policy(Faults),
}

/// Why a request was not carried out.
#[derive(Debug, Serialize, ToSchema)]
#[schema(as = Error, example = json!({ "error": {
    "code": "no_such_server", "message": "there is no server `fiels`",
    "near": ["files"], "remedy": "Did you mean files?",
} }))]
pub(super) struct ErrorAnswer {
    #[schema(inline)]
    error: ErrorReport,
}

/// What is wrong.
#[derive(Debug, Serialize, ToSchema)]
struct ErrorReport {
    /// What kind of error, for programs.
    code: &'static str,
    /// What is wrong, one by one.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(inline)]
    faults: Option<Vec<FaultReport>>,
    /// What is wrong, for people.
    message: String,
    /// Names that are alike.
    #[serde(skip_serializing_if = "Option::is_none")]
    near: Option<Vec<String>>,
    /// What to do about it.
    remedy: String,
}

/// One thing that is wrong with a body.
#[derive(Debug, Serialize, ToSchema)]
struct FaultReport {
    /// The key as a path.
    key: String,
    /// What is wrong.
    message: String,
    /// What to do about it.
    remedy: String,
}

fn counted(faults: usize) -> String {
    if faults == 1 { "1 thing is".into() } else { format!("{faults} things are") }
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Starting | Self::TooManyListeners | Self::Overloaded | Self::LogUnreadable(_) => {
                StatusCode::SERVICE_UNAVAILABLE
            }
            Self::NoAnswer(_) => StatusCode::GATEWAY_TIMEOUT,
            Self::NoSuchServer { .. }
            | Self::NoSuchPage
            | Self::NoLog
            | Self::NoSuchTool { .. }
            | Self::NoSuchCall(_)
            | Self::NoSuchSession(_) => StatusCode::NOT_FOUND,
            Self::NotHere | Self::Origin => StatusCode::FORBIDDEN,
            Self::Unauthorized => StatusCode::UNAUTHORIZED,
            Self::Attempts => StatusCode::TOO_MANY_REQUESTS,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body | Self::NotThat(_) | Self::Query { .. } | Self::Policy(_) => {
                StatusCode::BAD_REQUEST
            }
            Self::Quarantined => StatusCode::CONFLICT,
            Self::Bench(fault) => fault.status(),
        }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::NoSuchServer { .. } => "no_such_server",
            Self::NoSuchPage => "no_such_page",
            Self::NoSuchTool { .. } => "no_such_tool",
            Self::NoSuchCall(_) => "no_such_call",
            Self::NoSuchSession(_) => "no_such_session",
            Self::TooManyListeners => "too_many_listeners",
            Self::Overloaded => "overloaded",
            Self::NoAnswer(_) => "no_answer",
            Self::NotHere => "not_here",
            Self::Unauthorized => "unauthorized",
            Self::Attempts => "too_many_attempts",
            Self::Origin => "foreign_origin",
            Self::Method => "method_not_allowed",
            Self::ContentType => "content_type",
            Self::Body | Self::NotThat(_) => "bad_body",
            Self::Query { .. } => "bad_query",
            Self::Quarantined => "quarantined",
            Self::Bench(fault) => fault.code(),
            Self::NoLog => "no_log",
            Self::LogUnreadable(_) => "log_unreadable",
            Self::Policy(_) => "bad_policy",
        }
    }

    fn remedy(&self) -> String {
        match self {
            Self::Starting => "Try again in a second.".into(),
            Self::NoSuchServer { near, .. } if near.is_empty() => {
                "GET /api/v1/servers lists them.".into()
            }
            Self::NoSuchTool { near, .. } if near.is_empty() => {
                "GET /api/v1/tools lists them.".into()
            }
            Self::NoSuchServer { near, .. } | Self::NoSuchTool { near, .. } => {
                format!("Did you mean {}?", near.join(" or "))
            }
            Self::NoSuchCall(_) => "GET /api/v1/calls lists those that are kept.".into(),
            Self::NoSuchSession(_) => "GET /api/v1/sessions lists them.".into(),
            Self::TooManyListeners => "Close a page that shows events, or try again later.".into(),
            Self::Overloaded => {
                "Try again in a moment; `limits.max_requests` sets how many.".into()
            }
            Self::NoAnswer(_) => "GET /api/v1/calls shows what became of it.".into(),
            Self::NoSuchPage => "GET /api/v1/openapi.json describes those there are.".into(),
            Self::NotHere => "Ask on the machine itself, with `listen` at 127.0.0.1, or set \
                              `admin.token` in the configuration."
                .into(),
            Self::Unauthorized => {
                "Send `Authorization: Bearer TOKEN` with the `admin.token` of the configuration."
                    .into()
            }
            Self::Attempts => "Wait a minute, and send the right one.".into(),
            Self::Origin => "Open the gateway's own pages, under the host it is called by.".into(),
            Self::Method => "Use one of the methods in the Allow header.".into(),
            Self::ContentType => "Set that header, or send no body.".into(),
            Self::Body => "Send a small JSON object in one piece.".into(),
            Self::NotThat(_) => "GET /api/v1/openapi.json describes it.".into(),
            Self::Query { choices, .. } => format!("Write {choices}."),
            Self::Quarantined => "Wait: it is tried again by itself.".into(),
            Self::Bench(fault) => fault.remedy().into(),
            Self::NoLog => "Set `log.store.enabled: true` and start again.".into(),
            Self::LogUnreadable(_) => "Look at the gateway's stderr, and at its disk.".into(),
            Self::Policy(_) => "Correct each of `faults`; nothing was changed.".into(),
        }
    }

    fn body(&self) -> ErrorAnswer {
        let (mut near, mut faults) = (None, None);
        match self {
            Self::NoSuchServer { near: alike, .. } | Self::NoSuchTool { near: alike, .. } => {
                near = Some(alike.clone());
            }
            Self::Policy(Faults(found)) => {
                let report = |fault: &crate::config::Fault| FaultReport {
                    key: fault.key.clone(),
                    message: fault.message.clone(),
                    remedy: fault.remedy.clone(),
                };
                faults = Some(found.iter().map(report).collect());
            }
            _ => {}
        }
        let (code, message, remedy) = (self.code(), self.to_string(), self.remedy());
        ErrorAnswer { error: ErrorReport { code, faults, message, near, remedy } }
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = answer(self.status(), &self.body());
        let headers = response.headers_mut();
        match self {
            // part of the body may be unread
            Self::Body | Self::ContentType | Self::Origin | Self::Attempts => {
                headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
            }
            Self::Unauthorized => {
                let bearer = HeaderValue::from_static("Bearer realm=\"mcpvisor\"");
                headers.insert(header::WWW_AUTHENTICATE, bearer);
            }
            _ => {}
        }
        if self == Self::Attempts {
            headers.insert(header::RETRY_AFTER, HeaderValue::from_static("60"));
        }
        response
    }
}

/// A JSON answer that nobody keeps.
pub(super) fn answer(status: StatusCode, body: &impl Serialize) -> Response {
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CACHE_CONTROL, "no-store"),
        (header::X_CONTENT_TYPE_OPTIONS, "nosniff"),
    ];
    let body = Body::from(serde_json::to_vec(body).unwrap_or_default());
    (status, headers, body).into_response()
}

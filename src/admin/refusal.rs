//! Why an administrative request was not carried out, as JSON: `{error: {code, message, remedy}}`.

use crate::config::Faults;
use axum::body::Body;
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Response};
use serde_json::{Value, json};

/// A request that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(super) enum Refusal {
    #[error("the gateway is still starting")]
    Starting,
    #[error("there is no server `{name}`")]
    NoSuchServer { name: String, near: Vec<String> },
    #[error("there is no such page of the API")]
    NoSuchPage,
    #[error("this listener can be reached by other machines, so the API is not served here")]
    NotHere,
    #[error("this page does not know that method")]
    Method,
    #[error("the body must be sent as Content-Type: application/json")]
    ContentType,
    #[error("the body is too large or did not arrive in time")]
    Body,
    #[error("`{key}` is `{value}`")]
    Query { key: &'static str, value: String, choices: &'static str },
    #[error("the server is out of service, so it cannot be ordered about")]
    Quarantined,
    #[error("no log is kept here")]
    NoLog,
    #[error("{0}")]
    LogUnreadable(String),
    #[error("{} wrong", counted(.0.0.len()))]
    Policy(Faults),
}

fn counted(faults: usize) -> String {
    if faults == 1 { "1 thing is".into() } else { format!("{faults} things are") }
}

impl Refusal {
    const fn status(&self) -> StatusCode {
        match self {
            Self::Starting | Self::LogUnreadable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::NoSuchServer { .. } | Self::NoSuchPage | Self::NoLog => StatusCode::NOT_FOUND,
            Self::NotHere => StatusCode::FORBIDDEN,
            Self::Method => StatusCode::METHOD_NOT_ALLOWED,
            Self::ContentType => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::Body | Self::Query { .. } | Self::Policy(_) => StatusCode::BAD_REQUEST,
            Self::Quarantined => StatusCode::CONFLICT,
        }
    }

    const fn code(&self) -> &'static str {
        match self {
            Self::Starting => "starting",
            Self::NoSuchServer { .. } => "no_such_server",
            Self::NoSuchPage => "no_such_page",
            Self::NotHere => "not_here",
            Self::Method => "method_not_allowed",
            Self::ContentType => "content_type",
            Self::Body => "bad_body",
            Self::Query { .. } => "bad_query",
            Self::Quarantined => "quarantined",
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
            Self::NoSuchServer { near, .. } => format!("Did you mean {}?", near.join(" or ")),
            Self::NoSuchPage => "There are /api/v1/servers and /api/v1/monitor.".into(),
            Self::NotHere => "Ask on the machine itself, with `listen` at 127.0.0.1.".into(),
            Self::Method => "Use one of the methods in the Allow header.".into(),
            Self::ContentType => "Set that header, or send no body.".into(),
            Self::Body => "Send a small JSON object in one piece.".into(),
            Self::Query { choices, .. } => format!("Write {choices}."),
            Self::Quarantined => "Wait: it is tried again by itself.".into(),
            Self::NoLog => "Set `log.store.enabled: true` and start again.".into(),
            Self::LogUnreadable(_) => "Look at the gateway's stderr, and at its disk.".into(),
            Self::Policy(_) => "Correct each of `faults`; nothing was changed.".into(),
        }
    }

    fn body(&self) -> Value {
        let (code, message, remedy) = (self.code(), self.to_string(), self.remedy());
        let mut error = json!({ "code": code, "message": message, "remedy": remedy });
        match self {
            Self::NoSuchServer { near, .. } => error["near"] = json!(near),
            Self::Policy(Faults(faults)) => {
                let faults = faults.iter().map(|fault| {
                    json!({ "key": fault.key, "message": fault.message, "remedy": fault.remedy })
                });
                error["faults"] = faults.collect();
            }
            _ => {}
        }
        json!({ "error": error })
    }
}

impl IntoResponse for Refusal {
    fn into_response(self) -> Response {
        let mut response = answer(self.status(), &self.body());
        if self == Self::Body || self == Self::ContentType {
            // part of the body may be unread
            let headers = response.headers_mut();
            headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
        }
        response
    }
}

/// A JSON answer that nobody keeps.
pub(super) fn answer(status: StatusCode, body: &impl serde::Serialize) -> Response {
    let headers = [(header::CONTENT_TYPE, "application/json"), (header::CACHE_CONTROL, "no-store")];
    let body = Body::from(serde_json::to_vec(body).unwrap_or_default());
    (status, headers, body).into_response()
}

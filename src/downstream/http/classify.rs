//! What a failure means: from an HTTP status or an error's chain of causes to a [`Verdict`].
//!
//! Pure; the one place where `sent` is decided. When in doubt a request counts as sent, because
//! what was not sent may be tried again.

use mcpvisor_actors::server::Loss;
use std::error::Error;
use std::io;
use std::time::{Duration, SystemTime};

/// The meaning of a failed exchange.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Verdict {
    /// Whether the request may have been executed.
    pub(crate) sent: bool,
    /// Why it failed.
    pub(crate) loss: Loss,
    /// The whole connection has ended with it.
    pub(crate) fatal: bool,
}

impl Verdict {
    /// The request reached the server, the connection stands.
    pub(crate) fn sent(loss: Loss) -> Self {
        Self { sent: true, loss, fatal: false }
    }

    /// The server refused the request unexecuted, the connection stands.
    pub(crate) fn unsent(loss: Loss) -> Self {
        Self { sent: false, loss, fatal: false }
    }

    /// The answer breaks the rules.
    pub(crate) fn protocol(detail: impl Into<String>) -> Self {
        Self::sent(Loss::Protocol { detail: detail.into() })
    }

    /// The response is of the right kind, but answers something else.
    pub(crate) fn missing() -> Self {
        Self::protocol("the response does not hold the answer to its request")
    }

    fn fatal(loss: Loss) -> Self {
        Self { sent: false, loss, fatal: true }
    }
}

/// A response whose status is not 2xx.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Refusal<'a> {
    /// The status code.
    pub(crate) status: u16,
    /// Whether the request named a session.
    pub(crate) in_session: bool,
    /// `Retry-After`, read.
    pub(crate) retry_after: Option<Duration>,
    /// The start of the body.
    pub(crate) body: &'a str,
}

/// What a status means for the request that got it, when its body does not answer it.
///
/// Only what is known to refuse a request before it is executed makes it unsent: a status of the
/// closed list below, or 503 with the time to come back. Everything else was answered, if badly.
///
/// Source: MCP 2025-11-25 "Transports", session management (404 ends a session); the 400 is what
/// servers made from the TypeScript SDK's example answer in its place.
pub(crate) fn of_status(refusal: Refusal<'_>) -> Verdict {
    let Refusal { status, in_session, retry_after, body } = refusal;
    let refused = || Loss::HttpStatus { status, retry_after, body: body.to_owned() };
    match status {
        401 | 403 => Verdict::unsent(Loss::NeedsLogin { status }),
        404 if in_session => Verdict::fatal(Loss::SessionLost),
        400 if in_session && denies(status, body) => Verdict::fatal(Loss::SessionLost),
        300..=399 => Verdict::protocol(format!(
            "the server redirects elsewhere (HTTP {status}); put the final address in `url`"
        )),
        400 | 404..=406 | 411 | 413..=415 | 422 | 429 | 431 => Verdict::unsent(refused()),
        503 if retry_after.is_some() => Verdict::unsent(refused()),
        _ => Verdict::sent(refused()),
    }
}

/// Whether status and text say that our session is not known.
pub(crate) fn denies(status: u16, body: &str) -> bool {
    let body = body.to_ascii_lowercase();
    matches!(status, 400 | 404)
        && body.contains("session")
        && ["no valid", "not found", "invalid", "unknown", "expired", "not initialized"]
            .iter()
            .any(|word| body.contains(word))
}

/// What an error of the HTTP client means; `connecting` when it struck before anything was written.
pub(crate) fn of_error(error: &(dyn Error + 'static), connecting: bool, address: &str) -> Verdict {
    let address = address.to_owned();
    if !connecting {
        return Verdict::sent(Loss::Unreachable { address, detail: root_cause(error) });
    }
    let causes = || causes(error);
    Verdict::fatal(
        if let Some(tls) = causes().find_map(|cause| cause.downcast_ref::<rustls::Error>()) {
            Loss::Tls { address, detail: tls.to_string() }
        } else if causes().any(|cause| cause.to_string().starts_with("dns error")) {
            Loss::NameNotResolved { address }
        } else {
            Loss::Unreachable { address, detail: root_cause(error) }
        },
    )
}

/// What the innermost cause says.
pub(crate) fn root_cause(error: &(dyn Error + 'static)) -> String {
    causes(error).last().map_or_else(String::new, ToString::to_string)
}

/// An error and its causes, outermost first, looking also into I/O errors that wrap another.
fn causes<'a>(error: &'a (dyn Error + 'static)) -> impl Iterator<Item = &'a (dyn Error + 'static)> {
    std::iter::successors(Some(error), |&error| {
        let wrapped = error.downcast_ref::<io::Error>().and_then(io::Error::get_ref);
        match wrapped {
            Some(inner) => Some(inner as &(dyn Error + 'static)),
            None => error.source(),
        }
    })
}

/// Reads `Retry-After`: seconds, or a date.
///
/// Source: RFC 9110, 10.2.3.
pub(crate) fn retry_after(value: &str, now: SystemTime) -> Option<Duration> {
    let value = value.trim();
    if let Ok(seconds) = value.parse() {
        return Some(Duration::from_secs(seconds));
    }
    let date = httpdate::parse_http_date(value).ok()?;
    Some(date.duration_since(now).unwrap_or_default())
}

#[cfg(test)]
#[path = "classify/tests.rs"]
mod tests;

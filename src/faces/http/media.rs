//! What a request says about formats: `Content-Type`, `Accept`, `MCP-Protocol-Version`. Pure.

use super::refusal::Refusal;
use axum::http::{HeaderMap, HeaderName, header};
use mcpvisor_actors::bridge::MODERN_VERSIONS;
use mcpvisor_actors::wire::ProtocolVersion;

const JSON: &str = "application/json";
const EVENTS: &str = "text/event-stream";
const BOTH: &str = "application/json, text/event-stream";

/// The forms in which a client takes an answer; at least one of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Accepts {
    /// One JSON document only.
    Json,
    /// An event stream only.
    Events,
    /// Whichever we choose.
    Either,
}

impl Accepts {
    /// What a POST accepts. The specification asks clients to list both; one is enough here.
    pub(super) fn of_post(headers: &HeaderMap) -> Result<Self, Refusal> {
        if headers.get(header::ACCEPT).is_some_and(|value| value == BOTH) {
            return Ok(Self::Either); // as nearly every client writes it
        }
        match (accepts(headers, JSON), accepts(headers, EVENTS)) {
            (true, true) => Ok(Self::Either),
            (true, false) => Ok(Self::Json),
            (false, true) => Ok(Self::Events),
            (false, false) => Err(Refusal::NotAcceptable),
        }
    }
}

/// Whether a GET accepts an event stream.
pub(super) fn check_stream(headers: &HeaderMap) -> Result<(), Refusal> {
    if accepts(headers, EVENTS) { Ok(()) } else { Err(Refusal::StreamNotAcceptable) }
}

/// Whether the body is declared to be JSON.
pub(super) fn check_content(headers: &HeaderMap) -> Result<(), Refusal> {
    let declared = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    match declared.map(essence) {
        Some(essence) if essence.eq_ignore_ascii_case(JSON) => Ok(()),
        _ => Err(Refusal::ContentType),
    }
}

const VERSION: HeaderName = HeaderName::from_static("mcp-protocol-version");

/// The revision a request names in its headers, if that is text.
pub(super) fn version(headers: &HeaderMap) -> Option<&str> {
    headers.get(VERSION)?.to_str().ok().map(str::trim)
}

/// Whether it names the stateless one.
pub(super) fn is_stateless(headers: &HeaderMap) -> bool {
    version(headers).is_some_and(|version| MODERN_VERSIONS.contains(&version))
}

/// Whether the revision named, if any, is one we speak.
pub(super) fn check_version(headers: &HeaderMap) -> Result<(), Refusal> {
    let Some(named) = headers.get(VERSION) else { return Ok(()) };
    let known = |text: &str| ProtocolVersion::parse(text).is_some() || is_stateless(headers);
    match version(headers) {
        Some(text) if known(text) => Ok(()),
        _ => Err(Refusal::version(String::from_utf8_lossy(named.as_bytes()).trim())),
    }
}

fn essence(value: &str) -> &str {
    value.split(';').next().unwrap_or_default().trim()
}

/// Whether `Accept` covers a type; without the header everything is covered.
fn accepts(headers: &HeaderMap, wanted: &str) -> bool {
    let mut values = headers.get_all(header::ACCEPT).iter().peekable();
    if values.peek().is_none() {
        return true;
    }
    values
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|range| covers(range, wanted))
}

fn covers(range: &str, wanted: &str) -> bool {
    let named = essence(range);
    let covered = named == "*/*"
        || named.eq_ignore_ascii_case(wanted)
        || named.strip_suffix("/*").is_some_and(|kind| {
            wanted.split('/').next().is_some_and(|k| k.eq_ignore_ascii_case(kind))
        });
    covered && !range.split(';').skip(1).any(is_refusal)
}

/// Whether a parameter is a quality of zero: "anything but this".
fn is_refusal(parameter: &str) -> bool {
    let Some((name, value)) = parameter.split_once('=') else { return false };
    name.trim().eq_ignore_ascii_case("q") && value.trim().parse::<f32>().is_ok_and(|q| q <= 0.0)
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::http::HeaderValue;

    fn headers(name: &HeaderName, values: &[&'static str]) -> HeaderMap {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append(name.clone(), HeaderValue::from_static(value));
        }
        headers
    }

    #[test]
    fn either_form_is_enough_and_json_alone_never_gets_events() {
        for (values, expected) in [
            (&[][..], Ok(Accepts::Either)),
            (&["*/*"], Ok(Accepts::Either)),
            (&["application/json, text/event-stream"], Ok(Accepts::Either)),
            (&["application/json", "text/event-stream"], Ok(Accepts::Either)),
            (&["Application/JSON;charset=utf-8"], Ok(Accepts::Json)),
            (&["application/*;q=0.5"], Ok(Accepts::Json)),
            (&["text/*"], Ok(Accepts::Events)),
            (&["application/json, text/event-stream;q=0"], Ok(Accepts::Json)),
            (&["text/html"], Err(Refusal::NotAcceptable)),
            (&["application/json;q=0"], Err(Refusal::NotAcceptable)),
            (&[""], Err(Refusal::NotAcceptable)),
        ] {
            assert_eq!(Accepts::of_post(&headers(&header::ACCEPT, values)), expected, "{values:?}");
        }
    }

    #[test]
    fn a_body_must_be_declared_as_json() {
        for (values, fits) in [
            (&["application/json"][..], true),
            (&["application/json; charset=utf-8"], true),
            (&["APPLICATION/JSON"], true),
            (&[], false),
            (&["text/plain"], false),
            (&["application/jsonl"], false),
            (&["application/x-www-form-urlencoded"], false),
        ] {
            let fit = check_content(&headers(&header::CONTENT_TYPE, values)).is_ok();
            assert_eq!(fit, fits, "{values:?}");
        }
    }

    #[test]
    fn a_revision_we_do_not_speak_is_refused_by_name() {
        let name = HeaderName::from_static("mcp-protocol-version");
        assert_eq!(check_version(&HeaderMap::new()), Ok(()));
        for version in ProtocolVersion::ALL {
            assert_eq!(check_version(&headers(&name, &[version.as_str()])), Ok(()));
        }
        assert_eq!(check_version(&headers(&name, &["2026-07-28"])), Ok(()));
        for version in ["2026-07-27", "1.0", ""] {
            let refused = check_version(&headers(&name, &[version])).unwrap_err();
            assert_eq!(refused, Refusal::version(version));
            assert!(refused.to_string().contains("2026-07-28"), "{refused}");
        }
    }
}

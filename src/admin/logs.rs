//! `/api/v1/logs`: what the gateway and its servers said, filtered, newest first.

use super::Desk;
use super::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::pages::{Pages, routes};
use crate::logs::{Level, Log, Page, Query, Source, Unreadable};
use axum::extract::{RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

/// What is shown of a wrong value.
const SHOWN: usize = 80;

/// The routes.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(logs))
}

/// A page of the log.
#[derive(Debug, Serialize, Deserialize, ToSchema)]
pub struct Logs {
    /// Newest first.
    pub logs: Vec<Log>,
    /// Whether there are older ones that fit: ask again with `before` at the last id.
    pub more: bool,
}

/// Which entries are wanted.
#[derive(IntoParams)]
#[into_params(parameter_in = Query, rename_all = "camelCase")]
#[expect(dead_code, reason = "describes the query; `read` reads it, to name what is wrong")]
struct Wanted {
    /// About this server.
    server: Option<String>,
    /// At least as severe.
    level: Option<Level>,
    /// Said by this one: `gateway`, `stderr`, `mcp`, `audit`; several with commas between.
    source: Option<String>,
    /// About this request, by its number.
    request: Option<u64>,
    /// About this client's session.
    session: Option<String>,
    /// With this in their text or fields.
    text: Option<String>,
    /// Not before this time, in Unix milliseconds.
    since_ms: Option<u64>,
    /// Not after this time, in Unix milliseconds.
    until_ms: Option<u64>,
    /// Older than the entry with this id.
    before: Option<u64>,
    /// Newer than the entry with this id.
    after: Option<u64>,
    /// So many, at most 1000; 100 unless said otherwise.
    limit: Option<u64>,
}

/// What the gateway and its servers said.
#[utoipa::path(
    get,
    path = "/api/v1/logs",
    operation_id = "listLogs",
    tag = "logs",
    params(Wanted),
    responses(
        (status = 200, description = "The entries that fit, newest first", body = Logs),
        (status = 400, description = "A value of the query makes no sense", body = ErrorAnswer),
        (status = 404, description = "No log is kept", body = ErrorAnswer),
        (
            status = 503,
            description = "The gateway is starting, or the log cannot be read",
            body = ErrorAnswer
        ),
    )
)]
async fn logs(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let running = desk.running().ok_or(Refusal::Starting)?;
    let query = read(query.as_deref())?;
    let Page { logs, more } = running.logs.query(query).await.map_err(|fault| match fault {
        Unreadable::Off => Refusal::NoLog,
        Unreadable::Starting => Refusal::Starting,
        Unreadable::Broken(_) => Refusal::LogUnreadable(fault.to_string()),
    })?;
    Ok(answer(StatusCode::OK, &Logs { logs, more }))
}

/// Reads a query; keys nobody knows are left alone.
pub(super) fn read(text: Option<&str>) -> Result<Query, Refusal> {
    let mut query = Query::default();
    let mut url = reqwest::Url::parse("http://localhost/").map_err(|_| Refusal::NoSuchPage)?;
    url.set_query(text);
    for (key, value) in url.query_pairs().filter(|(_, value)| !value.is_empty()) {
        match &*key {
            "server" => query.server = Some(value.into_owned()),
            "session" => query.session = Some(value.into_owned()),
            "text" => query.text = Some(value.into_owned()),
            "level" => {
                let known = Level::ALL.into_iter().find(|level| level.word() == value);
                let choices = "trace, debug, info, warn or error";
                query.level = Some(known.ok_or_else(|| wrong("level", &value, choices))?);
            }
            "source" => query.sources = sources(&value)?,
            "request" => query.request = Some(number("request", &value)?),
            "sinceMs" => query.since_ms = Some(number("sinceMs", &value)?),
            "untilMs" => query.until_ms = Some(number("untilMs", &value)?),
            "before" => query.before = Some(number("before", &value)?),
            "after" => query.after = Some(number("after", &value)?),
            "limit" => {
                let limit = value.parse().ok().filter(|limit| (1..=1_000).contains(limit));
                query.limit = limit.ok_or_else(|| wrong("limit", &value, "1 to 1000"))?;
            }
            _ => {}
        }
    }
    Ok(query)
}

fn sources(value: &str) -> Result<Vec<Source>, Refusal> {
    let known = |word: &str| Source::ALL.into_iter().find(|source| source.word() == word.trim());
    let choices = "gateway, stderr, mcp or audit, several with commas between";
    let found: Option<Vec<Source>> = value.split(',').map(known).collect();
    found.ok_or_else(|| wrong("source", value, choices))
}

fn number(key: &'static str, value: &str) -> Result<u64, Refusal> {
    value.parse().map_err(|_| wrong(key, value, "a whole number"))
}

fn wrong(key: &'static str, value: &str, choices: &'static str) -> Refusal {
    Refusal::Query { key, value: value.chars().take(SHOWN).collect(), choices }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_key_of_a_query_is_read() {
        let text = "server=s&level=warn&source=mcp,stderr&request=7&session=a&text=100%25&sinceMs=1&untilMs=2&before=3&after=9&limit=4&else=5";
        let expected = Query {
            server: Some("s".into()),
            level: Some(Level::Warn),
            sources: vec![Source::Mcp, Source::Stderr],
            request: Some(7),
            session: Some("a".into()),
            text: Some("100%".into()),
            since_ms: Some(1),
            until_ms: Some(2),
            before: Some(3),
            after: Some(9),
            limit: 4,
        };
        assert_eq!(read(Some(text)), Ok(expected));
        assert_eq!(read(None), Ok(Query::default()));
    }

    #[test]
    fn what_makes_no_sense_is_named() {
        for (text, wanted) in [
            ("level=loud", "level"),
            ("source=mcp,rumour", "source"),
            ("request=x", "request"),
            ("sinceMs=-1", "sinceMs"),
            ("untilMs=1.5", "untilMs"),
            ("before=b", "before"),
            ("after=a", "after"),
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
        ] {
            let refused = read(Some(text));
            assert!(matches!(refused, Err(Refusal::Query { key, .. }) if key == wanted), "{text}");
        }
    }
}

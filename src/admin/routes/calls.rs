//! `/api/v1/calls`: the requests of clients, while they run and once they are over.

use crate::admin::pages::{Pages, routes};
use crate::admin::refusal::{ErrorAnswer, Refusal, answer};
use crate::admin::request::asked;
use crate::admin::{Desk, Running};
use crate::ledger::{Call, Query};
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use axum::response::Response;
use serde::Serialize;
use std::time::Duration;
use utoipa::ToSchema;

/// Requests that are told unless another number is asked for.
const CALLS: usize = 100;
/// Most requests that are told.
const MOST: usize = 1_000;

/// How a request may end.
const OUTCOMES: [&str; 6] = ["ok", "tool_error", "error", "failed", "cancelled", "lost"];

/// The pages.
pub(super) fn routes() -> Pages {
    Pages::default().routes(routes!(calls)).routes(routes!(call))
}

/// Requests of clients.
#[derive(Debug, Serialize, ToSchema)]
struct Calls {
    /// They, newest first.
    calls: Vec<Call>,
}

/// The requests that run, the last thousand, the last that failed and the slowest of the last hour.
#[utoipa::path(
    get,
    path = "/api/v1/calls",
    operation_id = "listCalls",
    tag = "calls",
    params(
        ("limit" = Option<usize>, Query, description = "At most so many, up to 1000; 100 unless told", example = 20),
        ("server" = Option<String>, Query, description = "Those of this server", example = "files"),
        ("method" = Option<String>, Query, description = "Those of this method", example = "tools/call"),
        ("name" = Option<String>, Query, description = "Those that name this", example = "files.read"),
        ("outcome" = Option<String>, Query, description = "Those that ended so: `ok`, `tool_error`, `error`, `failed`, `cancelled`, `lost`", example = "ok"),
        ("slowerThanMs" = Option<f64>, Query, description = "Those that took longer", example = 10),
        ("live" = Option<bool>, Query, description = "Those that run, or those that are over", example = false),
    ),
    responses(
        (status = 200, description = "The requests, newest first", body = Calls),
        (status = 400, description = "A part of the query cannot be read", body = ErrorAnswer),
    )
)]
async fn calls(State(desk): State<Desk>, RawQuery(query): RawQuery) -> Result<Response, Refusal> {
    let query = read(query.as_deref())?;
    let Running { hub, ledger, .. } = desk.running().ok_or(Refusal::Starting)?;
    hub.settled().await;
    Ok(answer(StatusCode::OK, &Calls { calls: ledger.calls(&query) }))
}

/// One request by its number.
#[utoipa::path(
    get,
    path = "/api/v1/calls/{number}",
    operation_id = "getCall",
    tag = "calls",
    params(("number" = u64, Path, description = "The request's number", example = 1)),
    responses(
        (status = 200, description = "The request", body = Call),
        (status = 404, description = "It does not run and is not kept", body = ErrorAnswer),
    )
)]
async fn call(State(desk): State<Desk>, Path(number): Path<String>) -> Result<Response, Refusal> {
    let Running { hub, ledger, .. } = desk.running().ok_or(Refusal::Starting)?;
    hub.settled().await;
    let found = number.parse().ok().and_then(|number| ledger.call(number));
    let short = || number.chars().take(80).collect();
    Ok(answer(StatusCode::OK, &found.ok_or_else(|| Refusal::NoSuchCall(short()))?))
}

fn read(query: Option<&str>) -> Result<Query, Refusal> {
    let limit = number(query, "limit", "a number from 1 to 1000", |it| (1..=MOST).contains(it))?;
    let millis = "a number of milliseconds";
    let slower = number(query, "slowerThanMs", millis, |it| (0.0..1e15).contains(it))?;
    let outcome = asked(query, "outcome");
    if let Some(value) = outcome.as_ref().filter(|it| !OUTCOMES.contains(&it.as_str())) {
        let choices = "ok, tool_error, error, failed, cancelled or lost";
        return Err(Refusal::Query { key: "outcome", value: value.clone(), choices });
    }
    Ok(Query {
        limit: limit.unwrap_or(CALLS),
        server: asked(query, "server"),
        method: asked(query, "method"),
        name: asked(query, "name"),
        outcome,
        slower_than: slower.map(|millis| Duration::from_secs_f64(millis / 1e3)),
        live: number(query, "live", "true or false", |_| true)?,
    })
}

fn number<T: std::str::FromStr>(
    query: Option<&str>,
    key: &'static str,
    choices: &'static str,
    fits: impl Fn(&T) -> bool,
) -> Result<Option<T>, Refusal> {
    let Some(value) = asked(query, key) else { return Ok(None) };
    match value.parse().ok().filter(fits) {
        None => Err(Refusal::Query { key, value, choices }),
        read => Ok(read),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_read_or_the_key_that_cannot_be_is_named() {
        let whole = "limit=5&server=a&method=m&name=n%20n&outcome=ok&slowerThanMs=1.5&live=true";
        let some = |text: &str| Some(text.to_owned());
        let expected = Query {
            limit: 5,
            server: some("a"),
            method: some("m"),
            name: some("n n"),
            outcome: some("ok"),
            slower_than: Some(Duration::from_micros(1500)),
            live: Some(true),
        };
        assert_eq!(read(Some(whole)), Ok(expected));
        assert_eq!(read(None).map(|query| query.limit), Ok(CALLS));
        for (query, bad) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("slowerThanMs=-1", "slowerThanMs"),
            ("slowerThanMs=NaN", "slowerThanMs"),
            ("live=yes", "live"),
            ("outcome=good", "outcome"),
        ] {
            assert!(matches!(read(Some(query)), Err(Refusal::Query { key, .. }) if key == bad));
        }
    }
}

//! `mcpvisor calls`: the requests of clients, those that run and the last ones that are over.

use super::api::{Api, NoReport, Target};
use super::paint::Paint;
use super::table::table;
use super::{block_on, say};
use crate::exit::Exit;
use crate::ledger::Call;
use clap::Args;
use mcpvisor_actors::timeline::ago;
use serde::Deserialize;
use std::cmp::Reverse;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Most calls a gateway tells at once.
const MOST: usize = 1000;
/// How a call ends that failed. One that its client cancelled did not.
const FAILED: [&str; 4] = ["tool_error", "error", "failed", "lost"];

/// Options of `calls`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// Only those that ended with an error, of the server or of the gateway.
    #[arg(long)]
    failed: bool,
    /// Only those that took longer than this many milliseconds.
    #[arg(long, value_name = "MS")]
    slow: Option<f64>,
    /// Only those of this server.
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// Only those that name this tool, prompt or resource.
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Only those of this method, such as `tools/call`.
    #[arg(long, value_name = "METHOD")]
    method: Option<String>,
    /// Only those that still run.
    #[arg(long, conflicts_with = "failed")]
    live: bool,
    /// How many, the newest ones.
    #[arg(long, default_value_t = 20, value_name = "COUNT")]
    limit: usize,
    /// Print them as JSON, one a line.
    #[arg(long)]
    json: bool,
}

/// Exits 0 with the calls, newest first.
pub(super) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        match asked(arguments).await {
            Ok(calls) => tell(&calls, arguments.json),
            Err(error) => error.told(),
        }
    })
}

async fn asked(arguments: &Arguments) -> Result<Vec<Call>, NoReport> {
    #[derive(Deserialize)]
    struct Calls {
        calls: Vec<Call>,
    }
    let api = Api::new(&arguments.target)?;
    let mut all = Vec::new();
    for query in queries(arguments) {
        let Calls { calls } = api.get(&["api", "v1", "calls"], Some(&query)).await?;
        all.extend(calls);
    }
    all.sort_by_key(|call| Reverse(call.number));
    all.truncate(arguments.limit);
    Ok(all)
}

/// The queries of these options. A gateway is asked for one outcome at a time, for it tells the newest calls
/// that fit: failed ones may be older than a thousand good ones.
fn queries(arguments: &Arguments) -> Vec<String> {
    if arguments.failed {
        FAILED.iter().map(|outcome| query(arguments, Some(outcome))).collect()
    } else {
        vec![query(arguments, None)]
    }
}

fn query(arguments: &Arguments, outcome: Option<&str>) -> String {
    let limit = arguments.limit.clamp(1, MOST);
    let mut query = form(&[("limit", &limit.to_string())]);
    for (key, value) in [
        ("outcome", outcome.map(str::to_owned)),
        ("server", arguments.server.clone()),
        ("name", arguments.name.clone()),
        ("method", arguments.method.clone()),
        ("slowerThanMs", arguments.slow.map(|millis| millis.to_string())),
        ("live", arguments.live.then(|| "true".to_owned())),
    ] {
        if let Some(value) = value {
            query = format!("{query}&{}", form(&[(key, &value)]));
        }
    }
    query
}

fn form(pairs: &[(&str, &str)]) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost/", pairs);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

fn tell(calls: &[Call], json: bool) -> Exit {
    if json {
        for call in calls {
            say(serde_json::json!(call));
        }
        return Exit::Ok;
    }
    if calls.is_empty() {
        say("no such calls");
        return Exit::Ok;
    }
    let heads = ["NUMBER", "WHEN", "METHOD", "NAME", "SERVER", "TOOK", "OUTCOME"];
    let now = SystemTime::now();
    let rows: Vec<Vec<String>> = calls.iter().map(|call| cells(call, now)).collect();
    say(table(&heads, &rows, Paint::of_stdout()));
    Exit::Ok
}

fn cells(call: &Call, now: SystemTime) -> Vec<String> {
    let blank = || "-".to_owned();
    vec![
        call.number.to_string(),
        ago(UNIX_EPOCH + Duration::from_millis(call.at_ms), now),
        call.method.clone(),
        call.name.clone().unwrap_or_else(blank),
        call.server.clone().unwrap_or_else(blank),
        format!("{:.1} ms", call.took_ms),
        outcome(call),
    ]
}

/// How it ended, or where it is.
fn outcome(call: &Call) -> String {
    let Some(outcome) = &call.outcome else { return call.phase.clone() };
    let code = outcome.code.map(|code| format!(" {code}")).unwrap_or_default();
    let why = outcome.text.as_deref().or(outcome.reason.as_deref());
    let why = why.map(|why| format!(": {why}")).unwrap_or_default();
    format!("{}{code}{why}", outcome.kind.replace('_', " "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::Parser;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        arguments: Arguments,
    }

    fn query_of(line: &[&str]) -> String {
        queries(&Line::parse_from([&["calls"], line].concat()).arguments).join(" ")
    }

    #[test]
    fn options_become_a_query() {
        assert_eq!(query_of(&[]), "limit=20");
        assert_eq!(query_of(&["--limit", "5000"]), "limit=1000");
        assert_eq!(
            query_of(&["--failed", "--limit", "5"]),
            "limit=5&outcome=tool_error limit=5&outcome=error limit=5&outcome=failed \
             limit=5&outcome=lost"
        );
        let all =
            ["--server", "a b", "--name", "x&y", "--slow", "1.5", "--live", "--method", "a/b"];
        assert_eq!(
            query_of(&all),
            "limit=20&server=a+b&name=x%26y&method=a%2Fb&slowerThanMs=1.5&live=true"
        );
    }
}

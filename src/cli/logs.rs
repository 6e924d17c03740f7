//! `mcpvisor logs`: what a running gateway and its servers said, oldest first.

use super::api::{Api, NoReport, Target};
use super::paint::{Colour, Paint};
use super::{block_on, complain};
use crate::admin::Logs;
use crate::exit::Exit;
use crate::logs::{Level, Log, Source};
use clap::Args;
use mcpvisor_actors::clock::unix_millis;
use mcpvisor_actors::timeline::plain;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Entries asked for at once.
const PAGE: usize = 1_000;
/// Time between two looks with `--follow`.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

/// A key and its value.
type Pair = (&'static str, String);

/// Options of `logs`.
#[derive(Debug, Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    target: Target,
    /// What is about this server.
    #[arg(long, value_name = "NAME")]
    server: Option<String>,
    /// What is at least so severe.
    #[arg(long)]
    level: Option<Level>,
    /// What these said; several with commas between.
    #[arg(long, value_delimiter = ',')]
    source: Vec<Source>,
    /// What is about this request, by its number.
    #[arg(long, value_name = "NUMBER")]
    request: Option<u64>,
    /// What is about this client's session.
    #[arg(long, value_name = "ID")]
    session: Option<String>,
    /// What has this in its text or fields.
    #[arg(long)]
    text: Option<String>,
    /// What is no older, as in `10m` or `1h 30m`.
    #[arg(long, value_name = "SPAN", value_parser = humantime::parse_duration)]
    since: Option<Duration>,
    /// How many entries, the last ones; with --follow 0 shows only what is new.
    #[arg(long, default_value_t = 100, value_name = "COUNT")]
    limit: usize,
    /// Go on with what is said from now on, until interrupted.
    #[arg(long, short)]
    follow: bool,
    /// Print one JSON object a line.
    #[arg(long)]
    json: bool,
}

/// Exits 0 when there was an answer, also an empty one.
pub(super) fn run(arguments: &Arguments) -> Exit {
    block_on(async {
        match tell(arguments).await {
            Ok(()) => Exit::Ok,
            Err(error) => error.told(),
        }
    })
}

async fn tell(arguments: &Arguments) -> Result<(), NoReport> {
    let api = Api::new(&arguments.target)?;
    let show = Show { json: arguments.json, paint: Paint::of_stdout() };
    let query = arguments.query(SystemTime::now());
    let seen = newest(&api).await?;
    let logs = fetch(&api, &query, 0, arguments.limit).await?;
    if !show.all(&logs) || !arguments.follow {
        return Ok(());
    }
    follow(&api, &show, &query, last_of(&logs, seen)).await
}

/// Shows what is newer than `seen`, whatever happens to the gateway; ends when nobody reads any more.
async fn follow(api: &Api, show: &Show, query: &[Pair], mut seen: u64) -> Result<(), NoReport> {
    let mut lost = false;
    loop {
        tokio::time::sleep(AGAIN_AFTER).await;
        match since(api, query, seen).await {
            Ok((last, logs)) => {
                lost = false;
                if !show.all(&logs) {
                    return Ok(());
                }
                seen = last;
            }
            // it may be restarting; asked again, it is there or says the same
            Err(error @ NoReport::Unreachable { .. }) => {
                if !lost {
                    complain(format_args!("{error}\nWaiting for it."));
                }
                lost = true;
            }
            Err(error) => return Err(error),
        }
    }
}

/// What is newer than `seen`, and the last id by now.
async fn since(api: &Api, query: &[Pair], seen: u64) -> Result<(u64, Vec<Log>), NoReport> {
    let last = newest(api).await?;
    if last == seen {
        return Ok((seen, Vec::new()));
    }
    // a store in memory begins with 1 again after a restart
    let floor = if last < seen { 0 } else { seen };
    let logs = fetch(api, query, floor, usize::MAX).await?;
    Ok((last_of(&logs, last), logs))
}

fn last_of(logs: &[Log], seen: u64) -> u64 {
    logs.last().map_or(seen, |log| log.id.max(seen))
}

impl Arguments {
    /// The filters, as the API has them.
    fn query(&self, now: SystemTime) -> Vec<Pair> {
        let sources: Vec<&str> = self.source.iter().map(|source| source.word()).collect();
        let since = self.since.map(|span| {
            let at = now.checked_sub(span).unwrap_or(UNIX_EPOCH);
            unix_millis(at).to_string()
        });
        let asked = [
            ("server", self.server.clone()),
            ("level", self.level.map(|level| level.word().to_owned())),
            ("source", (!sources.is_empty()).then(|| sources.join(","))),
            ("request", self.request.map(|request| request.to_string())),
            ("session", self.session.clone()),
            ("text", self.text.clone()),
            ("sinceMs", since),
        ];
        asked.into_iter().filter_map(|(key, value)| Some((key, value?))).collect()
    }
}

/// The last id of all.
async fn newest(api: &Api) -> Result<u64, NoReport> {
    let page = page(api, [("limit", "1".to_owned())].into_iter()).await?;
    Ok(page.logs.first().map_or(0, |log| log.id))
}

/// The entries above the id `after`, the last ones up to `limit`, oldest first.
async fn fetch(api: &Api, query: &[Pair], after: u64, limit: usize) -> Result<Vec<Log>, NoReport> {
    let mut all: Vec<Log> = Vec::new();
    while all.len() < limit {
        let wanted = PAGE.min(limit - all.len()).to_string();
        let before = all.last().map(|log| ("before", log.id.to_string()));
        let ends = [("limit", wanted), ("after", after.to_string())].into_iter().chain(before);
        let Logs { logs, more } = page(api, query.iter().cloned().chain(ends)).await?;
        all.extend(logs);
        if !more {
            break;
        }
    }
    all.reverse();
    Ok(all)
}

async fn page(api: &Api, query: impl Iterator<Item = Pair>) -> Result<Logs, NoReport> {
    api.get(&["api", "v1", "logs"], Some(&encoded(query))).await
}

fn encoded(pairs: impl Iterator<Item = Pair>) -> String {
    let url = reqwest::Url::parse_with_params("http://localhost/", pairs);
    url.ok().and_then(|url| url.query().map(str::to_owned)).unwrap_or_default()
}

/// How entries are shown.
struct Show {
    json: bool,
    paint: Paint,
}

impl Show {
    /// Prints them; `false` when nobody reads any more.
    fn all(&self, logs: &[Log]) -> bool {
        let mut out = io::stdout().lock();
        let mut written = logs.iter().map(|log| writeln!(out, "{}", self.line(log)));
        written.all(|it| it.is_ok()) && out.flush().is_ok()
    }

    fn line(&self, log: &Log) -> String {
        if self.json {
            return serde_json::to_string(log).unwrap_or_default();
        }
        let entry = &log.entry;
        let at = humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_millis(entry.at_ms));
        let level = format!("{:<5}", entry.level.word());
        let level = match entry.level {
            Level::Error => self.paint.text(Colour::Red, &level),
            Level::Warn => self.paint.text(Colour::Yellow, &level),
            Level::Info => level,
            Level::Debug | Level::Trace => self.paint.text(Colour::Dim, &level),
        };
        let about = entry.server.as_deref().unwrap_or("-");
        let mut line = format!("{at}  {level}  {:<7}  {about}: ", entry.source.word());
        line.push_str(&plain(&entry.text));
        let mut rest = String::new();
        // which part of the gateway speaks is of no use to people
        let logger = entry.logger.clone().filter(|_| entry.source != Source::Gateway);
        let named = [("logger", &logger), ("session", &entry.session)];
        let request = entry.request.map(|request| request.to_string());
        for (key, value) in named.into_iter().chain([("request", &request)]) {
            if let Some(value) = value {
                let _never_fails = write!(rest, "  {key}={}", plain(value));
            }
        }
        for (key, value) in &entry.fields {
            let value = value.as_str().map_or_else(|| value.to_string(), str::to_owned);
            let _never_fails = write!(rest, "  {}={}", plain(key), plain(&value));
        }
        line.push_str(&self.paint.text(Colour::Dim, &rest));
        line
    }
}

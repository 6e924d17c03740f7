//! `mcpvisor logs`: what a running gateway and its servers said, oldest first.

use super::api::{Api, NoReport, Target};
use super::paint::{Colour, Paint};
use super::{block_on, complain};
use crate::admin::Logs;
use crate::exit::Exit;
use crate::logs::{Level, Log, Source};
use clap::Args;
use mcpvisor_actors::timeline::plain;
use std::fmt::Write as _;
use std::io::{self, Write as _};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

/// Entries asked for at once.
const PAGE: usize = 1_000;
/// Time between two looks with `--follow`.
const AGAIN_AFTER: Duration = Duration::from_millis(500);

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
    /// How many entries, the last ones.
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
    let (mut last, logs) = latest(&api, &query, 0, arguments.limit).await?;
    if !show.all(&logs) || !arguments.follow {
        return Ok(());
    }
    let mut lost = false;
    loop {
        tokio::time::sleep(AGAIN_AFTER).await;
        match latest(&api, &query, last, usize::MAX).await {
            Ok((newest, logs)) => {
                lost = false;
                if !show.all(&logs) {
                    return Ok(());
                }
                last = newest;
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

impl Arguments {
    /// The filters, as the API has them.
    fn query(&self, now: SystemTime) -> Vec<(&'static str, String)> {
        let sources: Vec<&str> = self.source.iter().map(|source| source.word()).collect();
        let since = self.since.map(|span| {
            let at = now.checked_sub(span).unwrap_or(UNIX_EPOCH);
            at.duration_since(UNIX_EPOCH).unwrap_or_default().as_millis().to_string()
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

/// The entries above the id `after`, at most `limit` of them, oldest first, and the id of the newest one.
async fn latest(
    api: &Api,
    query: &[(&'static str, String)],
    after: u64,
    limit: usize,
) -> Result<(u64, Vec<Log>), NoReport> {
    let mut all: Vec<Log> = Vec::new();
    let mut begun_anew = false;
    while all.len() < limit {
        // while little is new a small page is enough
        let most = if after > 0 && all.is_empty() { PAGE / 10 } else { PAGE };
        let wanted = most.min(limit - all.len()).to_string();
        let before = all.last().map(|log| ("before", log.id.to_string()));
        let pairs = query.iter().cloned().chain(before).chain([("limit", wanted)]);
        let page: Logs = api.get(&["api", "v1", "logs"], Some(&encoded(pairs))).await?;
        // a store in memory begins with 1 again after a restart
        begun_anew |= all.is_empty() && page.logs.first().is_some_and(|log| log.id < after);
        let floor = if begun_anew { 0 } else { after };
        let new = page.logs.iter().take_while(|log| log.id > floor).count();
        let (some_known, more) = (new < page.logs.len(), page.more);
        all.extend(page.logs.into_iter().take(new));
        if some_known || !more {
            break;
        }
    }
    let newest = all.first().map_or(after, |log| log.id);
    all.reverse();
    Ok((newest, all))
}

fn encoded(pairs: impl Iterator<Item = (&'static str, String)>) -> String {
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
        let named = [("logger", &entry.logger), ("session", &entry.session)];
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

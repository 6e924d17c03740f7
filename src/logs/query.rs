//! What is asked of the store, and the SQL it becomes.
//!
//! *Invariant:* pure; what a caller wrote is only ever a parameter of the statement.

use super::entry::{Entry, Level, Log, Source};
use rusqlite::types::Value;
use rusqlite::{Result, Row};

/// Entries of a page unless another number is asked for.
pub(crate) const USUAL: usize = 100;
/// Most entries of a page.
pub(crate) const MOST: usize = 1_000;

/// Which entries are wanted: those that fit everything that is said here, newest first.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Query {
    /// About this server.
    pub server: Option<String>,
    /// At least as severe.
    pub level: Option<Level>,
    /// Said by these; empty: by anybody.
    pub sources: Vec<Source>,
    /// About this request of this run, by its number.
    pub request: Option<u64>,
    /// About this client's session.
    pub session: Option<String>,
    /// With this in their text or fields; ASCII letters in either case.
    pub text: Option<String>,
    /// Not before this time, in Unix milliseconds.
    pub since_ms: Option<u64>,
    /// Not after this time, in Unix milliseconds.
    pub until_ms: Option<u64>,
    /// With a lower id: the next page begins below the last id of this one.
    pub before: Option<u64>,
    /// With a higher id: what was said since.
    pub after: Option<u64>,
    /// So many, at most 1000.
    pub limit: usize,
}

impl Default for Query {
    fn default() -> Self {
        Self {
            server: None,
            level: None,
            sources: Vec::new(),
            request: None,
            session: None,
            text: None,
            since_ms: None,
            until_ms: None,
            before: None,
            after: None,
            limit: USUAL,
        }
    }
}

/// The entries that were asked for.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Page {
    /// Newest first.
    pub logs: Vec<Log>,
    /// Whether there are more of them, older than these.
    pub more: bool,
}

/// The columns [`read`] reads, in its order.
const COLUMNS: &str = "id, at, level, source, server, session, request, run, logger, text, fields";

impl Query {
    /// The entries wanted, as far as a page goes.
    pub(super) fn count(&self) -> usize {
        self.limit.clamp(1, MOST)
    }

    /// Whether an entry is wanted, as far as one entry alone can tell.
    pub fn fits(&self, log: &Log) -> bool {
        let entry = &log.entry;
        let same = |wanted: &Option<String>, had: &Option<String>| {
            wanted.is_none() || wanted.as_deref() == had.as_deref()
        };
        let holds = |text: &String| {
            let (text, fields) = (text.to_ascii_lowercase(), !entry.fields.is_empty());
            entry.text.to_ascii_lowercase().contains(&text)
                || (fields && fields_text(entry).to_ascii_lowercase().contains(&text))
        };
        same(&self.server, &entry.server)
            && same(&self.session, &entry.session)
            && self.level.is_none_or(|level| entry.level >= level)
            && (self.sources.is_empty() || self.sources.contains(&entry.source))
            && self.request.is_none_or(|request| entry.request == Some(request))
            && self.text.as_ref().is_none_or(holds)
            && self.since_ms.is_none_or(|since| entry.at_ms >= since)
            && self.until_ms.is_none_or(|until| entry.at_ms <= until)
            && self.before.is_none_or(|before| log.id < before)
            && self.after.is_none_or(|after| log.id > after)
    }

    /// The statement and its parameters; it asks for one more than wanted.
    pub(super) fn sql(&self, run: i64) -> (String, Vec<Value>) {
        let mut conditions: Vec<String> = Vec::new();
        let mut values = Vec::new();
        let mut say = |condition: &str, value: Value| {
            conditions.push(condition.to_owned());
            values.push(value);
        };
        if let Some(server) = &self.server {
            say("server = ?", server.clone().into());
        }
        if let Some(session) = &self.session {
            say("session = ?", session.clone().into());
        }
        if let Some(request) = self.request {
            say("request = ?", whole(request));
            say("run = ?", run.into());
        }
        if let Some(level) = self.level {
            say("level >= ?", (level as i64).into());
        }
        if let Some(since) = self.since_ms {
            say("at >= ?", whole(since));
        }
        if let Some(until) = self.until_ms {
            say("at <= ?", whole(until));
        }
        if let Some(before) = self.before {
            say("id < ?", whole(before));
        }
        if let Some(after) = self.after {
            say("id > ?", whole(after));
        }
        if let Some(text) = &self.text {
            let escaped: String = text.chars().flat_map(escape).collect();
            let pattern = format!("%{escaped}%");
            say(r"(text LIKE ? ESCAPE '\'", pattern.clone().into());
            values.push(pattern.into());
            if let Some(last) = conditions.last_mut() {
                last.push_str(r" OR fields LIKE ? ESCAPE '\')");
            }
        }
        if !self.sources.is_empty() {
            // numbers of our own
            let numbers = self.sources.iter().map(|source| (*source as i64).to_string());
            let numbers: Vec<String> = numbers.collect();
            conditions.push(format!("source IN ({})", numbers.join(", ")));
        }
        let conditions = conditions.join(" AND ");
        let filter = if conditions.is_empty() { "true" } else { &conditions };
        let limit = self.count() + 1;
        let sql =
            format!("SELECT {COLUMNS} FROM log WHERE {filter} ORDER BY id DESC LIMIT {limit}");
        (sql, values)
    }
}

/// A character of a pattern that stands for itself.
fn escape(c: char) -> impl Iterator<Item = char> {
    matches!(c, '%' | '_' | '\\').then_some('\\').into_iter().chain([c])
}

/// A number as the store has it.
pub(super) fn whole(number: u64) -> Value {
    i64::try_from(number).unwrap_or(i64::MAX).into()
}

/// The fields of an entry as they are stored.
pub(super) fn fields_text(entry: &Entry) -> String {
    serde_json::to_string(&entry.fields).unwrap_or_default()
}

/// An entry as it is stored, as this run shows it.
pub(super) fn read(row: &Row<'_>, run: i64) -> Result<Log> {
    let at = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let number = |number: i64| u64::try_from(number).unwrap_or_default();
    let of_this_run = row.get::<_, i64>(7)? == run;
    let fields: Option<String> = row.get(10)?;
    Ok(Log {
        id: number(row.get(0)?),
        entry: Entry {
            at_ms: number(row.get(1)?),
            level: Level::ALL.get(at(row.get(2)?)).copied().unwrap_or(Level::Info),
            source: Source::ALL.get(at(row.get(3)?)).copied().unwrap_or(Source::Gateway),
            server: row.get(4)?,
            session: row.get(5)?,
            request: row.get::<_, Option<i64>>(6)?.filter(|_| of_this_run).map(number),
            logger: row.get(8)?,
            text: row.get(9)?,
            fields: fields.and_then(|text| serde_json::from_str(&text).ok()).unwrap_or_default(),
        },
    })
}

//! The `SQLite` database: a file in the state folder, or memory.
//!
//! One connection writes, another one reads; memory has one for both. A file that is damaged or of another
//! version is set aside; one that somebody else keeps locked is left alone and memory is used.
//!
//! *Invariant:* the files together stay within [`Bounds::max_bytes`], but for what is being written.

use super::bounds::Bounds;
use super::entry::Entry;
use super::query::{Page, Query, fields_text, read, whole};
use mcpvisor_actors::mutex::lock;
use rusqlite::{
    Connection, Error, ErrorCode, TransactionBehavior, params, params_from_iter, types::Value,
};
use std::fs::{self, OpenOptions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

/// The version of the tables.
const VERSION: i64 = 1;
/// Longest wait for somebody else who writes.
const PATIENCE: Duration = Duration::from_secs(1);

const TABLES: &str = "
    CREATE TABLE IF NOT EXISTS log(
        id INTEGER PRIMARY KEY AUTOINCREMENT,
        at INTEGER NOT NULL, level INTEGER NOT NULL, source INTEGER NOT NULL,
        server TEXT, session TEXT, request INTEGER, run INTEGER NOT NULL,
        logger TEXT, text TEXT NOT NULL, fields TEXT
    );
    CREATE INDEX IF NOT EXISTS log_at ON log(at);
    CREATE INDEX IF NOT EXISTS log_server ON log(server) WHERE server IS NOT NULL;
    CREATE INDEX IF NOT EXISTS log_session ON log(session) WHERE session IS NOT NULL;
    CREATE INDEX IF NOT EXISTS log_request ON log(request) WHERE request IS NOT NULL;
    PRAGMA user_version = 1;";

const INSERT: &str = "
    INSERT INTO log(at, level, source, server, session, request, run, logger, text, fields)
    VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10)";

/// Why there is no such database.
#[derive(Debug, thiserror::Error)]
pub(super) enum Fault {
    /// `SQLite` says no.
    #[error("{0}")]
    Sql(#[from] Error),
    /// The folder or the file cannot be had.
    #[error("{0}")]
    File(#[from] io::Error),
    /// Somebody else's tables.
    #[error("it is of version {0}, which this program does not know")]
    Version(i64),
}

impl Fault {
    /// Whether the file is of no use to anybody.
    pub(super) fn is_damage(&self) -> bool {
        match self {
            Self::Sql(error) => matches!(
                error.sqlite_error_code(),
                Some(ErrorCode::NotADatabase | ErrorCode::DatabaseCorrupt)
            ),
            Self::File(_) => false,
            Self::Version(_) => true,
        }
    }
}

/// An open database.
#[derive(Debug)]
pub(super) struct Database {
    file: Option<PathBuf>,
    bounds: Bounds,
    run: i64,
    /// A reader found it damaged.
    hurt: AtomicBool,
    writing: Mutex<Connection>,
    /// `None`: the writing one is all there is.
    reading: Mutex<Option<Connection>>,
}

impl Database {
    /// Opens the file, or memory when there is none to be had. `run` tells this run's entries from others'.
    pub(super) fn open(file: Option<PathBuf>, bounds: Bounds, run: i64) -> Result<Self, Fault> {
        let (bounds, writing, reading) = connect(file.as_deref(), bounds)?;
        let reading = Mutex::new(reading);
        let hurt = AtomicBool::new(false);
        Ok(Self { file, bounds, run, hurt, writing: Mutex::new(writing), reading })
    }

    /// Whether a reader found it damaged since it was begun.
    pub(super) fn is_hurt(&self) -> bool {
        self.hurt.load(Ordering::Relaxed)
    }

    /// Sets the file aside and goes on with a new one.
    pub(super) fn renew(&self) -> Result<(), Fault> {
        let (mut writing, mut reading) = (lock(&self.writing), lock(&self.reading));
        // nobody holds the file open when it is moved
        *reading = None;
        self.hurt.store(false, Ordering::Relaxed);
        *writing = Connection::open_in_memory()?;
        if let Some(file) = &self.file {
            set_aside(file);
        }
        let (_, new, reader) = connect(self.file.as_deref(), self.bounds)?;
        (*writing, *reading) = (new, reader);
        Ok(())
    }

    /// How much is kept.
    pub(super) const fn bounds(&self) -> Bounds {
        self.bounds
    }

    /// Writes these, all or none; gives their ids.
    pub(super) fn insert(&self, entries: &[Entry]) -> Result<Vec<u64>, Fault> {
        let mut connection = lock(&self.writing);
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        let mut ids = Vec::with_capacity(entries.len());
        {
            let mut insert = transaction.prepare(INSERT)?;
            for entry in entries {
                let fields = (!entry.fields.is_empty()).then(|| fields_text(entry));
                let id = insert.insert(params![
                    whole(entry.at_ms),
                    entry.level as i64,
                    entry.source as i64,
                    entry.server,
                    entry.session,
                    entry.request.map_or(Value::Null, whole),
                    self.run,
                    entry.logger,
                    entry.text,
                    fields,
                ])?;
                ids.push(u64::try_from(id).unwrap_or_default());
            }
        }
        transaction.commit()?;
        Ok(ids)
    }

    /// Forgets what is too old, and the oldest until there is room for so many bytes more.
    pub(super) fn trim(&self, now_ms: u64, coming: usize) -> Result<(), Fault> {
        let connection = lock(&self.writing);
        let age = u64::try_from(self.bounds.max_age.as_millis()).unwrap_or(u64::MAX);
        let too_old = whole(now_ms.saturating_sub(age));
        connection.execute("DELETE FROM log WHERE at < ?1", params![too_old])?;
        if let Some(file) = &self.file {
            forget_aside(file, self.bounds.max_age);
        }
        let room = self.bounds.of_pages().saturating_sub(coming as u64);
        while pages(&connection)?.0 > room {
            let ends = "SELECT min(id), max(id) FROM log";
            let (first, last) =
                connection.query_row(ends, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
            let (Some(first), Some(last)): (Option<i64>, Option<i64>) = (first, last) else {
                break;
            };
            let upto = first + (last - first) / 16;
            connection.execute("DELETE FROM log WHERE id <= ?1", params![upto])?;
        }
        if pages(&connection)?.1 > self.bounds.of_pages() {
            let mut shrink = connection.prepare("PRAGMA incremental_vacuum")?;
            let mut freed = shrink.query([])?;
            while freed.next()?.is_some() {}
        }
        Ok(())
    }

    /// The entries that are asked for.
    pub(super) fn select(&self, query: &Query) -> Result<Page, Fault> {
        let reading = lock(&self.reading);
        if let Some(connection) = &*reading {
            let found = select(connection, query, self.run).map_err(Fault::from);
            let hurt = found.as_ref().is_err_and(Fault::is_damage);
            self.hurt.fetch_or(hurt, Ordering::Relaxed);
            return found;
        }
        drop(reading);
        Ok(select(&lock(&self.writing), query, self.run)?)
    }
}

fn select(connection: &Connection, query: &Query, run: i64) -> Result<Page, Error> {
    let (sql, values) = query.sql(run);
    let mut statement = connection.prepare(&sql)?;
    let rows = statement.query_map(params_from_iter(values), |row| read(row, run))?;
    let mut logs = rows.collect::<Result<Vec<_>, _>>()?;
    let more = logs.len() > query.count();
    logs.truncate(query.count());
    Ok(Page { logs, more })
}

/// Bytes in use, and bytes of the whole file.
fn pages(connection: &Connection) -> Result<(u64, u64), Error> {
    let ask = |pragma: &str| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
    let (size, all) = (ask("PRAGMA page_size")?, ask("PRAGMA page_count")?);
    let used = all - ask("PRAGMA freelist_count")?;
    let bytes = |pages: i64| u64::try_from(pages * size).unwrap_or_default();
    Ok((bytes(used), bytes(all)))
}

/// Both connections, with the bounds that hold for them.
fn connect(
    file: Option<&Path>,
    bounds: Bounds,
) -> Result<(Bounds, Connection, Option<Connection>), Fault> {
    if let Some(file) = file {
        let opened = on_disk(file, bounds).or_else(|fault| {
            if !fault.is_damage() {
                return Err(fault);
            }
            tracing::warn!(file = %file.display(), %fault, "the log store is damaged; it is set aside as `.damaged` and a new one begun");
            set_aside(file);
            on_disk(file, bounds)
        });
        match opened {
            Ok((writing, reading)) => return Ok((bounds, writing, Some(reading))),
            Err(fault) => {
                tracing::warn!(file = %file.display(), %fault, "the log store cannot be used, so the log is kept in memory until the next start");
            }
        }
    }
    let memory = Connection::open_in_memory()?;
    memory.execute_batch(TABLES)?;
    Ok((bounds.in_memory(), memory, None))
}

fn on_disk(file: &Path, bounds: Bounds) -> Result<(Connection, Connection), Fault> {
    if let Some(folder) = file.parent() {
        fs::create_dir_all(folder)?;
    }
    let mut options = OpenOptions::new();
    options.append(true).create(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    drop(options.open(file)?);
    let writing = Connection::open(file)?;
    writing.busy_timeout(PATIENCE)?;
    let of_log = bounds.of_log();
    writing.execute_batch(&format!(
        "PRAGMA auto_vacuum = INCREMENTAL;
         PRAGMA journal_mode = WAL;
         PRAGMA synchronous = NORMAL;
         PRAGMA wal_autocheckpoint = {};
         PRAGMA journal_size_limit = {of_log};
         PRAGMA cache_size = -1024;",
        (of_log / 4096).max(1),
    ))?;
    match writing.query_row("PRAGMA user_version", [], |row| row.get(0))? {
        0 | VERSION => writing.execute_batch(TABLES)?,
        other => return Err(Fault::Version(other)),
    }
    let reading = Connection::open(file)?;
    reading.busy_timeout(PATIENCE)?;
    reading.execute_batch("PRAGMA query_only = true; PRAGMA cache_size = -1024;")?;
    Ok((writing, reading))
}

/// Moves a file out of the way, in the place of the one that was moved before.
fn set_aside(file: &Path) {
    let _gone_already = fs::rename(file, beside(file, ".damaged"));
    for of_it in ["-wal", "-shm"] {
        let _none = fs::remove_file(beside(file, of_it));
    }
}

/// Removes the file that was moved away once all in it is too old.
fn forget_aside(file: &Path, max_age: Duration) {
    let aside = beside(file, ".damaged");
    let written = fs::metadata(&aside).and_then(|it| it.modified()).ok();
    if written.and_then(|at| at.elapsed().ok()).is_some_and(|age| age > max_age) {
        let _gone_already = fs::remove_file(aside);
    }
}

fn beside(file: &Path, ending: &str) -> PathBuf {
    let mut name = file.as_os_str().to_owned();
    name.push(ending);
    PathBuf::from(name)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::logs::{Level, Source};

    #[test]
    fn damage_that_only_a_reader_meets_is_known_and_what_is_set_aside_grows_old() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logs.db");
        let bounds = Bounds { max_bytes: 4 << 20, max_age: Duration::from_secs(60 * 60) };
        let database = Database::open(Some(file.clone()), bounds, 1).unwrap();
        let entries: Vec<_> =
            (0..500).map(|_| Entry::new(Source::Gateway, Level::Info, "old".repeat(50))).collect();
        database.insert(&entries).unwrap();
        drop(database); // moves all of it into the file
        let mut bytes = fs::read(&file).unwrap();
        bytes[4096..].fill(0xff);
        fs::write(&file, bytes).unwrap();
        let database = Database::open(Some(file.clone()), bounds, 2).unwrap();
        assert!(!database.is_hurt());
        assert!(database.select(&Query::default()).is_err() && database.is_hurt());
        database.renew().unwrap();
        assert!(!database.is_hurt() && database.select(&Query::default()).is_ok());
        let aside = folder.path().join("logs.db.damaged");
        forget_aside(&file, bounds.max_age);
        assert!(aside.exists(), "it may be looked at");
        forget_aside(&file, Duration::ZERO);
        assert!(!aside.exists());
    }

    #[test]
    fn a_file_that_turns_out_damaged_is_set_aside_while_it_runs() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("logs.db");
        let bounds = Bounds { max_bytes: 1 << 20, max_age: Duration::from_secs(60 * 60) };
        let database = Database::open(Some(file.clone()), bounds, 1).unwrap();
        let entry = |text: &str| [Entry::new(Source::Gateway, Level::Info, text)];
        database.insert(&entry("old")).unwrap();
        database.renew().unwrap();
        database.insert(&entry("new")).unwrap();
        let page = database.select(&Query::default()).unwrap();
        let texts: Vec<&str> = page.logs.iter().map(|log| log.entry.text.as_str()).collect();
        assert_eq!(texts, ["new"]);
        let aside = Connection::open(folder.path().join("logs.db.damaged")).unwrap();
        let kept: String = aside.query_row("SELECT text FROM log", [], |row| row.get(0)).unwrap();
        assert_eq!(kept, "old", "it may be looked at");
        assert!(file.exists());
    }
}

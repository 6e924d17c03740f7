//! What is said is kept within bounds, found again, and nobody waits for it.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "log_store/bounds.rs"]
mod bounds;
#[path = "log_store/command.rs"]
mod command;
#[path = "support/faces.rs"]
mod faces;
#[path = "log_store/found.rs"]
mod found;
#[path = "support/running.rs"]
mod running;
#[path = "log_store/served.rs"]
mod served;
#[path = "log_store/stalled.rs"]
mod stalled;
#[path = "log_store/trouble.rs"]
mod trouble;

use mcpvisor::logs::{Bounds, Entry, Level, Log, LogStore, Query, Source};
use mcpvisor::redaction::Redaction;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

const DAY: Duration = Duration::from_secs(24 * 60 * 60);
const MIB: u64 = 1 << 20;

/// A store in this folder.
fn store(folder: &Path, max_bytes: u64, max_age: Duration) -> LogStore {
    LogStore::open(Some(folder), Bounds { max_bytes, max_age }, Redaction::default())
}

fn file(folder: &Path) -> PathBuf {
    folder.join("logs").join("logs.db")
}

fn entry(text: impl Into<String>) -> Entry {
    Entry::new(Source::Gateway, Level::Info, text)
}

fn now_ms() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_millis().try_into().unwrap()
}

/// Everything that fits, newest first; waits for a store that is being opened.
async fn asked(store: &LogStore, query: &Query) -> Vec<Log> {
    let deadline = Instant::now() + running::PATIENCE;
    loop {
        match store.query(query.clone()).await {
            Ok(page) => return page.logs,
            Err(fault) => assert!(Instant::now() < deadline, "{fault}"),
        }
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

async fn texts(store: &LogStore, query: &Query) -> Vec<String> {
    asked(store, query).await.into_iter().map(|log| log.entry.text).collect()
}

fn settle(store: &LogStore) {
    assert!(store.flush(running::PATIENCE), "the store does not write");
}

/// Bytes of all files in the store's folder.
fn size(folder: &Path) -> u64 {
    let entries = std::fs::read_dir(folder.join("logs")).into_iter().flatten().flatten();
    entries.filter_map(|entry| Some(entry.metadata().ok()?.len())).sum()
}

/// Whether any file in the store's folder has these bytes.
fn holds(folder: &Path, text: &str) -> bool {
    let entries = std::fs::read_dir(folder.join("logs")).unwrap().flatten();
    let found = |path: PathBuf| {
        let bytes = std::fs::read(path).unwrap();
        bytes.windows(text.len()).any(|window| window == text.as_bytes())
    };
    entries.into_iter().any(|entry| found(entry.path()))
}

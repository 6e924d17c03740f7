//! The store stays within its bounds, the oldest go first, also over restarts.

use super::{DAY, MIB, asked, entry, now_ms, settle, size, store, texts};
use crate::running::PATIENCE;
use mcpvisor::logs::{Entry, Level, LogStore, Query, Source};
use std::path::Path;
use std::time::{Duration, Instant};

/// Entries of about a KiB each, numbered; looks after the size while they come.
fn fill(store: &LogStore, folder: &Path, numbers: std::ops::Range<u32>, most: u64) {
    for n in numbers {
        let server = Some(format!("server-{}", n % 7));
        store.keep(Entry {
            server,
            request: Some(n.into()),
            ..entry(format!("{n} {}", "x".repeat(1_000)))
        });
        if n % 250 == 0 {
            settle(store);
            assert!(size(folder) <= most, "{} after {n}", size(folder));
        }
    }
    settle(store);
    assert!(size(folder) <= most, "{}", size(folder));
}

async fn numbers(store: &LogStore) -> Vec<u32> {
    let mut query = Query { limit: 1_000, ..Query::default() };
    let mut numbers = Vec::new();
    loop {
        let logs = asked(store, &query).await;
        let Some(last) = logs.last() else { return numbers };
        query.before = Some(last.id);
        let number = |text: &str| text.split(' ').next().unwrap().parse::<u32>().unwrap();
        numbers.extend(logs.iter().map(|log| number(&log.entry.text)));
    }
}

#[tokio::test]
async fn the_files_stay_within_their_bound_and_the_latest_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let kept = store(folder.path(), 2 * MIB, DAY);
    fill(&kept, folder.path(), 0..10_000, 2 * MIB);
    let left = numbers(&kept).await;
    let expected: Vec<u32> = (0..10_000).rev().take(left.len()).collect();
    assert_eq!(left, expected, "the oldest went first, none in between");
    assert!(left.len() > 700, "{} are few for 2 MiB", left.len());
    assert_eq!(kept.dropped().gateway, 0);
    drop(kept);
    let again = store(folder.path(), 2 * MIB, DAY);
    fill(&again, folder.path(), 10_000..12_000, 2 * MIB);
    assert_eq!(numbers(&again).await[..2_000 - 1_300], expected_from(12_000)[..2_000 - 1_300]);
    drop(again);
    let smaller = store(folder.path(), MIB, DAY);
    fill(&smaller, folder.path(), 12_000..12_001, MIB);
    let left = numbers(&smaller).await;
    assert!(left.len() > 300 && left[0] == 12_000, "{} of a smaller store", left.len());
}

fn expected_from(end: u32) -> Vec<u32> {
    (0..end).rev().collect()
}

#[tokio::test]
async fn what_is_too_old_goes_while_it_runs_and_at_the_next_start() {
    let folder = tempfile::tempdir().unwrap();
    let kept = store(folder.path(), MIB, Duration::from_secs(1));
    kept.keep(entry("soon too old"));
    let deadline = Instant::now() + PATIENCE;
    while !texts(&kept, &Query::default()).await.is_empty() {
        assert!(Instant::now() < deadline, "it stays");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    drop(kept);
    let kept = store(folder.path(), MIB, DAY);
    let yesterday = now_ms() - 2 * 60 * 60 * 1_000;
    kept.keep(Entry { at_ms: yesterday, ..entry("two hours old") });
    kept.keep(entry("new"));
    assert_eq!(texts(&kept, &Query::default()).await, ["new", "two hours old"]);
    drop(kept);
    let kept = store(folder.path(), MIB, Duration::from_secs(60 * 60));
    assert_eq!(texts(&kept, &Query::default()).await, ["new"]);
}

#[tokio::test]
async fn an_entry_is_bounded_and_says_that_it_was_cut() {
    let folder = tempfile::tempdir().unwrap();
    let kept = store(folder.path(), MIB, DAY);
    let mut long = Entry::new(Source::Mcp, Level::Info, "ä".repeat(100_000));
    for key in ["a", "b", "c"] {
        long.fields.insert(key.into(), "y".repeat(5_000).into());
    }
    kept.keep(long);
    let logs = asked(&kept, &Query::default()).await;
    let entry = &logs[0].entry;
    assert!(entry.text.len() < 9_000 && entry.text.ends_with("ä…"), "{}", entry.text.len());
    assert_eq!(entry.fields.len(), 2);
    assert_eq!(entry.fields["fieldsLeftOut"], 2);
}

//! A store in trouble never troubles anybody else.

use super::{DAY, MIB, entry, file, settle, size, store, texts};
use mcpvisor::logs::{Bounds, LogStore, Query, Unreadable};
use mcpvisor::redaction::Redaction;
use mcpvisor::telemetry::Sink;
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::session::LogLevel;
use rusqlite::Connection;
use std::fs;
use std::time::{Duration, Instant};

#[tokio::test]
async fn a_damaged_file_or_one_of_another_version_is_set_aside() {
    let folder = tempfile::tempdir().unwrap();
    let (file, aside) = (file(folder.path()), folder.path().join("logs/logs.db.damaged"));
    fs::create_dir(folder.path().join("logs")).unwrap();
    for damaged in [true, false] {
        if damaged {
            fs::write(&file, "no database at all. ".repeat(1_000)).unwrap();
        } else {
            fs::remove_file(&file).unwrap();
            let other = Connection::open(&file).unwrap();
            other.execute_batch("CREATE TABLE log(x); PRAGMA user_version = 9").unwrap();
        }
        let kept = store(folder.path(), MIB, DAY);
        kept.keep(entry("kept"));
        assert_eq!(texts(&kept, &Query::default()).await, ["kept"], "damaged: {damaged}");
        assert!(aside.exists() && file.exists());
        fs::remove_file(&aside).unwrap();
    }
    let kept = store(folder.path(), MIB, DAY);
    assert_eq!(texts(&kept, &Query::default()).await, ["kept"], "the new one is sound");
    assert!(!aside.exists());
}

#[tokio::test]
async fn a_file_somebody_keeps_locked_is_left_alone_and_memory_is_used() {
    let folder = tempfile::tempdir().unwrap();
    fs::create_dir(folder.path().join("logs")).unwrap();
    let other = Connection::open(file(folder.path())).unwrap();
    other
        .execute_batch("PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE; CREATE TABLE a(b)")
        .unwrap();
    let kept = store(folder.path(), MIB, DAY);
    kept.keep(entry("kept"));
    assert_eq!(texts(&kept, &Query::default()).await, ["kept"]);
    other.execute_batch("COMMIT").unwrap();
    let found: i64 = other.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap();
    assert_eq!(found, 0, "the other's file is as it was");
}

#[tokio::test]
async fn a_folder_that_cannot_be_written_means_memory() {
    let folder = tempfile::tempdir().unwrap();
    fs::write(folder.path().join("logs"), "in the way").unwrap();
    for path in [Some(folder.path()), None] {
        let bounds = Bounds { max_bytes: MIB, max_age: DAY };
        let kept = LogStore::open(path, bounds, Redaction::default());
        kept.keep(entry("kept"));
        assert_eq!(texts(&kept, &Query::default()).await, ["kept"]);
    }
}

#[tokio::test]
async fn memory_is_bounded_too() {
    let bounds = Bounds { max_bytes: MIB, max_age: DAY };
    let kept = LogStore::open(None, bounds, Redaction::default());
    for n in 0..5_000_u32 {
        kept.keep(entry(format!("{n} {}", "x".repeat(1_000))));
        if n % 500 == 0 {
            settle(&kept);
        }
    }
    let newest = texts(&kept, &Query { limit: 1_000, ..Query::default() }).await;
    assert!(newest.len() < 1_000 && newest[0].starts_with("4999 "), "{}", newest.len());
}

#[tokio::test]
async fn while_the_disk_stalls_nobody_waits_and_what_was_lost_is_counted_and_told() {
    let folder = tempfile::tempdir().unwrap();
    let kept = store(folder.path(), 8 * MIB, DAY);
    kept.keep(entry("before"));
    settle(&kept);
    let other = Connection::open(file(folder.path())).unwrap();
    other.execute_batch("BEGIN IMMEDIATE").unwrap();
    let start = Instant::now();
    (0..30_000).for_each(|n| kept.keep(entry(n.to_string())));
    assert!(start.elapsed() < Duration::from_secs(5), "{:?}", start.elapsed());
    let lost = kept.dropped().gateway;
    assert!(lost > 15_000, "{lost}");
    assert_eq!(texts(&kept, &Query::default()).await, ["before"], "who reads is answered");
    other.execute_batch("COMMIT").unwrap();
    settle(&kept);
    let told = Query { text: Some("left out".into()), ..Query::default() };
    let logs = super::asked(&kept, &told).await;
    let counts = logs.iter().map(|log| log.entry.fields["leftOut"].as_u64().unwrap());
    assert_eq!(counts.sum::<u64>(), lost, "{logs:?}");
    assert!(logs[0].entry.text.ends_with("entries (gateway) were left out: they came too fast"));
    assert_eq!(kept.dropped().gateway, lost);
    let newest = kept.query(Query { limit: 1, ..Query::default() }).await.unwrap();
    assert_eq!(newest.logs[0].id, 1 + 30_000 - lost + logs.len() as u64, "the rest is there");
}

#[tokio::test]
async fn two_gateways_in_one_folder_share_the_store() {
    let folder = tempfile::tempdir().unwrap();
    let both = [store(folder.path(), MIB, DAY), store(folder.path(), MIB, DAY)];
    for n in 0..100 {
        for kept in &both {
            kept.keep(entry(n.to_string()));
        }
    }
    both.iter().for_each(settle);
    for kept in &both {
        let all = texts(kept, &Query { limit: 1_000, ..Query::default() }).await;
        assert_eq!(all.len(), 200);
        assert_eq!(kept.dropped().gateway, 0);
    }
    assert!(size(folder.path()) < MIB);
}

#[tokio::test]
async fn of_a_server_that_logs_without_end_a_part_is_kept_and_the_rest_counted() {
    let folder = tempfile::tempdir().unwrap();
    let kept = store(folder.path(), MIB, DAY);
    let (loud, calm) = (ServerName::new("loud"), ServerName::new("calm"));
    for _ in 0..100_000 {
        Sink::said(&kept, &loud, LogLevel::Info, br#"{"level":"info","data":"again"}"#, None);
    }
    Sink::said(&kept, &calm, LogLevel::Info, br#"{"level":"info","data":"calm"}"#, None);
    let of = |text: &str| Query { text: Some(text.into()), limit: 1_000, ..Query::default() };
    let deadline = Instant::now() + crate::running::PATIENCE;
    loop {
        let told = super::asked(&kept, &of("left out")).await;
        let left_out = told.iter().filter_map(|log| log.entry.fields["leftOut"].as_u64());
        let again = texts(&kept, &of("again")).await.len() as u64;
        if left_out.sum::<u64>() + again == 100_000 {
            assert!(told.iter().all(|log| log.entry.server.as_deref() == Some("loud")));
            break;
        }
        assert!(Instant::now() < deadline, "{told:?} {again}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    assert_eq!(texts(&kept, &of("calm")).await, ["calm"]);
    assert_eq!(kept.dropped().mcp, 0);
}

#[tokio::test]
async fn a_store_that_is_off_keeps_nothing_and_says_so() {
    let off = LogStore::off();
    off.keep(entry("nothing"));
    assert_eq!(off.query(Query::default()).await, Err(Unreadable::Off));
    assert!(!off.is_on() && off.flush(Duration::ZERO) && off.dropped().gateway == 0);
    assert!(off.subscribe().recv().await.is_err());
}

#[test]
fn nobody_else_may_read_the_files() {
    use std::os::unix::fs::PermissionsExt;
    let folder = tempfile::tempdir().unwrap();
    let kept = store(folder.path(), MIB, DAY);
    kept.keep(entry("private"));
    settle(&kept);
    for name in ["logs.db", "logs.db-wal", "logs.db-shm"] {
        let path = folder.path().join("logs").join(name);
        let mode = fs::metadata(path).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
}

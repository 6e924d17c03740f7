//! Everything that was said is in one place, and each filter finds its part of it.

use super::{DAY, MIB, asked, entry, holds, store, texts};
use mcpvisor::logs::{Audit, AuditOutcome, Bounds, Entry, Level, LogStore, Query, Source};
use mcpvisor::redaction::Redaction;
use mcpvisor::telemetry::{Hub, Sink};
use mcpvisor_actors::observation::Observer;
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::session::LogLevel;
use secrecy::SecretString;
use serde_json::json;
use std::sync::Arc;
use tokio::sync::broadcast::error::RecvError;

/// One entry of each source, told apart by their text.
fn fill(store: &LogStore) {
    let mut own = entry("own");
    (own.at_ms, own.session, own.request) = (1_000, Some("s-1".into()), Some(7));
    own.fields.insert("cause".into(), "exit code 3".into());
    store.keep(own);
    let mut line = Entry::new(Source::Stderr, Level::Info, "a 100% LINE");
    (line.at_ms, line.server) = (2_000, Some("files".into()));
    store.keep(line);
    let said = br#"{"level":"warning","logger":"db","data":{"message":"slow","ms":12}}"#;
    let hub = Hub::new(vec![Arc::new(store.clone())]);
    Observer::said(&hub, &ServerName::new("git"), LogLevel::Warning, said, Some(7));
    store.audit(&Audit {
        who: "api",
        action: "restart",
        target: "servers/git",
        server: Some("git"),
        outcome: AuditOutcome::Refused,
        detail: json!("quarantined"),
    });
}

#[tokio::test]
async fn all_sources_are_merged_and_each_filter_finds_its_part() {
    let folder = tempfile::tempdir().unwrap();
    // old enough entries are of 1970
    let store = store(folder.path(), MIB, DAY * 365 * 100);
    fill(&store);
    let audit = "api: restart servers/git: refused";
    let (some, ask) = (|text: &str| Some(text.to_owned()), Query::default);
    for (query, expected) in [
        (ask(), vec![audit, "slow", "a 100% LINE", "own"]),
        (Query { server: some("git"), ..ask() }, vec![audit, "slow"]),
        (Query { server: some("gi"), ..ask() }, vec![]),
        (Query { level: Some(Level::Warn), ..ask() }, vec![audit, "slow"]),
        (Query { level: Some(Level::Error), ..ask() }, vec![]),
        (Query { sources: vec![Source::Mcp], ..ask() }, vec!["slow"]),
        (
            Query { sources: vec![Source::Stderr, Source::Gateway], ..ask() },
            vec!["a 100% LINE", "own"],
        ),
        (Query { sources: vec![Source::Audit], ..ask() }, vec![audit]),
        (Query { request: Some(7), ..ask() }, vec!["slow", "own"]),
        (Query { session: some("s-1"), ..ask() }, vec!["own"]),
        (Query { text: some("100% line"), ..ask() }, vec!["a 100% LINE"]),
        (Query { text: some("100_"), ..ask() }, vec![]),
        (Query { text: some("EXIT code"), ..ask() }, vec!["own"]),
        (Query { text: some("' OR 1=1 --"), ..ask() }, vec![]),
        (Query { until_ms: Some(1_999), ..ask() }, vec!["own"]),
        (Query { since_ms: Some(2_000), until_ms: Some(2_000), ..ask() }, vec!["a 100% LINE"]),
        (Query { since_ms: Some(2_001), ..ask() }, vec![audit, "slow"]),
        (Query { server: some("git"), request: Some(7), ..ask() }, vec!["slow"]),
        (Query { after: Some(1), before: Some(4), ..ask() }, vec!["slow", "a 100% LINE"]),
    ] {
        assert_eq!(texts(&store, &query).await, expected, "{query:?}");
        let all = asked(&store, &ask()).await;
        let fitting = all.iter().filter(|log| query.fits(log)).map(|log| &log.entry.text);
        assert!(fitting.eq(&expected), "a listener sees the same: {query:?}");
    }
    let all = asked(&store, &ask()).await;
    assert_eq!(all[1].entry.logger.as_deref(), Some("db"));
    assert_eq!(json!(all[1].entry.fields), json!({ "ms": 12 }));
    let told = json!({ "who": "api", "action": "restart", "target": "servers/git", "outcome": "refused", "detail": "quarantined" });
    assert_eq!(json!(all[0].entry.fields), told);
}

#[tokio::test]
async fn pages_go_back_to_the_first_entry_without_gap_or_duplicate() {
    let folder = tempfile::tempdir().unwrap();
    let store = store(folder.path(), MIB, DAY);
    (0..25).for_each(|n| store.keep(entry(n.to_string())));
    let mut query = Query { limit: 10, ..Query::default() };
    let mut seen = Vec::new();
    loop {
        asked(&store, &query).await;
        let page = store.query(query.clone()).await.unwrap();
        query.before = page.logs.last().map(|log| log.id);
        seen.extend(page.logs.into_iter().map(|log| log.entry.text));
        if !page.more {
            break;
        }
    }
    let expected: Vec<String> = (0..25).rev().map(|n| n.to_string()).collect();
    assert_eq!(seen, expected);
}

#[tokio::test]
async fn what_was_kept_is_there_after_a_restart_and_request_numbers_begin_anew() {
    let folder = tempfile::tempdir().unwrap();
    let before = store(folder.path(), MIB, DAY);
    let of_request = || Entry { request: Some(1), ..entry("earlier") };
    before.keep(of_request());
    drop(before);
    let store = store(folder.path(), MIB, DAY);
    store.keep(Entry { text: "later".into(), ..of_request() });
    let logs = asked(&store, &Query::default()).await;
    let shown: Vec<_> = logs.iter().map(|log| (&*log.entry.text, log.entry.request)).collect();
    assert_eq!(shown, [("later", Some(1)), ("earlier", None)]);
    assert!(logs[0].id > logs[1].id);
    let query = Query { request: Some(1), ..Query::default() };
    assert_eq!(texts(&store, &query).await, ["later"]);
}

#[tokio::test]
async fn a_listener_hears_what_is_kept_and_a_slow_one_how_much_it_lost() {
    let store = LogStore::open(None, Bounds { max_bytes: MIB, max_age: DAY }, Redaction::default());
    let mut tail = store.subscribe();
    store.keep(entry("heard"));
    let heard = tail.recv().await.unwrap();
    assert_eq!((heard.entry.text.as_str(), heard.id), ("heard", 1));
    for n in 0..6_000 {
        store.keep(entry(n.to_string()));
    }
    super::settle(&store);
    assert_eq!(tail.recv().await, Err(RecvError::Lagged(6_000 - 4_096)));
    assert_eq!(tail.recv().await.unwrap().entry.text, (6_000 - 4_096).to_string());
}

#[tokio::test]
async fn a_planted_secret_is_in_no_file_of_the_store_wherever_it_was_said() {
    let folder = tempfile::tempdir().unwrap();
    let secrets = ["planted-\"secret\\", "987654321"].map(SecretString::from);
    let bounds = Bounds { max_bytes: MIB, max_age: DAY };
    let store = LogStore::open(Some(folder.path()), bounds, Redaction::of(&secrets));
    let mut tail = store.subscribe();
    let both = "planted-\"secret\\ 987654321";
    let mut own = Entry { logger: Some(both.into()), ..entry(both) };
    own.fields.insert("a".into(), json!({ both: [both, 987_654_321] }));
    store.keep(own);
    // spelled in another way, which is the same to a reader of JSON
    let said = br#"{"data":{"message":"planted-\u0022secret\\","n":987654321}}"#;
    Sink::said(&store, &ServerName::new("s"), LogLevel::Info, said, None);
    store.audit(&Audit {
        who: both,
        action: "x",
        target: both,
        server: None,
        outcome: AuditOutcome::Done,
        detail: json!({ "key": both }),
    });
    let logs = asked(&store, &Query::default()).await;
    assert_eq!(logs.len(), 3);
    let heard = [tail.recv().await, tail.recv().await, tail.recv().await];
    let shown = format!("{logs:?} {heard:?} {}", serde_json::to_string(&logs).unwrap());
    assert!(shown.contains("***"), "{shown}");
    for part in ["planted", "987654321"] {
        assert!(!shown.contains(part), "{shown}");
        assert!(!holds(folder.path(), part), "{part}");
    }
}

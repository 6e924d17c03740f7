//! One list for two eras, and how long it may be kept.

use super::*;
use crate::bridge::modern_client::CacheScope;
use crate::catalog::{Entry, Manifest, Manifests, Naming, Snapshot, merge};
use crate::otp::Address;
use crate::server::{Connector, Gate, Loss, ServerSpec, Transport};
use crate::wire::Subject;
use futures_util::future::BoxFuture;

/// A way to a server that is never gone.
struct Nowhere;

impl Connector for Nowhere {
    fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>> {
        Box::pin(std::future::pending())
    }

    fn kind(&self) -> &'static str {
        "nowhere"
    }
}

const PUBLIC: CacheScope = CacheScope::Public;
const PRIVATE: CacheScope = CacheScope::Private;

fn hints(ttl_ms: u64, scope: CacheScope) -> CacheHints {
    CacheHints { ttl_ms, scope }
}

/// The merge of servers with these capabilities and tools, the lists of which may be kept so long.
fn merged(servers: &[(&str, &str, Option<CacheHints>)]) -> Snapshot {
    let mut known = Manifests::new();
    let mut entries = Vec::new();
    for (index, (capabilities, tools, hints)) in servers.iter().enumerate() {
        let name = ServerName::new(&format!("s{index}"));
        let text = format!(
            r#"{{"initialize":{{"protocolVersion":"2025-11-25","capabilities":{capabilities}}},"tools":{tools}}}"#
        );
        let mut manifest = Manifest::from_json(&text.into()).expect("readable");
        manifest.hints[Subject::Tool] = *hints;
        known.insert(name.clone(), Arc::new(manifest));
        let spec = Arc::new(ServerSpec::new(name, Arc::new(Nowhere)));
        entries.push(Entry { spec, address: Address::new(), gate: Gate::new(8) });
    }
    merge(&Naming::default(), &entries, &known)
}

fn shown(snapshot: &Snapshot, seen: Seen) -> String {
    let page = snapshot.section(Subject::Tool).page(seen, None, 10).expect("a page");
    String::from_utf8(page.items().to_vec()).expect("text")
}

#[test]
fn tasks_of_the_initialize_era_are_shown_to_its_clients_alone() {
    let tools = r#"[{"name":"a"},{"name":"b","execution":{"taskSupport":"optional"}},
        {"name":"c","execution":{"taskSupport":"required"}},{"name":"d"}]"#;
    let tasks = r#"{"tasks":{"requests":{"tools":{"call":{}}}}}"#;
    let with = merged(&[(tasks, tools, None)]);
    assert_eq!(shown(&with, Seen::Modern), r#"{"name":"s0.a"},{"name":"s0.b"},{"name":"s0.d"}"#);
    let legacy = shown(&with, Seen::Legacy);
    assert!(legacy.contains("optional") && legacy.contains("required"), "{legacy}");
    // a server that runs none as a task means nothing by it
    let without = merged(&[("{}", tools, None)]);
    let all = r#"{"name":"s0.a"},{"name":"s0.b"},{"name":"s0.c"},{"name":"s0.d"}"#;
    assert_eq!(shown(&without, Seen::Modern), all);
    // each era goes on from page to page in its own list
    let section = with.section(Subject::Tool);
    let page = |seen, after| section.page(seen, Some(after), 1).expect("a page").items();
    assert_eq!(page(Seen::Modern, "s0.b"), r#"{"name":"s0.d"}"#);
    assert_eq!(section.page(Seen::Modern, Some("s0.c"), 1), None);
    assert!(page(Seen::Legacy, "s0.b").starts_with(br#"{"name":"s0.c""#));
}

#[test]
fn a_list_both_eras_see_alike_is_kept_once() {
    let snapshot = merged(&[("{}", r#"[{"name":"a"},{"name":"b"}]"#, None)]);
    let piece = snapshot.section(Subject::Tool).piece(0).expect("one");
    assert!(std::ptr::eq(piece.legacy(), piece.modern()));
    assert_eq!(shown(&snapshot, Seen::Modern), shown(&snapshot, Seen::Legacy));
}

#[test]
fn a_list_that_changes_for_one_era_has_changed() {
    let tools = |support| format!(r#"[{{"name":"a","execution":{{"taskSupport":"{support}"}}}}]"#);
    let (tasks, none) = (r#"{"tasks":{"requests":{"tools":{"call":{}}}}}"#, "{}");
    let (one, two) = (tools("optional"), tools("required"));
    for (before, after, changed) in [
        ((none, &one), (none, &one), false),
        ((none, &one), (none, &two), true),
        ((tasks, &two), (none, &two), true), // hidden, then shown: to clients of 2026-07-28 alone
    ] {
        let before = merged(&[(before.0, before.1, None)]);
        let after = merged(&[(after.0, after.1, None)]);
        assert_eq!(after.changed_since(&before).count(), usize::from(changed));
    }
}

#[test]
fn a_merged_list_is_kept_as_long_as_the_shortest_and_publicly_only_if_all_are_public() {
    let one = r#"[{"name":"a"}]"#;
    let usual = hints(7, PUBLIC);
    for (said, expected) in [
        (&[][..], usual),
        (&[None], usual),
        (&[Some(hints(60, PUBLIC))], hints(60, PUBLIC)),
        (&[Some(hints(60, PUBLIC)), Some(hints(50, PUBLIC))], hints(50, PUBLIC)),
        (&[Some(hints(60, PUBLIC)), Some(hints(90, PRIVATE))], hints(60, PRIVATE)),
        (&[Some(hints(60, PUBLIC)), None], usual),
        (&[Some(hints(5, PRIVATE)), None], hints(5, PRIVATE)),
    ] {
        let servers: Vec<_> = said.iter().map(|said| ("{}", one, *said)).collect();
        let mut snapshot = merged(&servers);
        assert_eq!(snapshot.hints(Subject::Tool, usual), expected, "{said:?}");
        snapshot.unknown = 1;
        assert_eq!(snapshot.hints(Subject::Tool, usual).ttl_ms, 0, "not complete yet");
    }
}

#[test]
fn extensions_are_those_of_all_servers_but_for_tasks() {
    let snapshot = merged(&[
        (r#"{"extensions":{"a/x":{"v":1},"io.modelcontextprotocol/tasks":{}}}"#, "[]", None),
        ("{}", "[]", None),
        (r#"{"extensions":{"a/x":{"v":2},"b/y":{}}}"#, "[]", None),
    ]);
    assert_eq!(snapshot.extensions().expect("some"), r#"{"a/x":{"v":1},"b/y":{}}"#);
    assert_eq!(merged(&[("{}", "[]", None)]).extensions(), None);
}

#[test]
fn the_headers_a_tool_asks_for_are_found_by_each_of_its_names() {
    let annotated = r#"[{"name":"a","inputSchema":{"type":"object","properties":
        {"r":{"type":"string","x-mcp-header":"Region"}}}},{"name":"b","inputSchema":{}}]"#;
    let snapshot = merged(&[("{}", annotated, None)]);
    for (name, empty) in [("s0.a", false), ("s0__a", false), ("s0.b", true)] {
        let route = snapshot.route(Subject::Tool, name).expect("there");
        assert_eq!(route.headers.is_empty(), empty, "{name}");
    }
}

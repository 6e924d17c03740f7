//! Merging, paging and finding, with servers that are never reached.

use super::*;

use crate::catalog::{
    Entry, Manifest, Manifests, Naming, NamingStrategy, Page, STATUS_TOOL, Seen, merge,
};
use crate::server::{
    Connector, Expose, Gate, Loss, ServerName, ServerSpec, ToolOverride, Transport,
};
use futures_util::future::BoxFuture;
use std::collections::HashSet;

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

fn spec(name: &str) -> ServerSpec {
    ServerSpec::new(ServerName::new(name), Arc::new(Nowhere))
}

fn manifest(tools: &[&str]) -> Arc<Manifest> {
    let mut text = br#"{"initialize":{"protocolVersion":"2025-11-25"},"tools":["#.to_vec();
    let tools: Vec<String> =
        tools.iter().map(|name| format!(r#"{{"name":{}}}"#, crate::wire::string(name))).collect();
    text.extend_from_slice(tools.join(",").as_bytes());
    text.extend_from_slice(b"]}");
    Arc::new(Manifest::from_json(&text.into()).expect("readable"))
}

/// The merge of servers with these tools; a server without tools is configured and unknown.
fn merged(strategy: NamingStrategy, servers: &[(ServerSpec, &[&str])]) -> Snapshot {
    let naming = Naming { strategy, ..Naming::default() };
    let mut known = Manifests::new();
    let mut entries = Vec::new();
    for (spec, tools) in servers {
        if !tools.is_empty() {
            known.insert(spec.name.clone(), manifest(tools));
        }
        entries.push(Entry {
            spec: Arc::new(spec.clone()),
            address: Address::new(),
            gate: Gate::new(8),
        });
    }
    merge(&naming, &entries, &known)
}

fn names(snapshot: &Snapshot) -> Vec<&str> {
    snapshot.section(Subject::Tool).names().collect()
}

/// What a name stands for: `server:tool`.
fn meaning(snapshot: &Snapshot, name: &str) -> Option<String> {
    let route = snapshot.route(Subject::Tool, name)?;
    Some(format!("{}:{}", route.server, route.own))
}

#[test]
fn pages_neither_lose_nor_double_a_tool() {
    let tools: Vec<String> = (0..10).map(|n| format!("t{n}")).collect();
    let tools: Vec<&str> = tools.iter().map(String::as_str).collect();
    let snapshot = merged(NamingStrategy::Prefix, &[(spec("a"), &tools), (spec("b"), &["x"])]);
    for size in [1, 2, 3, 5, 10, 11, 12, usize::MAX] {
        let (mut read, mut after) = (Vec::new(), None);
        loop {
            let page = snapshot
                .section(Subject::Tool)
                .page(Seen::Legacy, after.as_deref(), size)
                .expect("a known cursor");
            let text = format!("[{}]", String::from_utf8_lossy(&page.items()));
            let tools: Vec<serde_json::Value> = serde_json::from_str(&text).expect(&text);
            assert!(tools.len() <= size && !tools.is_empty());
            read.extend(tools.iter().map(|tool| tool["name"].as_str().expect("named").to_owned()));
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        assert_eq!(read, names(&snapshot), "pages of {size}");
    }
    let nothing = Page::default();
    assert_eq!(
        Snapshot::default().section(Subject::Tool).page(Seen::Legacy, None, 5),
        Some(nothing)
    );
}

#[test]
fn a_cursor_survives_other_tools_coming_and_going_and_dies_with_its_own() {
    let before = merged(NamingStrategy::Prefix, &[(spec("b"), &["one", "two", "three"])]);
    let next = before
        .section(Subject::Tool)
        .page(Seen::Legacy, None, 2)
        .expect("a page")
        .next
        .expect("more");
    let after = merged(
        NamingStrategy::Prefix,
        &[(spec("a"), &["new"]), (spec("b"), &["two", "three", "four"]), (spec("c"), &["new"])],
    );
    let page =
        after.section(Subject::Tool).page(Seen::Legacy, Some(&next), 2).expect("still known");
    assert_eq!(page.items(), r#"{"name":"b.three"},{"name":"b.four"}"#);
    let gone = merged(NamingStrategy::Prefix, &[(spec("b"), &["one", "three"])]);
    assert_eq!(gone.section(Subject::Tool).page(Seen::Legacy, Some(&next), 2), None);
}

#[test]
fn flat_names_that_collide_go_to_nobody_and_both_tools_are_renamed() {
    let both = merged(NamingStrategy::Flat, &[(spec("a"), &["x", "y"]), (spec("b"), &["x"])]);
    assert_eq!(names(&both), ["x_a", "y", "x_b"]);
    assert_eq!(meaning(&both, "x"), None);
    assert_eq!(meaning(&both, "x_b").as_deref(), Some("b:x"));
    let alone = merged(NamingStrategy::Flat, &[(spec("a"), &["x", "y"]), (spec("b"), &[])]);
    assert_eq!(names(&alone), ["x", "y"]);
}

#[test]
fn a_name_depends_on_its_tool_and_server_and_not_on_who_else_collides() {
    // `x` at `a_b` and `x_a` at `b` would both be renamed `x_a_b`
    let few: [(ServerSpec, &[&str]); 2] =
        [(spec("a_b"), &["x", "x_a"]), (spec("b"), &["x_a", "x"])];
    let mut more = few.to_vec();
    more.insert(0, (spec("a"), &["other", "x"]));
    more.push((spec("z"), &["x_a", "other"]));
    let (few, more) = (merged(NamingStrategy::Flat, &few), merged(NamingStrategy::Flat, &more));
    for name in names(&few) {
        assert_eq!(meaning(&few, name), meaning(&more, name), "{name}");
    }
    for snapshot in [&few, &more] {
        let unique: HashSet<&str> = names(snapshot).into_iter().collect();
        assert_eq!(unique.len(), snapshot.section(Subject::Tool).len(), "{unique:?}");
        assert_eq!(meaning(snapshot, "x_a_b"), None);
    }
}

#[test]
fn prefixed_names_that_collide_are_told_apart() {
    let naming = Naming { strategy: NamingStrategy::Prefix, separator: "_".into() };
    let entries: Vec<Entry> = ["a", "a_b"]
        .map(|name| Entry {
            spec: Arc::new(spec(name)),
            address: Address::new(),
            gate: Gate::new(8),
        })
        .into();
    let known = [("a", manifest(&["b_c"])), ("a_b", manifest(&["c"]))]
        .map(|(name, manifest)| (ServerName::new(name), manifest));
    let snapshot = merge(&naming, &entries, &known.into_iter().collect());
    assert_eq!(meaning(&snapshot, "a_b_c"), None, "the name both want");
    let meanings: Vec<_> = names(&snapshot).iter().map(|name| meaning(&snapshot, name)).collect();
    assert_eq!(meanings, [Some("a:b_c".into()), Some("a_b:c".into())]);
}

#[test]
fn an_alias_that_could_mean_two_tools_means_none() {
    let snapshot =
        merged(NamingStrategy::Prefix, &[(spec("a"), &["b__c", "d"]), (spec("a__b"), &["c"])]);
    assert_eq!(meaning(&snapshot, "a__b__c"), None);
    assert_eq!(meaning(&snapshot, "a__d").as_deref(), Some("a:d"));
    assert_eq!(meaning(&snapshot, "a__b.c").as_deref(), Some("a__b:c"));
}

#[test]
fn a_tool_listed_twice_is_shown_once_under_its_plain_name() {
    let snapshot = merged(NamingStrategy::Prefix, &[(spec("a"), &["x", "y", "x"])]);
    assert_eq!(names(&snapshot), ["a.x", "a.y"]);
}

#[test]
fn odd_names_are_shown_within_the_spec_and_stand_for_the_tool_as_it_is_called() {
    let long = "l".repeat(300);
    let odd = ["lög now", "l_g now", "日本", &long, "", "a/b.c-d"];
    for strategy in [NamingStrategy::Prefix, NamingStrategy::Flat] {
        let snapshot = merged(strategy, &[(spec("s"), &odd)]);
        assert_eq!(snapshot.section(Subject::Tool).len(), odd.len());
        for (shown, odd) in names(&snapshot).into_iter().zip(odd) {
            assert!((1..=128).contains(&shown.len()), "{shown}");
            assert!(shown.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c)));
            assert_eq!(meaning(&snapshot, shown), Some(format!("s:{odd}")), "{shown}");
        }
    }
}

#[test]
fn what_is_not_exposed_is_neither_listed_nor_routed_and_overrides_are_shown() {
    let mut spec = spec("s");
    let glob = |text| globset::Glob::new(text).expect("a glob").compile_matcher();
    spec.expose = Expose { allow: vec![glob("read_*")], deny: vec![glob("*_all")] };
    let change = ToolOverride { name: Some("get".into()), description: Some("Gets.".into()) };
    spec.tools.insert("read_one".into(), change);
    let snapshot =
        merged(NamingStrategy::Prefix, &[(spec, &["read_one", "read_all", "write", "read_two"])]);
    assert_eq!(
        snapshot.section(Subject::Tool).page(Seen::Legacy, None, 5).expect("a page").items(),
        r#"{"name":"s.get","description":"Gets."},{"name":"s.read_two"}"#
    );
    for name in ["s.read_all", "s__read_all", "s.write", "s__write", "s.read_one", "s__read_one"] {
        assert_eq!(meaning(&snapshot, name), None, "{name}");
    }
    assert_eq!(meaning(&snapshot, "s__get").as_deref(), Some("s:read_one"));
}

#[test]
fn near_names_are_found_whatever_their_case_and_with_or_without_the_server() {
    let snapshot = merged(
        NamingStrategy::Prefix,
        &[(spec("git"), &["log", "status", "commit"]), (spec("files"), &["read_text", "status"])],
    );
    assert_eq!(snapshot.near(Subject::Tool, "git.comit")[0], "git.commit");
    assert_eq!(snapshot.near(Subject::Tool, "COMMIT"), ["git.commit"]);
    assert_eq!(snapshot.near(Subject::Tool, "status"), ["files.status", "git.status"]);
    assert_eq!(snapshot.near(Subject::Tool, "zzz"), [""; 0]);
    assert!(snapshot.near(Subject::Tool, "git").len() <= 3);
}

#[test]
fn the_name_of_the_gateways_own_tool_is_given_to_no_tool_of_a_server() {
    for (strategy, server, tool, expected) in [
        (NamingStrategy::Prefix, "mcpvisor", "status", None),
        (NamingStrategy::Flat, "git", "mcpvisor.status", Some("mcpvisor.status_git")),
    ] {
        let snapshot = merged(strategy, &[(spec(server), &[tool])]);
        assert_eq!(snapshot.route(Subject::Tool, STATUS_TOOL).map(|_| ()), None);
        let shown: Vec<&str> =
            snapshot.section(Subject::Tool).of_server(&ServerName::new(server)).collect();
        assert_eq!(shown, names(&snapshot));
        assert_eq!(shown.len(), 1);
        let meant = format!("{server}:{tool}");
        assert_eq!(meaning(&snapshot, shown[0]).as_deref(), Some(&*meant));
        assert!(expected.is_none_or(|expected| expected == shown[0]), "{shown:?}");
    }
}

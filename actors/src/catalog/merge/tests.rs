//! What becomes of the same names and URIs at several servers, for every kind of thing.

use super::*;
use crate::catalog::{Capability, Manifest, NamingStrategy, Seen, uri};
use crate::otp::Address;
use crate::server::{Connector, Gate, Loss, ServerName, ServerSpec, Transport};
use futures_util::future::BoxFuture;
use proptest::prelude::*;
use std::collections::BTreeSet;
use std::sync::Arc;

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

fn entry(name: &str) -> Entry {
    let spec = ServerSpec::new(ServerName::new(name), Arc::new(Nowhere));
    Entry { spec: Arc::new(spec), address: Address::new(), gate: Gate::new(8) }
}

/// A server with resources and templates, and prompts named like the resources.
fn manifest(resources: &[&str], templates: &[&str]) -> Arc<Manifest> {
    let initialize =
        r#"{"protocolVersion":"2025-11-25","capabilities":{"prompts":{},"resources":{}}}"#;
    let mut manifest = Manifest::of(&initialize.into()).expect("a handshake");
    for (subject, names) in [
        (Subject::Prompt, resources),
        (Subject::Resource, resources),
        (Subject::Template, templates),
    ] {
        let texts: Vec<String> = names
            .iter()
            .map(|name| format!(r#"{{"{}":{}}}"#, subject.key(), crate::wire::string(name)))
            .collect();
        let array = format!("[{}]", texts.join(","));
        manifest.items[subject] = Item::list(subject, &array.into()).expect("an array");
    }
    Arc::new(manifest)
}

type Server<'a> = (&'a str, &'a [&'a str], &'a [&'a str]);

fn merged(strategy: NamingStrategy, servers: &[Server<'_>], unknown: &[&str]) -> Snapshot {
    let known: Manifests = servers
        .iter()
        .map(|(name, resources, templates)| (ServerName::new(name), manifest(resources, templates)))
        .collect();
    let names = servers.iter().map(|(name, ..)| name).chain(unknown);
    let entries: Vec<Entry> = names.map(|name| entry(name)).collect();
    merge(&Naming { strategy, ..Naming::default() }, &entries, &known)
}

/// What a URI leads to, certainly or at a guess.
fn leads(snapshot: &Snapshot, subject: Subject, uri: &str) -> String {
    let told =
        |route: Arc<super::super::Route>, how| format!("{how} {} {}", route.server, route.own);
    let sure = snapshot.route(subject, uri).map(|route| told(route, "sure"));
    let guessed = || snapshot.guess(subject, uri).map(|route| told(route, "guess"));
    sure.or_else(guessed).unwrap_or_else(|| "nowhere".to_owned())
}

#[test]
fn uris_lead_to_their_servers() {
    let snapshot = merged(
        NamingStrategy::Prefix,
        &[
            ("a", &["x:1", "x:both"], &["file:///{+path}", "same:{x}", "{+any}"]),
            ("B_", &["x:2", "x:both", "mcpvisor+a:own"], &["file:///deep/{x}", "same:{x}"]),
        ],
        &["unknown"],
    );
    for (uri, expected) in [
        ("x:1", "sure a x:1"),
        ("x:2", "sure B_ x:2"),
        ("x:both", "nowhere"),
        ("mcpvisor+a:x:both", "sure a x:both"),
        ("mcpvisor++b.:x:both", "sure B_ x:both"),
        ("mcpvisor+B_:x:both", "sure B_ x:both"),
        ("MCPVISOR++B.:x:1", "sure B_ x:1"),
        ("mcpvisor+a:anything", "sure a anything"),
        // a server that is a gateway itself, with a server of the same name behind it
        ("mcpvisor+a:own", "sure a own"),
        ("mcpvisor++b.:mcpvisor+a:own", "sure B_ mcpvisor+a:own"),
        ("file:///x", "guess a file:///x"),
        ("file:///deep/x", "guess B_ file:///deep/x"),
        ("same:x", "nowhere"),
        ("other:x", "guess a other:x"),
        ("mcpvisor+unknown:x:1", "nowhere"),
        ("mcpvisor+nobody:x:1", "guess a mcpvisor+nobody:x:1"),
    ] {
        assert_eq!(leads(&snapshot, Subject::Resource, uri), expected, "{uri}");
    }
    assert!(snapshot.unlisted(Subject::Resource, "mcpvisor+unknown:x:1").is_some());
    assert!(snapshot.unlisted(Subject::Resource, "mcpvisor+a:x:1").is_none());
    for (reference, expected) in [
        ("same:{x}", "nowhere"),
        ("mcpvisor+a:same:{x}", "sure a same:{x}"),
        ("file:///{+path}", "sure a file:///{+path}"),
        ("x:2", "sure B_ x:2"),
    ] {
        assert_eq!(leads(&snapshot, Subject::Template, reference), expected, "{reference}");
    }
    assert_eq!(
        snapshot.near(Subject::Resource, "x:both"),
        ["mcpvisor+a:x:both", "mcpvisor++b.:x:both"]
    );
}

#[test]
fn the_only_server_with_resources_is_asked_for_what_no_template_fits() {
    let alone = merged(NamingStrategy::Prefix, &[("a", &["x:1"], &["x:{y}"])], &["b"]);
    assert_eq!(leads(&alone, Subject::Resource, "y:1"), "guess a y:1");
    assert_eq!(leads(&alone, Subject::Prompt, "y:1"), "nowhere");
    let two = merged(NamingStrategy::Prefix, &[("a", &["x:1"], &[]), ("b", &[], &[])], &[]);
    assert_eq!(leads(&two, Subject::Resource, "y:1"), "nowhere");
    assert!(two.offers(Capability::Resources) && !two.offers(Capability::Subscribe));
    assert!(alone.offers(Capability::Subscribe), "nobody knows what b will have");
}

#[test]
fn a_prompt_may_have_the_name_that_is_reserved_among_tools() {
    let snapshot = merged(NamingStrategy::Flat, &[("a", &[STATUS_TOOL], &[])], &[]);
    assert_eq!(snapshot.section(Subject::Prompt).names().collect::<Vec<_>>(), [STATUS_TOOL]);
}

/// A few servers, each with a few of the same few names.
fn servers() -> impl Strategy<Value = Vec<Vec<String>>> {
    let name =
        prop::sample::select(vec!["x:1", "x:2", "x:{y}", "mcpvisor+s0:x:1", "x_s1", "x", ""]);
    prop::collection::vec(prop::collection::vec(name.prop_map(str::to_owned), 0..8), 0..5)
}

proptest! {
    #[test]
    fn whatever_servers_list_everything_is_on_one_page_once_and_leads_where_it_should(
        servers in servers(), size in 1_usize..5, flat in any::<bool>(),
    ) {
        let names: Vec<String> = (0..servers.len()).map(|number| format!("s{number}")).collect();
        let lists: Vec<Vec<&str>> =
            servers.iter().map(|list| list.iter().map(String::as_str).collect()).collect();
        let all: Vec<Server<'_>> =
            names.iter().zip(&lists).map(|(name, list)| (&**name, &**list, &**list)).collect();
        let strategy = if flat { NamingStrategy::Flat } else { NamingStrategy::Prefix };
        let snapshot = merged(strategy, &all, &[]);
        let expected: BTreeSet<(String, String)> = all
            .iter()
            .flat_map(|(server, list, _)| list.iter().map(|one| ((*server).into(), (*one).into())))
            .collect();
        for subject in [Subject::Prompt, Subject::Resource, Subject::Template] {
            let section = snapshot.section(subject);
            let (mut read, mut after) = (Vec::new(), None);
            loop {
                let page = section.page(Seen::Legacy, after.as_deref(), size).expect("a cursor");
                let text = format!("[{}]", String::from_utf8_lossy(&page.items()));
                let items: Vec<serde_json::Value> = serde_json::from_str(&text).expect(&text);
                prop_assert!(items.len() <= size);
                let name = |item: &serde_json::Value| item[subject.key()].as_str().map(str::to_owned);
                read.extend(items.iter().filter_map(name));
                after = page.next;
                if after.is_none() {
                    break;
                }
            }
            let shown: Vec<&str> = section.names().collect();
            prop_assert_eq!(&read, &shown);
            let unique: BTreeSet<&str> = shown.iter().copied().collect();
            prop_assert_eq!(unique.len(), shown.len(), "{:?}", shown);
            let meant: BTreeSet<(String, String)> = shown
                .iter()
                .filter_map(|name| section.route(name))
                .map(|route| (route.server.to_string(), route.own.to_string()))
                .collect();
            prop_assert_eq!(&meant, &expected, "{:?}", subject);
        }
        for (server, own) in expected {
            let route = snapshot.route(Subject::Resource, &uri::of_server(&server, &own));
            let route = route.map(|route| (route.server.to_string(), route.own.to_string()));
            prop_assert_eq!(route, Some((server, own)));
        }
    }
}

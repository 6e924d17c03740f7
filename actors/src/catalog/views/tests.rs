//! What each view shows, what can be called through it, and who is told that it changed.

use super::*;
use crate::catalog::{Capability, Item, Manifest, NamingStrategy, STATUS_TOOL};
use crate::otp::Address;
use crate::server::{Connector, Expose, Gate, Loss, ServerSpec, ToolOverride, Transport};
use futures_util::future::BoxFuture;
use globset::Glob;
use proptest::prelude::*;
use std::collections::BTreeSet;

mod changes;

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

fn manifest(tools: &[&str], uris: &[&str]) -> Arc<Manifest> {
    let initialize = r#"{"protocolVersion":"2025-11-25","capabilities":{"tools":{},"prompts":{},"resources":{}}}"#;
    let mut manifest = Manifest::of(&initialize.into()).expect("a handshake");
    for (subject, names) in [
        (Subject::Tool, tools),
        (Subject::Prompt, tools),
        (Subject::Resource, uris),
        (Subject::Template, &["t:{x}"]),
    ] {
        let one = |name: &&str| format!(r#"{{"{}":{}}}"#, subject.key(), crate::wire::string(name));
        let texts: Vec<String> = names.iter().map(one).collect();
        let array = format!("[{}]", texts.join(","));
        manifest.items[subject] = Item::list(subject, &array.into()).expect("an array");
    }
    Arc::new(manifest)
}

fn globs(patterns: &[&str]) -> Vec<globset::GlobMatcher> {
    patterns.iter().map(|glob| Glob::new(glob).expect("a glob").compile_matcher()).collect()
}

fn group(servers: &[&str], allow: &[&str], deny: &[&str]) -> Arc<Group> {
    let servers = servers.iter().map(|name| ServerName::new(name)).collect();
    let tools = Expose { allow: globs(allow), deny: globs(deny) };
    Arc::new(Group { description: None, servers, tools })
}

/// The servers `git` (whose tool `log` is shown as `history`), `files` and `new`, of which nothing is
/// known.
fn views(strategy: NamingStrategy) -> Views {
    switched(strategy, Switches::default())
}

fn switched(strategy: NamingStrategy, switches: Switches) -> Views {
    let entry = |name: &str| {
        let mut spec = ServerSpec::new(ServerName::new(name), Arc::new(Nowhere));
        if name == "git" {
            let history = ToolOverride { name: Some("history".into()), description: None };
            spec.tools = [("log".to_owned(), history)].into();
        }
        Entry { spec: Arc::new(spec), address: Address::new(), gate: Gate::new(8) }
    };
    let groups = [
        ("code", group(&["git"], &[], &[])),
        ("reading", group(&["git", "files"], &["*.read", "git.*"], &["git.sea*"])),
        ("shown", group(&["git", "files"], &["read_*", "history"], &[])),
        ("fresh", group(&["files", "new"], &[], &[])),
        ("empty", group(&[], &[], &[])),
    ];
    let groups = groups.map(|(name, group)| (Arc::from(name), group)).into();
    let entries = ["files", "git", "new"].map(entry).to_vec();
    let naming = Naming { strategy, ..Naming::default() };
    let views = Views::switched(naming, Arc::new(entries), groups, switches);
    views.publish(&known(&["read", "write", "log"]), &HashSet::new());
    views
}

fn known(files: &[&str]) -> Arc<Manifests> {
    let git =
        manifest(&["log", "search", "read", STATUS_TOOL], &["x:1", "x:both", "mcpvisor+git:x"]);
    Arc::new(Manifests::from_iter([
        (ServerName::new("git"), git),
        (ServerName::new("files"), manifest(files, &["x:2", "x:both"])),
    ]))
}

fn open(views: &Views, selector: &Selector) -> View {
    views.open(selector).expect("it is there")
}

fn names(view: &View, subject: Subject) -> Vec<String> {
    view.snapshot().load().section(subject).names().map(str::to_owned).collect()
}

/// What a name leads to through a view: `server:own`.
fn leads(view: &View, subject: Subject, name: &str) -> String {
    let snapshot = view.snapshot().load();
    let route = snapshot.route(subject, name).or_else(|| snapshot.guess(subject, name));
    route.map_or_else(|| "nowhere".to_owned(), |route| format!("{}:{}", route.server, route.own))
}

#[test]
fn a_group_shows_its_part_under_the_names_everything_has_at_large() {
    use NamingStrategy::{Flat, Prefix};
    let reserved = "git.mcpvisor.status";
    for (strategy, name, shown) in [
        (Prefix, "code", &["git.history", "git.search", "git.read", reserved][..]),
        (Prefix, "reading", &["files.read", "git.history", "git.read", reserved]),
        (Prefix, "shown", &[]),
        (Prefix, "fresh", &["files.read", "files.write", "files.log"]),
        (Prefix, "empty", &[]),
        // `read` collides with the other server's, and is called the same where that one is not seen
        (Flat, "code", &["history", "search", "read_git", "mcpvisor.status_git"]),
        (Flat, "fresh", &["read_files", "write", "log"]),
        (Flat, "shown", &["read_files", "history", "read_git"]),
    ] {
        let views = views(strategy);
        let view = open(&views, &Selector::group(name));
        assert_eq!(names(&view, Subject::Tool), shown, "{strategy:?} {name}");
        for tool in shown {
            let everywhere = leads(views.whole(), Subject::Tool, tool);
            assert_eq!(leads(&view, Subject::Tool, tool), everywhere, "{strategy:?} {name} {tool}");
        }
    }
}

#[test]
fn what_a_group_does_not_show_is_unknown_there_however_it_is_called() {
    let views = views(NamingStrategy::Prefix);
    let reading = open(&views, &Selector::group("reading"));
    for name in ["git.search", "git__search", "files.write", "files__write", "search", "new.any"] {
        assert_eq!(leads(&reading, Subject::Tool, name), "nowhere", "{name}");
    }
    assert_eq!(leads(&reading, Subject::Tool, "git__history"), "git:log");
    let code = open(&views, &Selector::group("code"));
    for uri in ["x:2", "mcpvisor+files:x:2", "mcpvisor+files:x:both"] {
        let told = leads(&code, Subject::Resource, uri);
        assert!(told == "nowhere" || told.starts_with("git:"), "{uri} {told}");
    }
    assert_eq!(leads(&code, Subject::Resource, "mcpvisor+git:x:both"), "git:x:both");
    assert_eq!(leads(&code, Subject::Prompt, "files.read"), "nowhere");
    let snapshot = code.snapshot().load();
    assert!(snapshot.near(Subject::Tool, "files.write").iter().all(|name| name.starts_with("git")));
    assert_eq!(snapshot.near(Subject::Resource, "x:both"), ["mcpvisor+git:x:both"]);
    assert!(snapshot.has(&ServerName::new("git")) && !snapshot.has(&ServerName::new("files")));
    assert!(!open(&views, &Selector::group("empty")).snapshot().load().offers(Capability::Tools));
    assert!(snapshot.unlisted(Subject::Tool, "new.any").is_none());
    let fresh = open(&views, &Selector::group("fresh")).snapshot().load();
    assert!(fresh.unlisted(Subject::Tool, "new.any").is_some());
    assert_eq!((snapshot.unknown, fresh.unknown), (0, 1));
}

#[test]
fn one_server_is_shown_under_its_own_names_and_called_by_all_of_them() {
    for strategy in [NamingStrategy::Prefix, NamingStrategy::Flat] {
        let views = views(strategy);
        let git = open(&views, &Selector::server("git"));
        // no tool of the gateway is here, so no name is reserved for it
        assert_eq!(names(&git, Subject::Tool), ["history", "search", "read", STATUS_TOOL]);
        assert_eq!(names(&git, Subject::Prompt), ["log", "search", "read", STATUS_TOOL]);
        assert_eq!(names(&git, Subject::Resource), ["x:1", "x:both", "mcpvisor+git:x"]);
        assert_eq!(names(&git, Subject::Template), ["t:{x}"]);
        assert!(!git.has_own_tools());
        for tool in names(views.whole(), Subject::Tool) {
            let there = leads(views.whole(), Subject::Tool, &tool);
            let here = leads(&git, Subject::Tool, &tool);
            assert_eq!(here == there, there.starts_with("git:"), "{strategy:?} {tool}");
        }
        for (subject, name, expected) in [
            (Subject::Tool, "history", "git:log"),
            (Subject::Tool, "git__history", "git:log"),
            (Subject::Tool, "log", "nowhere"),
            (Subject::Tool, "write", "nowhere"),
            (Subject::Tool, "files.write", "nowhere"),
            (Subject::Tool, "files__write", "nowhere"),
            (Subject::Resource, "x:both", "git:x:both"),
            (Subject::Resource, "mcpvisor+git:x:both", "git:x:both"),
            (Subject::Resource, "mcpvisor+git:x", "git:mcpvisor+git:x"),
            (Subject::Template, "t:{x}", "git:t:{x}"),
        ] {
            assert_eq!(leads(&git, subject, name), expected, "{strategy:?} {name}");
        }
    }
}

#[test]
fn whatever_is_called_where_only_one_server_is_seen_waits_for_that_one() {
    let views = views(NamingStrategy::Prefix);
    let new = open(&views, &Selector::server("new")).snapshot().load();
    assert_eq!(new.unknown, 1);
    for subject in Subject::ALL {
        assert!(new.unlisted(subject, "anything").is_some(), "{subject:?}");
    }
    let git = open(&views, &Selector::server("git")).snapshot().load();
    assert!(git.unlisted(Subject::Tool, "new.any").is_none());
}

#[test]
fn only_views_that_show_another_list_are_told_and_only_held_ones_are_merged() {
    let views = views(NamingStrategy::Prefix);
    let code = open(&views, &Selector::group("code"));
    let files = open(&views, &Selector::server("files"));
    drop(open(&views, &Selector::server("git")));
    assert_eq!(views.published().parts.len(), 3, "kept for the next who asks");
    let mut changed = views.publish(&known(&["read"]), &HashSet::from([ServerName::new("new")]));
    changed.sort_by_key(|(view, _)| format!("{:?}", view.selector()));
    let told: Vec<_> =
        changed.iter().map(|(view, subjects)| (view.selector().clone(), subjects.len())).collect();
    assert_eq!(told, [(Selector::All, 2), (Selector::server("files"), 2)]);
    assert_eq!(views.published().parts.len(), 2, "and forgotten when nobody has");
    assert_eq!(names(&files, Subject::Tool), ["read"]);
    let whole = views.whole().snapshot().load();
    assert_eq!((whole.unknown, code.snapshot().load().unknown), (0, 0));
    assert!(views.publish(&known(&["read"]), &HashSet::new()).is_empty());
}

#[test]
fn what_is_not_there_is_told_with_what_is() {
    let views = views(NamingStrategy::Prefix);
    let refused = |selector| views.open(&selector).expect_err("it is not there").to_string();
    assert_eq!(
        refused(Selector::server("gti")),
        "there is no server `gti` here; use one of: files, git, new"
    );
    assert_eq!(
        refused(Selector::group("git")),
        "there is no group `git` here; use one of: code, empty, fresh, reading, shown"
    );
}

/// A few servers with a few of the same few names, and which of them are members.
fn servers() -> impl Strategy<Value = Vec<(Vec<&'static str>, bool)>> {
    let name = prop::sample::select(vec!["x", "x_s1", "s0.x", "s0__x", "s1.x", "mcpvisor+s0:x"]);
    prop::collection::vec((prop::collection::vec(name, 1..6), any::<bool>()), 1..5)
}

proptest! {
    #[test]
    fn whatever_servers_list_a_part_shows_its_members_whole_and_leads_nowhere_else(
        servers in servers(), flat in any::<bool>(),
    ) {
        let name = |at: usize| format!("s{at}");
        let entry = |at: usize| Entry {
            spec: Arc::new(ServerSpec::new(ServerName::new(&name(at)), Arc::new(Nowhere))),
            address: Address::new(),
            gate: Gate::new(8),
        };
        let members: Vec<String> = (0..servers.len()).filter(|at| servers[*at].1).map(name).collect();
        let members: Vec<&str> = members.iter().map(String::as_str).collect();
        let groups = Groups::from([("part".into(), group(&members, &[], &[]))]);
        let strategy = if flat { NamingStrategy::Flat } else { NamingStrategy::Prefix };
        let naming = Naming { strategy, ..Naming::default() };
        let views = Views::new(naming, Arc::new((0..servers.len()).map(entry).collect()), groups);
        let known = servers.iter().enumerate().map(|(at, (names, _))| {
            (ServerName::new(&name(at)), manifest(names, names))
        });
        views.publish(&Arc::new(known.collect()), &HashSet::new());
        let part = open(&views, &Selector::group("part"));
        let of = |led: &str| led.split(':').next().unwrap_or_default().to_owned();
        for subject in Subject::ALL {
            let at_large = names(views.whole(), subject);
            let is_member = |shown: &&String| {
                members.contains(&of(&leads(views.whole(), subject, shown)).as_str())
            };
            let expected: Vec<&String> = at_large.iter().filter(is_member).collect();
            let shown = names(&part, subject);
            prop_assert_eq!(shown.iter().collect::<Vec<_>>(), expected);
            for shown in &shown {
                prop_assert_eq!(leads(&part, subject, shown), leads(views.whole(), subject, shown));
            }
            for shown in &at_large {
                let led = leads(&part, subject, shown);
                prop_assert!(led == "nowhere" || members.contains(&of(&led).as_str()), "{} {}", shown, led);
            }
            for at in 0..servers.len() {
                let alone = open(&views, &Selector::server(&name(at)));
                let own: BTreeSet<String> =
                    names(&alone, subject).iter().map(|shown| leads(&alone, subject, shown)).collect();
                prop_assert!(own.iter().all(|led| of(led) == name(at)), "{:?}", own);
                let listed = |shown: &&String| of(&leads(views.whole(), subject, shown)) == name(at);
                prop_assert_eq!(own.len(), at_large.iter().filter(listed).count());
            }
        }
    }
}

#[test]
fn a_tool_that_is_off_is_in_no_list_and_its_names_stay_its_own() {
    for (strategy, log, reads) in [
        (NamingStrategy::Prefix, "git.history", ["files.read", "git.read"]),
        (NamingStrategy::Flat, "history", ["read_files", "read_git"]),
    ] {
        let switches = Switches::default();
        let views = switched(strategy, switches.clone());
        let [files, git] = ["files", "git"].map(ServerName::new);
        let parts = [
            open(&views, &Selector::All),
            open(&views, &Selector::Group("code".into())),
            open(&views, &Selector::Server(git.clone())),
        ];
        let before = parts.each_ref().map(|view| names(view, Subject::Tool));
        switches.turn(&git, "log", false);
        switches.turn(&files, "read", false);
        let changed = views.publish(&known(&["read", "write", "log"]), &HashSet::new());
        assert!(changed.iter().all(|(_, subjects)| subjects == &[Subject::Tool]));
        assert_eq!(changed.len(), 3, "{strategy:?}");
        let whole = names(&parts[0], Subject::Tool);
        assert!(!whole.contains(&log.to_owned()) && !whole.contains(&reads[0].to_owned()));
        assert!(whole.contains(&reads[1].to_owned()), "{whole:?}");
        assert!(!names(&parts[1], Subject::Tool).contains(&log.to_owned()));
        assert!(!names(&parts[2], Subject::Tool).contains(&"history".to_owned()));
        for (view, name) in [(0, log), (0, "git__history"), (1, log), (2, "history"), (2, log)] {
            assert_eq!(leads(&parts[view], Subject::Tool, name), "git:log", "{name}");
        }
        let fresh = open(&views, &Selector::Group("reading".into()));
        assert!(!names(&fresh, Subject::Tool).contains(&log.to_owned()));
        switches.turn(&git, "log", true);
        switches.turn(&files, "read", true);
        views.publish(&known(&["read", "write", "log"]), &HashSet::new());
        assert_eq!(parts.each_ref().map(|view| names(view, Subject::Tool)), before);
    }
}

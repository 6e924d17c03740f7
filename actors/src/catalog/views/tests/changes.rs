//! A publication costs what it changes, and shows what would be shown had all been made anew.

use super::*;
use crate::catalog::Seen;

/// A server with these tools and resources.
type Said<'a> = (&'a [&'a str], &'a [&'a str]);

fn plain(name: &str) -> Entry {
    let spec = ServerSpec::new(ServerName::new(name), Arc::new(Nowhere));
    Entry { spec: Arc::new(spec), address: Address::new(), gate: Gate::new(8) }
}

fn fleet(names: &[&str], strategy: NamingStrategy, groups: Groups) -> Views {
    let entries = names.iter().map(|name| plain(name)).collect();
    Views::new(Naming { strategy, ..Naming::default() }, Arc::new(entries), groups)
}

/// The addresses of the fragments of a view, by kind and server.
fn fragments(view: &View) -> Vec<Vec<*const u8>> {
    let snapshot = view.snapshot().load();
    let of = |subject| {
        let section = snapshot.section(subject);
        let pieces = (0..).map_while(|at| section.piece(at));
        pieces.map(|piece| Arc::as_ptr(piece).cast::<u8>()).collect()
    };
    Subject::ALL.into_iter().map(of).collect()
}

/// The places, by kind, of the fragments that are others.
fn made(before: &[Vec<*const u8>], after: &[Vec<*const u8>]) -> Vec<Vec<usize>> {
    let of = |(before, after): (&Vec<*const u8>, &Vec<*const u8>)| {
        assert_eq!(before.len(), after.len());
        (0..before.len()).filter(|at| before[*at] != after[*at]).collect()
    };
    before.iter().zip(after).map(of).collect()
}

#[test]
fn a_change_at_one_server_makes_its_fragment_and_those_of_names_that_collide_with_it() {
    use NamingStrategy::{Flat, Prefix};
    // `a` offers this after `x` and `u:1`; then the fragments of these servers are others
    let cases: [(_, Said<'_>, [&[usize]; 2]); 6] = [
        (Prefix, (&["x", "new"], &["u:1"]), [&[0], &[]]),
        (Prefix, (&["x"], &["u:1", "u:new"]), [&[], &[0]]),
        (Prefix, (&["x"], &["u:1"]), [&[], &[]]),
        (Flat, (&["x", "one_b"], &["u:1"]), [&[0], &[]]),
        (Flat, (&["x", "one"], &["u:1"]), [&[0, 1], &[]]),
        (Prefix, (&["x", "one"], &["u:2"]), [&[0], &[0, 2]]),
    ];
    for (strategy, (tools, uris), [other_tools, other_uris]) in cases {
        let groups = Groups::from([("all".into(), group(&["a", "b", "c", "d"], &[], &[]))]);
        let views = fleet(&["a", "b", "c", "d"], strategy, groups);
        let [part, alone] =
            [Selector::group("all"), Selector::server("b")].map(|it| open(&views, &it));
        let said: [(&str, Said<'_>); 4] = [
            ("a", (&["x"], &["u:1"])),
            ("b", (&["one", "every"], &["u:b"])),
            ("c", (&["two", "every"], &["u:2"])),
            ("d", (&["three", "every"], &["u:d"])),
        ];
        let known =
            said.map(|(name, (tools, uris))| (ServerName::new(name), manifest(tools, uris)));
        let mut known = Manifests::from_iter(known);
        views.publish(&known, &HashSet::new());
        let before = [views.whole(), &part, &alone].map(fragments);
        let server = ServerName::new("a");
        known.insert(server.clone(), manifest(tools, uris));
        let told = views.publish_news(&HashSet::from([server]), &known, &HashSet::new());
        let after = [views.whole(), &part, &alone].map(fragments);
        let expected = [other_tools, other_tools, other_uris, &[]].map(<[usize]>::to_vec);
        for at in [0, 1] {
            assert_eq!(made(&before[at], &after[at]), expected, "{strategy:?} {tools:?} {uris:?}");
        }
        assert!(made(&before[2], &after[2]).iter().all(|it| it.len() <= 1));
        assert_eq!(told.is_empty(), expected.iter().all(Vec::is_empty), "{told:?}");
    }
}

#[test]
fn a_name_many_want_stays_nobodys_whoever_comes_and_goes_and_nobody_else_is_made_anew() {
    let names: Vec<String> = (0..50).map(|number| format!("s{number:02}")).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let views = fleet(&names, NamingStrategy::Flat, Groups::new());
    let mut known: Manifests = names
        .iter()
        .map(|name| (ServerName::new(name), manifest(&["same"], &["u:same"])))
        .collect();
    views.publish(&known, &HashSet::new());
    let before = fragments(views.whole());
    let server = ServerName::new("s07");
    known.insert(server.clone(), manifest(&["other"], &["u:other"]));
    views.publish_news(&HashSet::from([server]), &known, &HashSet::new());
    let after = fragments(views.whole());
    assert_eq!(made(&before, &after), [vec![7], vec![7], vec![7], vec![]]);
    assert_eq!(leads(views.whole(), Subject::Tool, "same"), "nowhere");
    assert_eq!(leads(views.whole(), Subject::Tool, "same_s08"), "s08:same");
}

/// `x` of `t_s0` and `x_t` of `s0` are both renamed `x_t_s0` where others have them, too.
const SERVERS: [&str; 3] = ["s0", "s1", "t_s0"];
const NAMES: [&str; 9] =
    ["x", "x_t", "x_s1", "s0.x", "s1_x", "x_t_s0", "mcpvisor+s0:x", STATUS_TOOL, "lög"];

/// Everything somebody can see and do through a view.
fn told(view: &View) -> String {
    use std::fmt::Write;
    let snapshot = view.snapshot().load();
    let mut text = format!("{:?} {:?}", snapshot.unknown, snapshot.extensions());
    for subject in Subject::ALL {
        let section = snapshot.section(subject);
        let mut asked: BTreeSet<String> = section.names().map(str::to_owned).collect();
        asked.extend(NAMES.map(str::to_owned));
        for (server, name) in
            SERVERS.into_iter().flat_map(|server| NAMES.map(|name| (server, name)))
        {
            asked.extend([format!("{server}.{name}"), format!("{server}__{name}")]);
            asked.extend([format!("{name}_{server}"), format!("mcpvisor+{server}:{name}")]);
        }
        for seen in [Seen::Legacy, Seen::Modern] {
            _ = writeln!(text, "{subject:?} {:?}", section.page(seen, None, usize::MAX));
        }
        let off: Vec<_> = section.switched_off().map(|(name, _)| name).collect();
        _ = writeln!(text, "{} {off:?}", section.len());
        for name in asked {
            let near = match subject {
                Subject::Tool | Subject::Prompt => Vec::new(),
                Subject::Resource | Subject::Template => snapshot.near(subject, &name),
            };
            let unlisted = snapshot.unlisted(subject, &name).is_some();
            _ = writeln!(text, "{name} {} {unlisted} {near:?}", leads(view, subject, &name));
        }
    }
    text
}

#[test]
fn a_name_two_would_be_renamed_to_is_taken_from_the_first_when_the_second_comes() {
    let views = fleet(&SERVERS, NamingStrategy::Flat, Groups::new());
    let said: [(_, &[&str]); 4] =
        [("s0", &["x", "x_t"]), ("s1", &["x", "x_t"]), ("t_s0", &["x"]), ("t_s0", &[])];
    let (mut known, mut shown) = (Manifests::new(), Vec::new());
    for (name, tools) in said {
        let server = ServerName::new(name);
        known.insert(server.clone(), manifest(tools, &[]));
        views.publish_news(&HashSet::from([server]), &known, &HashSet::new());
        let anew = fleet(&SERVERS, NamingStrategy::Flat, Groups::new());
        anew.publish(&known, &HashSet::new());
        assert_eq!(told(views.whole()), told(anew.whole()), "{name} {tools:?}");
        shown.push(leads(views.whole(), Subject::Tool, "x_t_s0"));
    }
    assert_eq!(shown, ["nowhere", "s0:x_t", "nowhere", "s0:x_t"]);
}

/// What servers say one after the other, and how many say it before it is published.
fn story() -> impl Strategy<Value = Vec<(usize, Vec<&'static str>, bool)>> {
    let names = prop::collection::vec(prop::sample::select(NAMES.to_vec()), 0..7);
    prop::collection::vec((0_usize..3, names, any::<bool>()), 1..10)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]
    #[test]
    fn whatever_servers_say_in_whatever_order_what_is_shown_is_what_is_known_last(
        story in story(), flat in any::<bool>(), off in any::<bool>(),
    ) {
        let strategy = if flat { NamingStrategy::Flat } else { NamingStrategy::Prefix };
        let naming = Naming { strategy, separator: "_".into() };
        let switches = Switches::default();
        let views = |switches: &Switches| {
            let groups = Groups::from([
                ("two".into(), group(&["s0", "t_s0"], &[], &[])),
                ("few".into(), group(&["s0", "s1"], &[], &["*x_s1", "s0.lög"])),
            ]);
            let entries = SERVERS.map(plain).to_vec();
            Views::switched(naming.clone(), Arc::new(entries), groups, switches.clone())
        };
        let selectors = || [
            Selector::All, Selector::group("two"), Selector::group("few"),
            Selector::server("s0"), Selector::server("s1"),
        ];
        let changing = views(&switches);
        let held = selectors().map(|selector| open(&changing, &selector));
        let (mut known, mut news) = (Manifests::new(), HashSet::new());
        for (at, said, publish) in story {
            let server = ServerName::new(SERVERS[at]);
            known.insert(server.clone(), manifest(&said, &said));
            if off && said.len() > 3 {
                switches.turn(&server, said[0], switches.is_off(&server, said[0]));
            }
            news.insert(server);
            if !publish {
                continue;
            }
            let before = held.each_ref().map(|view| view.snapshot().load());
            let changed = changing.publish_news(&std::mem::take(&mut news), &known, &HashSet::new());
            let fresh = views(&switches);
            fresh.publish(&known, &HashSet::new());
            for ((view, selector), before) in held.iter().zip(selectors()).zip(before) {
                prop_assert_eq!(told(view), told(&open(&fresh, &selector)), "{:?}", selector);
                let after = view.snapshot().load();
                let is_other = |subject: &Subject| [Seen::Legacy, Seen::Modern].iter().any(|seen| {
                    let list = |it: &Snapshot| {
                        it.section(*subject).page(*seen, None, usize::MAX).map(|page| page.items())
                    };
                    list(&before) != list(&after)
                });
                let others: Vec<_> = Subject::ALL.into_iter().filter(is_other).collect();
                let said = changed.iter().find(|(other, _)| other.selector() == &selector);
                let said = said.map_or_else(Vec::new, |(_, subjects)| subjects.clone());
                prop_assert_eq!(said, others, "{:?}", selector);
            }
        }
    }
}

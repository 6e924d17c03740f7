//! The checks of `depends_on`: known servers, no cycles.
//!
//! *Invariant:* in a configuration without faults every order of servers that the dependencies ask
//! for exists.

use super::settings::Server;
use super::shape::nearest;
use super::validate::Judge;
use std::collections::{BTreeMap, BTreeSet};

/// The dependencies as written, by server.
pub(super) type Written = BTreeMap<String, Vec<String>>;

/// Judges what servers depend on.
pub(super) fn check(written: &Written, servers: &BTreeMap<String, Server>, judge: &mut Judge<'_>) {
    for (name, needed) in written {
        let mut seen = BTreeSet::new();
        for (at, other) in needed.iter().enumerate() {
            let at = at.to_string();
            let path = ["servers", name, "depends_on", at.as_str()];
            if other == name {
                judge.fault(&path, "a server cannot depend on itself", "remove it");
            } else if !judge.written(&["servers", other]) {
                unknown(&path, other, written, judge);
            } else if !seen.insert(other) {
                let message = format!("{} is named twice", judge.shown(&path, other));
                judge.fault(&path, message, "remove one of them");
            } else if servers.get(other).is_some_and(|it| !it.enabled)
                && servers.get(name).is_some_and(|it| it.enabled)
            {
                let shown = judge.shown(&path, other);
                let message = format!("{shown} is disabled, so it is not waited for");
                judge.note(&path, message, "enable it or remove it here");
            }
        }
    }
    for cycle in cycles(written) {
        let (Some(first), Some(last)) = (cycle.first(), cycle.last()) else { continue };
        let at = written[*last].iter().position(|it| it == first).unwrap_or_default().to_string();
        let way: Vec<String> =
            cycle.iter().chain([first]).map(|name| format!("`{name}`")).collect();
        let message = format!("{} is a cycle of dependencies", way.join(" → "));
        let path = ["servers", last, "depends_on", at.as_str()];
        judge.fault(&path, message, "remove one of them");
    }
}

fn unknown(path: &[&str], other: &str, written: &Written, judge: &mut Judge<'_>) {
    let message = format!("{} is no server", judge.shown(path, other));
    let names: Vec<&str> = written.keys().map(String::as_str).collect();
    let near = nearest(other, &names).filter(|_| !judge.tree.nearest(path).loose);
    let remedy = match near {
        Some(name) => format!("did you mean `{name}`?"),
        None => "name a server of this file".into(),
    };
    judge.fault(path, message, remedy);
}

/// For each dependency that closes a cycle, the way round: each depends on the next and the last
/// on the first. A server that names itself is no cycle here.
fn cycles(written: &Written) -> Vec<Vec<&str>> {
    let mut found = Vec::new();
    let mut done: BTreeSet<&str> = BTreeSet::new();
    for start in written.keys() {
        // Where we are, and how many dependencies of each were followed.
        let mut way: Vec<(&str, usize)> = Vec::new();
        if !done.contains(start.as_str()) {
            way.push((start, 0));
        }
        while let Some((name, followed)) = way.last_mut() {
            let name = *name;
            let next = written.get(name).and_then(|needed| needed.get(*followed));
            *followed += 1;
            match next.map(String::as_str) {
                None => {
                    done.insert(name);
                    way.pop();
                }
                Some(next) if next == name || done.contains(next) => {}
                Some(next) => match way.iter().position(|(it, _)| *it == next) {
                    Some(from) => found.push(way[from..].iter().map(|(it, _)| *it).collect()),
                    None => way.push((next, 0)),
                },
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_dependency_that_closes_a_cycle_is_found_with_its_way_round() {
        for (written, wanted) in [
            ("", ""),
            ("a:b b:c c:", ""),
            ("a:a", ""),
            ("a:b b:a", "a>b"),
            ("a:b b:c c:a", "a>b>c"),
            ("a:b,c b:d c:d d:", ""),
            ("a:b,c b:a c:a", "a>b a>c"),
            ("a:b b:c c:b", "b>c"),
            ("c:d d:c a:b b:a", "a>b c>d"),
            ("a:nobody", ""),
        ] {
            let entry = |it: &str| {
                let (name, needed) = it.split_once(':').unwrap_or((it, ""));
                let needed = needed.split(',').filter(|it| !it.is_empty()).map(Into::into);
                (name.to_owned(), needed.collect())
            };
            let map: Written = written.split_whitespace().map(entry).collect();
            let told: Vec<String> = cycles(&map).iter().map(|cycle| cycle.join(">")).collect();
            assert_eq!(told.join(" "), wanted, "{written}");
        }
    }

    #[test]
    fn a_chain_of_many_servers_is_followed_to_its_end() {
        let name = |at: usize| format!("s{at:05}");
        let mut map: Written = (0..4_000).map(|at| (name(at), vec![name(at + 1)])).collect();
        assert!(cycles(&map).is_empty());
        map.insert(name(4_000), vec![name(3_999)]);
        assert_eq!(cycles(&map), [[name(3_999), name(4_000)]]);
    }
}

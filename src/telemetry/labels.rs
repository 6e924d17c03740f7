//! Names from outside as labels: cleaned, and only so many of them.
//!
//! *Invariant:* whatever clients and servers name their things, the number of label values is bounded.

use super::names::OTHER;
use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

/// Tools and prompts of one server that get a label of their own.
const PER_SERVER: usize = 100;
/// The same over all servers.
const IN_ALL: usize = 1000;
/// Longest label.
const LONGEST: usize = 128;

/// The methods of the protocol, of all revisions.
const METHODS: [&str; 29] = [
    "initialize",
    "ping",
    "server/discover",
    "subscriptions/listen",
    "tools/list",
    "tools/call",
    "prompts/list",
    "prompts/get",
    "resources/list",
    "resources/read",
    "resources/templates/list",
    "resources/subscribe",
    "resources/unsubscribe",
    "completion/complete",
    "logging/setLevel",
    "roots/list",
    "sampling/createMessage",
    "elicitation/create",
    "tasks/get",
    "tasks/list",
    "tasks/result",
    "tasks/cancel",
    "tasks/update",
    "notifications/initialized",
    "notifications/cancelled",
    "notifications/progress",
    "notifications/message",
    "notifications/roots/list_changed",
    "notifications/tasks/status",
];

/// A method as a label.
pub(super) fn method(method: &str) -> &'static str {
    METHODS.into_iter().find(|known| *known == method).unwrap_or(OTHER)
}

/// A JSON-RPC code as a label: those the specifications give a meaning, and what is reserved for servers.
pub(super) fn code(code: i32) -> Cow<'static, str> {
    match code {
        -32_700 | -32_603..=-32_600 | -32_099..=-32_000 => code.to_string().into(),
        _ => OTHER.into(),
    }
}

/// A name without what makes labels hard to read, and not too long.
pub(super) fn clean(name: &str) -> Cow<'_, str> {
    let bad = |c: char| c.is_control() || c == '"' || c == '\\';
    if name.len() <= LONGEST && !name.contains(bad) {
        return name.into();
    }
    let clean = |c: char| if bad(c) { '_' } else { c };
    let mut end = LONGEST.min(name.len());
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    name[..end].chars().map(clean).collect::<String>().into()
}

/// The names that got a label of their own, by server.
#[derive(Debug, Default)]
pub(super) struct Admitted {
    names: HashMap<String, HashSet<String>>,
    count: usize,
}

impl Admitted {
    /// The label of something of a server.
    pub(super) fn label<'n>(&mut self, server: &str, name: &'n str) -> Cow<'n, str> {
        let name = clean(name);
        if !self.names.contains_key(server) {
            self.names.insert(server.to_owned(), HashSet::new());
        }
        let Some(known) = self.names.get_mut(server) else { return name };
        if known.contains(&*name) {
            return name;
        }
        if known.len() >= PER_SERVER || self.count >= IN_ALL {
            return OTHER.into();
        }
        known.insert(name.clone().into_owned());
        self.count += 1;
        name
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_cleaned_and_only_so_many_become_labels() {
        assert_eq!(clean("files.read"), "files.read");
        assert_eq!(clean("a\"b\\c\nd"), "a_b_c_d");
        assert_eq!(clean(&"é".repeat(100)).len(), 128);
        let mut admitted = Admitted::default();
        for number in 0..1000 {
            let name = format!("tool{number}");
            let own = number < PER_SERVER;
            assert_eq!(admitted.label("s", &name) == name, own, "{number}");
        }
        assert_eq!(admitted.label("s", "tool7"), "tool7", "the first ones stay");
        assert_eq!(admitted.label("t", "tool999"), "tool999", "each server has its own");
        for number in 0..10_000 {
            admitted.label(&format!("s{}", number / 50), &format!("tool{number}"));
        }
        assert!(admitted.count <= IN_ALL);
    }

    #[test]
    fn methods_and_codes_nobody_knows_are_one() {
        assert_eq!((method("tools/call"), method("x")), ("tools/call", OTHER));
        assert_eq!(code(-32_602), "-32602");
        assert_eq!((code(-32_006), code(7)), ("-32006".into(), OTHER.into()));
    }
}

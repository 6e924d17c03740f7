//! What the environment adds: `${VAR}` inside values, and `MCPVISOR__…` over keys.
//!
//! Only `${…}` is special: `$${` is a plain `${`, every other `$` is itself, so that passwords and
//! patterns may be pasted. What a variable holds is not expanded again.
//!
//! *Invariant:* values are expanded after parsing, so no variable can change a file's structure.

use super::faults::Ledger;
use super::tree::{Node, Origin, Value, dotted};
use config::Source as _;
use secrecy::SecretString;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fmt;

/// The start of the variables that override keys.
const PREFIX: &str = "MCPVISOR";
/// What stands between the keys in their names.
const SEPARATOR: &str = "__";

/// Environment variables.
#[derive(Clone, Default)]
pub struct Env(BTreeMap<String, String>);

impl Env {
    /// Those of this process; what is not Unicode is left out.
    pub fn of_process() -> Self {
        let unicode = |(name, value): (std::ffi::OsString, std::ffi::OsString)| {
            Some((name.into_string().ok()?, value.into_string().ok()?))
        };
        Self(std::env::vars_os().filter_map(unicode).collect())
    }

    /// The value of a variable.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.0.get(name).map(String::as_str)
    }
}

impl<K: Into<String>, V: Into<String>> FromIterator<(K, V)> for Env {
    fn from_iter<I: IntoIterator<Item = (K, V)>>(pairs: I) -> Self {
        Self(pairs.into_iter().map(|(name, value)| (name.into(), value.into())).collect())
    }
}

impl fmt::Debug for Env {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Env({} variables)", self.0.len())
    }
}

/// Variables that tell nothing, though servers are often given them.
const NO_SECRETS: [&str; 9] =
    ["HOME", "HOSTNAME", "LOGNAME", "PATH", "PWD", "TEMP", "TMP", "TMPDIR", "USER"];

/// Whether a variable used at this place may be a secret: people put keys into a server's arguments
/// and URL. (Values of `env` and `headers` are secrets wherever they come from.)
fn may_be_secret(path: &[String], name: &str) -> bool {
    let of_server = path.first().is_some_and(|key| key == "servers" || key == "mcpServers");
    let place = path.get(2).is_some_and(|key| key == "args" || key == "command" || is_url(key));
    of_server && place && !NO_SECRETS.contains(&name)
}

fn is_url(key: &str) -> bool {
    key.to_ascii_lowercase().ends_with("url")
}

/// The values of variables that were put into the text.
#[derive(Default)]
pub(super) struct Used {
    /// Those that may be secrets, where servers are reached.
    pub(super) secrets: Vec<SecretString>,
    /// Those of every place, for no message to tell.
    pub(super) anywhere: Vec<SecretString>,
}

/// Expands `${…}` in every text of the tree; `used` gets the values.
pub(super) fn expand(
    node: &mut Node,
    env: &Env,
    path: &mut Vec<String>,
    used: &mut Used,
    ledger: &mut Ledger,
) {
    match &mut node.value {
        Value::Text(text) if text.contains("${") => {
            let mut note = |name: &str, value: &str| {
                if may_be_secret(path, name) {
                    used.secrets.push(SecretString::from(value));
                }
                if !NO_SECRETS.contains(&name) {
                    used.anywhere.push(SecretString::from(value));
                }
            };
            let (expanded, unknown) = expanded(text, env, &mut note);
            for name in &unknown {
                let remedy = if name.starts_with("input:") {
                    "nobody is asked for inputs here: name an environment variable, `${VAR}`".into()
                } else {
                    format!(
                        "set it, give a default `${{{name}:-…}}`, or write `$${{` for a plain `${{`"
                    )
                };
                let message = format!("the environment variable `{name}` is not set");
                ledger.fault(&node.origin, dotted(path), message, remedy);
            }
            node.loose = true;
            *text = expanded;
        }
        Value::List(items) => {
            for (at, item) in items.iter_mut().enumerate() {
                path.push(at.to_string());
                expand(item, env, path, used, ledger);
                path.pop();
            }
        }
        Value::Table(entries) => {
            for (key, entry) in entries {
                path.push(key.clone());
                expand(entry, env, path, used, ledger);
                path.pop();
            }
        }
        _ => {}
    }
}

/// The text with its variables filled in, and the names of those that do not exist.
fn expanded(text: &str, env: &Env, used: &mut dyn FnMut(&str, &str)) -> (String, BTreeSet<String>) {
    let source = escaped(text);
    let mut blank = BTreeSet::new();
    let mut unknown = BTreeSet::new();
    loop {
        let outcome = shellexpand::env_with_context(&source, |name| {
            let variable = name.strip_prefix("env:").unwrap_or(name);
            match env.get(variable) {
                Some(value) if !value.is_empty() => {
                    used(variable, value);
                    Ok(Some(value))
                }
                _ if blank.contains(name) => Ok(Some("")),
                // An error takes the default, when there is one.
                _ => Err(()),
            }
        });
        let name = match outcome {
            Ok(text) => return (text.into_owned(), unknown),
            Err(error) => error.var_name,
        };
        let variable = name.strip_prefix("env:").unwrap_or(&name);
        if env.get(variable).is_none() {
            unknown.insert(variable.to_owned());
        }
        blank.insert(name);
    }
}

/// Doubles each `$` that starts no `${…}`: to shellexpand `$$` is a plain `$`.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if rest.starts_with('{') && rest.contains('}') {
            out.push('$');
        } else {
            out.push_str("$$");
            // `$${` is a plain `${`.
            rest = if rest.starts_with("${") { &rest[1..] } else { rest };
            if let Some(after) = rest.strip_prefix('{') {
                out.push('{');
                rest = after;
            }
        }
    }
    out.push_str(rest);
    out
}

/// Puts `MCPVISOR__…` variables over the keys they name. Case counts only in names that are new.
pub(super) fn overlay(root: &mut Node, env: &Env, ledger: &mut Ledger) {
    let ours = format!("{PREFIX}{SEPARATOR}");
    let names: HashMap<String, &String> = env
        .0
        .keys()
        .filter(|name| name.starts_with(&ours))
        .map(|name| (name[ours.len()..].to_lowercase().replace(SEPARATOR, "."), name))
        .collect();
    let source = config::Environment::with_prefix(PREFIX)
        .prefix_separator(SEPARATOR)
        .separator(SEPARATOR)
        .source(Some(env.0.clone().into_iter().collect()));
    let collected: BTreeMap<String, config::Value> = match source.collect() {
        Ok(values) => values.into_iter().collect(),
        Err(error) => {
            let remedy = "set only valid Unicode variables";
            return ledger.fault(&Origin::START, String::new(), error.to_string(), remedy);
        }
    };
    for (key, value) in collected {
        let (Some(name), Ok(text)) = (names.get(&key), value.into_string()) else { continue };
        let origin = Origin::Variable(name.as_str().into());
        let steps: Vec<&str> = name[ours.len()..].split(SEPARATOR).collect();
        let mut node = Node::new(origin.clone(), Value::Text(text));
        node.loose = true;
        if steps.iter().any(|step| step.is_empty()) {
            let message = "the name of the variable has an empty part";
            ledger.fault(
                &origin,
                String::new(),
                message,
                "write MCPVISOR__KEY or MCPVISOR__KEY__KEY",
            );
        } else {
            set(root, &steps, node, &[]);
        }
    }
}

/// Below these keys of a server (`servers.<name>.env.<NAME>`) names are the user's.
const OF_THE_USER: [&str; 3] = ["env", "headers", "tools"];

fn set(node: &mut Node, steps: &[&str], leaf: Node, above: &[&str]) {
    let Some((step, rest)) = steps.split_first() else {
        *node = leaf;
        return;
    };
    if !matches!(node.value, Value::Table(_)) {
        *node = Node::new(leaf.origin.clone(), Value::Table(Vec::new()));
    }
    let Some(entries) = node.entries() else { return };
    let at = entries.iter().position(|(key, _)| key.eq_ignore_ascii_case(step));
    let at = at.unwrap_or_else(|| {
        let of_user = matches!(above, ["servers", _, key] if OF_THE_USER.contains(key));
        let key = if of_user { (*step).to_owned() } else { step.to_ascii_lowercase() };
        entries.push((key, Node::new(leaf.origin.clone(), Value::Null)));
        entries.len() - 1
    });
    let (key, node) = &mut entries[at];
    set(node, rest, leaf, &[above, &[key.as_str()]].concat());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_braced_variables_are_expanded() {
        let env: Env = [("A", "1"), ("EMPTY", ""), ("D", "${A}")].into_iter().collect();
        for (text, wanted, unknown) in [
            ("${A}", "1", ""),
            ("x${A}y${env:A}", "x1y1", ""),
            ("${NO:-d}", "d", ""),
            ("${NO:-}", "", ""),
            ("${EMPTY:-d}", "d", ""),
            ("[${EMPTY}]", "[]", ""),
            ("${env:NO:-d}", "d", ""),
            ("${D}", "${A}", ""),
            ("$A pa$$word ^x$", "$A pa$$word ^x$", ""),
            ("$${A}", "${A}", ""),
            ("${A", "${A", ""),
            ("${NO} ${A} ${env:TOO}", " 1 ", "NO TOO"),
        ] {
            let (text_out, missing) = expanded(text, &env, &mut |_, _| {});
            assert_eq!(text_out, wanted, "{text}");
            assert_eq!(missing.into_iter().collect::<Vec<_>>().join(" "), unknown, "{text}");
        }
    }
}

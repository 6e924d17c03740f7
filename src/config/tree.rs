//! What a file says, with the place of every word: the tree all formats are read into.
//!
//! It knows no key of ours and judges nothing.
//!
//! *Invariant:* no type here implements `Debug`; a tree may hold secrets.

use std::sync::Arc;

/// Where something was written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Origin {
    /// In the file; both count from 1.
    Place { line: usize, column: usize },
    /// In this environment variable.
    Variable(Arc<str>),
}

impl Origin {
    /// The first character of the file.
    pub(super) const START: Self = Self::Place { line: 1, column: 1 };

    /// The place of a byte of `text`.
    pub(super) fn of_offset(text: &str, offset: usize) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = before.rfind('\n').map_or(0, |at| at + 1);
        Self::Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }
}

/// One value and where it was written: its key's place in a table, its own in a list.
#[derive(Clone)]
pub(super) struct Node {
    pub(super) origin: Origin,
    /// Whether it is text that came out of the environment, so that `8` may mean a number. Such
    /// text is never shown.
    pub(super) loose: bool,
    pub(super) value: Value,
}

/// What was written.
#[derive(Clone)]
pub(super) enum Value {
    Null,
    Bool(bool),
    /// A number and how it was spelled: `1.10` as a version is not 1.1.
    Number(serde_json::Number, String),
    Text(String),
    List(Vec<Node>),
    Table(Vec<(String, Node)>),
}

impl Node {
    pub(super) fn new(origin: Origin, value: Value) -> Self {
        Self { origin, loose: false, value }
    }

    /// What it is, in words.
    pub(super) fn kind(&self) -> &'static str {
        match self.value {
            Value::Null => "nothing",
            Value::Bool(_) => "true or false",
            Value::Number(..) => "a number",
            Value::Text(_) => "text",
            Value::List(_) => "a list",
            Value::Table(_) => "a table of keys",
        }
    }

    /// The entries, when it is a table.
    pub(super) fn entries(&mut self) -> Option<&mut Vec<(String, Node)>> {
        match &mut self.value {
            Value::Table(entries) => Some(entries),
            _ => None,
        }
    }

    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&Node> {
        match &self.value {
            Value::Table(entries) => entries.iter().find(|(k, _)| k == key).map(|(_, node)| node),
            _ => None,
        }
    }

    /// The value of a key, to be changed.
    pub(super) fn get_mut(&mut self, key: &str) -> Option<&mut Node> {
        self.entries()?.iter_mut().find(|(k, _)| k == key).map(|(_, node)| node)
    }

    /// Takes a key out.
    pub(super) fn take(&mut self, key: &str) -> Option<Node> {
        let entries = self.entries()?;
        let at = entries.iter().position(|(k, _)| k == key)?;
        Some(entries.remove(at).1)
    }

    /// Adds an entry; the caller knows the key to be absent.
    pub(super) fn put(&mut self, key: &str, node: Node) {
        if let Some(entries) = self.entries() {
            entries.push((key.to_owned(), node));
        }
    }

    /// The node at a path, or the deepest one on the way to it. List items are named by number.
    pub(super) fn nearest(&self, path: &[&str]) -> &Node {
        let Some((step, rest)) = path.split_first() else { return self };
        let next = match &self.value {
            Value::List(items) => step.parse::<usize>().ok().and_then(|at| items.get(at)),
            _ => self.get(step),
        };
        next.map_or(self, |node| node.nearest(rest))
    }
}

/// A path as people write it: `servers.files.args[2]`.
pub(super) fn dotted<S: AsRef<str>>(path: &[S]) -> String {
    let mut text = String::new();
    for step in path {
        let step = step.as_ref();
        if !text.is_empty() && step.bytes().all(|b| b.is_ascii_digit()) && !step.is_empty() {
            text.push('[');
            text.push_str(step);
            text.push(']');
            continue;
        }
        if !text.is_empty() {
            text.push('.');
        }
        text.push_str(step);
    }
    text
}

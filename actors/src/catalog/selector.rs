//! What somebody asks to see: everything, one server, or a group.

use crate::server::ServerName;
use std::fmt;
use std::sync::Arc;

/// Most names told to somebody who asked for one that is not there.
const TOLD: usize = 20;
/// Most characters of a name that is not there.
const LONGEST: usize = 64;

/// Which part of everything is meant.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub enum Selector {
    /// All servers, under names that are unique.
    #[default]
    All,
    /// One server, under its own names.
    Server(ServerName),
    /// A group of the configuration, by its name.
    Group(Arc<str>),
}

impl Selector {
    /// The server of this name.
    pub fn server(name: &str) -> Self {
        Self::Server(ServerName::new(name))
    }

    /// As it stands behind the address of a face: `/servers/NAME`, `/groups/NAME`, or nothing.
    pub(crate) fn path(&self) -> String {
        match self {
            Self::All => String::new(),
            Self::Server(name) => format!("/servers/{name}"),
            Self::Group(name) => format!("/groups/{name}"),
        }
    }

    /// The group of this name.
    pub fn group(name: &str) -> Self {
        Self::Group(name.into())
    }
}

/// There is nothing of this name to see.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("there is no {what} `{name}` here; {}", Told(.what, .there, *.more))]
pub struct NoView {
    what: &'static str,
    name: String,
    there: Vec<String>,
    more: usize,
}

impl NoView {
    /// What was asked for (`server` or `group`, and its name), and what there is of its kind.
    pub fn new<'a>(
        what: &'static str,
        name: &str,
        there: impl IntoIterator<Item = &'a str>,
    ) -> Self {
        let mut there = there.into_iter();
        Self {
            what,
            name: name.chars().take(LONGEST).collect(),
            there: there.by_ref().take(TOLD).map(str::to_owned).collect(),
            more: there.count(),
        }
    }
}

/// The names there are, for people.
struct Told<'a>(&'a str, &'a [String], usize);

impl fmt::Display for Told<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(what, there, more) = self;
        if there.is_empty() {
            return write!(f, "no {what} is configured");
        }
        write!(f, "use one of: {}", there.join(", "))?;
        if *more > 0 { write!(f, " and {more} more") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_answered_with_a_bounded_list_of_what_is() {
        let names: Vec<String> = (0..30).map(|number| format!("s{number}")).collect();
        let told = |count: usize, name: &str| {
            NoView::new("server", name, names[..count].iter().map(String::as_str)).to_string()
        };
        assert_eq!(told(0, "x"), "there is no server `x` here; no server is configured");
        assert_eq!(told(2, "x"), "there is no server `x` here; use one of: s0, s1");
        assert!(told(30, "x").ends_with("s18, s19 and 10 more"), "{}", told(30, "x"));
        assert!(told(30, &"x".repeat(10_000)).len() < 300);
    }
}

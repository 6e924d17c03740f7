//! One pass over an object: its members, and whether all of it is JSON.
//!
//! It takes what nearly every message looks like and leaves the rest (escaped keys, deep nesting, whatever is
//! no JSON) to the parser, which is slower and says what is wrong. Why not that one alone: it takes two more
//! passes, for depth and for members, and several times as long where a message is all structure.
//!
//! Each part is given what is left of the text and gives back what is left after it, so that the place is kept
//! in registers.
//!
//! *Invariant:* what is accepted here the parser accepts, with the same members.
//!
//! Source: RFC 8259.
#![expect(
    clippy::inline_always,
    reason = "calls cost more than these parts, where all is structure"
)]

mod strings;

use super::members::{Member, Raw};
use std::borrow::Cow;
use strings::{ONES, first, string};

/// Deepest nesting that is looked into here.
const DEEPEST: usize = 128;
/// The one member within a member's value that is looked for on the way: whether a tool's result is an error.
///
/// Source: MCP "Tools", error handling.
const FLAG: &[u8] = b"\"isError\"";

/// The members of an object that nests no deeper than `max_depth`; `None` when the parser is to be asked.
pub(super) fn members(text: &str, max_depth: usize) -> Option<Vec<Member<'_>>> {
    let bytes = text.as_bytes();
    let from_to =
        |start: &[u8], end: &[u8]| text.get(bytes.len() - start.len()..bytes.len() - end.len());
    let mut members = Vec::with_capacity(6);
    let inner = max_depth.min(DEEPEST).checked_sub(1)?;
    let mut rest = blank(blank(bytes).strip_prefix(b"{")?);
    if let Some(after) = rest.strip_prefix(b"}") {
        rest = after;
    } else {
        loop {
            let key = rest.strip_prefix(b"\"")?;
            let after = string(key)?;
            let key = from_to(key, after)?.strip_suffix('"').filter(|key| !key.contains('\\'))?;
            let start = colon(after)?;
            let mut flag = Flag::default();
            let end = value(start, inner, &mut flag)?;
            let value = Raw::new(from_to(start, end)?);
            members.push(Member { key: Cow::Borrowed(key), value, flagged: flag.is_set() });
            match blank(end) {
                [b',', after @ ..] => rest = blank(after),
                [b'}', after @ ..] => break rest = after,
                _ => return None,
            }
        }
    }
    blank(rest).is_empty().then_some(members)
}

/// What is known of [`FLAG`].
#[derive(Default)]
struct Flag {
    seen: usize,
    on: bool,
    /// A key has escapes, so that it may be the flag's, too.
    doubtful: bool,
}

impl Flag {
    /// Looks at a member from its key on and from its value on.
    #[inline(never)]
    fn look(&mut self, key: &[u8], value: &[u8]) {
        if key.starts_with(FLAG) {
            self.seen += 1;
            self.on = value.starts_with(b"true");
        }
        self.doubtful |= key[..key.len() - value.len()].contains(&b'\\');
    }

    /// Not where it stands twice, so that two readers could disagree; `None` where the parser is to be asked.
    fn is_set(&self) -> Option<bool> {
        (!self.doubtful).then_some(self.on && self.seen == 1)
    }
}

/// One value, however it nests: no recursion, a bit for each open bracket.
fn value<'a>(mut rest: &'a [u8], max_depth: usize, flag: &mut Flag) -> Option<&'a [u8]> {
    let (mut objects, mut depth) = (0_u128, 0);
    loop {
        match rest {
            [b'"', after @ ..] => rest = string(after)?,
            [open @ (b'{' | b'['), after @ ..] => {
                depth += 1;
                if depth > max_depth {
                    return None;
                }
                let object = *open == b'{';
                objects = objects << 1 | u128::from(object);
                rest = blank(after);
                // the closing bracket is two after the opening one in ASCII
                if *rest.first()? != open + 2 {
                    if object {
                        rest = key(rest, depth, flag)?;
                    }
                    continue;
                }
            }
            [b't', ..] => rest = rest.strip_prefix(b"true")?,
            [b'f', ..] => rest = rest.strip_prefix(b"false")?,
            [b'n', ..] => rest = rest.strip_prefix(b"null")?,
            _ => rest = number(rest)?,
        }
        loop {
            if depth == 0 {
                return Some(rest);
            }
            let object = objects & 1 == 1;
            match blank(rest) {
                [b',', after @ ..] => {
                    rest = blank(after);
                    if object {
                        rest = key(rest, depth, flag)?;
                    }
                    break;
                }
                [b'}', after @ ..] if object => rest = after,
                [b']', after @ ..] if !object => rest = after,
                _ => return None,
            }
            objects >>= 1;
            depth -= 1;
        }
    }
}

/// A key and what follows up to its value; one that stands directly in the whole value may be the flag.
#[inline(always)]
fn key<'a>(member: &'a [u8], depth: usize, flag: &mut Flag) -> Option<&'a [u8]> {
    let value = colon(string(member.strip_prefix(b"\"")?)?)?;
    if depth == 1 {
        flag.look(member, value);
    }
    Some(value)
}

#[inline(always)]
fn colon(rest: &[u8]) -> Option<&[u8]> {
    Some(blank(blank(rest).strip_prefix(b":")?))
}

#[inline(always)]
fn blank(rest: &[u8]) -> &[u8] {
    match rest {
        [b'\0'..=b' ', ..] => blanks(rest),
        _ => rest,
    }
}

#[inline(never)]
fn blanks(mut rest: &[u8]) -> &[u8] {
    while let [b' ' | b'\n' | b'\r' | b'\t', after @ ..] = rest {
        rest = after;
        // an indented line
        while let Some((word, after)) = rest.split_first_chunk() {
            let others = u64::from_le_bytes(*word) ^ (ONES * 0x20);
            if others != 0 {
                rest = &rest[first(others)..];
                break;
            }
            rest = after;
        }
    }
    rest
}

#[inline(always)]
fn number(rest: &[u8]) -> Option<&[u8]> {
    let rest = rest.strip_prefix(b"-").unwrap_or(rest);
    let mut rest = match rest {
        [b'0', after @ ..] => after,
        _ => digits(rest)?,
    };
    if let [b'.', after @ ..] = rest {
        rest = digits(after)?;
    }
    if let [b'e' | b'E', after @ ..] = rest {
        rest = match after {
            [b'+' | b'-', after @ ..] => digits(after)?,
            _ => digits(after)?,
        };
    }
    Some(rest)
}

#[inline(always)]
fn digits(rest: &[u8]) -> Option<&[u8]> {
    let [b'0'..=b'9', rest @ ..] = rest else { return None };
    let mut rest = rest;
    while let [b'0'..=b'9', after @ ..] = rest {
        rest = after;
    }
    Some(rest)
}

#[cfg(test)]
mod tests;

//! One pass over an object: its members, and whether all of it is JSON.
//!
//! It takes what nearly every message looks like and leaves the rest (escaped keys, deep nesting, whatever is
//! no JSON) to the parser, which is slower and says what is wrong. Why not that one alone: it takes two more
//! passes, for depth and for members, and five times as long where a message is all structure.
//!
//! *Invariant:* what is accepted here the parser accepts, with the same members.
//!
//! Source: RFC 8259.

use super::members::{Member, Raw};
use std::borrow::Cow;

/// Deepest nesting that is looked into here.
const DEEPEST: usize = 128;
/// Bytes of a string looked at together.
const STRIDE: usize = 32;

/// The members of an object that nests no deeper than `max_depth`; `None` when the parser is to be asked.
pub(super) fn members(text: &str, max_depth: usize) -> Option<Vec<Member<'_>>> {
    let mut scan = Scan { bytes: text.as_bytes(), at: 0 };
    let mut members = Vec::with_capacity(6);
    let inner = max_depth.min(DEEPEST).checked_sub(1)?;
    scan.blank();
    scan.take(b'{')?;
    scan.blank();
    if scan.take(b'}').is_none() {
        loop {
            let key = scan.key()?;
            let start = scan.at;
            scan.value(inner)?;
            let value = Raw::new(text.get(start..scan.at)?);
            members.push(Member { key: Cow::Borrowed(text.get(key.0..key.1)?), value });
            scan.blank();
            match scan.next()? {
                b',' => scan.blank(),
                b'}' => break,
                _ => return None,
            }
        }
    }
    scan.blank();
    (scan.at == scan.bytes.len()).then_some(members)
}

struct Scan<'a> {
    bytes: &'a [u8],
    at: usize,
}

impl Scan<'_> {
    fn peek(&self) -> Option<u8> {
        self.bytes.get(self.at).copied()
    }

    fn next(&mut self) -> Option<u8> {
        let byte = self.peek()?;
        self.at += 1;
        Some(byte)
    }

    fn take(&mut self, wanted: u8) -> Option<()> {
        (self.peek()? == wanted).then(|| self.at += 1)
    }

    fn blank(&mut self) {
        while matches!(self.peek(), Some(b' ' | b'\n' | b'\r' | b'\t')) {
            self.at += 1;
        }
    }

    /// A key without escapes and what follows up to the value; where the key stands, without its quotes.
    fn key(&mut self) -> Option<(usize, usize)> {
        self.take(b'"')?;
        let start = self.at;
        let plain = self.string()?;
        let end = self.at - 1;
        self.colon()?;
        plain.then_some((start, end))
    }

    fn colon(&mut self) -> Option<()> {
        self.blank();
        self.take(b':')?;
        self.blank();
        Some(())
    }

    /// The rest of a string whose opening quote was taken; whether it has no escapes.
    fn string(&mut self) -> Option<bool> {
        let mut plain = true;
        loop {
            self.at += run(&self.bytes[self.at..]);
            match self.next()? {
                b'"' => return Some(plain),
                b'\\' => {
                    plain = false;
                    self.escape()?;
                }
                _control => return None,
            }
        }
    }

    fn escape(&mut self) -> Option<()> {
        match self.next()? {
            b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't' => Some(()),
            b'u' => {
                let digits = self.bytes.get(self.at..self.at + 4)?;
                self.at += 4;
                digits.iter().all(u8::is_ascii_hexdigit).then_some(())
            }
            _ => None,
        }
    }

    fn number(&mut self) -> Option<()> {
        if self.peek() == Some(b'-') {
            self.at += 1;
        }
        if self.take(b'0').is_none() {
            self.digits()?;
        }
        if self.take(b'.').is_some() {
            self.digits()?;
        }
        if matches!(self.peek(), Some(b'e' | b'E')) {
            self.at += 1;
            if matches!(self.peek(), Some(b'+' | b'-')) {
                self.at += 1;
            }
            self.digits()?;
        }
        Some(())
    }

    fn digits(&mut self) -> Option<()> {
        let start = self.at;
        while self.peek().is_some_and(|byte| byte.is_ascii_digit()) {
            self.at += 1;
        }
        (self.at > start).then_some(())
    }

    fn word(&mut self, word: &[u8]) -> Option<()> {
        self.bytes[self.at..].starts_with(word).then(|| self.at += word.len())
    }

    /// One value, however it nests: no recursion, a bit for each open bracket.
    fn value(&mut self, max_depth: usize) -> Option<()> {
        let (mut objects, mut depth) = (0_u128, 0);
        loop {
            match self.peek()? {
                b'"' => {
                    self.at += 1;
                    self.string()?;
                }
                open @ (b'{' | b'[') => {
                    self.at += 1;
                    depth += 1;
                    if depth > max_depth {
                        return None;
                    }
                    let object = open == b'{';
                    objects = objects << 1 | u128::from(object);
                    self.blank();
                    // the closing bracket is two after the opening one in ASCII
                    if self.peek()? != open + 2 {
                        if object {
                            self.any_key()?;
                        }
                        continue;
                    }
                }
                b't' => self.word(b"true")?,
                b'f' => self.word(b"false")?,
                b'n' => self.word(b"null")?,
                _ => self.number()?,
            }
            loop {
                if depth == 0 {
                    return Some(());
                }
                self.blank();
                let object = objects & 1 == 1;
                match self.next()? {
                    b',' => {
                        self.blank();
                        if object {
                            self.any_key()?;
                        }
                        break;
                    }
                    b'}' if object => {}
                    b']' if !object => {}
                    _ => return None,
                }
                objects >>= 1;
                depth -= 1;
            }
        }
    }

    fn any_key(&mut self) -> Option<()> {
        self.take(b'"')?;
        self.string()?;
        self.colon()
    }
}

/// How many bytes of a string come before one that is special. Most strings are short.
fn run(rest: &[u8]) -> usize {
    let short =
        |rest: &[u8]| rest.iter().take(STRIDE).take_while(|byte| !is_special(**byte)).count();
    let mut at = short(rest);
    if at < STRIDE {
        return at;
    }
    while let Some(stride) = rest[at..].first_chunk::<STRIDE>() {
        if stride.iter().fold(false, |any, &byte| any | is_special(byte)) {
            break;
        }
        at += STRIDE;
    }
    at + short(&rest[at..])
}

/// What ends a run of plain bytes in a string.
#[expect(clippy::needless_bitwise_bool, reason = "without branches many are looked at together")]
fn is_special(byte: u8) -> bool {
    (byte == b'"') | (byte == b'\\') | (byte < b' ')
}

#[cfg(test)]
mod tests;

//! A JSON object as its ordered members, values left raw.

use super::scan;
use bytes::Bytes;
use serde::de::{Deserialize, Deserializer, Error as _, MapAccess, Visitor};
use serde_json::value::RawValue;
use std::borrow::Cow;
use std::fmt;
use std::ops::Range;

/// Where a value stands inside the message it came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Span {
    start: usize,
    end: usize,
}

impl Span {
    /// The span of `part` inside `whole`; `part` must be a sub-slice of it.
    pub(crate) fn of(part: &[u8], whole: &[u8]) -> Self {
        let start = (part.as_ptr() as usize).saturating_sub(whole.as_ptr() as usize);
        debug_assert!(start + part.len() <= whole.len());
        Self { start, end: start + part.len() }
    }

    /// From one offset to another.
    pub(crate) fn at(start: usize, end: usize) -> Self {
        debug_assert!(start <= end);
        Self { start, end }
    }

    /// The bytes at this span.
    pub fn slice<'a>(&self, whole: &'a [u8]) -> &'a [u8] {
        &whole[self.start..self.end]
    }

    /// The bytes at this span, sharing the message's allocation.
    pub fn share(&self, whole: &Bytes) -> Bytes {
        whole.slice(self.start..self.end)
    }

    /// As a range of offsets.
    pub fn range(&self) -> Range<usize> {
        self.start..self.end
    }

    /// Whether `other` lies within it.
    pub(crate) fn contains(self, other: Self) -> bool {
        self.start <= other.start && other.end <= self.end
    }

    /// First offset.
    pub fn start(&self) -> usize {
        self.start
    }
}

/// One member of an object: its decoded key and its raw value.
#[derive(Debug)]
pub struct Member<'a> {
    /// The key, unescaped.
    pub key: Cow<'a, str>,
    /// Its value.
    pub value: Raw<'a>,
    /// Whether the value is an object with `isError: true`; `None` where that was not looked at.
    pub(super) flagged: Option<bool>,
}

/// The JSON text of a value, without blanks around it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Raw<'a>(&'a str);

impl<'a> Raw<'a> {
    /// A text that is one JSON value.
    pub(super) fn new(text: &'a str) -> Self {
        Self(text)
    }

    /// The text.
    pub fn get(self) -> &'a str {
        self.0
    }
}

impl<'de: 'a, 'a> Deserialize<'de> for Raw<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        <&RawValue>::deserialize(deserializer).map(|raw| Self(raw.get()))
    }
}

/// The members of an object in the order they were written, duplicates included.
#[derive(Debug, Default)]
pub struct Members<'a>(Vec<Member<'a>>);

impl<'a> Members<'a> {
    /// Splits an object into its members; `None` when `json` is not an object.
    pub fn of(json: &'a [u8]) -> Option<Self> {
        let text = std::str::from_utf8(json).ok()?;
        Self::scanned(text, usize::MAX).or_else(|| serde_json::from_str(text).ok())
    }

    /// The same for what nests no deeper than `max_depth`; `None` also for what only the parser takes.
    pub(super) fn scanned(text: &'a str, max_depth: usize) -> Option<Self> {
        scan::members(text, max_depth).map(Self)
    }

    /// The value of `key`, when the object has it exactly once.
    pub fn get(&self, key: &str) -> Result<Option<Raw<'a>>, DuplicateKey> {
        let mut found = self.0.iter().filter(|member| member.key == key);
        let first = found.next().map(|member| member.value);
        if found.next().is_some() { Err(DuplicateKey) } else { Ok(first) }
    }

    /// All members in order.
    pub fn iter(&self) -> impl Iterator<Item = &Member<'a>> {
        self.0.iter()
    }
}

/// A key that decides something stands twice in one object, so two readers could disagree.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DuplicateKey;

impl<'de: 'a, 'a> Deserialize<'de> for Members<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Object;
        impl<'de> Visitor<'de> for Object {
            type Value = Members<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
                let mut members = Vec::with_capacity(8);
                while let Some(key) = map.next_key::<Key<'de>>()? {
                    members.push(Member { key: key.0, value: map.next_value()?, flagged: None });
                }
                Ok(Members(members))
            }
        }
        deserializer.deserialize_map(Object)
    }
}

/// A key that borrows when it has no escapes.
struct Key<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Key<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct Text;
        impl<'de> Visitor<'de> for Text {
            type Value = Key<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a key")
            }
            fn visit_borrowed_str<E: serde::de::Error>(self, v: &'de str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Borrowed(v)))
            }
            fn visit_str<E: serde::de::Error>(self, v: &str) -> Result<Key<'de>, E> {
                Ok(Key(Cow::Owned(v.to_owned())))
            }
        }
        deserializer.deserialize_str(Text).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn members_keep_order_spelling_and_duplicates() {
        let json = br#"{"b": 1.0e2 ,"a":{"x": [1,2]},"b":null,"\u0061b":"\n"}"#;
        let members = Members::of(json).expect("an object");
        let listed: Vec<_> = members.iter().map(|m| (m.key.as_ref(), m.value.get())).collect();
        assert_eq!(
            listed,
            [("b", "1.0e2"), ("a", r#"{"x": [1,2]}"#), ("b", "null"), ("ab", r#""\n""#)]
        );
        assert_eq!(members.get("b").unwrap_err(), DuplicateKey);
        assert_eq!(members.get("zz").expect("no duplicate").map(Raw::get), None);
    }
}

//! A JSON array of messages (revision 2025-03-26), under a cap on their number.
//!
//! *Invariant:* never holds more than [`MAX_MESSAGES`] references, however long the array is.

use serde::de::{Deserialize, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// Messages in one batch.
pub(super) const MAX_MESSAGES: usize = 1024;

/// The members of an array, not looked into.
pub(super) enum Batch<'a> {
    /// All of them.
    Messages(Vec<&'a RawValue>),
    /// More than [`MAX_MESSAGES`].
    TooLong,
}

impl<'de> Deserialize<'de> for Batch<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_seq(Members)
    }
}

struct Members;

impl<'de> Visitor<'de> for Members {
    type Value = Batch<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array of messages")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Batch<'de>, A::Error> {
        let mut messages = Vec::new();
        while let Some(message) = array.next_element()? {
            if messages.len() == MAX_MESSAGES {
                while array.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(Batch::TooLong);
            }
            messages.push(message);
        }
        Ok(Batch::Messages(messages))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The number of messages read from an array of so many.
    fn read(len: usize) -> Option<usize> {
        let text = format!("[{}]", vec!["{}"; len].join(","));
        match serde_json::from_str(&text).unwrap() {
            Batch::Messages(messages) => Some(messages.len()),
            Batch::TooLong => None,
        }
    }

    #[test]
    fn an_array_is_read_up_to_the_cap_and_not_above_it() {
        for len in [0, 1, MAX_MESSAGES] {
            assert_eq!(read(len), Some(len));
        }
        assert_eq!(read(MAX_MESSAGES + 1), None);
        assert_eq!(read(MAX_MESSAGES * 9), None);
    }
}

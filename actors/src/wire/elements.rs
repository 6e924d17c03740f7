//! A JSON array as its elements, left raw, under a cap on their number.
//!
//! *Invariant:* never holds more references than its cap, however long the array is.

use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, SeqAccess, Visitor};
use serde_json::value::RawValue;
use std::fmt;

/// The elements of an array; `None` when there are more than `most`.
pub fn elements(json: &[u8], most: usize) -> serde_json::Result<Option<Vec<&RawValue>>> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let elements = UpTo(most).deserialize(&mut reader)?;
    reader.end()?;
    Ok(elements)
}

struct UpTo(usize);

impl<'de> DeserializeSeed<'de> for UpTo {
    type Value = Option<Vec<&'de RawValue>>;

    fn deserialize<D: Deserializer<'de>>(self, reader: D) -> Result<Self::Value, D::Error> {
        reader.deserialize_seq(self)
    }
}

impl<'de> Visitor<'de> for UpTo {
    type Value = Option<Vec<&'de RawValue>>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an array")
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut array: A) -> Result<Self::Value, A::Error> {
        let mut elements = Vec::new();
        while let Some(element) = array.next_element()? {
            if elements.len() == self.0 {
                while array.next_element::<IgnoredAny>()?.is_some() {}
                return Ok(None);
            }
            elements.push(element);
        }
        Ok(Some(elements))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_array_is_read_up_to_the_cap_and_not_above_it() {
        for (len, read) in [(0, Some(0)), (1, Some(1)), (8, Some(8)), (9, None), (80, None)] {
            let text = format!("[{}]", vec!["{}"; len].join(","));
            let found = elements(text.as_bytes(), 8).expect("an array");
            assert_eq!(found.map(|all| all.len()), read, "{len}");
        }
        for broken in ["{}", "[1", "[1] 2", "[1,2,3,4,5,6,7,8,9,{]"] {
            assert!(elements(broken.as_bytes(), 8).is_err(), "{broken}");
        }
    }
}

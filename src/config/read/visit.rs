//! The two serde visitors behind [`super`]: YAML values with spans, JSON values with places.

use super::{Node, Origin, Value};
use serde::de::{Deserialize, DeserializeSeed, Deserializer, Error, MapAccess, SeqAccess, Visitor};
use serde_saphyr::Spanned;
use std::fmt;

/// Any YAML value; its parts know their places.
pub(super) enum Plain {
    Null,
    Bool(bool),
    Number(serde_json::Number),
    Text(String),
    List(Vec<Spanned<Plain>>),
    Table(Vec<(Spanned<String>, Spanned<Plain>)>),
}

impl<'de> Deserialize<'de> for Plain {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(PlainVisitor)
    }
}

struct PlainVisitor;

impl<'de> Visitor<'de> for PlainVisitor {
    type Value = Plain;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }

    fn visit_none<E: Error>(self) -> Result<Plain, E> {
        Ok(Plain::Null)
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Plain, D::Error> {
        Plain::deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, it: bool) -> Result<Plain, E> {
        Ok(Plain::Bool(it))
    }

    fn visit_i64<E: Error>(self, it: i64) -> Result<Plain, E> {
        Ok(Plain::Number(it.into()))
    }

    fn visit_u64<E: Error>(self, it: u64) -> Result<Plain, E> {
        Ok(Plain::Number(it.into()))
    }

    fn visit_f64<E: Error>(self, it: f64) -> Result<Plain, E> {
        Ok(serde_json::Number::from_f64(it)
            .map_or_else(|| Plain::Text(it.to_string()), Plain::Number))
    }

    fn visit_str<E: Error>(self, it: &str) -> Result<Plain, E> {
        Ok(Plain::Text(it.to_owned()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Plain, A::Error> {
        let mut list = Vec::new();
        while let Some(item) = items.next_element()? {
            list.push(item);
        }
        Ok(Plain::List(list))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Plain, A::Error> {
        let mut table = Vec::new();
        while let Some(entry) = entries.next_entry()? {
            table.push(entry);
        }
        Ok(Plain::Table(table))
    }
}

/// Any JSON value. The parser tells no places, but it lends keys and texts as slices of the
/// source, and where a slice lies is where it was written. What it does not lend (numbers,
/// brackets, text with escapes) takes the place of the key or list around it.
pub(super) struct Located<'s> {
    pub(super) text: &'s str,
    pub(super) origin: Origin,
}

impl Located<'_> {
    fn place(&self, part: &str) -> Option<Origin> {
        let offset = (part.as_ptr().addr()).checked_sub(self.text.as_ptr().addr())?;
        let inside = offset + part.len() <= self.text.len();
        let quoted = self.text.get(..offset)?.ends_with(['"', '\'']);
        inside.then(|| Origin::of_offset(self.text, offset - usize::from(quoted)))
    }

    fn at(self, value: Value) -> Node {
        Node::new(self.origin, value)
    }
}

impl<'de> DeserializeSeed<'de> for Located<'de> {
    type Value = Node;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Located<'de> {
    type Value = Node;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_unit<E: Error>(self) -> Result<Node, E> {
        Ok(self.at(Value::Null))
    }

    fn visit_none<E: Error>(self) -> Result<Node, E> {
        self.visit_unit()
    }

    fn visit_some<D: Deserializer<'de>>(self, deserializer: D) -> Result<Node, D::Error> {
        self.deserialize(deserializer)
    }

    fn visit_bool<E: Error>(self, it: bool) -> Result<Node, E> {
        Ok(self.at(Value::Bool(it)))
    }

    fn visit_i64<E: Error>(self, it: i64) -> Result<Node, E> {
        Ok(self.at(Value::Number(it.into(), it.to_string())))
    }

    fn visit_u64<E: Error>(self, it: u64) -> Result<Node, E> {
        Ok(self.at(Value::Number(it.into(), it.to_string())))
    }

    fn visit_f64<E: Error>(self, it: f64) -> Result<Node, E> {
        Ok(match serde_json::Number::from_f64(it) {
            Some(number) => self.at(Value::Number(number, it.to_string())),
            None => self.at(Value::Text(it.to_string())),
        })
    }

    fn visit_str<E: Error>(self, it: &str) -> Result<Node, E> {
        Ok(self.at(Value::Text(it.to_owned())))
    }

    fn visit_borrowed_str<E: Error>(self, it: &'de str) -> Result<Node, E> {
        let origin = self.place(it).unwrap_or_else(|| self.origin.clone());
        Ok(Node::new(origin, Value::Text(it.to_owned())))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Node, A::Error> {
        let mut list = Vec::new();
        loop {
            let seed = Located { text: self.text, origin: self.origin.clone() };
            let Some(item) = items.next_element_seed(seed)? else { break };
            list.push(item);
        }
        Ok(self.at(Value::List(list)))
    }

    fn visit_map<A: MapAccess<'de>>(self, mut entries: A) -> Result<Node, A::Error> {
        let mut table: Vec<(String, Node)> = Vec::new();
        loop {
            let seed = Located { text: self.text, origin: self.origin.clone() };
            let Some(key) = entries.next_key_seed(seed)? else { break };
            let Value::Text(name) = key.value else {
                return Err(A::Error::custom("a key is text"));
            };
            if table.iter().any(|(earlier, _)| *earlier == name) {
                return Err(A::Error::custom(format!("the key `{name}` is given twice")));
            }
            let seed = Located { text: self.text, origin: key.origin.clone() };
            let mut node = entries.next_value_seed(seed)?;
            node.origin = key.origin;
            table.push((name, node));
        }
        Ok(self.at(Value::Table(table)))
    }
}

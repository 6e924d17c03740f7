//! Changes to the members of one object inside a message, everything else left byte for byte.

use super::members::DuplicateKey;
use super::{Edits, Members, Raw, Span, string};
use bytes::Bytes;

/// What happens to a member that is there.
#[derive(Debug, Clone)]
enum Change {
    Keep,
    Remove,
    Replace(Bytes),
}

/// An object whose members are removed, replaced or added to.
///
/// *Invariant:* members that are not named keep their bytes, their order and the white space around
/// them.
#[derive(Debug)]
pub struct ObjectEdit<'a> {
    raw: &'a [u8],
    members: Members<'a>,
    changes: Vec<Change>,
    added: Vec<(&'static str, Bytes)>,
}

impl<'a> ObjectEdit<'a> {
    /// Opens the object whose JSON text is `raw`; `None` when it is no object.
    pub fn of(raw: &'a [u8]) -> Option<Self> {
        let members = Members::of(raw)?;
        let changes = vec![Change::Keep; members.iter().count()];
        Some(Self { raw, members, changes, added: Vec::new() })
    }

    /// The raw value of the first member called `key`, as it came.
    pub fn get(&self, key: &str) -> Option<Raw<'a>> {
        self.members.iter().find(|member| member.key == key).map(|member| member.value)
    }

    /// The raw value of `key`, as it came, when it stands there at most once.
    pub fn sole(&self, key: &str) -> Result<Option<Raw<'a>>, DuplicateKey> {
        self.members.get(key)
    }

    /// Takes every member called `key` out.
    pub fn remove(&mut self, key: &str) {
        for (member, change) in self.members.iter().zip(&mut self.changes) {
            if member.key == key {
                *change = Change::Remove;
            }
        }
    }

    /// Gives `key` the JSON text `value`: in place when it is there, at the end when it is not. Of a
    /// key that stands twice only the first is left.
    pub fn set(&mut self, key: &'static str, value: impl Into<Bytes>) {
        let mut value = Some(value.into());
        for (member, change) in self.members.iter().zip(&mut self.changes) {
            if member.key == key {
                *change = value.take().map_or(Change::Remove, Change::Replace);
            }
        }
        if let Some(value) = value {
            self.added.push((key, value));
        }
    }

    /// Gives `key` the JSON text `value` unless it is there.
    pub fn set_default(&mut self, key: &'static str, value: impl Into<Bytes>) {
        if self.get(key).is_none() {
            self.set(key, value);
        }
    }

    /// Whether nothing would be left in it.
    pub fn would_be_empty(&self) -> bool {
        self.added.is_empty() && self.changes.iter().all(|change| matches!(change, Change::Remove))
    }

    /// The edits in `whole`, of which the object must be a part.
    pub fn finish(self, whole: &[u8]) -> Edits {
        let mut edits = Edits::default();
        let open = self.raw.iter().position(|&byte| byte == b'{').map_or(0, |at| at + 1);
        // a member owns what stands before it: its comma, its key and the space between
        let mut at = Span::of(&self.raw[open..open], whole).start();
        let mut first = true;
        for (member, change) in self.members.iter().zip(self.changes) {
            let value = Span::of(member.value.get().as_bytes(), whole);
            let end = value.range().end;
            if matches!(change, Change::Remove) {
                edits.put(Span::at(at, end), Bytes::new());
            } else {
                if first && let Some(comma) = leading_comma(&whole[at..end]) {
                    edits.put(Span::at(at + comma, at + comma + 1), Bytes::new());
                }
                first = false;
                if let Change::Replace(bytes) = change {
                    edits.put(value, bytes);
                }
            }
            at = end;
        }
        let mut added = Vec::new();
        for (key, value) in self.added {
            if !first {
                added.push(b',');
            }
            first = false;
            added.extend_from_slice(string(key).as_bytes());
            added.push(b':');
            added.extend_from_slice(&value);
        }
        if !added.is_empty() {
            edits.put(Span::at(at, at), added);
        }
        edits
    }

    /// The object on its own, changed.
    #[must_use]
    pub fn to_bytes(self) -> Bytes {
        let raw = self.raw;
        self.finish(raw).splice(&Bytes::copy_from_slice(raw)).to_bytes()
    }
}

/// Where the comma stands before a member's key, if one does.
fn leading_comma(member: &[u8]) -> Option<usize> {
    let at = member.iter().position(|byte| !byte.is_ascii_whitespace())?;
    (member[at] == b',').then_some(at)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn edited(text: &str, removed: &[&str], set: &[(&'static str, &'static str)]) -> String {
        let mut edit = ObjectEdit::of(text.as_bytes()).expect("an object");
        for key in removed {
            edit.remove(key);
        }
        for (key, value) in set {
            edit.set(key, *value);
        }
        String::from_utf8(edit.to_bytes().to_vec()).expect("text")
    }

    #[test]
    fn members_are_taken_out_replaced_and_added_and_the_rest_keeps_its_bytes() {
        for (text, removed, set, expected) in [
            (r"{}", &[][..], &[("a", "1")][..], r#"{"a":1}"#),
            (r"{ }", &[], &[("a", "1"), ("b", "2")], r#"{"a":1,"b":2 }"#),
            (r#"{"a":1}"#, &["a"], &[], r"{}"),
            (r#"{"a":1}"#, &["a"], &[("b", "2")], r#"{"b":2}"#),
            (r#"{ "a" : 1 , "b" : 2 }"#, &["a"], &[], r#"{  "b" : 2 }"#),
            (r#"{"a":1,"b":2,"c":3}"#, &["a", "b"], &[], r#"{"c":3}"#),
            (r#"{"a":1,"b":2,"c":3}"#, &["b", "c"], &[("d", "4")], r#"{"a":1,"d":4}"#),
            (r#"{"a":1,"b":2,"c":3}"#, &["a", "c"], &[("b", "[]")], r#"{"b":[]}"#),
            (r#"{"a": 1e0,"\u0062":2}"#, &[], &[("b", "3")], r#"{"a": 1e0,"\u0062":3}"#),
            (r#"{"a":1,"b":0,"a":2}"#, &[], &[("a", "9")], r#"{"a":9,"b":0}"#),
            (r#"{"a":1,"b":0,"a":2}"#, &["a"], &[], r#"{"b":0}"#),
            (" \n{\"a\":1}", &[], &[("b", "2")], " \n{\"a\":1,\"b\":2}"),
        ] {
            assert_eq!(edited(text, removed, set), expected, "{text}");
        }
        assert!(ObjectEdit::of(b"[1]").is_none());
    }

    #[test]
    fn objects_inside_one_another_are_edited_together() {
        let whole = Bytes::from_static(br#"{"x":{"k":1,"z":0},"y":2}"#);
        let mut outer = ObjectEdit::of(&whole).expect("an object");
        let mut inner =
            ObjectEdit::of(outer.get("x").expect("there").get().as_bytes()).expect("one");
        inner.remove("z");
        inner.set("n", "5");
        outer.remove("y");
        let mut edits = inner.finish(&whole);
        edits.extend(outer.finish(&whole));
        assert_eq!(edits.splice(&whole).to_bytes(), r#"{"x":{"k":1,"n":5}}"#);
    }
}

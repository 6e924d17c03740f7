//! The extensions all servers declared, as the gateway declares them to clients of 2026-07-28.

use crate::wire::{Members, string};
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::HashSet;

/// Joins objects of extensions into one; of an extension that several servers have, the settings of the
/// first one stand. `None` when there is none.
///
/// Source: MCP 2026-07-28 schema, `ServerCapabilities.extensions`.
pub(super) fn union(all: impl Iterator<Item = Bytes>) -> Option<Bytes> {
    let (mut seen, mut text) = (HashSet::new(), BytesMut::new());
    for extensions in all {
        for member in Members::of(&extensions).unwrap_or_default().iter() {
            let settings = member.value.get();
            if settings.starts_with('{') && seen.insert(member.key.clone().into_owned()) {
                text.put_u8(if text.is_empty() { b'{' } else { b',' });
                text.extend_from_slice(string(&member.key).as_bytes());
                text.put_u8(b':');
                text.extend_from_slice(settings.as_bytes());
            }
        }
    }
    if text.is_empty() {
        return None;
    }
    text.put_u8(b'}');
    Some(text.freeze())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_extension_is_declared_once_with_the_settings_of_the_first() {
        for (declared, expected) in [
            (&[][..], None),
            (&["{}", "[]"], None),
            (&[r#"{"a/x":null}"#], None),
            (
                &[r#"{"a/x":{"v":1.0},"b/y":{}}"#, r#"{"b/y":{"z":2},"c\/z":{}}"#],
                Some(r#"{"a/x":{"v":1.0},"b/y":{},"c/z":{}}"#),
            ),
        ] {
            let joined = union(declared.iter().map(|&text| Bytes::from(text)));
            assert_eq!(joined.as_deref(), expected.map(str::as_bytes), "{declared:?}");
        }
    }
}

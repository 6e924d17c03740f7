//! The extensions all servers declared, as the gateway declares them to clients of 2026-07-28, and which
//! server a method is of that belongs to none of the core.

use super::Entry;
use super::cell::Manifests;
use super::route::Route;
use crate::bridge::{Era, tasks};
use crate::wire::{Members, string};
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::HashSet;

/// The extensions of some servers.
#[derive(Debug, Default)]
pub(super) struct Extensions {
    /// The JSON text of an object.
    declared: Option<Bytes>,
    /// Servers of 2026-07-28 with extensions that have methods, and how these are called.
    servers: Vec<(Route, Vec<String>)>,
}

impl Extensions {
    /// Those of these servers.
    pub(super) fn of<'a>(entries: impl Iterator<Item = &'a Entry>, known: &Manifests) -> Self {
        let (mut all, mut servers) = (Vec::new(), Vec::new());
        for entry in entries {
            let Some(manifest) = known.get(&entry.spec.name) else { continue };
            let Some(declared) = manifest.extensions() else { continue };
            let names = Members::of(&declared).unwrap_or_default();
            let names = names.iter().map(|member| member.key.clone().into_owned());
            let names: Vec<_> = names.filter(|name| name != tasks::EXTENSION).collect();
            if manifest.era == Era::Modern && !names.is_empty() {
                servers.push((entry.route(manifest.capabilities, ""), names));
            }
            all.push(declared);
        }
        Self { declared: union(all.into_iter()), servers }
    }

    /// As the gateway declares them.
    pub(super) fn declared(&self) -> Option<&Bytes> {
        self.declared.as_ref()
    }

    /// The server of a method: the only one with an extension the method is named after
    /// (`skills/list` of `io.modelcontextprotocol/skills`), else the only one with any.
    pub(super) fn route(&self, method: &str) -> Option<Route> {
        let family = method.split('/').next().unwrap_or_default();
        let named =
            |names: &[String]| names.iter().any(|name| name.rsplit('/').next() == Some(family));
        let fitting: Vec<_> = self.servers.iter().filter(|(_, names)| named(names)).collect();
        let of: Vec<_> = if fitting.is_empty() { self.servers.iter().collect() } else { fitting };
        let [(only, _)] = of.as_slice() else { return None };
        Some(Route { own: method.into(), ..only.clone() })
    }
}

/// Joins objects of extensions into one; of an extension that several servers have, the settings of the
/// first one stand. `None` when there is none.
///
/// Source: MCP 2026-07-28 schema, `ServerCapabilities.extensions`.
fn union(all: impl Iterator<Item = Bytes>) -> Option<Bytes> {
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

//! The extensions all servers declared, as the gateway declares them to clients of 2026-07-28, and which
//! server a method is of that belongs to none of the core.

use super::Manifest;
use crate::bridge::{Era, tasks};
use crate::wire::{Members, string};
use bytes::{BufMut, Bytes, BytesMut};
use std::collections::{BTreeMap, HashSet};
use std::sync::Arc;

/// What one server declared.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Declared {
    /// The JSON text of an object.
    text: Bytes,
    /// How its extensions are called that have methods, if it lives in 2026-07-28.
    methods: Vec<String>,
}

impl Declared {
    /// The extensions of a server, if it declared any.
    pub(super) fn of(manifest: &Manifest) -> Option<Self> {
        let text = manifest.extensions()?;
        let names = Members::of(&text).unwrap_or_default();
        let names = names.iter().map(|member| member.key.clone().into_owned());
        let has_methods = |name: &String| manifest.era == Era::Modern && name != tasks::EXTENSION;
        let methods = names.filter(has_methods).collect();
        Some(Self { text, methods })
    }
}

/// The extensions of some servers.
#[derive(Debug, Clone, Default)]
pub(super) struct Extensions {
    /// Of each server that declared any, by its place.
    servers: BTreeMap<usize, Arc<Declared>>,
    /// All together: the JSON text of an object.
    declared: Option<Bytes>,
}

impl Extensions {
    /// What one of the servers declared.
    pub(super) fn of(&self, server: usize) -> Option<&Arc<Declared>> {
        self.servers.get(&server)
    }

    /// The same with what some servers declare now.
    pub(super) fn renewed(&self, news: Vec<(usize, Option<Arc<Declared>>)>) -> Self {
        let mut servers = self.servers.clone();
        for (server, declared) in news {
            match declared {
                Some(declared) => servers.insert(server, declared),
                None => servers.remove(&server),
            };
        }
        let declared = union(servers.values().map(|declared| declared.text.clone()));
        Self { servers, declared }
    }

    /// As the gateway declares them.
    pub(super) fn declared(&self) -> Option<&Bytes> {
        self.declared.as_ref()
    }

    /// The server of a method: the only one with an extension the method is named after
    /// (`skills/list` of `io.modelcontextprotocol/skills`), else the only one with any.
    pub(super) fn server(&self, method: &str) -> Option<usize> {
        let family = method.split('/').next().unwrap_or_default();
        let named =
            |it: &Declared| it.methods.iter().any(|it| it.rsplit('/').next() == Some(family));
        let having = || self.servers.iter().filter(|(_, it)| !it.methods.is_empty());
        let fitting: Vec<_> = having().filter(|(_, it)| named(it)).collect();
        let of: Vec<_> = if fitting.is_empty() { having().collect() } else { fitting };
        let [(only, _)] = of.as_slice() else { return None };
        Some(**only)
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

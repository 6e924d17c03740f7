//! What every result for a client of 2026-07-28 says beside its own content.

use crate::bridge::{is_cacheable, key};
use crate::wire::Raw;
use crate::wire::{Edits, Members, ObjectEdit, string};
use bytes::Bytes;

/// Who may share a cached result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum CacheScope {
    /// Only the one who asked.
    #[default]
    Private,
    /// Everybody.
    Public,
}

impl CacheScope {
    const fn as_str(self) -> &'static str {
        match self {
            Self::Private => "private",
            Self::Public => "public",
        }
    }
}

/// How long a result may be kept. A server of the initialize era says nothing of it, so by default it
/// may not be kept at all.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct CacheHints {
    /// For how many milliseconds.
    pub ttl_ms: u64,
    /// By whom.
    pub scope: CacheScope,
}

impl CacheHints {
    /// Those a result of 2026-07-28 gives; without a scope it is private.
    ///
    /// Source: MCP 2026-07-28 schema, `CacheableResult`.
    pub fn of(result: &[u8]) -> Option<Self> {
        let members = Members::of(result)?;
        let ttl_ms = serde_json::from_str(members.get("ttlMs").ok()??.get()).ok()?;
        let scope = members.get("cacheScope").ok()?.map(Raw::get);
        let public = scope == Some("\"public\"");
        Some(Self { ttl_ms, scope: if public { CacheScope::Public } else { CacheScope::Private } })
    }

    /// What holds for two results taken together.
    #[must_use]
    pub fn and(self, other: Self) -> Self {
        let public = self.scope == CacheScope::Public && other.scope == CacheScope::Public;
        Self {
            ttl_ms: self.ttl_ms.min(other.ttl_ms),
            scope: if public { CacheScope::Public } else { CacheScope::Private },
        }
    }

    /// As members of an object, for [`Self::of`].
    pub fn members(self) -> String {
        format!("\"ttlMs\":{},\"cacheScope\":\"{}\"", self.ttl_ms, self.scope.as_str())
    }
}

/// Who answers, and with which hints.
#[derive(Debug, Clone)]
pub struct Face {
    /// The JSON text of an `Implementation`.
    pub server_info: Bytes,
    /// For results that may be kept.
    pub hints: CacheHints,
}

impl Face {
    /// Fills in what a server of 2026-07-28 forgot: `resultType`, and hints where the method has them.
    pub fn fill(&self, method: &str, result: &[u8], whole: &[u8]) -> Option<Edits> {
        let mut outer = ObjectEdit::of(result)?;
        outer.set_default("resultType", "\"complete\"");
        if is_cacheable(method) {
            self.set_hints(&mut outer);
        }
        Some(outer.finish(whole))
    }

    fn set_hints(&self, result: &mut ObjectEdit<'_>) {
        result.set_default("ttlMs", self.hints.ttl_ms.to_string());
        result.set_default("cacheScope", string(self.hints.scope.as_str()));
    }

    /// Completes a result: `resultType: complete`, hints where the method has them, the server's name
    /// unless one is there. A `resultType` of a legacy server has no meaning and is replaced.
    pub fn complete(&self, method: &str, result: &[u8], whole: &[u8]) -> Option<Edits> {
        let mut outer = ObjectEdit::of(result)?;
        outer.set("resultType", "\"complete\"");
        if is_cacheable(method) {
            self.set_hints(&mut outer);
        }
        let mut edits = Edits::default();
        let meta = outer.get("_meta").map(|raw| ObjectEdit::of(raw.get().as_bytes()));
        if let Some(Some(mut meta)) = meta {
            meta.set_default(key::SERVER_INFO, self.server_info.clone());
            edits.extend(meta.finish(whole));
        } else {
            outer.set("_meta", self.meta());
        }
        edits.extend(outer.finish(whole));
        Some(edits)
    }

    /// The members of a result of ours, but for its content: as [`Self::complete`] would add them.
    pub fn members(&self, method: &str) -> String {
        let CacheHints { ttl_ms, scope } = self.hints;
        let hints = if is_cacheable(method) {
            format!(",\"ttlMs\":{ttl_ms},\"cacheScope\":\"{}\"", scope.as_str())
        } else {
            String::new()
        };
        format!("\"resultType\":\"complete\"{hints},\"_meta\":{}", self.meta())
    }

    /// The JSON text of a `_meta` that names the server alone.
    pub(super) fn meta(&self) -> String {
        let info = String::from_utf8_lossy(&self.server_info);
        format!("{{{}:{info}}}", string(key::SERVER_INFO))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::Value;

    #[test]
    fn hints_are_read_as_they_are_written() {
        for hints in [
            CacheHints::default(),
            CacheHints { ttl_ms: 60_000, scope: CacheScope::Public },
            CacheHints { ttl_ms: u64::MAX, scope: CacheScope::Private },
        ] {
            let face = Face { server_info: Bytes::from_static(br#"{"name":"n"}"#), hints };
            let result = format!("{{{}}}", face.members("tools/list"));
            assert_eq!(CacheHints::of(result.as_bytes()), Some(hints), "{result}");
            // the members are those that complete any result
            let empty = Bytes::from_static(b"{}");
            let edits = face.complete("tools/list", &empty, &empty).expect("an object");
            let completed: Value =
                serde_json::from_slice(&edits.splice(&empty).to_bytes()).expect("JSON");
            assert_eq!(serde_json::from_str::<Value>(&result).expect("JSON"), completed);
            assert!(!face.members("tools/call").contains("ttlMs"));
        }
        for result in
            ["{}", r#"{"cacheScope":"public"}"#, r#"{"ttlMs":-1,"cacheScope":"public"}"#, "[]"]
        {
            assert_eq!(CacheHints::of(result.as_bytes()), None, "{result}");
        }
    }
}

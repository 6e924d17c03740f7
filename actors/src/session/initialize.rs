//! The answer to `initialize`.

use super::identity;
use crate::wire::{Members, ProtocolVersion};
use bytes::Bytes;
use serde_json::json;

/// Why `initialize` is refused with -32602.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("`params.protocolVersion` must be a protocol revision, as a string")]
pub(super) struct NoVersion;

/// Negotiates the revision and says what this gateway offers; `instructions` are for the model.
///
/// Source: MCP 2025-11-25 "Lifecycle", initialization.
pub(super) fn answer(
    params: Option<&[u8]>,
    instructions: &str,
) -> Result<(ProtocolVersion, Bytes), NoVersion> {
    let members = params.and_then(Members::of).ok_or(NoVersion)?;
    let requested = members.get("protocolVersion").ok().flatten().ok_or(NoVersion)?;
    let requested: String = serde_json::from_str(requested.get()).map_err(|_| NoVersion)?;
    let version = ProtocolVersion::negotiate(&requested);
    let mut capabilities = identity::capabilities();
    capabilities["tasks"] =
        json!({ "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } });
    let result = json!({
        "protocolVersion": version.as_str(),
        "capabilities": capabilities,
        "serverInfo": identity::implementation(),
        "instructions": instructions,
    });
    Ok((version, Bytes::from(result.to_string())))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_known_revision_is_echoed_and_an_unknown_one_answered_with_the_newest() {
        for (requested, expected) in [
            ("2024-11-05", "2024-11-05"),
            ("2025-03-26", "2025-03-26"),
            ("2025-06-18", "2025-06-18"),
            ("2025-11-25", "2025-11-25"),
            ("2026-07-28", "2025-11-25"),
            ("1999-01-01", "2025-11-25"),
        ] {
            let params = format!(r#"{{"protocolVersion":"{requested}"}}"#);
            let (version, _) = answer(Some(params.as_bytes()), "").expect("negotiated");
            assert_eq!(version.as_str(), expected, "{requested}");
        }
        for params in [None, Some("[]"), Some("{}"), Some(r#"{"protocolVersion":5}"#)] {
            assert!(answer(params.map(str::as_bytes), "").is_err(), "{params:?}");
        }
    }

    #[test]
    fn everything_is_declared_because_servers_may_come_that_have_it() {
        let params = br#"{"protocolVersion":"2025-11-25"}"#;
        let (_, result) = answer(Some(params), "").expect("negotiated");
        let result: serde_json::Value = serde_json::from_slice(&result).expect("JSON");
        let capabilities = json!({
            "tools": { "listChanged": true },
            "prompts": { "listChanged": true },
            "resources": { "subscribe": true, "listChanged": true },
            "completions": {},
            "logging": {},
            "tasks": { "list": {}, "cancel": {}, "requests": { "tools": { "call": {} } } },
        });
        assert_eq!(result["capabilities"], capabilities);
    }
}

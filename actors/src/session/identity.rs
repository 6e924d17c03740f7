//! Who this gateway says it is, to clients and to servers.

use crate::bridge::modern_client::{CacheHints, Face};
use crate::catalog::{Selector, View};
use bytes::Bytes;
use serde_json::{Value, json};

/// What models are told of failures.
const FAILURES: &str = "When a call fails because its server is down, the error says why and when the next attempt to reach \
     it is made.";

/// What models are told of what they see: of a group first what it is for.
pub(super) fn instructions(view: &View) -> String {
    match (view.selector(), view.group().and_then(|group| group.description.as_deref())) {
        (Selector::Server(server), _) => {
            format!("A gateway to the MCP server `{server}`. {FAILURES}")
        }
        (_, description) => {
            let description = description.map(|text| format!("{text}\n\n")).unwrap_or_default();
            format!(
                "{description}A gateway to several MCP servers. Tools are named `server.tool`, \
                 prompts `server.prompt`. {FAILURES}"
            )
        }
    }
}

/// What the gateway declares in either era: everything, because servers may come that have it.
pub(super) fn capabilities() -> Value {
    json!({
        "tools": { "listChanged": true },
        "prompts": { "listChanged": true },
        "resources": { "subscribe": true, "listChanged": true },
        "completions": {},
        "logging": {},
    })
}

/// The gateway as an `Implementation`.
pub(crate) fn implementation() -> Value {
    json!({ "name": "mcpvisor", "title": "mcpvisor", "version": env!("CARGO_PKG_VERSION") })
}

/// Who answers clients of 2026-07-28, with these hints for what may be kept.
pub(crate) fn face(hints: CacheHints) -> Face {
    Face { server_info: Bytes::from(implementation().to_string()), hints }
}

/// What is declared to servers: everything, because some show a tool only to a client that has what it
/// needs. What the client behind a call lacks is refused when it is asked for.
pub(crate) const ABILITIES: &[u8] = br#"{"roots":{"listChanged":true},"sampling":{"context":{},"tools":{}},"elicitation":{"form":{},"url":{}}}"#;

//! Who this gateway says it is, to clients and to servers.

use crate::bridge::modern_client::{CacheHints, Face};
use bytes::Bytes;
use serde_json::{Value, json};

/// What models are told of the gateway.
pub(super) const INSTRUCTIONS: &str = "A gateway to several MCP servers. Tools are named `server.tool`, prompts `server.prompt`. When a \
     call fails because its server is down, the error says why and when the next attempt to reach it \
     is made.";

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

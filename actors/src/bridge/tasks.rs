//! Tasks are hidden across eras: those of 2025-11-25 and those of the extension
//! `io.modelcontextprotocol/tasks` have neither methods nor shapes in common.
//!
//! *Invariant:* a peer never sees a capability for tasks of the other era, so it never asks for one.

use crate::wire::{Edits, Members, ObjectEdit, Span};
use bytes::Bytes;
use memchr::memmem;

/// The extension of 2026-07-28.
pub const EXTENSION: &str = "io.modelcontextprotocol/tasks";

/// Whether a client of 2026-07-28 with these capabilities understands tasks.
pub fn are_understood(capabilities: &[u8]) -> bool {
    memmem::find(capabilities, EXTENSION.as_bytes()).is_some()
}

/// Capabilities, a client's or a server's, without tasks of either kind.
pub fn hidden(capabilities: &Bytes) -> Bytes {
    let Some(mut outer) = ObjectEdit::of(capabilities) else { return capabilities.clone() };
    outer.remove("tasks");
    let extensions = outer.get("extensions");
    let inner = extensions.and_then(|raw| ObjectEdit::of(raw.get().as_bytes()));
    let mut edits = Edits::default();
    if let Some(mut inner) = inner.filter(|inner| inner.get(EXTENSION).is_some()) {
        inner.remove(EXTENSION);
        if inner.would_be_empty() {
            outer.remove("extensions");
        } else {
            edits.extend(inner.finish(capabilities));
        }
    }
    edits.extend(outer.finish(capabilities));
    edits.splice(capabilities).to_bytes()
}

/// Whether a server of 2025-11-25 runs `tools/call` as a task.
///
/// Source: MCP 2025-11-25 "Tasks": without this capability `execution.taskSupport` counts for nothing.
pub fn are_offered(capabilities: &[u8]) -> bool {
    let inside = |json: &Bytes, key| -> Option<Bytes> {
        let members = Members::of(json)?;
        let raw = members.get(key).ok().flatten()?;
        Some(Span::of(raw.get().as_bytes(), json).share(json))
    };
    let whole = Bytes::copy_from_slice(capabilities);
    ["tasks", "requests", "tools", "call"]
        .into_iter()
        .try_fold(whole, |json, key| inside(&json, key))
        .is_some()
}

/// A tool of a server of 2025-11-25 as clients of the other era see it; `None` when it can only be
/// called as a task. `offered` is what [`are_offered`] said of its server.
pub fn tool(tool: &Bytes, offered: bool) -> Option<Bytes> {
    let mentioned = |word: &[u8]| memmem::find(tool, word).is_some();
    if !mentioned(b"taskSupport") && !mentioned(b"\\u00") {
        return Some(tool.clone()); // most have none, and lists are long
    }
    let Some(mut outer) = ObjectEdit::of(tool) else { return Some(tool.clone()) };
    let Some(execution) = outer.get("execution") else { return Some(tool.clone()) };
    let Some(mut inner) = ObjectEdit::of(execution.get().as_bytes()) else {
        return Some(tool.clone());
    };
    if offered && inner.get("taskSupport").is_some_and(|raw| raw.get() == "\"required\"") {
        return None;
    }
    inner.remove("taskSupport");
    let edits = if inner.would_be_empty() {
        outer.remove("execution");
        outer.finish(tool)
    } else {
        inner.finish(tool)
    };
    Some(edits.splice(tool).to_bytes())
}

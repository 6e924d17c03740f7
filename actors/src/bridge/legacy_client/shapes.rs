//! Shapes that 2026-07-28 widened and older clients refuse.

use crate::wire::{ObjectEdit, string};
use bytes::Bytes;
use memchr::memmem;

/// A tool as clients of the initialize era can read it: an `outputSchema` that is not one of an object
/// is left out, as is the structured content it would describe.
///
/// Source: MCP 2025-11-25 schema, `Tool.outputSchema.type` is `object`; 2026-07-28 allows any schema.
pub fn tool(tool: &Bytes) -> Bytes {
    let mentioned = |word: &[u8]| memmem::find(tool, word).is_some();
    if !mentioned(b"outputSchema") && !mentioned(b"\\u00") {
        return tool.clone();
    }
    let Some(mut edit) = ObjectEdit::of(tool) else { return tool.clone() };
    let Some(schema) = edit.get("outputSchema") else { return tool.clone() };
    let of_object = ObjectEdit::of(schema.get().as_bytes())
        .and_then(|schema| schema.get("type").map(|kind| kind.get() == "\"object\""));
    if of_object == Some(true) {
        return tool.clone();
    }
    edit.remove("outputSchema");
    edit.finish(tool).splice(tool).to_bytes()
}

/// Takes structured content that is no object out of a result of `tools/call`. If nothing else says
/// what it says, it becomes text.
///
/// Source: MCP 2025-11-25 schema, `CallToolResult.structuredContent` is an object.
pub(super) fn structured_content(result: &mut ObjectEdit<'_>) {
    let Some(raw) = result.get("structuredContent") else { return };
    if raw.get().starts_with('{') {
        return;
    }
    result.remove("structuredContent");
    let content = result.get("content").map_or("", |content| content.get());
    let says_nothing = !content.bytes().any(|byte| byte == b'{');
    if says_nothing {
        let text = format!("[{{\"type\":\"text\",\"text\":{}}}]", string(raw.get()));
        result.set("content", text);
    }
}

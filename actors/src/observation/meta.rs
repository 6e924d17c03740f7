//! Trace context in a request's `_meta`.
//!
//! Source: MCP 2026-07-28 "Base protocol", `_meta`: `traceparent` and `tracestate`, unprefixed (SEP-414);
//! earlier revisions leave such members alone.

use super::TraceContext;
use crate::wire::{Members, Message};
use memchr::memmem;

/// What a request says of its trace. One that does not mention it is not parsed.
pub(super) fn told(message: &Message) -> Option<TraceContext> {
    let params = message.params()?;
    memmem::find(params, b"\"traceparent\"")?;
    let meta = Members::of(params)?.get("_meta").ok()??;
    let meta = Members::of(meta.get().as_bytes())?;
    let text = |key| -> Option<String> {
        let value = meta.get(key).ok()??;
        serde_json::from_str(value.get()).ok()
    };
    TraceContext::parse(&text("traceparent")?, text("tracestate").as_deref())
}

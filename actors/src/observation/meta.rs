//! Trace context in a request's `_meta`.
//!
//! Source: MCP 2026-07-28 "Base protocol", `_meta`: `traceparent` and `tracestate`, unprefixed (SEP-414);
//! earlier revisions leave such members alone.
//!
//! *Invariant:* of a request nothing else is changed, byte for byte.

use super::TraceContext;
use crate::wire::{Edits, Members, Message, ObjectEdit, string};
use memchr::memmem::Finder;
use std::sync::LazyLock;

const PARENT: &str = TraceContext::PARENT;
const STATE: &str = TraceContext::STATE;

/// What stands in a request that may say something of its trace.
static MENTION: LazyLock<Finder<'static>> = LazyLock::new(|| Finder::new(b"\"traceparent\""));

/// What a request says of its trace. One that does not mention it is not parsed.
pub(super) fn told(message: &Message) -> Option<TraceContext> {
    let params = message.params()?;
    MENTION.find(params)?;
    let meta = Members::of(params)?.get("_meta").ok()??;
    let meta = Members::of(meta.get().as_bytes())?;
    let text = |key| -> Option<String> {
        let value = meta.get(key).ok()??;
        serde_json::from_str(value.get()).ok()
    };
    TraceContext::parse(&text(PARENT)?, text(STATE).as_deref())
}

impl TraceContext {
    /// Puts it into `_meta`, in place of what is there.
    pub(crate) fn put_into(&self, meta: &mut ObjectEdit<'_>) {
        meta.set(PARENT, string(&self.to_string()));
        match &self.state {
            Some(state) => meta.set(STATE, string(state)),
            None => meta.remove(STATE), // it belongs to what was there
        }
    }

    /// The same as the JSON text of an object's members.
    pub(crate) fn members(&self) -> String {
        let parent = ["\"", PARENT, "\":\"", &self.to_string(), "\""].concat();
        match &self.state {
            Some(state) => format!("{parent},\"{STATE}\":{}", string(state)),
            None => parent,
        }
    }

    /// The edits that put it into a request that is changed in nothing else. One that has no place for it
    /// stays as it is.
    pub(crate) fn edits(&self, message: &Message) -> Edits {
        self.placed(message).unwrap_or_default()
    }

    fn placed(&self, message: &Message) -> Option<Edits> {
        let whole = message.bytes();
        let object = || format!("{{{}}}", self.members());
        let Some(params) = message.params() else {
            let mut envelope = ObjectEdit::of(whole)?;
            envelope.set("params", format!("{{\"_meta\":{}}}", object()));
            return Some(envelope.finish(whole));
        };
        let mut outer = ObjectEdit::of(params)?;
        match outer.sole("_meta").ok()?.filter(|meta| meta.get() != "null") {
            None => outer.set("_meta", object()),
            Some(raw) => {
                let mut meta = ObjectEdit::of(raw.get().as_bytes())?;
                self.put_into(&mut meta);
                return Some(meta.finish(whole));
            }
        }
        Some(outer.finish(whole))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::{Limits, Strictness};

    const OURS: &str = "00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01";
    const OTHER: &str = "00-11111111111111111111111111111111-2222222222222222-00";

    fn message(params: &str) -> Message {
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"tools/call"{params}}}"#);
        Message::parse(text.into(), Limits::default(), Strictness::Strict).expect("sound")
    }

    fn spliced(params: &str, state: Option<&str>) -> String {
        let (context, message) = (TraceContext::parse(OURS, state).expect("good"), message(params));
        let text = context.edits(&message).splice(message.bytes()).to_bytes();
        let text = String::from_utf8(text.to_vec()).expect("text");
        let params = text.strip_prefix(r#"{"jsonrpc":"2.0","id":1,"method":"tools/call""#);
        params.and_then(|it| it.strip_suffix('}')).expect("the same envelope").replace(OURS, "OURS")
    }

    #[test]
    fn it_is_put_where_it_belongs_and_every_other_byte_stays() {
        for (params, state, expected) in [
            ("", None, r#","params":{"_meta":{"traceparent":"OURS"}}"#),
            (
                r#","params": { "name" : "t" }"#,
                None,
                r#","params": { "name" : "t","_meta":{"traceparent":"OURS"} }"#,
            ),
            (
                r#","params":{"name":"t","_meta":null}"#,
                Some("a=1"),
                r#","params":{"name":"t","_meta":{"traceparent":"OURS","tracestate":"a=1"}}"#,
            ),
            (
                r#","params":{"_meta":{ "progressToken" : 7 },"name":"t"}"#,
                None,
                r#","params":{"_meta":{ "progressToken" : 7,"traceparent":"OURS" },"name":"t"}"#,
            ),
            (
                r#","params":{"_meta":{"traceparent":"x", "tracestate":"b=2","k":1e0}}"#,
                Some("a=1"),
                r#","params":{"_meta":{"traceparent":"OURS", "tracestate":"a=1","k":1e0}}"#,
            ),
            (
                r#","params":{"_meta":{"tracestate":"b=2","k":1}}"#,
                None,
                r#","params":{"_meta":{"k":1,"traceparent":"OURS"}}"#,
            ),
            (r#","params":[1]"#, None, r#","params":[1]"#),
            (r#","params":{"_meta":3}"#, None, r#","params":{"_meta":3}"#),
        ] {
            assert_eq!(spliced(params, state), expected, "{params}");
        }
    }

    #[test]
    fn what_a_request_says_of_its_trace_is_read_from_its_meta_only() {
        let said = |params: &str| told(&message(&params.replace("OTHER", OTHER)));
        let meta = said(r#","params":{"_meta":{"traceparent":"OTHER","tracestate":"a=1"}}"#);
        assert_eq!(meta, TraceContext::parse(OTHER, Some("a=1")));
        for params in [
            "",
            r#","params":{"traceparent":"OTHER"}"#,
            r#","params":{"arguments":{"_meta":{"traceparent":"OTHER"}}}"#,
            r#","params":{"_meta":{"traceparent":5}}"#,
            r#","params":{"_meta":{"traceparent":"no"}}"#,
        ] {
            assert_eq!(said(params), None, "{params}");
        }
    }
}

//! The HTTP headers of a request or notification of 2026-07-28.

use super::{Driver, OutboundKind};
use crate::bridge::{MODERN, ParamHeaders, request_headers};
use crate::server::Carriage;
use crate::wire::{Kind, Limits, Members, Message, Payload, Strictness};

impl Driver {
    /// The headers of a frame of 2026-07-28 that goes by a POST of its own.
    pub(super) fn headers(&self, payload: &Payload, kind: OutboundKind) -> Vec<(String, String)> {
        let posted = self.context.guess.carriage == Carriage::Posts;
        let told = matches!(
            kind,
            OutboundKind::Request { initialize: false, .. } | OutboundKind::Notification
        );
        if posted && told && self.control.speaks_modern() {
            headers(payload, |tool| self.control.annotations(tool))
        } else {
            Vec::new()
        }
    }
}

/// All headers a POST of this request needs, the revision first. `annotations` knows what a tool says
/// of its arguments.
///
/// Source: MCP 2026-07-28 "Streamable HTTP", standard request headers.
fn headers<'a>(
    payload: &Payload,
    annotations: impl Fn(&str) -> Option<&'a ParamHeaders>,
) -> Vec<(String, String)> {
    let mut headers = vec![("MCP-Protocol-Version".to_owned(), MODERN.to_owned())];
    // its size and depth were judged as it came
    let limits = Limits { max_bytes: usize::MAX, max_depth: usize::MAX };
    if let Ok(message) = Message::parse(payload.to_bytes(), limits, Strictness::Liberal) {
        let params = tool(&message).and_then(|tool| annotations(&tool));
        headers.extend(request_headers(&message, params));
    }
    headers
}

/// The tool a request calls.
fn tool(message: &Message) -> Option<String> {
    let Kind::Request { method, .. } = message.kind() else { return None };
    let params = message.params().filter(|_| &**method == "tools/call").and_then(Members::of)?;
    serde_json::from_str(params.get("name").ok()??.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    #[test]
    fn the_headers_repeat_what_the_request_says_of_itself() {
        let schema = br#"{"properties":{"region":{"type":"string","x-mcp-header":"Region"}}}"#;
        let annotated = ParamHeaders::of_schema(schema).expect("good");
        for (method, params, expected) in [
            ("tools/list", "{}", &[("Mcp-Method", "tools/list")][..]),
            (
                "tools/call",
                r#"{"name":"t","arguments":{"region":"eu"}}"#,
                &[("Mcp-Method", "tools/call"), ("Mcp-Name", "t"), ("Mcp-Param-Region", "eu")],
            ),
            (
                "tools/call",
                r#"{"name":"other","arguments":{"region":"eu"}}"#,
                &[("Mcp-Method", "tools/call"), ("Mcp-Name", "other")],
            ),
            (
                "resources/read",
                r#"{"uri":"a:b"}"#,
                &[("Mcp-Method", "resources/read"), ("Mcp-Name", "a:b")],
            ),
        ] {
            let payload = crate::wire::request_raw(1, method, params);
            let headers = headers(&payload, |tool| (tool == "t").then_some(&annotated));
            let headers: Vec<_> = headers.iter().map(|(k, v)| (k.as_str(), v.as_str())).collect();
            assert_eq!(headers[0], ("MCP-Protocol-Version", "2026-07-28"));
            assert_eq!(&headers[1..], expected, "{method}");
        }
        let none = headers(&Bytes::from_static(b"no message").into(), |_| None);
        assert_eq!(none.len(), 1);
    }
}

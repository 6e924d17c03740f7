//! Headers and body say the same, or the request is refused.

use super::*;
use crate::wire::{Limits, Strictness};

const SCHEMA: &[u8] = br#"{"type":"object","properties":{"region":{"type":"string","x-mcp-header":"Region"},"limits":{"type":"object","properties":{"n":{"type":"integer","x-mcp-header":"N"}}},"dry":{"type":"boolean","x-mcp-header":"Dry"}}}"#;

fn message(method: &str, params: &str) -> Message {
    let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{params}}}"#);
    Message::parse(text.into(), Limits::default(), Strictness::Strict).expect("a request")
}

fn call(arguments: &str) -> Message {
    let meta = r#""_meta":{"io.modelcontextprotocol/protocolVersion":"2026-07-28"}"#;
    message("tools/call", &format!(r#"{{"name":"dep loy ","arguments":{arguments},{meta}}}"#))
}

fn checked(headers: &[(&str, &str)], message: &Message) -> Result<(), HeaderFault> {
    let params = ParamHeaders::of_schema(SCHEMA).expect("good annotations");
    let headers: Vec<_> = headers.iter().map(|(name, value)| (*name, value.as_bytes())).collect();
    check_headers(&headers, message, Some(&params))
}

const VERSIONED: (&str, &str) = ("mcp-protocol-version", "2026-07-28");
const CALL: (&str, &str) = ("MCP-METHOD", "tools/call");
const DEPLOY: (&str, &str) = ("mcp-name", "=?base64?ZGVwIGxveSA=?=");

#[test]
fn what_is_sent_is_what_is_checked() {
    let params = ParamHeaders::of_schema(SCHEMA).expect("good annotations");
    let message = call(r#"{"region":"süd","limits":{"n":-7},"dry":true,"x":1}"#);
    let mut headers = request_headers(&message, Some(&params));
    headers.sort();
    let shown: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(
        shown,
        [
            ("Mcp-Method", "tools/call"),
            ("Mcp-Name", "=?base64?ZGVwIGxveSA=?="),
            ("Mcp-Param-Dry", "true"),
            ("Mcp-Param-N", "-7"),
            ("Mcp-Param-Region", "=?base64?c8O8ZA==?="),
        ]
    );
    headers.push(("MCP-Protocol-Version".into(), "2026-07-28".into()));
    let shown: Vec<_> = headers.iter().map(|(n, v)| (n.as_str(), v.as_str())).collect();
    assert_eq!(checked(&shown, &message), Ok(()));
}

#[test]
fn every_contradiction_is_found() {
    let plain = call("{}");
    let mismatch = |header: &'static str, said: &str, body: &str| HeaderFault::Mismatch {
        header: header.into(),
        said: said.into(),
        body: body.into(),
    };
    for (headers, message, expected) in [
        (&[VERSIONED, CALL, DEPLOY][..], call("{}"), Ok(())),
        (&[CALL, DEPLOY], call("{}"), Err(HeaderFault::Missing("MCP-Protocol-Version".into()))),
        (&[VERSIONED, DEPLOY], call("{}"), Err(HeaderFault::Missing("Mcp-Method".into()))),
        (&[VERSIONED, CALL], call("{}"), Err(HeaderFault::Missing("Mcp-Name".into()))),
        (
            &[("MCP-Protocol-Version", "2025-11-25"), CALL, DEPLOY],
            call("{}"),
            Err(mismatch("MCP-Protocol-Version", "2025-11-25", "2026-07-28")),
        ),
        (
            &[VERSIONED, ("Mcp-Method", "Tools/Call"), DEPLOY],
            call("{}"),
            Err(mismatch("Mcp-Method", "Tools/Call", "tools/call")),
        ),
        (
            &[VERSIONED, CALL, ("Mcp-Name", "dep loy")],
            call("{}"),
            Err(mismatch("Mcp-Name", "dep loy", "dep loy ")),
        ),
        (
            &[VERSIONED, CALL, DEPLOY, DEPLOY],
            call("{}"),
            Err(HeaderFault::Repeated("Mcp-Name".into())),
        ),
        (
            &[VERSIONED, CALL, ("Mcp-Name", "=?base64?%?=")],
            call("{}"),
            Err(HeaderFault::Unreadable("Mcp-Name".into())),
        ),
        (
            &[VERSIONED, CALL, ("Mcp-Name", "ä")],
            call("{}"),
            Err(HeaderFault::Unreadable("Mcp-Name".into())),
        ),
        (
            &[VERSIONED, CALL, DEPLOY],
            call(r#"{"region":"a"}"#),
            Err(HeaderFault::Missing("Mcp-Param-Region".into())),
        ),
        (&[VERSIONED, CALL, DEPLOY], call(r#"{"region":null}"#), Ok(())),
        (
            &[VERSIONED, CALL, DEPLOY, ("mcp-param-region", "a")],
            call(r#"{"region":null}"#),
            Err(HeaderFault::Unexpected("Mcp-Param-Region".into())),
        ),
        (
            &[VERSIONED, CALL, DEPLOY, ("mcp-param-region", "a")],
            call(r#"{"region":"b"}"#),
            Err(mismatch("Mcp-Param-Region", "a", "b")),
        ),
        (
            &[VERSIONED, CALL, DEPLOY, ("mcp-param-region", "b")],
            call(r#"{"region":"a","region":"b"}"#),
            Err(HeaderFault::AmbiguousBody("arguments")),
        ),
        (
            &[VERSIONED, CALL, DEPLOY, ("mcp-param-n", "42")],
            call(r#"{"limits":{"n":42.0}}"#),
            Ok(()),
        ),
        (
            &[VERSIONED, CALL, DEPLOY, ("mcp-param-n", "9007199254740993")],
            call(r#"{"limits":{"n":9007199254740992}}"#),
            Err(mismatch("Mcp-Param-N", "9007199254740993", "9007199254740992")),
        ),
        (&[VERSIONED, CALL, DEPLOY, ("mcp-param-other", "x")], call("{}"), Ok(())),
        (&[VERSIONED, ("Mcp-Method", "tools/list")], message("tools/list", "{}"), Ok(())),
        (
            &[VERSIONED, ("Mcp-Method", "resources/read"), ("Mcp-Name", "a:b")],
            message("resources/read", r#"{"uri":"a:b"}"#),
            Ok(()),
        ),
        (
            &[VERSIONED, ("Mcp-Method", "tasks/get")],
            message("tasks/get", r#"{"taskId":"1"}"#),
            Err(HeaderFault::Missing("Mcp-Name".into())),
        ),
    ] {
        assert_eq!(checked(headers, &message), expected, "{headers:?}");
    }
    assert!(
        check_headers(
            &[
                ("mcp-protocol-version", b"2026-07-28"),
                ("mcp-method", b"tools/call"),
                ("mcp-name", b"=?base64?ZGVwIGxveSA=?=")
            ],
            &plain,
            None
        )
        .is_ok()
    );
}

#[test]
fn wrong_annotations_are_told_apart() {
    let of = |property: &str| {
        let schema = format!(r#"{{"type":"object","properties":{{"p":{property}}}}}"#);
        ParamHeaders::of_schema(schema.as_bytes())
    };
    for (property, expected) in [
        (r#"{"type":"string","x-mcp-header":""}"#, BadAnnotation::NotAToken("p".into())),
        (r#"{"type":"string","x-mcp-header":"a b"}"#, BadAnnotation::NotAToken("p".into())),
        (r#"{"type":"string","x-mcp-header":"a\r\nb"}"#, BadAnnotation::NotAToken("p".into())),
        (r#"{"type":"string","x-mcp-header":5}"#, BadAnnotation::NotAToken("p".into())),
        (r#"{"type":"number","x-mcp-header":"A"}"#, BadAnnotation::NotPrimitive("p".into())),
        (r#"{"x-mcp-header":"A"}"#, BadAnnotation::NotPrimitive("p".into())),
        (
            r#"{"type":"array","items":{"type":"string","x-mcp-header":"A"}}"#,
            BadAnnotation::OffChain,
        ),
        (r#"{"anyOf":[{"type":"string","x-mcp-header":"A"}]}"#, BadAnnotation::OffChain),
        (
            r#"{"properties":{"a":{"type":"string","x-mcp-header":"A"},"b":{"type":"string","x-mcp-header":"a"}}}"#,
            BadAnnotation::Twice("a".into()),
        ),
    ] {
        assert_eq!(of(property).expect_err(property), expected, "{property}");
    }
    assert_eq!(ParamHeaders::of_schema(br#"{"x-mcp-header":"A"}"#), Err(BadAnnotation::OffChain));
    assert!(of(r#"{"type":"string","default":{"x-mcp-header":"A"}}"#).expect("data").is_empty());
    assert!(of(r#"{"type":"string"}"#).expect("none").is_empty());
    assert!(!of(r#"{"type":"string","x-mcp-heade\u0072":"A"}"#).expect("one").is_empty());
}

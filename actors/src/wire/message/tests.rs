//! Envelopes: every byte kept, faults told apart, and no input that makes the parser panic.

use super::*;
use crate::wire::ObjectEdit;
use proptest::prelude::*;

fn parse(text: &str, how: Strictness) -> Result<Message, WireError> {
    Message::parse(Bytes::copy_from_slice(text.as_bytes()), Limits::default(), how)
}

fn liberal(text: &str) -> Message {
    parse(text, Strictness::Liberal).expect("acceptable")
}

#[test]
fn a_request_keeps_every_byte_but_its_id() {
    let message = liberal(
        r#"{ "params" : {"n": 1.0, "x":{"b":1,"a":[ ]}} , "vendor":1e400,"id": "a\u0062" ,"method":"tools/call","jsonrpc":"2.0"}"#,
    );
    assert_eq!(
        message.with_id(b"7", &[]).to_bytes(),
        r#"{ "params" : {"n": 1.0, "x":{"b":1,"a":[ ]}} , "vendor":1e400,"id": 7 ,"method":"tools/call","jsonrpc":"2.0"}"#
    );
}

#[test]
fn a_request_that_forgot_jsonrpc_stays_a_request() {
    for (text, expected) in [
        (r#"{"id":1,"method":"roots/list"}"#, r#"{"jsonrpc":"2.0","id":7,"method":"roots/list"}"#),
        (
            r#"{"method":"a/b","x":0,"params":{"n":1.0},"id":1}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"a/b","params":{"n":1.0}}"#,
        ),
    ] {
        assert_eq!(liberal(text).with_id(b"7", &[]).to_bytes(), expected);
    }
}

#[test]
fn the_kind_follows_the_members() {
    for (text, expected) in [
        (r#"{"jsonrpc":"2.0","id":1,"method":"m"}"#, "request"),
        (r#"{"jsonrpc":"2.0","method":"m"}"#, "notification"),
        (r#"{"jsonrpc":"2.0","id":1,"result":null}"#, "ok"),
        (r#"{"jsonrpc":"2.0","id":1,"error":{"code":1,"message":""}}"#, "error"),
        (r#"{"id":1,"result":{},"error":null}"#, "ok"),
        (r#"{"id":null,"error":{}}"#, "error"),
    ] {
        let kind = match liberal(text).kind() {
            Kind::Request { .. } => "request",
            Kind::Notification { .. } => "notification",
            Kind::Response { ok: true, .. } => "ok",
            Kind::Response { ok: false, .. } => "error",
        };
        assert_eq!(kind, expected, "{text}");
    }
}

#[test]
fn what_is_not_json_rpc_says_why() {
    use WireError::{Batch, NotJson, NotJsonRpc};
    for (text, expected) in [
        ("", NotJson { line: 1, column: 0 }),
        ("{\"a\"", NotJson { line: 1, column: 4 }),
        ("[{\"jsonrpc\":\"2.0\"}]", Batch),
        ("7", NotJsonRpc("the message is not an object")),
        (r#"{"id":1,"method":"m"}"#, NotJsonRpc("`jsonrpc` must be \"2.0\"")),
        (r#"{"jsonrpc":"1.0","id":1,"method":"m"}"#, NotJsonRpc("`jsonrpc` must be \"2.0\"")),
        (r#"{"jsonrpc":"2.0","id":{},"method":"m"}"#, NotJsonRpc("`id` is not a string or number")),
        (
            r#"{"jsonrpc":"2.0","id":null,"method":"m"}"#,
            NotJsonRpc("a request's `id` must not be null"),
        ),
        (r#"{"jsonrpc":"2.0","id":1,"method":5}"#, NotJsonRpc("`method` is not a string")),
        (
            r#"{"jsonrpc":"2.0","id":1,"id":2,"method":"m"}"#,
            NotJsonRpc("an envelope member stands twice"),
        ),
        (
            r#"{"jsonrpc":"2.0","id":1}"#,
            NotJsonRpc("neither `method` nor `result` nor `error` is there"),
        ),
    ] {
        assert_eq!(parse(text, Strictness::Strict).expect_err(text), expected, "{text}");
    }
}

#[test]
fn bytes_that_are_not_utf8_are_named_by_offset() {
    let bytes = Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"method\":\"\xff\"}");
    let fault = Message::parse(bytes, Limits::default(), Strictness::Strict).expect_err("bad");
    assert_eq!(fault, WireError::NotUtf8 { at: 27 });
}

#[test]
fn an_irregular_response_leaves_as_json_rpc() {
    for (text, expected) in [
        (r#"{"id":9,"result":{"a":1.0}}"#, r#"{"jsonrpc":"2.0","id":"c","result":{"a":1.0}}"#),
        (
            r#"{"jsonrpc":"2.0","id":9,"result":[1],"error":null}"#,
            r#"{"jsonrpc":"2.0","id":"c","result":[1]}"#,
        ),
    ] {
        assert_eq!(liberal(text).with_id(b"\"c\"", &[]).to_bytes(), expected);
    }
}

#[test]
fn a_notification_is_passed_on_as_it_is_or_made_regular() {
    for (text, expected) in [
        (
            r#"{"x":1.0,"method":"m","params":{"a":1e2,"t":7},"jsonrpc":"2.0"}"#,
            r#"{"x":1.0,"method":"m","params":{"a":1e2,"t":"new"},"jsonrpc":"2.0"}"#,
        ),
        (
            r#"{"params":{"a":1e2,"t":7},"method":"m"}"#,
            r#"{"jsonrpc":"2.0","method":"m","params":{"a":1e2,"t":"new"}}"#,
        ),
        (r#"{"jsonrpc":1,"method":"m"}"#, r#"{"jsonrpc":"2.0","method":"m"}"#),
    ] {
        let message = liberal(text);
        let edit = text.find('7').map(|at| Span::of(&message.bytes()[at..=at], message.bytes()));
        let edits: Vec<(Span, &[u8])> =
            edit.map(|span| (span, &b"\"new\""[..])).into_iter().collect();
        assert_eq!(message.notified(&edits).to_bytes(), expected);
    }
}

proptest! {
    #[test]
    fn any_payload_survives_a_change_of_id_both_ways(
        payload in json(),
        extra in json(),
        id in "[0-9]{1,12}|\"[a-z\\\\u0041]{0,6}\"".prop_filter("valid", |id| serde_json::from_str::<serde_json::Value>(id).is_ok()),
        result in any::<bool>(),
    ) {
        let key = if result { "result" } else { "params" };
        let method = if result { "" } else { r#""method":"m","# };
        let text = format!(r#"{{"extra":{extra},{method}"id":{id},"{key}":{payload},"jsonrpc":"2.0"}}"#);
        let there = liberal(&text).with_id(b"123456", &[]).to_bytes();
        let back = Message::parse(there, Limits::default(), Strictness::Strict).expect("regular");
        prop_assert_eq!(back.with_id(id.as_bytes(), &[]).to_bytes(), text);
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let _ = Message::parse(Bytes::from(bytes), Limits::default(), Strictness::Liberal);
    }
}

/// JSON text with odd spellings: exponents, escapes, spaces, duplicate keys.
fn json() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("null".to_owned()),
        Just("true".to_owned()),
        Just("-0".to_owned()),
        Just("1.0".to_owned()),
        Just("1e400".to_owned()),
        Just("18446744073709551617".to_owned()),
        Just(r#""\u00e9\/\n\ud83d\ude00""#.to_owned()),
        "\"[ a-zA-Zé{}\\[\\]:,]{0,12}\"",
    ];
    leaf.prop_recursive(4, 32, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[ {} ]", items.join(" , "))),
            proptest::collection::vec(("[a-c]{1,2}", inner), 0..4).prop_map(|items| {
                let members: Vec<_> =
                    items.iter().map(|(key, value)| format!("\"{key}\" :{value}")).collect();
                format!("{{{}}}", members.join(",\t"))
            }),
        ]
    })
}

#[test]
fn an_answer_that_must_be_put_together_anew_keeps_its_edits() {
    let message = liberal(r#"{"id":1,"result":{"a":1,"b":2},"error":null}"#);
    let whole = message.bytes();
    let result = message.outcome_span().expect("a result").slice(whole);
    let mut edit = ObjectEdit::of(result).expect("an object");
    edit.set("a", "9");
    let payload = message.with_id(b"7", &edit.finish(whole).as_slices());
    assert_eq!(payload.to_bytes(), r#"{"jsonrpc":"2.0","id":7,"result":{"a":9,"b":2}}"#);
}

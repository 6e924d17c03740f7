//! What is accepted, next to what the parser accepts.

use super::members;
use crate::wire::Members;
use proptest::prelude::*;

/// The members as texts.
fn scanned(text: &str) -> Option<Vec<(String, String)>> {
    let members = members(text, 64)?;
    Some(members.iter().map(|it| (it.key.to_string(), it.value.get().to_owned())).collect())
}

fn parsed(text: &str) -> Option<Vec<(String, String)>> {
    let members: Members<'_> = serde_json::from_str(text).ok()?;
    Some(members.iter().map(|it| (it.key.to_string(), it.value.get().to_owned())).collect())
}

#[test]
fn what_messages_look_like_is_taken_here() {
    for text in [
        "{}",
        " { } ",
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"a","arguments":{}}}"#,
        "{ \"a\" : [ 1 , -2.5e+3 , 0 , true , false , null , \"\" ] ,\r\n\t\"b\" : { \"c\" : [ { } , [ ] ] } }",
        r#"{"a":"\u00e4\n\"","b":"a string that is longer than one stride of the scanner, \\ with an escape"}"#,
        r#"{"a":1,"a":2,"ä":"ö"}"#,
    ] {
        let found = scanned(text);
        assert!(found.is_some(), "{text}");
        assert_eq!(found, parsed(text), "{text}");
    }
}

#[test]
fn what_is_no_object_or_no_json_is_left_to_the_parser() {
    for text in [
        "",
        "[]",
        "7",
        "{",
        "{}}",
        "{} x",
        r#"{"a"}"#,
        r#"{"a":}"#,
        r#"{"a":1,}"#,
        r#"{,"a":1}"#,
        r#"{"a":01}"#,
        r#"{"a":1.}"#,
        r#"{"a":.5}"#,
        r#"{"a":-}"#,
        r#"{"a":1e}"#,
        r#"{"a":+1}"#,
        r#"{"a":tru}"#,
        r#"{"a":nulll}"#,
        r#"{"a":[1,]}"#,
        r#"{"a":[1}"#,
        r#"{"a":{"b":1]}"#,
        r#"{"a":{"b"}}"#,
        r#"{"a":{1:2}}"#,
        r#"{"a":{,}}"#,
        r#"{"a":"\x"}"#,
        r#"{"a":"\u12g4"}"#,
        r#"{"a":"b}"#,
        "{\"a\":\"\u{1}\"}",
        "{\"a\":\"\n\"}",
        r"{a:1}",
        r#"{"a":'b'}"#,
    ] {
        assert_eq!(scanned(text), None, "{text}");
    }
    assert_eq!(scanned(r#"{"\u0061":1}"#), None, "an escaped key is the parser's");
}

#[test]
fn nesting_counts_the_object_itself() {
    let nested = |depth: usize| {
        let (open, close) = ("[".repeat(depth - 1), "]".repeat(depth - 1));
        format!("{{\"a\":{open}{close}}}")
    };
    assert!(members(&nested(64), 64).is_some());
    assert!(members(&nested(65), 64).is_none());
    assert!(members(&nested(128), 1000).is_some());
    assert!(members(&nested(129), 1000).is_none());
    assert!(members("{}", 0).is_none());
}

#[test]
fn what_is_special_in_a_string_is_found_wherever_it_stands() {
    for length in 0..200 {
        for special in ["\\\"", "\\u00e4", "ä", "\u{7f}", "\"", "\\", "\\x", "\n", "\u{1f}"] {
            for after in [0, 1, 7, 70] {
                let (before, after) = ("x".repeat(length), " ".repeat(after));
                let text = format!("{{\"a\":[\"{before}{special}{after}\"]}}");
                assert_eq!(scanned(&text), parsed(&text), "{text}");
            }
        }
    }
}

#[test]
fn blanks_are_passed_over_however_many_there_are() {
    for count in 0..40 {
        let blanks = format!("\r\n\t{}", " ".repeat(count));
        let text = ["{", "\"a\"", ":", "[", "1", ",", "{", "}", "]", "}", ""].join(&blanks);
        assert!(scanned(&text).is_some(), "{text}");
        assert_eq!(scanned(&text), parsed(&text), "{text}");
        let other = text.replace('\t', "\u{b}");
        assert_eq!(scanned(&other), None, "{other}");
    }
}

fn json() -> impl Strategy<Value = serde_json::Value> {
    let leaf = prop_oneof![
        Just(serde_json::Value::Null),
        any::<bool>().prop_map(Into::into),
        any::<i64>().prop_map(Into::into),
        any::<f64>().prop_map(Into::into),
        ".{0,60}".prop_map(Into::into),
    ];
    leaf.prop_recursive(6, 64, 6, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..6).prop_map(Into::into),
            prop::collection::hash_map("[a-z]{0,8}", inner, 0..6)
                .prop_map(|map| serde_json::Value::Object(map.into_iter().collect())),
        ]
    })
}

proptest! {
    #[test]
    fn any_object_has_the_members_the_parser_finds(value in json(), pretty: bool) {
        let whole = serde_json::json!({ "id": 7, "result": value });
        let text = if pretty { serde_json::to_string_pretty(&whole) } else { serde_json::to_string(&whole) };
        let text = text.expect("JSON");
        prop_assert!(scanned(&text).is_some());
        prop_assert_eq!(scanned(&text), parsed(&text));
    }

    #[test]
    fn nothing_is_accepted_that_the_parser_refuses(
        value in json(),
        at in any::<prop::sample::Index>(),
        with in prop::sample::select(&b"{}[]\",:\\ 0e.-tn\n"[..]),
        cut: bool,
    ) {
        let mut bytes = serde_json::to_vec(&serde_json::json!({ "a": value })).expect("JSON");
        let at = at.index(bytes.len());
        if cut { bytes.remove(at); } else { bytes[at] = with; }
        if let Ok(text) = String::from_utf8(bytes)
            && let Some(found) = scanned(&text)
        {
            prop_assert_eq!(Some(found), parsed(&text));
        }
    }
}

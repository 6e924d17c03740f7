//! What no rule names survives every bridge: its bytes, its order, its spelling.

use super::{edited, frame};
use crate::bridge::legacy_client::{self, Answer, ModernMeta};
use crate::bridge::modern_client::{self, CacheHints, Face};
use crate::bridge::{Abilities, Reaction, Translated};
use crate::wire::Message;
use bytes::Bytes;
use proptest::prelude::*;

/// JSON values in odd spellings.
fn value() -> impl Strategy<Value = String> {
    let leaf = prop_oneof![
        Just("1.0".to_owned()),
        Just("-1e400".to_owned()),
        Just("null".to_owned()),
        Just("12345678901234567890123".to_owned()),
        Just(r#""\u00e9\n\ud83d\ude00""#.to_owned()),
        "[a-z,:{}\\[\\] ]{0,8}".prop_map(|text| format!("\"{text}\"")),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4)
                .prop_map(|items| format!("[ {} ]", items.join(" ,"))),
            prop::collection::vec(inner, 0..4).prop_map(|items| {
                let members: Vec<_> = items
                    .iter()
                    .enumerate()
                    .map(|(n, item)| format!("\"k{n}\" : {item}"))
                    .collect();
                format!("{{{}}}", members.join(", "))
            }),
        ]
    })
}

/// Members no rule names, each with the white space around it.
fn members() -> impl Strategy<Value = Vec<String>> {
    let space = prop_oneof![Just(""), Just(" "), Just("\t")];
    let member = ("[u-z][a-z]{0,5}", space, value());
    prop::collection::vec(member, 0..5).prop_map(|members| {
        let text = |(n, (key, space, value)): (usize, (String, &str, String))| {
            format!("{space}\"x{n}{key}\"{space}:{space}{value}")
        };
        members.into_iter().enumerate().map(text).collect()
    })
}

/// Members with others mixed in at some place.
fn mixed(own: &[String], place: usize, others: &str) -> String {
    let at = place.min(own.len());
    let all: Vec<&str> = own[..at]
        .iter()
        .map(String::as_str)
        .chain([others])
        .chain(own[at..].iter().map(String::as_str))
        .collect();
    all.join(",")
}

fn survives(own: &[String], text: &str) -> Result<(), TestCaseError> {
    let mut at = 0;
    for member in own {
        let found = text[at..].find(member.trim_start_matches(' '));
        let found = found.ok_or_else(|| TestCaseError::fail(format!("{member} lost in {text}")))?;
        at += found + member.trim_start_matches(' ').len();
    }
    let valid = serde_json::from_str::<&serde_json::value::RawValue>(text);
    prop_assert!(valid.is_ok(), "no JSON any more: {text}");
    Ok(())
}

fn face() -> Face {
    Face { server_info: Bytes::from_static(b"{}"), hints: CacheHints::default() }
}

proptest! {
    #[test]
    fn unknown_members_of_requests_survive_both_ways(
        envelope in members(), params in members(), meta in members(), place in 0usize..6,
    ) {
        let client = ModernMeta::new(&Bytes::from_static(b"{}"), None);
        let meta_text = mixed(&meta, place, r#""progressToken":"p""#);
        let params_text = mixed(&params, place, &format!(r#""_meta":{{{meta_text}}}"#));
        let head = format!(r#""jsonrpc":"2.0","id":1,"method":"tools/call","params":{{{params_text}}}"#);
        let message = frame(&format!("{{{}}}", mixed(&envelope, place, &head)));
        let down = edited(&message, &client.request(&message, None).expect("objects"));
        for own in [&envelope, &params, &meta] {
            survives(own, &down)?;
        }
        // and back: nothing of the other era is left
        let modern = frame(&down);
        let back = edited(&modern, &modern_client::request(&modern, None).expect("objects"));
        prop_assert_eq!(back, edited(&message, &crate::wire::Edits::default()));
    }

    #[test]
    fn unknown_members_of_results_survive_both_ways(
        envelope in members(), result in members(), meta in members(), place in 0usize..6,
    ) {
        let meta_text = mixed(&meta, place, r#""a/b":1"#);
        let result_text = mixed(&result, place, &format!(r#""_meta":{{{meta_text}}}"#));
        let head = format!(r#""jsonrpc":"2.0","id":1,"result":{{{result_text}}}"#);
        let message = frame(&format!("{{{}}}", mixed(&envelope, place, &head)));
        for method in ["tools/call", "tools/list", "resources/read"] {
            let up = modern_client::answer(method, &message, &face(), Abilities::default());
            let up = applied(&message, &up)?;
            for own in [&envelope, &result, &meta] {
                survives(own, &up)?;
            }
            let modern = frame(&up);
            let Answer::Final(back) = legacy_client::answer(method, &modern) else {
                return Err(TestCaseError::fail("asks for input"));
            };
            prop_assert_eq!(applied(&modern, &back)?, edited(&message, &crate::wire::Edits::default()));
        }
    }

    #[test]
    fn no_frame_makes_a_bridge_panic(text in value(), method in "(tools/call|tools/list|resources/read)") {
        let client = ModernMeta::new(&Bytes::from_static(b"{}"), None);
        let request = frame(&format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}","params":{text}}}"#));
        let _ = client.request(&request, None);
        let _ = modern_client::request(&request, None);
        let _ = modern_client::responses(&request, &[]);
        // `error: null` is no answer at all
        for key in ["result", "error"].into_iter().filter(|key| *key == "result" || text != "null") {
            let answer = frame(&format!(r#"{{"jsonrpc":"2.0","id":1,"{key}":{text}}}"#));
            let _ = legacy_client::answer(&method, &answer);
            let _ = modern_client::answer(&method, &answer, &face(), Abilities::default());
            let outcome = answer.outcome().unwrap_or_default();
            let _ = Reaction::of_outcome(if key == "result" { Ok(&outcome) } else { Err(&outcome) });
        }
        let raw = Bytes::from(text);
        let _ = crate::bridge::tasks::hidden(&raw);
        let _ = legacy_client::Rounds::default().input_required(&raw, Abilities::default());
    }
}

fn applied(message: &Message, translated: &Translated) -> Result<String, TestCaseError> {
    match translated {
        Translated::Edited(edits) => Ok(edited(message, edits)),
        other => Err(TestCaseError::fail(format!("{other:?}"))),
    }
}

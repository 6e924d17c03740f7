//! A client of the initialize era, a server of 2026-07-28.

use super::{META, edited, error, request, result, text};
use crate::bridge::legacy_client::{
    Answer, MAX_ROUNDS, ModernMeta, Retry, Rounds, Step, answer, tool,
};
use crate::bridge::{Abilities, Fault, Need, Translated};
use crate::session::LogLevel;
use crate::wire::{Message, RawId};
use bytes::Bytes;

fn session() -> ModernMeta {
    let params = br#"{"protocolVersion":"2025-11-25","capabilities":{"tasks":{"list":{}}},"clientInfo":{"name":"c","version":"1"}}"#;
    ModernMeta::of_initialize(params).expect("an object")
}

fn everything() -> Abilities {
    let all = br#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#;
    Abilities::of(all).expect("an object")
}

#[test]
fn a_request_says_who_its_client_is() {
    for (params, expected) in [
        ("", format!(r#","params":{{"_meta":{{{META}}}}}"#)),
        (r"{}", format!(r#","params":{{"_meta":{{{META}}}}}"#)),
        (
            r#"{"name":"t", "arguments":{"n":1.0e2}}"#,
            format!(r#","params":{{"name":"t", "arguments":{{"n":1.0e2}},"_meta":{{{META}}}}}"#),
        ),
        (
            r#"{"_meta":{"progressToken":"p\n","x/y": [1]},"name":"t"}"#,
            format!(
                r#","params":{{"_meta":{{"progressToken":"p\n","x/y": [1],{META}}},"name":"t"}}"#
            ),
        ),
        (
            r#"{"name":"t","task":{"ttl":5},"requestState":"mine","inputResponses":{}}"#,
            format!(r#","params":{{"name":"t","_meta":{{{META}}}}}"#),
        ),
        // what a client forges of the protocol's own members is replaced
        (
            r#"{"_meta":{"io.modelcontextprotocol/logLevel":"debug"}}"#,
            format!(r#","params":{{"_meta":{{{META}}}}}"#),
        ),
    ] {
        let message = request("tools/call", params);
        let edits = session().request(&message, None).expect("objects");
        let expected = format!(r#"{{"jsonrpc":"2.0","id":9,"method":"tools/call"{expected}}}"#);
        assert_eq!(edited(&message, &edits), expected, "{params}");
    }
    for params in ["[1]", r#"{"_meta":3}"#, r#"{"_meta":{},"_meta":{}}"#] {
        assert!(session().request(&request("tools/call", params), None).is_err(), "{params}");
    }
    let own = session().at_level(Some(LogLevel::Info)).params(r#""cursor":"x""#);
    assert_eq!(
        own,
        format!(r#"{{"_meta":{{{META},"io.modelcontextprotocol/logLevel":"info"}},"cursor":"x"}}"#)
    );
}

#[test]
fn answers_lose_what_older_clients_do_not_know() {
    for (method, from, to) in [
        (
            "tools/call",
            r#"{"resultType":"complete","content":[],"ttlMs":7}"#,
            r#"{"content":[],"ttlMs":7}"#,
        ),
        ("tools/call", r#"{"content":[ ],"x":1e400}"#, r#"{"content":[ ],"x":1e400}"#),
        (
            "tools/list",
            r#"{"tools":[],"ttlMs":5,"cacheScope":"public","resultType":"complete"}"#,
            r#"{"tools":[]}"#,
        ),
        (
            "resources/read",
            r#"{"ttlMs":0,"contents":[{"ttlMs":1}],"_meta":{"io.modelcontextprotocol/serverInfo":{}}}"#,
            r#"{"contents":[{"ttlMs":1}]}"#,
        ),
        (
            "prompts/get",
            r#"{"_meta":{"a/b":1,"io.modelcontextprotocol/serverInfo":{}},"messages":[]}"#,
            r#"{"_meta":{"a/b":1},"messages":[]}"#,
        ),
        (
            "tools/call",
            r#"{"content":[{"type":"text","text":"5"}],"structuredContent":5}"#,
            r#"{"content":[{"type":"text","text":"5"}]}"#,
        ),
        (
            "tools/call",
            r#"{"content":[],"structuredContent":["a"]}"#,
            r#"{"content":[{"type":"text","text":"[\"a\"]"}]}"#,
        ),
        (
            "tools/call",
            r#"{"content":[],"structuredContent":{"a":1}}"#,
            r#"{"content":[],"structuredContent":{"a":1}}"#,
        ),
    ] {
        let message = result(from);
        let Answer::Final(translated) = answer(method, &message) else { panic!("{from}") };
        let payload = translated.payload(&message, &RawId::from(9)).to_bytes();
        assert_eq!(text(&payload), format!(r#"{{"jsonrpc":"2.0","id":9,"result":{to}}}"#));
    }
}

#[test]
fn errors_get_the_codes_of_their_time() {
    for (method, from, to) in [
        (
            "resources/read",
            r#"{"code":-32602,"message":"m","data":{"uri":"u"}}"#,
            r#"{"code":-32002,"message":"m","data":{"uri":"u"}}"#,
        ),
        ("tools/call", r#"{"code":-32602,"message":"m"}"#, r#"{"code":-32602,"message":"m"}"#),
        ("tools/call", r#"{"message":"m","code":-32020}"#, r#"{"message":"m","code":-32603}"#),
        (
            "tools/call",
            r#"{"code":-32021,"message":"m","data":{}}"#,
            r#"{"code":-32021,"message":"m","data":{}}"#,
        ),
    ] {
        let message = error(from);
        let Answer::Final(translated) = answer(method, &message) else { panic!("{from}") };
        let payload = translated.payload(&message, &RawId::from(9)).to_bytes();
        assert_eq!(text(&payload), format!(r#"{{"jsonrpc":"2.0","id":9,"error":{to}}}"#));
    }
}

#[test]
fn only_what_the_protocol_allows_may_ask_for_input() {
    let message = result(r#"{"resultType":"input_required","requestState":"s"}"#);
    assert!(matches!(answer("tools/call", &message), Answer::InputRequired(_)));
    let refused = |method, message: &Message| match answer(method, message) {
        Answer::Final(Translated::Fault(fault)) => fault.code(),
        other => panic!("{other:?}"),
    };
    assert_eq!(refused("tools/list", &message), -32603);
    assert_eq!(refused("tools/call", &result(r#"{"resultType":"task","taskId":"1"}"#)), -32603);
}

/// The request repeated with what a step says, its parameters only.
fn repeated(retry: &Retry) -> String {
    let message = request("tools/call", r#"{"name":"t"}"#);
    let edits = session().request(&message, Some(retry)).expect("objects");
    edited(&message, &edits).replace(META, "…")
}

#[test]
fn input_is_asked_for_with_requests_and_brought_back_in_a_repetition() {
    let mut rounds = Rounds::default();
    let wanted = Bytes::from_static(br#"{"resultType":"input_required","inputRequests":{"who \u0061":{"method":"elicitation/create","params":{"mode":"url","message":"m","url":"https://x"}},"2":{"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1e2}},"r":{"method":"roots/list"}},"requestState":"a\u0062c"}"#);
    let Step::Ask(asks) = rounds.input_required(&wanted, everything()) else { panic!("asks") };
    let sent: Vec<_> = asks.iter().map(|ask| text(&ask.request(7).to_bytes())).collect();
    assert_eq!(
        sent,
        [
            r#"{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{"mode":"url","message":"m","url":"https://x","elicitationId":"mcpvisor-7"}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"sampling/createMessage","params":{"messages":[],"maxTokens":1e2}}"#,
            r#"{"jsonrpc":"2.0","id":7,"method":"roots/list"}"#,
        ]
    );
    let answered = |text: &str| Ok(Bytes::copy_from_slice(text.as_bytes()));
    assert_eq!(rounds.answered(2, answered(r#"{"roots":[]}"#)), Step::Wait);
    assert_eq!(rounds.answered(0, answered(r#"{"action":"accept"}"#)), Step::Wait);
    let Step::Retry(retry) = rounds.answered(1, answered(r#"{"role":"assistant", "x":1.0}"#))
    else {
        panic!("a repetition")
    };
    assert_eq!(
        repeated(&retry),
        r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"t","_meta":{…},"inputResponses":{"who a":{"action":"accept"},"2":{"role":"assistant", "x":1.0},"r":{"roots":[]}},"requestState":"a\u0062c"}}"#
    );
}

#[test]
fn state_alone_is_brought_back_at_once_and_never_for_ever() {
    let mut rounds = Rounds::default();
    let busy = Bytes::from_static(br#"{"resultType":"input_required","requestState":"s"}"#);
    for _ in 0..MAX_ROUNDS {
        let Step::Retry(retry) = rounds.input_required(&busy, everything()) else {
            panic!("again")
        };
        assert_eq!(
            repeated(&retry),
            r#"{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{"name":"t","_meta":{…},"requestState":"s"}}"#
        );
    }
    assert_eq!(rounds.input_required(&busy, everything()), Step::Failed(Fault::TooManyRounds(10)));
}

#[test]
fn input_that_cannot_be_had_ends_the_request() {
    let form = r#"{"k":{"method":"elicitation/create","params":{}}}"#;
    let step = |requests: &str, able| {
        let wanted = format!(r#"{{"inputRequests":{requests}}}"#);
        Rounds::default().input_required(&wanted.into(), able)
    };
    assert_eq!(
        step(form, Abilities::default()),
        Step::Failed(Fault::MissingCapability(Need::Form))
    );
    for bad in [
        "[]",
        r#"{"k":5}"#,
        r#"{"k":{"method":"ping"}}"#,
        r#"{"k":{"method":"elicitation/create"}}"#,
        r#"{"k":{"method":"roots/list"},"\u006b":{"method":"roots/list"}}"#,
    ] {
        assert!(matches!(step(bad, everything()), Step::Failed(Fault::BadAnswer(_))), "{bad}");
    }
    let many: Vec<_> = (0..65).map(|n| format!(r#""{n}":{{"method":"roots/list"}}"#)).collect();
    let many = format!("{{{}}}", many.join(","));
    assert!(matches!(step(&many, everything()), Step::Failed(Fault::BadAnswer(_))));
    let nothing = Bytes::from_static(br#"{"resultType":"input_required"}"#);
    assert!(matches!(Rounds::default().input_required(&nothing, everything()), Step::Failed(_)));

    let mut rounds = Rounds::default();
    let _asks =
        rounds.input_required(&format!(r#"{{"inputRequests":{form}}}"#).into(), everything());
    let error = Bytes::from_static(br#"{"code":-1,"message":"no"}"#);
    assert_eq!(rounds.answered(0, Err(error.clone())), Step::Refused(error));
}

#[test]
fn a_tool_keeps_its_output_schema_only_if_older_clients_can_read_it() {
    for (from, to) in [
        (
            r#"{"name":"a","outputSchema":{"type":"object"}}"#,
            r#"{"name":"a","outputSchema":{"type":"object"}}"#,
        ),
        (r#"{"name":"a","outputSchema":{"type":"array"},"x": 1}"#, r#"{"name":"a","x": 1}"#),
        (r#"{"name":"a","outputSchema":true}"#, r#"{"name":"a"}"#),
    ] {
        assert_eq!(tool(&Bytes::from(from)), to);
    }
}

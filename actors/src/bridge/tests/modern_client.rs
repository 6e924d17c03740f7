//! A client of 2026-07-28, a server of the initialize era.

use super::{META, edited, error, frame, request, result, text};
use crate::bridge::modern_client::{
    self, CacheHints, CacheScope, Face, Question, Route, answer, input_required, request_state,
    responses,
};
use crate::bridge::{Abilities, Fault, Need, tasks};
use crate::wire::RawId;
use bytes::Bytes;

const INFO: &str = r#""_meta":{"io.modelcontextprotocol/serverInfo":{"name":"g","version":"0"}}"#;

fn face() -> Face {
    let server_info = Bytes::from_static(br#"{"name":"g","version":"0"}"#);
    Face { server_info, hints: CacheHints::default() }
}

fn everything() -> Abilities {
    let all = br#"{"elicitation":{"form":{},"url":{}},"sampling":{"tools":{}},"roots":{}}"#;
    Abilities::of(all).expect("an object")
}

#[test]
fn a_request_loses_what_belongs_to_2026_alone() {
    for (params, expected) in [
        (format!(r#"{{"_meta":{{{META}}}}}"#), "{}"),
        (
            format!(r#"{{"name":"t","_meta":{{{META}}}, "arguments":{{"a": 1.0}}}}"#),
            r#"{"name":"t", "arguments":{"a": 1.0}}"#,
        ),
        (
            format!(
                r#"{{"_meta":{{{META},"progressToken":7,"traceparent":"00-1"}},"cursor":null}}"#
            ),
            r#"{"_meta":{"progressToken":7,"traceparent":"00-1"},"cursor":null}"#,
        ),
        (
            format!(
                r#"{{"name":"t","inputResponses":{{}},"requestState":"s","task":{{}},"_meta":{{{META},"io.modelcontextprotocol/logLevel":"info","a/b":1}}}}"#
            ),
            r#"{"name":"t","_meta":{"a/b":1}}"#,
        ),
    ] {
        let message = request("tools/call", &params);
        let edits = modern_client::request(&message, None).expect("objects");
        let expected =
            format!(r#"{{"jsonrpc":"2.0","id":9,"method":"tools/call","params":{expected}}}"#);
        assert_eq!(edited(&message, &edits), expected);
    }
}

#[test]
fn answers_are_completed() {
    let hints = CacheHints { ttl_ms: 60_000, scope: CacheScope::Public };
    let generous = Face { hints, ..face() };
    for (method, face, from, to) in [
        ("tools/call", face(), r#"{"content":[ ],"x":1e400}"#, format!(r#"{{"content":[ ],"x":1e400,"resultType":"complete",{INFO}}}"#)),
        ("tools/call", face(), r#"{"resultType":"input_required","content":[]}"#, format!(r#"{{"resultType":"complete","content":[],{INFO}}}"#)),
        ("tools/list", face(), r#"{"tools":[]}"#, format!(r#"{{"tools":[],"resultType":"complete","ttlMs":0,"cacheScope":"private",{INFO}}}"#)),
        ("tools/list", generous, r#"{"tools":[],"ttlMs":1}"#, format!(r#"{{"tools":[],"ttlMs":1,"resultType":"complete","cacheScope":"public",{INFO}}}"#)),
        ("prompts/get", face(), r#"{"_meta":{"a/b": 1},"messages":[]}"#, r#"{"_meta":{"a/b": 1,"io.modelcontextprotocol/serverInfo":{"name":"g","version":"0"}},"messages":[],"resultType":"complete"}"#.into()),
    ] {
        let message = result(from);
        let translated = answer(method, &message, &face, everything());
        let payload = translated.payload(&message, &RawId::from(9)).to_bytes();
        assert_eq!(text(&payload), format!(r#"{{"jsonrpc":"2.0","id":9,"result":{to}}}"#));
    }
}

#[test]
fn errors_get_the_codes_of_2026() {
    let answered = |method: &str, from: &str, able| {
        let message = error(from);
        text(&answer(method, &message, &face(), able).payload(&message, &RawId::from(9)).to_bytes())
    };
    assert_eq!(
        answered(
            "resources/read",
            r#"{"code":-32002,"message":"m","data":{"uri":"u"}}"#,
            everything()
        ),
        r#"{"jsonrpc":"2.0","id":9,"error":{"code":-32602,"message":"m","data":{"uri":"u"}}}"#
    );
    assert_eq!(
        answered("tools/call", r#"{"code":-32603,"message":"m"}"#, everything()),
        r#"{"jsonrpc":"2.0","id":9,"error":{"code":-32603,"message":"m"}}"#
    );
    for broken in
        ["", r#","data":{}"#, r#","data":{"elicitations":[]}"#, r#","data":{"elicitations":[5]}"#]
    {
        assert_eq!(
            answered(
                "tools/call",
                &format!(r#"{{"code":-32042,"message":"m"{broken}}}"#),
                everything()
            ),
            format!(
                r#"{{"jsonrpc":"2.0","id":9,"error":{{"code":-32603,"message":"m"{broken}}}}}"#
            )
        );
    }
    let url = r#"{"code":-32042,"message":"m","data":{"elicitations":[{"mode":"url","elicitationId":"e","message":"Log in","url":"https://x"}]}}"#;
    assert_eq!(
        answered("tools/call", url, everything()),
        format!(
            r#"{{"jsonrpc":"2.0","id":9,"result":{{"resultType":"input_required","inputRequests":{{"url-1":{{"method":"elicitation/create","params":{{"mode":"url","message":"Log in","url":"https://x"}}}}}},{INFO}}}}}"#
        )
    );
    assert_eq!(
        answered("tools/call", url, Abilities::default()),
        r#"{"jsonrpc":"2.0","id":9,"error":{"code":-32021,"message":"the server requires the `elicitation.url` capability of the client for this request","data":{"requiredCapabilities":{"elicitation":{"url":{}}}}}}"#
    );
}

#[test]
fn a_servers_request_becomes_input_required_and_its_answer_comes_back() {
    let asked = [
        r#"{"jsonrpc":"2.0","id":7,"method":"elicitation/create","params":{"mode":"form","message":"m","requestedSchema":{"type":"object","properties":{}},"_meta":{"progressToken":1},"task":{}}}"#,
        r#"{"jsonrpc":"2.0","id":"s","method":"sampling/createMessage","params":{"messages":[],"maxTokens":1e2,"_meta":{"a/b":1,"progressToken":2}}}"#,
        r#"{"jsonrpc":"2.0","id":8,"method":"roots/list"}"#,
    ];
    let questions: Vec<_> = asked
        .iter()
        .map(|asked| Question::of(&frame(asked), everything()).expect("known"))
        .collect();
    assert_eq!(
        text(&input_required(&questions, Some("sealed"), &face())),
        format!(
            r#"{{"resultType":"input_required","inputRequests":{{"7":{{"method":"elicitation/create","params":{{"mode":"form","message":"m","requestedSchema":{{"type":"object","properties":{{}}}}}}}},"\"s\"":{{"method":"sampling/createMessage","params":{{"messages":[],"maxTokens":1e2,"_meta":{{"a/b":1}}}}}},"8":{{"method":"roots/list"}}}},"requestState":"sealed",{INFO}}}"#
        )
    );
    let retry = request(
        "tools/call",
        r#"{"name":"t","inputResponses":{"8":{"roots":[]},"other":5,"7":{"action":"accept", "n":1.0}},"requestState":"sealed"}"#,
    );
    assert_eq!(request_state(&retry), Ok(Some("sealed".into())));
    assert_eq!(request_state(&request("tools/call", "{}")), Ok(None));
    assert!(request_state(&request("tools/call", r#"{"requestState":5}"#)).is_err());
    let responses = responses(&retry, &questions).expect("objects");
    let answers: Vec<_> =
        responses.iter().map(|r| r.payload().map(|p| text(&p.to_bytes()))).collect();
    assert_eq!(
        answers,
        [
            Some(r#"{"jsonrpc":"2.0","id":7,"result":{"action":"accept", "n":1.0}}"#.into()),
            None, // left out: asked again
            Some(r#"{"jsonrpc":"2.0","id":8,"result":{"roots":[]}}"#.into()),
        ]
    );
    assert!(
        super::modern_client::responses(
            &request("tools/call", r#"{"inputResponses":[]}"#),
            &questions
        )
        .is_err()
    );
}

#[test]
fn a_client_is_not_asked_for_what_it_cannot_do() {
    let roots = frame(r#"{"jsonrpc":"2.0","id":8,"method":"roots/list"}"#);
    let fault = Question::of(&roots, Abilities::default()).expect_err("not declared");
    assert_eq!(fault, Fault::MissingCapability(Need::Roots));
    assert_eq!(
        text(&Question::refusal(&RawId::from(8), &fault).to_bytes()),
        r#"{"jsonrpc":"2.0","id":8,"error":{"code":-32601,"message":"the client declared no `roots` capability"}}"#
    );
    let other = frame(r#"{"jsonrpc":"2.0","id":8,"method":"tasks/get"}"#);
    assert!(matches!(Question::of(&other, everything()), Err(Fault::NoSuchMethod(_))));
}

#[test]
fn removed_methods_are_unknown() {
    for (method, expected) in [
        ("server/discover", Route::Discover),
        ("subscriptions/listen", Route::Listen),
        ("tools/call", Route::Forward),
        ("completion/complete", Route::Forward),
    ] {
        assert_eq!(Route::of(method), expected, "{method}");
    }
    for method in [
        "ping",
        "initialize",
        "logging/setLevel",
        "resources/subscribe",
        "tasks/list",
        "tasks/result",
    ] {
        assert_eq!(Route::of(method), Route::Refuse(Fault::NoSuchMethod(method.into())));
    }
}

#[test]
fn tasks_are_hidden_and_what_needs_them_is_not_shown() {
    let offering = br#"{"tasks":{"requests":{"tools":{"call":{}}}}}"#;
    assert!(tasks::are_offered(offering) && !tasks::are_offered(br#"{"tasks":{"list":{}}}"#));
    for (offered, from, to) in [
        (true, r#"{"name":"a","execution":{"taskSupport":"required"}}"#, None),
        (false, r#"{"name":"a","execution":{"taskSupport":"required"}}"#, Some(r#"{"name":"a"}"#)),
        (
            true,
            r#"{"execution":{"taskSupport":"optional","x":1.0},"name":"a"}"#,
            Some(r#"{"execution":{"x":1.0},"name":"a"}"#),
        ),
        (true, r#"{"name":"a"}"#, Some(r#"{"name":"a"}"#)),
    ] {
        assert_eq!(tasks::tool(&Bytes::from(from), offered).as_deref(), to.map(str::as_bytes));
    }
    for (from, to) in [
        (r#"{"tasks":{},"tools":{}}"#, r#"{"tools":{}}"#),
        (r#"{"extensions":{"io.modelcontextprotocol/tasks":{}}}"#, "{}"),
        (r#"{"extensions":{}}"#, r#"{"extensions":{}}"#),
    ] {
        assert_eq!(tasks::hidden(&Bytes::from(from)), to);
    }
}

//! What clients are told when a call fails on our side.

use super::*;
use crate::wire::ProtocolVersion;
use serde_json::Value;

fn render(failure: &Failure, method: Method) -> Value {
    let word = failure.render(&RawId::from(4), method, Era::Legacy(ProtocolVersion::LATEST));
    serde_json::from_slice(&word.payload.to_bytes()).expect("JSON")
}

fn down() -> Failure {
    Failure::Unavailable {
        server: ServerName::new("files"),
        state: "down",
        cause: Some(Loss::Exited { status: "exit code 3".into(), stderr: vec!["boom".into()] }),
        attempt: 2,
        next: Some(Duration::from_millis(1500)),
    }
}

#[test]
fn an_unavailable_server_is_told_with_cause_attempt_and_next_try() {
    assert_eq!(
        down().to_string(),
        "server `files` is down: the process ended (exit code 3); its last words: boom (attempt \
         2, next in 1.5 s); nothing was sent"
    );
    let reply = render(&down(), Method::CallTool);
    assert_eq!(reply["result"]["isError"], true);
    assert_eq!(
        reply["result"]["_meta"]["mcpvisor/error"],
        json!({"reason":"unavailable","sent":false,"retryable":true,"server":"files",
               "state":"down","attempt":2,"nextAttemptMs":1500})
    );
}

#[test]
fn a_client_hears_the_whole_uri_and_records_do_not() {
    let uri = "db://a?token=hunter2#hunter2".to_owned();
    for subject in [Subject::Resource, Subject::Template] {
        let failure = Failure::Unknown { subject, name: uri.clone(), near: vec![uri.clone()] };
        let era = Era::Legacy(ProtocolVersion::LATEST);
        let word = failure.render(&RawId::from(4), Method::ReadResource, era);
        let told: Value = serde_json::from_slice(&word.payload.to_bytes()).expect("JSON");
        assert_eq!(told["error"]["data"], json!({ "near": [uri], "uri": uri }));
        let Outcome::Failed { text, .. } = word.outcome else { panic!("it failed") };
        assert!(text.contains("`db://a`; did you mean db://a?"), "{text}");
    }
}

#[test]
fn a_tool_that_is_off_is_told_so_and_that_asking_again_is_of_no_use() {
    let off = Failure::SwitchedOff { server: ServerName::new("files"), tool: "rm".into() };
    let reply = render(&off, Method::CallTool);
    assert_eq!(reply["result"]["isError"], true);
    assert_eq!(
        reply["result"]["content"][0]["text"],
        "tool `rm` of server `files` was switched off by an operator; nothing was sent, do without \
         it or ask for it to be switched on"
    );
    assert_eq!(
        reply["result"]["_meta"]["mcpvisor/error"],
        json!({"reason":"switched_off","sent":false,"retryable":false,"server":"files"})
    );
}

#[test]
fn what_has_no_result_for_failures_fails_with_an_error_of_the_same_text_and_details() {
    let of_a_tool = render(&down(), Method::CallTool);
    for method in [Method::GetPrompt, Method::ReadResource, Method::Subscribe, Method::Complete] {
        let reply = render(&down(), method);
        assert_eq!(reply["error"]["code"], -32004, "{method:?}");
        assert_eq!(reply["error"]["message"], down().to_string());
        assert_eq!(reply["error"]["data"], of_a_tool["result"]["_meta"]);
    }
}

#[test]
fn every_reason_has_a_code_of_its_own_in_the_range_for_servers() {
    let server = || ServerName::new("s");
    let (waited, after, next) = (Duration::ZERO, Duration::ZERO, Duration::ZERO);
    let failures = [
        Failure::Overloaded { server: server(), in_flight: 1, queued: 1 },
        Failure::QueueTimeout { server: server(), waited },
        down(),
        Failure::NotRunning { server: server() },
        Failure::BreakerOpen { server: server(), cause: None, next },
        Failure::Refused { server: server(), cause: Loss::Stopped },
        Failure::Timeout { server: server(), after },
        Failure::OutcomeUnknown { server: server(), cause: Loss::Stopped },
        Failure::NotSent,
        Failure::RunnerDied,
    ];
    let mut codes: Vec<i64> = Vec::new();
    for failure in &failures {
        let code = render(failure, Method::GetPrompt)["error"]["code"].as_i64().expect("a code");
        assert!(
            (-32_019..=-32_000).contains(&code) && ![-32_000, -32_001, -32_002].contains(&code)
        );
        assert!(!codes.contains(&code), "{failure}");
        codes.push(code);
    }
}

#[test]
fn what_is_unknown_is_told_by_its_kind_with_its_likely_names() {
    for (subject, code, near, text) in [
        (Subject::Tool, -32602, "a.echo", "unknown tool `ecko`; did you mean a.echo?"),
        (Subject::Prompt, -32602, "", "unknown prompt `ecko`; `prompts/list` names all there are"),
        (
            Subject::Resource,
            -32002,
            "",
            "unknown resource `ecko`; `resources/list` names all there are",
        ),
        (Subject::Template, -32602, "m:e", "unknown resource template `ecko`; did you mean m:e?"),
    ] {
        let near: Vec<String> =
            Some(near.to_owned()).filter(|near| !near.is_empty()).into_iter().collect();
        let reply =
            render(&Failure::Unknown { subject, name: "ecko".into(), near }, Method::Complete);
        assert_eq!(reply["error"]["code"], code);
        assert_eq!(reply["error"]["message"], text);
        let uri = matches!(subject, Subject::Resource | Subject::Template).then_some("ecko");
        assert_eq!(reply["error"]["data"]["uri"].as_str(), uri);
    }
}

#[test]
fn what_a_server_did_not_declare_is_no_method_of_it() {
    let failure =
        Failure::NotDeclared { server: ServerName::new("s"), method: "completion/complete" };
    let reply = render(&failure, Method::Complete);
    assert_eq!(reply["error"]["code"], -32601);
    assert_eq!(reply["error"]["data"]["mcpvisor/error"]["retryable"], false);
}

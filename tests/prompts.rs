//! Prompts of many servers behind one endpoint, as clients see them.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/both.rs"]
mod both;
#[allow(dead_code)]
#[path = "simulate/peer.rs"]
mod peer;
#[path = "support/process.rs"]
mod process;

use both::{Client, on_both_faces};
use peer::Control;
use process::{Setup, direct, parse, request, until};
use serde_json::json;

/// Parameters that parsing and writing again would change.
fn params(name: &str) -> String {
    format!(
        r#"{{"z":1.0, "arguments":{{"topic":"\u00e9\/","n":1e2}},"name":"{name}","_meta":{{"other":[ ]}}}}"#
    )
}

fn setup(flags: &str) -> Setup {
    Setup::new(json!({ "list": { "boot_wait": "20s" } })).server("s", flags, json!({}))
}

#[test]
fn a_prompt_is_named_like_a_tool_and_passes_byte_identical_in_both_directions() {
    let (_server, mut without) = direct("--prompt plan");
    let expected = without.ask(&request("7", "prompts/get", &params("plan"))).pop().unwrap();
    assert!(expected.contains(r#""z":1.0,"#), "{expected}");
    on_both_faces(
        || setup("--prompt plan"),
        |setup, client| {
            let listed = client.ask(&request("1", "prompts/list", "{}"));
            assert_eq!(
                listed,
                r#"{"jsonrpc":"2.0","id":1,"result":{"prompts":[{"vendor":1.0,"name":"s.plan","arguments":[{"name":"topic","required":true}]}]}}"#
            );
            for name in ["s.plan", "s__plan"] {
                assert_eq!(client.ask(&request("7", "prompts/get", &params(name))), expected);
                let received = setup.received("s", "prompts/get").pop().unwrap();
                let id = parse(&received)["id"].to_string();
                assert_eq!(received, request(&id, "prompts/get", &params("plan")));
            }
        },
    );
}

#[test]
fn flat_prompts_that_collide_are_renamed_and_each_reaches_its_server() {
    let config = json!({ "list": { "boot_wait": "20s" }, "naming": { "strategy": "flat" } });
    let setup = Setup::new(config).server("a", "--prompt plan --prompt only", json!({})).server(
        "b",
        "--prompt plan",
        json!({}),
    );
    let gateway = setup.serve();
    let mut client = Client::http(&gateway);
    assert_eq!(client.prompts(), ["plan_a", "only", "plan_b"]);
    let answer = client.answer("prompts/get", &params("plan_b"));
    assert!(answer["result"]["messages"].is_array(), "{answer}");
    assert_eq!(setup.received("b", "prompts/get").len(), 1);
    assert_eq!(setup.received("a", "prompts/get").len(), 0);
    assert_eq!(client.answer("prompts/get", &params("plan"))["error"]["code"], -32602);
}

#[test]
fn pages_of_many_servers_neither_lose_nor_double_a_prompt() {
    let flags = |letter: char| {
        let prompts: Vec<String> =
            (0..7).map(|number| format!("--prompt {letter}{number}")).collect();
        format!("{} --page-size 3", prompts.join(" "))
    };
    let config = json!({ "list": { "boot_wait": "20s", "page_size": 4 } });
    let setup =
        Setup::new(config).server("a", &flags('x'), json!({})).server("b", &flags('y'), json!({}));
    let gateway = setup.serve();
    let expected: Vec<String> = [("a", 'x'), ("b", 'y')]
        .iter()
        .flat_map(|(server, letter)| (0..7).map(move |number| format!("{server}.{letter}{number}")))
        .collect();
    assert_eq!(Client::http(&gateway).prompts(), expected);
}

#[test]
fn what_is_wrong_with_a_request_is_told() {
    on_both_faces(
        || setup("--prompt plan"),
        |_, client| {
            assert_eq!(client.prompts(), ["s.plan"]);
            let unknown = client.answer("prompts/get", r#"{"name":"s.plam"}"#);
            assert_eq!(unknown["error"]["code"], -32602);
            assert_eq!(
                unknown["error"]["message"],
                "unknown prompt `s.plam`; did you mean s.plan?"
            );
            let nameless = client.answer("prompts/get", "{}");
            assert_eq!(nameless["error"]["code"], -32602);
            assert_eq!(
                nameless["error"]["message"],
                "`params.name` must be the name of a prompt, as a string"
            );
            let cursor = client.answer("prompts/list", r#"{"cursor":"s.gone"}"#);
            assert_eq!(cursor["error"]["code"], -32602);
        },
    );
}

#[test]
fn a_new_prompt_is_told_once_and_nothing_else_is_listed_again() {
    on_both_faces(
        || setup("--prompt plan --resource a:1 --control 127.0.0.1:0"),
        |setup, client| {
            assert_eq!(client.prompts(), ["s.plan"]);
            let lists = |method: &str| setup.received("s", method).len();
            let others = ["tools/list", "resources/list", "resources/templates/list"];
            let before: Vec<_> = others.iter().map(|method| lists(method)).collect();
            Control::take(setup.control("s")).order("add-prompt review");
            client.hears_until("notifications/prompts/list_changed", |client| {
                client.prompts() == ["s.plan", "s.review"]
            });
            assert_eq!(lists("prompts/list"), 2);
            let after: Vec<_> = others.iter().map(|method| lists(method)).collect();
            assert_eq!(before, after);
        },
    );
}

#[test]
fn a_server_whose_prompts_cannot_be_listed_serves_its_tools() {
    on_both_faces(
        || setup("--prompt plan --fail-list prompts/list"),
        |_, client| {
            let answer =
                client.answer("tools/call", r#"{"name":"s.echo","arguments":{"text":"hi"}}"#);
            assert_eq!(answer["result"]["content"][0]["text"], "hi", "{answer}");
            assert!(client.prompts().is_empty());
        },
    );
}

#[test]
fn a_server_without_prompts_takes_them_from_nobody_and_is_never_asked() {
    let setup = setup("--prompt plan").server("bare", "", json!({}));
    let gateway = setup.serve();
    let mut client = Client::http(&gateway);
    assert_eq!(client.prompts(), ["s.plan"]);
    assert!(client.answer("prompts/get", &params("s.plan"))["result"].is_object());
    let foreign = client.answer("prompts/get", r#"{"name":"bare.plan"}"#);
    assert_eq!(foreign["error"]["code"], -32602);
    for method in ["prompts/list", "prompts/get", "resources/list", "completion/complete"] {
        assert!(setup.received("bare", method).is_empty(), "{method}");
    }
    assert!(setup.read("bare", "log").is_empty(), "no VIOLATION");
}

#[test]
fn a_prompt_of_a_server_that_is_down_fails_with_an_error_that_says_why() {
    let folder = tempfile::tempdir().unwrap();
    let there = folder.path().join("there");
    std::fs::write(&there, "").unwrap();
    let setup = setup(&format!("--prompt plan --crash-unless {}", there.display()));
    let gateway = setup.serve();
    assert_eq!(Client::http(&gateway).prompts(), ["s.plan"]);
    drop(gateway);
    std::fs::remove_file(&there).unwrap();
    let gateway = setup.serve();
    let mut client = Client::http(&gateway);
    assert_eq!(client.prompts(), ["s.plan"], "remembered");
    let mut answer = json!(null);
    until("it is known to be down", || {
        answer = client.answer("prompts/get", &params("s.plan"));
        answer["error"]["message"].as_str().unwrap().contains("exit code 1")
    });
    assert_eq!(answer["error"]["code"], -32004, "{answer}");
    let details = &answer["error"]["data"]["mcpvisor/error"];
    assert_eq!((&details["reason"], &details["sent"]), (&json!("unavailable"), &json!(false)));
    assert_eq!(details["server"], "s");
}

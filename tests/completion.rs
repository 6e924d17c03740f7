//! Completion of the arguments of prompts and templates, through the gateway.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/both.rs"]
mod both;
#[path = "support/process.rs"]
mod process;

use both::on_both_faces;
use process::{Setup, direct, parse, request};
use serde_json::json;

const FLAGS: &str = "--prompt plan --resource a://x --template a://{path} --completions";

fn setup() -> Setup {
    let config = json!({ "list": { "boot_wait": "20s" } });
    Setup::new(config).server("s", FLAGS, json!({})).server(
        "mute",
        "--prompt plan --resource b:1",
        json!({}),
    )
}

fn prompt(name: &str) -> String {
    format!(
        r#"{{"argument":{{"value":"\u00e9","name":"topic"}},"ref":{{"x":1.0,"name":"{name}","type":"ref/prompt"}},"context":{{"arguments":{{}}}}}}"#
    )
}

fn resource(uri: &str) -> String {
    format!(
        r#"{{"ref":{{"type":"ref/resource","uri":"{uri}"}},"argument":{{"name":"path","value":"a"}}}}"#
    )
}

#[test]
fn a_completion_passes_byte_identical_but_for_the_name() {
    let (_server, mut without) = direct(FLAGS);
    on_both_faces(setup, |setup, client| {
        assert_eq!(client.prompts(), ["mute.plan", "s.plan"]);
        for (asked, own) in [
            (prompt("s.plan"), prompt("plan")),
            (prompt("s__plan"), prompt("plan")),
            (resource("a://{path}"), resource("a://{path}")),
            (resource("a://x"), resource("a://x")),
            (resource("mcpvisor+s:a://{path}"), resource("a://{path}")),
        ] {
            let mut without = |params: &str| {
                without.ask(&request("7", "completion/complete", params)).pop().unwrap()
            };
            let answer = client.ask(&request("7", "completion/complete", &asked));
            assert_eq!(answer, without(&own), "{asked}");
            let received = setup.received("s", "completion/complete").pop().unwrap();
            let id = parse(&received)["id"].to_string();
            assert_eq!(received, request(&id, "completion/complete", &own));
        }
    });
}

#[test]
fn what_cannot_be_completed_is_refused_and_sent_to_nobody() {
    on_both_faces(setup, |setup, client| {
        assert_eq!(client.prompts(), ["mute.plan", "s.plan"]);
        for (params, code, text) in [
            (prompt("s.other"), -32602, "unknown prompt `s.other`"),
            (resource("c://{path}"), -32602, "unknown resource template `c://{path}`"),
            (prompt("mute.plan"), -32601, "server `mute` did not declare `completion/complete`"),
            (resource("b:1"), -32601, "server `mute` did not declare `completion/complete`"),
            (r#"{"ref":{"type":"ref/tool","name":"s.echo"}}"#.to_owned(), -32602, "`params.ref`"),
            (r#"{"ref":{"type":"ref/prompt"}}"#.to_owned(), -32602, "`params.ref.name`"),
            ("{}".to_owned(), -32602, "`params.ref`"),
        ] {
            let answer = client.answer("completion/complete", &params);
            assert_eq!(answer["error"]["code"], code, "{params}: {answer}");
            let message = answer["error"]["message"].as_str().unwrap();
            assert!(message.contains(text), "{params}: {message}");
        }
        for server in ["s", "mute"] {
            assert!(setup.received(server, "completion/complete").is_empty(), "{server}");
            assert!(setup.read(server, "log").is_empty(), "no VIOLATION of {server}");
        }
    });
}

#[test]
fn what_a_server_no_longer_declares_is_not_sent_to_it_whatever_is_remembered() {
    let config = json!({ "list": { "boot_wait": "20s" } });
    let lazy = json!({ "start": "lazy" });
    let setup = Setup::new(config).flexible("s", "--prompt plan --completions", lazy);
    let (mut gateway, mut lines) = setup.stdio();
    let params = prompt("s.plan");
    let answer = lines.answer(&request("1", "completion/complete", &params));
    assert!(answer["result"].is_object(), "{answer}");
    lines.close();
    assert_eq!(gateway.exit_code(), Some(0));

    setup.change_flags("s", "--prompt plan");
    setup.forget("s");
    let (_gateway, mut lines) = setup.stdio();
    assert!(!setup.was_started("s"), "it is remembered, with completion");
    let answer = lines.answer(&request("1", "completion/complete", &params));
    assert_eq!(answer["error"]["code"], -32601, "{answer}");
    assert!(setup.was_started("s"), "it was started for that");
    assert!(setup.received("s", "completion/complete").is_empty());
    assert!(setup.read("s", "log").is_empty(), "no VIOLATION");
}

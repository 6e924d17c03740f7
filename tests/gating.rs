//! What a server did not declare is never asked of it, and what is remembered starts nothing.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/process.rs"]
mod process;

use process::{Setup, call, request, until};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

fn tool_names(listed: &Value) -> Vec<&str> {
    let tools = listed["result"]["tools"].as_array().unwrap();
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

/// Runs the gateway once, so that it knows the tools of `s`.
fn warmed(flags: &str, settings: Value) -> Setup {
    let setup = Setup::new(json!({ "list": { "boot_wait": "20s" } })).server("s", flags, settings);
    let (mut gateway, mut client) = setup.stdio();
    let listed = client.answer(&request("1", "tools/list", "{}"));
    assert_eq!(tool_names(&listed), ["s.echo"]);
    client.close();
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(setup.was_started("s"));
    setup.forget("s");
    setup
}

#[test]
fn a_server_without_tools_is_never_asked_for_them() {
    let setup =
        Setup::new(json!({})).server("bare", "--no-tools", json!({})).server("s", "", json!({}));
    let gateway = setup.serve();
    let client = gateway.client();
    until("both are initialized", || {
        ["bare", "s"]
            .iter()
            .all(|name| !setup.received(name, "notifications/initialized").is_empty())
    });
    assert_eq!(tool_names(&client.answer(&request("1", "tools/list", "{}"))), ["s.echo"]);
    let answer = client.answer(&call("2", "s.echo", r#"{"text":"hi"}"#));
    assert_eq!(answer["result"]["content"][0]["text"], "hi");
    assert_eq!(setup.read("bare", "log"), Vec::<String>::new(), "no VIOLATION");
    assert_eq!(setup.received("bare", "tools/list"), Vec::<String>::new());
}

#[test]
fn methods_nobody_declared_are_refused_and_start_nothing() {
    let setup = warmed("", json!({ "start": "lazy" }));
    let gateway = setup.serve();
    let client = gateway.client();
    for method in [
        "prompts/list",
        "prompts/get",
        "resources/list",
        "resources/templates/list",
        "resources/read",
        "completion/complete",
        "no/such/method",
    ] {
        let answer = client.answer(&request("1", method, "{}"));
        assert_eq!(answer["error"]["code"], -32601, "{method}");
        let message = answer["error"]["message"].as_str().unwrap();
        assert!(message.contains("method not allowed") && message.contains(method), "{message}");
    }
    assert!(!setup.was_started("s"));
}

#[test]
fn remembered_tools_are_listed_at_once_and_the_first_call_starts_their_server() {
    let setup = warmed("", json!({ "start": "lazy" }));
    let gateway = setup.serve();
    let client = gateway.client();
    let since = Instant::now();
    let listed = client.answer(&request("1", "tools/list", "{}"));
    assert!(since.elapsed() < Duration::from_secs(10), "not after the boot wait");
    assert_eq!(tool_names(&listed), ["s.echo"]);
    assert!(!setup.was_started("s"), "a list starts nothing");
    let answer = client.answer(&call("2", "s.echo", r#"{"text":"hi"}"#));
    assert_eq!(answer["result"]["content"][0]["text"], "hi");
    assert!(setup.process("s").runs());
}

#[test]
fn a_lazy_server_of_which_nothing_is_known_is_started_to_be_listed() {
    let setup = Setup::new(json!({ "list": { "boot_wait": "20s" } })).server(
        "s",
        "",
        json!({ "start": "lazy" }),
    );
    let gateway = setup.serve();
    let listed = gateway.client().answer(&request("1", "tools/list", "{}"));
    assert_eq!(tool_names(&listed), ["s.echo"]);
}

#[test]
fn remembered_tools_are_listed_while_their_server_still_starts() {
    let setup = warmed("--slow-initialize 3000", json!({}));
    let (_gateway, mut client) = setup.stdio();
    let listed = client.answer(&request("1", "tools/list", "{}"));
    assert_eq!(tool_names(&listed), ["s.echo"]);
    assert_eq!(setup.received("s", "notifications/initialized"), Vec::<String>::new());
    let answer = client.answer(&call("2", "s.echo", r#"{"text":"hi"}"#));
    assert_eq!(answer["result"]["content"][0]["text"], "hi", "the call waits for the server");
}

#[test]
fn what_is_remembered_of_other_settings_is_not_shown() {
    let mut setup = warmed("", json!({ "start": "lazy" }));
    setup.set("s", "cwd", json!("/"));
    let gateway = setup.serve();
    let listed = gateway.client().answer(&request("1", "tools/list", "{}"));
    assert_eq!(tool_names(&listed), ["s.echo"]);
    assert!(setup.was_started("s"), "it was listed anew");
}

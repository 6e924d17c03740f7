//! The built-in servers behave, or misbehave, exactly as they promise.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "demo_servers/line_peer.rs"]
mod line_peer;

use line_peer::{LinePeer, call, parse};
use rmcp::model::{
    CallToolRequestParams, ClientCapabilities, ClientConfig, GetPromptRequestParams,
    Implementation, JsonObject, ProtocolVersion, ReadResourceRequestParams, ResourceContents,
};
use rmcp::service::RunningService;
use rmcp::{RoleClient, ServiceExt};
use serde_json::{Value, json};
use std::process::Stdio;
use tokio::process::{Child, Command};

type Client = RunningService<RoleClient, ClientConfig>;

/// A built-in server with rmcp's client connected to it.
async fn connect(args: &[&str]) -> (Client, Child) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_mcpvisor"))
        .arg("demo")
        .args(args)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .unwrap();
    let pipes = (child.stdout.take().unwrap(), child.stdin.take().unwrap());
    let config = ClientConfig::new(ClientCapabilities::default(), Implementation::new("test", "1"))
        .with_protocol_version(ProtocolVersion::V_2025_11_25);
    (config.serve(pipes).await.unwrap(), child)
}

fn tool(name: &'static str, arguments: &Value) -> CallToolRequestParams {
    let arguments: JsonObject = arguments.as_object().unwrap().clone();
    CallToolRequestParams::new(name).with_arguments(arguments)
}

/// A result as the JSON it would be sent as.
async fn called(client: &Client, name: &'static str, arguments: Value) -> Value {
    serde_json::to_value(client.call_tool(tool(name, &arguments)).await.unwrap()).unwrap()
}

#[tokio::test]
async fn the_demo_server_agrees_to_the_legacy_version_it_is_asked_for() {
    let (client, _child) = connect(&["demo"]).await;
    let server = serde_json::to_value(client.peer_info().unwrap().as_ref()).unwrap();
    assert_eq!(server["protocolVersion"], "2025-11-25");
    assert_eq!(server["serverInfo"]["name"], "mcpvisor-demo");
}

#[tokio::test]
async fn every_tool_of_the_demo_server_has_title_description_and_hints() {
    let (client, _child) = connect(&["demo"]).await;
    let tools = client.list_all_tools().await.unwrap();
    let names: Vec<&str> = tools.iter().map(|tool| tool.name.as_ref()).collect();
    assert_eq!(names, ["add", "big", "echo", "fail", "slow"]);
    for tool in &tools {
        let hints = tool.annotations.as_ref().unwrap();
        assert!(tool.title.is_some() && tool.description.is_some(), "{}", tool.name);
        assert_eq!((hints.read_only_hint, hints.idempotent_hint), (Some(true), Some(true)));
    }
}

#[tokio::test]
async fn the_demo_tools_return_what_they_promise() {
    let (client, _child) = connect(&["demo"]).await;
    let echo = called(&client, "echo", json!({ "text": "hello" })).await;
    assert_eq!(echo["content"][0]["text"], "hello");
    let add = called(&client, "add", json!({ "a": 1.5, "b": 2 })).await;
    assert_eq!(add["structuredContent"], json!({ "sum": 3.5 }));
    let fail = called(&client, "fail", json!({ "message": "no" })).await;
    assert_eq!((&fail["isError"], &fail["content"][0]["text"]), (&json!(true), &json!("no")));
    for (asked, returned) in [(10, 10), (20_000_000, 8 * 1024 * 1024)] {
        let big = called(&client, "big", json!({ "bytes": asked })).await;
        assert_eq!(big["content"][0]["text"].as_str().unwrap().len(), returned);
    }
}

#[tokio::test]
async fn the_demo_server_has_one_resource_and_one_prompt() {
    let (client, _child) = connect(&["demo"]).await;
    let resources = client.list_all_resources().await.unwrap();
    assert_eq!(resources.len(), 1);
    let asked = ReadResourceRequestParams::new(resources[0].uri.clone());
    let readme = client.read_resource(asked).await.unwrap();
    let ResourceContents::TextResourceContents { text, .. } = &readme.contents[0] else {
        panic!("the readme is no text")
    };
    assert_eq!(Some(text.len() as u64), resources[0].size);

    assert_eq!(client.list_all_prompts().await.unwrap()[0].name, "greet");
    let mut asked = GetPromptRequestParams::new("greet");
    asked.arguments = json!({ "name": "Ada" }).as_object().cloned();
    let prompt = serde_json::to_value(client.get_prompt(asked).await.unwrap()).unwrap();
    assert!(prompt["messages"][0]["content"]["text"].as_str().unwrap().contains("Ada"));
}

#[test]
fn a_slow_call_reports_every_step_in_order_before_its_answer() {
    let mut peer = LinePeer::start(&["demo"]);
    peer.initialize();
    let mut slow = call(5, "slow", &json!({ "seconds": 0.05, "steps": 5 }));
    slow["params"]["_meta"] = json!({ "progressToken": "t" });
    peer.send(&slow);
    for step in 1..=5 {
        let progress = peer.receive();
        assert_eq!(progress["method"], "notifications/progress");
        assert_eq!(progress["params"]["progress"], f64::from(step));
    }
    assert_eq!(peer.receive()["id"], 5);
}

#[test]
fn a_cancelled_slow_call_ends_unanswered_and_keeps_nobody_waiting() {
    let mut peer = LinePeer::start(&["demo"]);
    peer.initialize();
    peer.send(&call(5, "slow", &json!({ "seconds": 3000 })));
    let reason = json!({ "requestId": 5, "reason": "test" });
    peer.send(&json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": reason }));
    peer.send(&json!({ "jsonrpc": "2.0", "id": 6, "method": "ping" }));
    assert_eq!(peer.receive()["id"], 6);
    peer.close_stdin();
    assert!(peer.rest().is_empty());
    assert_eq!(peer.exit_code(), Some(0));
}

#[tokio::test]
async fn roulette_ends_the_flaky_server_with_code_seven_sooner_or_later() {
    let (client, mut child) = connect(&["flaky", "--steady"]).await;
    let coin = called(&client, "coin", json!({})).await;
    assert!(["heads", "tails"].contains(&coin["content"][0]["text"].as_str().unwrap()));
    let uptime = called(&client, "uptime", json!({})).await;
    assert!(uptime["content"][0]["text"].as_str().unwrap().contains("has been up"));
    let mut clicks = 0;
    while client.call_tool(tool("roulette", &json!({}))).await.is_ok() {
        clicks += 1;
        assert!(clicks < 500, "one chance in six never came up");
    }
    assert_eq!(child.wait().await.unwrap().code(), Some(7));
}

#[test]
fn without_a_fault_flag_the_faulty_server_answers_everything_once() {
    let mut peer = LinePeer::start(&["faulty", "--tools", "3", "--tool-prefix", "t-"]);
    peer.initialize();
    let asked = [
        (json!({ "method": "ping" }), "result", "/", json!({})),
        (json!({ "method": "tools/list" }), "result", "/tools/2/name", json!("t-2")),
        (json!({ "method": "server/discover" }), "error", "/code", json!(-32601)),
        (json!({ "method": "tools/call" }), "error", "/code", json!(-32602)),
        (
            json!({ "method": "tools/call", "params": { "name": "t-1", "arguments": { "text": "x" } } }),
            "result",
            "/content/0/text",
            json!("x"),
        ),
    ];
    for (id, (mut request, member, pointer, expected)) in asked.into_iter().enumerate() {
        request["jsonrpc"] = json!("2.0");
        request["id"] = json!(id);
        peer.send(&request);
        let answer = peer.receive();
        assert_eq!(answer["id"], id);
        assert_eq!(answer[member].pointer(pointer.trim_end_matches('/')), Some(&expected));
    }
    peer.close_stdin();
    assert!(peer.rest().is_empty());
    assert_eq!(peer.exit_code(), Some(0));
}

#[test]
fn an_executed_call_is_logged_even_if_it_is_never_answered() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut peer = LinePeer::start(&[
        "faulty",
        "--exit-on-call",
        "--exit-code",
        "42",
        "--log",
        log.to_str().unwrap(),
    ]);
    peer.initialize();
    peer.send(&call(1, "echo", &json!({ "key": "k-1" })));
    assert!(peer.rest().is_empty());
    let logged = format!("{} echo k-1\n", peer.id());
    assert_eq!(peer.exit_code(), Some(42));
    assert_eq!(std::fs::read_to_string(log).unwrap(), logged);
}

#[test]
fn a_closed_stdout_is_seen_while_the_process_lives_on() {
    let mut peer = LinePeer::start(&["faulty", "--close-stdout-on-call"]);
    peer.initialize();
    peer.send(&call(1, "echo", &json!({})));
    assert!(peer.rest().is_empty());
    assert!(peer.is_alive());
    peer.close_stdin();
    assert_eq!(peer.exit_code(), Some(0));
}

#[test]
fn odd_spellings_are_answered_exactly_as_they_are_written() {
    let mut peer = LinePeer::start(&["faulty", "--echo-raw"]);
    peer.initialize();
    peer.send_text(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"z":1.0,"a":"\u00e9"}}}"#,
    );
    let line = peer.receive_text();
    assert!(line.contains(r#""z":1.0,"a":1e2"#), "{line}");
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], r#"{"z":1.0,"a":"\u00e9"}"#);
}

#[test]
fn answers_come_twice_or_under_a_wrong_id_when_asked_to() {
    for (flag, ids) in [
        ("--double-answer", vec![json!(1), json!(1)]),
        ("--wrong-id", vec![json!("nobody-asked")]),
        ("--wrong-id-then-right", vec![json!("nobody-asked"), json!(1)]),
        ("--freeze-on-call", vec![]),
    ] {
        let mut peer = LinePeer::start(&["faulty", flag]);
        peer.initialize();
        peer.send(&call(1, "echo", &json!({})));
        peer.close_stdin();
        let answered: Vec<Value> =
            peer.rest().iter().map(|line| parse(line)["id"].clone()).collect();
        assert_eq!(answered, ids, "{flag}");
    }
}

#[test]
fn a_server_without_tools_notes_the_violation_of_asking_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut peer = LinePeer::start(&["faulty", "--no-tools", "--log", log.to_str().unwrap()]);
    assert_eq!(peer.initialize()["result"]["capabilities"], json!({}));
    peer.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
    assert_eq!(peer.receive()["error"]["code"], -32601);
    assert!(std::fs::read_to_string(log).unwrap().ends_with("VIOLATION tools/list\n"));
}

#[cfg(unix)]
#[test]
fn a_server_that_ignores_signals_outlives_them_and_the_end_of_stdin() {
    let mut peer = LinePeer::start(&["faulty", "--ignore-term"]);
    peer.initialize();
    peer.terminate();
    assert_eq!(peer.stderr_line(), "SIGTERM ignored");
    peer.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }));
    assert_eq!(peer.receive()["id"], 1);
    peer.close_stdin();
    peer.terminate();
    assert_eq!(peer.stderr_line(), "SIGTERM ignored");
    assert!(peer.is_alive());
}

#[test]
fn delayed_calls_wait_side_by_side() {
    let mut peer = LinePeer::start(&["faulty", "--delay", "400"]);
    peer.initialize();
    let started = std::time::Instant::now();
    for id in 1..=20 {
        peer.send(&call(id, "echo", &json!({})));
    }
    for _ in 1..=20 {
        peer.receive();
    }
    let elapsed = started.elapsed().as_millis();
    assert!((400..8_000).contains(&elapsed), "{elapsed} ms; one after the other is 8000 ms");
}

#[test]
fn tools_come_in_pages_and_may_grow_after_a_call() {
    let mut peer = LinePeer::start(&[
        "faulty",
        "--tools",
        "3",
        "--page-size",
        "2",
        "--change-tools-after-calls",
        "1",
    ]);
    peer.initialize();
    peer.send(&call(1, "echo", &json!({})));
    assert_eq!(peer.receive()["id"], 1);
    assert_eq!(peer.receive()["method"], "notifications/tools/list_changed");
    let mut names = Vec::new();
    let mut params = json!({});
    loop {
        peer.send(&json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": params }));
        let page = peer.receive()["result"].take();
        names.extend(page["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()));
        match page.get("nextCursor") {
            Some(cursor) => params = json!({ "cursor": cursor }),
            None => break,
        }
    }
    assert_eq!(names, ["echo", "tool1", "tool2", "extra"]);
}

#[test]
fn requests_to_the_client_and_its_replies_are_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let mut peer =
        LinePeer::start(&["faulty", "--server-request", "--record", record.to_str().unwrap()]);
    peer.initialize();
    assert_eq!(peer.receive()["method"], "ping");
    assert_eq!(peer.receive()["method"], "roots/list");
    let reply = r#"{"result":{},"id":"faulty-ping",  "jsonrpc":"2.0"}"#;
    peer.send_text(reply);
    peer.close_stdin();
    assert!(peer.rest().is_empty());
    assert!(std::fs::read_to_string(record).unwrap().ends_with(&format!("{reply}\n")));
}

//! The built-in servers behave exactly as they promise.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "demo_servers/line_peer.rs"]
mod line_peer;

use line_peer::{LinePeer, call};
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
    let mut peer = LinePeer::start(&["demo", "demo"]);
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
    let mut peer = LinePeer::start(&["demo", "demo"]);
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

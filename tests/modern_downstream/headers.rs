//! What repeats the body over HTTP.

use crate::process::{call, request};
use crate::server::Stage;
use serde_json::json;

#[test]
fn every_post_names_revision_method_and_name_and_the_arguments_the_tool_says() {
    let stage = Stage::on(
        "http",
        "--era modern --header-tool region --bad-header-tool bad --resource x://1",
    );
    let gateway = stage.setup.serve();
    let client = gateway.client();
    for text in ["eu", "Zürich"] {
        let answer =
            client.answer(&call("1", "s.region", &json!({ "text": text, "key": "k" }).to_string()));
        assert_eq!(answer["result"]["content"][0]["text"], text, "{answer}");
    }
    let answer = client.answer(&call("2", "s.echo", r#"{"text":"plain"}"#));
    assert_eq!(answer["result"]["content"][0]["text"], "plain", "{answer}");
    let answer = client.answer(&request("3", "resources/read", r#"{"uri":"x://1"}"#));
    assert_eq!(answer["result"]["contents"][0]["uri"], "x://1", "{answer}");

    let tools = client.answer(&request("4", "tools/list", "{}"));
    let names: Vec<_> =
        tools["result"]["tools"].as_array().unwrap().iter().map(|tool| &tool["name"]).collect();
    assert_eq!(names, ["s.echo", "s.region"], "one whose annotation is wrong is not listed");

    let headers = stage.headers();
    for one in &headers {
        assert_eq!(one["mcp-protocol-version"], "2026-07-28", "{one}");
        assert_eq!(one.get("mcp-session-id"), None, "{one}");
    }
    let of = |method: &str| {
        let these = headers.iter().filter(|one| one["mcp-method"] == method);
        these
            .map(|one| (one["mcp-name"].clone(), one["mcp-param-text"].clone()))
            .collect::<Vec<_>>()
    };
    assert_eq!(
        of("tools/call"),
        [
            (json!("region"), json!("eu")),
            (json!("region"), json!("=?base64?WsO8cmljaA==?=")),
            (json!("echo"), json!(null)),
        ]
    );
    assert_eq!(of("resources/read"), [(json!("x://1"), json!(null))]);
    assert!(!of("server/discover").is_empty() && of("subscriptions/listen").len() == 1);
}

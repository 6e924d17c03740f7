//! What is wrong with a request is told with the code and the status of 2026-07-28.

use crate::http::{post, send};
use crate::world::{World, headers, request};
use serde_json::{Value, json};

const VERSION: &str = "io.modelcontextprotocol/protocolVersion";
const CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
const LEVEL: &str = "io.modelcontextprotocol/logLevel";

/// Headers of a call of this tool.
fn of(version: &str, method: &str, name: &str) -> String {
    format!("mcp-protocol-version: {version}\r\nmcp-method: {method}\r\nmcp-name: {name}\r\n")
}

#[tokio::test]
async fn headers_must_say_what_the_body_says() {
    let world = World::start().await;
    let call = |tool: &str, arguments: Value| {
        request(&json!("a"), "tools/call", &json!({ "name": tool, "arguments": arguments }))
    };
    let (echo, near) = (call("s.echo", json!({})), call("s.region", json!({ "region": "eu" })));
    let good = of("2026-07-28", "tools/call", "s.echo");
    let to_region = of("2026-07-28", "tools/call", "s.region");
    for (headers, body, expected) in [
        (good.clone(), &echo, None),
        (
            good.to_uppercase().replace("TOOLS/CALL", "tools/call").replace("S.ECHO", "s.echo"),
            &echo,
            None,
        ),
        (good.replace("s.echo", "=?base64?cy5lY2hv?="), &echo, None),
        (good.replace("s.echo", "=?base64?!?="), &echo, Some("cannot be read")),
        (of("2025-11-25", "tools/call", "s.echo"), &echo, Some("MCP-Protocol-Version")),
        (of("2099-01-01", "tools/call", "s.echo"), &echo, Some("MCP-Protocol-Version")),
        (of("2026-07-28", "tools/list", "s.echo"), &echo, Some("Mcp-Method")),
        (of("2026-07-28", "tools/call", "s.hold"), &echo, Some("s.hold")),
        (good.replace("mcp-method: tools/call\r\n", ""), &echo, Some("Mcp-Method")),
        (good.replace("mcp-name: s.echo\r\n", ""), &echo, Some("Mcp-Name")),
        (good.replace("mcp-protocol-version: 2026-07-28\r\n", ""), &echo, Some("Protocol-Version")),
        (format!("{good}mcp-name: s.echo\r\n"), &echo, Some("more than once")),
        (format!("{to_region}mcp-param-region: eu\r\n"), &near, None),
        (to_region.clone(), &near, Some("Mcp-Param-Region")),
        (format!("{to_region}mcp-param-region: us\r\n"), &near, Some("us")),
        (
            format!("{}mcp-param-region: us\r\n", of("2026-07-28", "tools/call", "s__region")),
            &call("s__region", json!({ "region": "eu" })),
            Some("us"),
        ),
        (
            format!("{to_region}mcp-param-region: eu\r\n"),
            &call("s.region", json!({})),
            Some("absent"),
        ),
    ] {
        let response = post(world.address, &headers, &body.to_string()).await;
        let answer = response.json();
        assert_eq!(answer["id"], "a", "{headers}");
        let Some(said) = expected else {
            assert_eq!((response.status, answer.get("error")), (200, None), "{headers}");
            continue;
        };
        assert_eq!((response.status, response.code()), (400, -32_020), "{headers} {answer}");
        let text = answer["error"]["message"].as_str().unwrap();
        assert!(text.contains(said), "{headers} {text}");
    }
}

#[tokio::test]
async fn every_request_says_who_its_client_is() {
    let world = World::start().await;
    let change = |key: &str, value: Option<Value>| {
        let mut body = request(&json!(7), "tools/list", &json!({}));
        let meta = body["params"]["_meta"].as_object_mut().unwrap();
        match value {
            Some(value) => meta.insert(key.to_owned(), value),
            None => meta.remove(key),
        };
        body
    };
    let mut without_meta = change("", Some(json!(1)));
    without_meta["params"] = json!({});
    let mut no_params = without_meta.clone();
    no_params.as_object_mut().unwrap().remove("params");
    let mut odd_meta = without_meta.clone();
    odd_meta["params"] = json!({ "_meta": [] });
    for (body, code, said) in [
        (odd_meta, -32_602, "_meta"),
        (change(VERSION, None), -32_602, VERSION),
        (change(CAPABILITIES, None), -32_602, CAPABILITIES),
        (without_meta, -32_602, VERSION),
        (no_params, -32_602, VERSION),
        (change(VERSION, Some(json!(5))), -32_602, VERSION),
        (change(CAPABILITIES, Some(json!([]))), -32_602, CAPABILITIES),
        (change(LEVEL, Some(json!("loud"))), -32_602, LEVEL),
        (change(VERSION, Some(json!("2099-01-01"))), -32_022, "2099-01-01"),
        (change(VERSION, Some(json!("2025-11-25"))), -32_022, "2025-11-25"),
    ] {
        let version = body["params"]["_meta"][VERSION].as_str().unwrap_or("2026-07-28");
        let headers = headers(&body).replace("2026-07-28", version);
        let response = post(world.address, &headers, &body.to_string()).await;
        let answer = response.json();
        assert_eq!((response.status, response.code()), (400, code), "{body} {answer}");
        assert_eq!(answer["id"], 7);
        assert!(answer["error"]["message"].as_str().unwrap().contains(said), "{answer}");
        if code == -32_022 {
            let data = json!({ "supported": ["2026-07-28"], "requested": said });
            assert_eq!(answer["error"]["data"], data);
        }
    }
    // a header that contradicts it is told first
    let body = change(VERSION, Some(json!("2099-01-01")));
    let response = post(world.address, &headers(&body), &body.to_string()).await;
    assert_eq!((response.status, response.code()), (400, -32_020));
    // named in the header alone, by a client that says nothing else
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }).to_string();
    let response = post(world.address, "mcp-protocol-version: 2099-01-01\r\n", &body).await;
    assert_eq!((response.status, response.code()), (400, -32_022));
}

#[tokio::test]
async fn what_the_revision_does_not_have_is_not_found() {
    let world = World::start().await;
    for method in [
        "ping",
        "logging/setLevel",
        "resources/subscribe",
        "resources/unsubscribe",
        "tasks/get",
        "tasks/list",
        "no/such",
        "Tools/list",
    ] {
        let response = world.ask(method, &json!({ "uri": "x://1", "taskId": "t" })).await;
        let expected = if method == "tasks/get" { (400, -32_020) } else { (404, -32_601) };
        assert_eq!((response.status, response.code()), expected, "{method} {response:?}");
        assert_eq!(response.json()["id"], 1);
    }
    // also when the server says so
    for (method, params) in
        [("tools/call", json!({ "name": "s.gone" })), ("prompts/get", json!({ "name": "s.p" }))]
    {
        let response = world.ask(method, &params).await;
        assert_eq!((response.status, response.code()), (404, -32_601), "{method}");
    }
    // there is no stream to open and no session to leave
    let accept = "accept: text/event-stream\r\n";
    for method in ["GET", "DELETE", "PUT"] {
        let head =
            format!("{method} /mcp HTTP/1.0\r\n{accept}mcp-protocol-version: 2026-07-28\r\n");
        let response = send(world.address, &head, "").await;
        assert_eq!(response.status, 405, "{method}");
        assert!(response.head.to_lowercase().contains("allow: post\r\n"), "{response:?}");
    }
}

#[tokio::test]
async fn a_notification_needs_no_session_but_headers_that_fit() {
    let world = World::start().await;
    let body = json!({ "jsonrpc": "2.0", "method": "notifications/cancelled" }).to_string();
    let version = "mcp-protocol-version: 2026-07-28\r\n";
    for (headers, status) in [
        (format!("{version}mcp-method: notifications/cancelled\r\n"), 202),
        (format!("{version}mcp-method: notifications/progress\r\n"), 400),
        (version.to_owned(), 400),
    ] {
        let response = post(world.address, &headers, &body).await;
        assert_eq!(response.status, status, "{headers}");
    }
}

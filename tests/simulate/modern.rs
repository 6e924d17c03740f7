//! In 2026-07-28, over Streamable HTTP.

use crate::peer::Simulated;
use crate::process::{PATIENCE, Reply, parse, until};
use serde_json::{Value, json};
use std::io::Write;
use std::net::TcpStream;

fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// Posts a request with these headers on top of the revision.
fn post(server: &Simulated, headers: &[(&str, &str)], method: &str, params: &Value) -> Reply {
    let body = json!({ "jsonrpc": "2.0", "id": 7, "method": method, "params": params }).to_string();
    let mut stream = TcpStream::connect(server.address).unwrap();
    stream.set_read_timeout(Some(PATIENCE)).unwrap();
    let own: String =
        headers.iter().flat_map(|(name, value)| [name, ": ", value, "\r\n"]).collect();
    let (host, length) = (server.address, body.len());
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: {host}\r\nconnection: close\r\ncontent-length: {length}\r\n\
         mcp-protocol-version: 2026-07-28\r\n{own}\r\n"
    );
    stream.write_all(&[head.as_bytes(), body.as_bytes()].concat()).unwrap();
    Reply::read(stream)
}

/// The same with the headers it needs; status and answer.
fn ask(server: &Simulated, method: &str, mut params: Value) -> (u16, Value) {
    params["_meta"] = meta();
    let name = params["name"].as_str().unwrap_or_default().to_owned();
    let mut headers = vec![("mcp-method", method)];
    if !name.is_empty() {
        headers.push(("mcp-name", &name));
    }
    let mut reply = post(server, &headers, method, &params);
    (reply.status, parse(&reply.message().unwrap()))
}

#[test]
fn a_modern_server_is_discovered_listed_and_called_without_a_session() {
    for era in ["modern", "both"] {
        let server = Simulated::start(&format!("--transport http --era {era}"));
        let (status, found) = ask(&server, "server/discover", json!({}));
        assert_eq!((status, &found["result"]["supportedVersions"]), (200, &json!(["2026-07-28"])));
        let (_, tools) = ask(&server, "tools/list", json!({}));
        assert_eq!(tools["result"]["tools"][0]["name"], "echo");
        assert_eq!(tools["result"]["ttlMs"], 5000);
        let call = json!({ "name": "echo", "arguments": { "text": "hi" } });
        let (_, called) = ask(&server, "tools/call", call);
        assert_eq!(called["result"]["content"][0]["text"], "hi");
        assert_eq!(called["result"]["resultType"], "complete");
    }
}

#[test]
fn what_is_wrong_in_that_era_is_refused_by_its_own_codes() {
    let server = Simulated::start("--transport http --era modern");
    for method in ["ping", "logging/setLevel", "nonsense"] {
        let (status, answer) = ask(&server, method, json!({}));
        let expected = if method == "nonsense" { 200 } else { 404 };
        assert_eq!((status, &answer["error"]["code"]), (expected, &json!(-32601)), "{method}");
    }
    let refused = |headers: &[(&str, &str)], method: &str, params: Value| {
        let mut reply = post(&server, headers, method, &params);
        (reply.status, parse(&reply.message().unwrap())["error"]["code"].clone())
    };
    let list = [("mcp-method", "tools/list")];
    assert_eq!(refused(&list, "tools/list", json!({})), (400, json!(-32602)));
    let wrong = [("mcp-method", "tools/call")];
    assert_eq!(refused(&wrong, "tools/list", json!({ "_meta": meta() })), (400, json!(-32020)));
    let body = r#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{"protocolVersion":"2025-11-25"}}"#;
    let mut reply = server.send("POST /mcp", body);
    let answer = parse(&reply.message().unwrap());
    assert_eq!((reply.status, &answer["error"]["code"]), (400, &json!(-32022)));
    assert_eq!(answer["error"]["data"]["supported"], json!(["2026-07-28"]));
}

#[test]
fn a_tool_that_asks_for_input_is_answered_once_it_has_it() {
    let server = Simulated::start("--transport http --era modern --input-tool asks");
    let call = json!({ "name": "asks", "arguments": {} });
    let (_, asked) = ask(&server, "tools/call", call.clone());
    let result = &asked["result"];
    assert_eq!(result["resultType"], "input_required");
    assert_eq!(result["inputRequests"]["name"]["method"], "elicitation/create");
    let mut again = call;
    again["requestState"] = result["requestState"].clone();
    again["inputResponses"] = json!({ "name": { "action": "accept", "content": { "name": "n" } } });
    let (_, called) = ask(&server, "tools/call", again.clone());
    let text = called["result"]["content"][0]["text"].as_str().unwrap();
    assert_eq!(parse(text), again["inputResponses"], "{called}");
}

#[test]
fn a_listen_is_acknowledged_marked_and_ended() {
    let mut server = Simulated::start("--transport http --era modern --resource x://1");
    let params = json!({
        "_meta": meta(),
        "notifications": { "toolsListChanged": true, "promptsListChanged": true, "resourceSubscriptions": ["x://1"] },
    });
    let method = "subscriptions/listen";
    let mut stream = post(&server, &[("mcp-method", method)], method, &params);
    let heard = parse(&stream.message().unwrap());
    assert_eq!(heard["method"], "notifications/subscriptions/acknowledged");
    let honoured = json!({ "toolsListChanged": true, "resourceSubscriptions": ["x://1"] });
    assert_eq!(heard["params"]["notifications"], honoured, "there are no prompts");
    server.control.order("update x://1");
    let heard = parse(&stream.message().unwrap());
    assert_eq!(heard["params"]["uri"], "x://1");
    assert_eq!(heard["params"]["_meta"]["io.modelcontextprotocol/subscriptionId"], 7);
    assert_eq!(server.control.status()["listens"], 1);
    server.control.order("end-listens");
    let ended = parse(&stream.message().unwrap());
    assert_eq!((&ended["id"], &ended["result"]["resultType"]), (&json!(7), &json!("complete")));
    until("it is over", || server.control.status()["listens"] == 0);
}

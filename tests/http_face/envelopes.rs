//! Formats, envelopes, session and version headers: a 4xx with a JSON-RPC error, never a 500.

use crate::gateway::Gateway;
use serde_json::{Value, json};

const LIST: &[u8] = br#"{"jsonrpc":"2.0","id":"seven","method":"tools/list"}"#;
const NOTE: &[u8] = br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#;
const INITIALIZE: &[u8] = br#"{"jsonrpc":"2.0","id":1,"method":"initialize","params":{}}"#;

#[tokio::test]
async fn what_is_not_json_rpc_is_answered_with_400_and_the_code_that_fits() {
    let gateway = Gateway::start().await;
    let deep = "[".repeat(100_000);
    for (body, code) in [
        (&b"{"[..], -32_700),
        (b"", -32_700),
        (b"nonsense", -32_700),
        (b"{\"a\":\"\xff\"}", -32_700),
        (b"[]", -32_600),
        (br#"[{"jsonrpc":"2.0","id":1,"method":"ping"}]"#, -32_600),
        (b"7", -32_600),
        (b"null", -32_600),
        (b"{}", -32_600),
        (br#"{"id":1,"method":"ping"}"#, -32_600),
        (br#"{"jsonrpc":"1.0","id":1,"method":"ping"}"#, -32_600),
        (br#"{"jsonrpc":"2.0","id":null,"method":"ping"}"#, -32_600),
        (br#"{"jsonrpc":"2.0","id":{},"method":"ping"}"#, -32_600),
        (br#"{"jsonrpc":"2.0","id":1,"id":2,"method":"ping"}"#, -32_600),
        (deep.as_bytes(), -32_600),
    ] {
        let response = gateway.post("", body).await;
        let shown = String::from_utf8_lossy(&body[..body.len().min(60)]);
        assert_eq!(response.status(), 400, "{shown}");
        assert_eq!(response.error(), (Value::Null, code), "{shown}");
    }
}

#[tokio::test]
async fn a_message_without_a_live_session_is_told_what_to_do() {
    let gateway = Gateway::start().await;
    let unknown = "mcp-session-id: gone\r\n";
    for (headers, body, status, id) in [
        ("", LIST, 400, json!("seven")),
        ("", NOTE, 400, Value::Null),
        (unknown, LIST, 404, json!("seven")),
        (unknown, NOTE, 404, Value::Null),
    ] {
        let response = gateway.post(headers, body).await;
        assert_eq!(response.status(), status, "{response:?}");
        assert_eq!(response.error(), (id, -32_000));
        assert!(response.body.contains("initialize"), "{response:?}");
    }
    for (method, accept) in [("GET", "accept: text/event-stream\r\n"), ("DELETE", "")] {
        for (session, status) in [("", 400), (unknown, 404)] {
            let request =
                format!("{method} /mcp HTTP/1.1\r\nhost: {{host}}\r\n{accept}{session}\r\n");
            let response = gateway.send(&request).await;
            assert_eq!(response.status(), status, "{method} {session}");
            assert_eq!(response.error(), (Value::Null, -32_000));
        }
    }
}

#[tokio::test]
async fn a_revision_we_do_not_speak_is_answered_with_those_we_do() {
    let gateway = Gateway::start().await;
    for body in [LIST, INITIALIZE] {
        let response = gateway.post("mcp-protocol-version: 2099-01-01\r\n", body).await;
        assert_eq!(response.status(), 400);
        let body: Value = serde_json::from_str(&response.body).unwrap();
        assert_eq!(response.error(), (body["id"].clone(), -32_022));
        let data = json!({ "supported": ["2026-07-28"], "requested": "2099-01-01" });
        assert_eq!(body["error"]["data"], data);
    }
    // a stateless client may open a session all the same
    let response = gateway.post("mcp-protocol-version: 2026-07-28\r\n", INITIALIZE).await;
    assert_eq!(response.status(), 200);
}

#[tokio::test]
async fn a_gateway_that_takes_no_more_says_so_with_503_and_the_requests_id() {
    let gateway = Gateway::full().await;
    let response = gateway.post("", INITIALIZE).await;
    assert_eq!(response.status(), 503);
    assert_eq!(response.error(), (json!(1), -32_003));
    assert_eq!(response.header("retry-after"), Some("1"));
    let sse = "GET /sse HTTP/1.1\r\nhost: {host}\r\naccept: text/event-stream\r\n\r\n";
    assert_eq!(gateway.send(sse).await.status(), 503);
}

#[tokio::test]
async fn bodies_and_answers_in_another_format_are_refused() {
    let gateway = Gateway::start().await;
    for (headers, status) in [
        ("content-type: text/plain\r\n", 415),
        ("", 415),
        ("content-type: application/json; charset=utf-8\r\n", 400),
        ("content-type: application/json\r\naccept: text/html\r\n", 406),
        ("content-type: application/json\r\naccept: */*\r\n", 400),
        ("content-type: application/json\r\naccept: application/json\r\n", 400),
        ("content-type: application/json\r\naccept: text/event-stream\r\n", 400),
    ] {
        let request = format!(
            "POST /mcp HTTP/1.1\r\nhost: {{host}}\r\n{headers}content-length: 2\r\n\r\n{{}}"
        );
        let response = gateway.send(&request).await;
        assert_eq!(response.status(), status, "{headers}");
        assert_eq!(response.error().0, Value::Null);
    }
    for path in ["/mcp", "/sse"] {
        let request =
            format!("GET {path} HTTP/1.1\r\nhost: {{host}}\r\naccept: application/json\r\n\r\n");
        assert_eq!(gateway.send(&request).await.status(), 406, "{path}");
    }
}

#[tokio::test]
async fn legacy_messages_need_the_session_of_an_open_stream() {
    let gateway = Gateway::start().await;
    for (query, body, status, error) in [
        ("", LIST, 400, (json!("seven"), -32_000)),
        ("?sessionId=", LIST, 400, (json!("seven"), -32_000)),
        ("?sessionId=gone", LIST, 404, (json!("seven"), -32_000)),
        ("?sessionId=gone", b"[]", 404, (Value::Null, -32_000)),
        ("", b"[]", 400, (Value::Null, -32_600)),
    ] {
        let request = format!(
            "POST /messages{query} HTTP/1.1\r\nhost: {{host}}\r\ncontent-type: application/json\r\n\
             content-length: {}\r\n\r\n{}",
            body.len(),
            String::from_utf8_lossy(body)
        );
        let response = gateway.send(&request).await;
        assert_eq!(response.status(), status, "{query}");
        assert_eq!(response.error(), error, "{query}");
    }
}

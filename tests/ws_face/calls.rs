//! Calls over a WebSocket come to the same as over any other face.

use crate::running::{Running, faulty};
use crate::websocket::WebSocket;
use serde_json::json;

#[test]
fn progress_and_log_messages_come_before_the_answer_in_order() {
    let server = faulty(&["--progress", "50", "--log-messages"]);
    let config = json!({ "servers": { "s": server }, "list": { "boot_wait": "30s" } });
    let running = Running::serve(&config);
    let mut socket = WebSocket::connect(running.address, "sec-websocket-protocol: mcp\r\n");
    let client = json!({ "name": "t", "version": "1" });
    let params =
        json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
    for (id, method, params) in
        [(0, "initialize", params), (1, "logging/setLevel", json!({ "level": "debug" }))]
    {
        let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        socket.text(request.to_string().as_bytes());
        let answer = socket.message();
        assert!(answer["id"] == id && answer.get("result").is_some(), "{answer}");
    }
    socket.text(br#"{"jsonrpc":"2.0","method":"notifications/initialized"}"#);
    let params = json!({
        "name": "s.echo",
        "arguments": { "text": "x" },
        "_meta": { "progressToken": "mine" },
    });
    let call = json!({ "jsonrpc": "2.0", "id": "c", "method": "tools/call", "params": params });
    socket.text(call.to_string().as_bytes());
    let (mut progress, mut logged) = (Vec::new(), 0);
    let answer = loop {
        let message = socket.message();
        match message["method"].as_str() {
            Some("notifications/progress") => {
                assert_eq!(message["params"]["progressToken"], "mine");
                progress.push(message["params"]["progress"].as_u64().unwrap());
            }
            Some("notifications/message") => logged += 1,
            _ => break message,
        }
    };
    assert_eq!(answer["id"], "c", "{answer}");
    assert_eq!(progress, (1..=50).collect::<Vec<_>>());
    assert_eq!(logged, 1);
}

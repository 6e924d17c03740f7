//! The whole way: a client, the gateway, a simulated server behind a WebSocket.

use crate::running::{Running, eventually};
use serde_json::{Value, json};
use std::io::{BufRead, BufReader};
use std::process::{Child, Command, Stdio};

/// `mcpvisor simulate --transport ws`; gone when dropped.
struct Simulated {
    child: Child,
    url: String,
}

impl Simulated {
    fn start(flags: &[&str]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_mcpvisor"))
            .args(["simulate", "--transport", "ws", "--until-eof"])
            .args(flags)
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut line = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
        let url = line.trim().strip_prefix("listening on ").unwrap().to_owned();
        assert!(url.starts_with("ws://") && url.ends_with("/ws"), "{url}");
        Self { child, url }
    }

    /// Ends it and starts another one at the same address.
    fn restart(&mut self) {
        let address = self.url.split('/').nth(2).unwrap().to_owned();
        self.child.kill().unwrap();
        self.child.wait().unwrap();
        *self = Self::start(&["--listen", &address]);
    }
}

impl Drop for Simulated {
    fn drop(&mut self) {
        // it may have gone by itself
        let _gone = self.child.kill();
        let _status = self.child.wait();
    }
}

fn post(
    running: &Running,
    session: &str,
    id: u64,
    method: &str,
    params: &Value,
) -> (String, Value) {
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: {{host}}\r\ncontent-type: application/json\r\n\
         accept: application/json\r\n{session}"
    );
    let request = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
    let answer = running.send(&head, request.to_string().as_bytes());
    let session = answer.header("mcp-session-id").unwrap_or_default().to_owned();
    (session, serde_json::from_str(&answer.body).unwrap())
}

#[test]
fn a_server_behind_a_websocket_is_called_and_found_again_after_it_was_gone() {
    let mut server = Simulated::start(&[]);
    for kind in [json!(null), json!("websocket")] {
        let mut entry = json!({ "url": server.url });
        if kind.is_string() {
            entry = json!({ "url": server.url.replace("ws://", "http://"), "type": kind });
        }
        let config = json!({ "servers": { "s": entry }, "list": { "boot_wait": "30s" } });
        let running = Running::serve(&config);
        let client = json!({ "name": "t", "version": "1" });
        let hello =
            json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": client });
        let (session, _) = post(&running, "", 0, "initialize", &hello);
        let session = format!("mcp-session-id: {session}\r\n");
        // large enough to be compressed on its way
        let text = "x".repeat(100_000);
        let params = json!({ "name": "s.echo", "arguments": { "text": text } });
        let call = |id| post(&running, &session, id, "tools/call", &params).1;
        let is_good = |answer: &Value| answer["result"]["content"][0]["text"] == json!(text);
        let answer = call(1);
        assert!(is_good(&answer), "{answer}");
        server.restart();
        let mut id = 1;
        eventually("it is called again", || {
            id += 1;
            is_good(&call(id))
        });
    }
}

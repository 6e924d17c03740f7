//! A server behind the gateway that writes down what it was told: headers and bodies.
//!
//! Its tools: `echo` answers, `wrong` reports an error, `refuse` is a JSON-RPC error, `slow` waits a moment.

use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::any;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::task::JoinSet;

/// One request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    pub(crate) traceparent: Option<String>,
    pub(crate) message: Value,
}

/// The server.
pub(crate) struct Peer {
    pub(crate) address: SocketAddr,
    heard: Arc<Mutex<Vec<Heard>>>,
    _server: JoinSet<()>,
}

impl Peer {
    pub(crate) async fn start() -> Self {
        let heard = Arc::new(Mutex::new(Vec::new()));
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let pages = Router::new().route("/mcp", any(page)).with_state(Arc::clone(&heard));
        let mut server = JoinSet::new();
        server.spawn(async move {
            let _ended = axum::serve(listener, pages).await;
        });
        Self { address, heard, _server: server }
    }

    /// The calls of a tool, as they came.
    pub(crate) fn calls(&self, tool: &str) -> Vec<Heard> {
        let heard = self.heard.lock().unwrap();
        let of = |it: &&Heard| it.message["params"]["name"] == tool;
        heard.iter().filter(of).cloned().collect()
    }
}

async fn page(
    State(heard): State<Arc<Mutex<Vec<Heard>>>>,
    headers: HeaderMap,
    body: String,
) -> Response {
    let Ok(message) = serde_json::from_str::<Value>(&body) else {
        return StatusCode::METHOD_NOT_ALLOWED.into_response();
    };
    let traceparent = headers.get("traceparent").and_then(|it| it.to_str().ok());
    heard
        .lock()
        .unwrap()
        .push(Heard { traceparent: traceparent.map(str::to_owned), message: message.clone() });
    let Some(id) = message.get("id") else { return StatusCode::ACCEPTED.into_response() };
    let text = json!([{ "type": "text", "text": "done" }]);
    let tools = ["echo", "wrong", "refuse", "slow"];
    let tools = tools.map(|name| json!({ "name": name, "inputSchema": { "type": "object" } }));
    let (result, error) = match message["method"].as_str().unwrap_or_default() {
        "initialize" => {
            let info = json!({ "name": "peer", "version": "1" });
            let capabilities = json!({ "tools": {} });
            let version = "2025-11-25";
            (
                json!({ "protocolVersion": version, "capabilities": capabilities, "serverInfo": info }),
                None,
            )
        }
        "tools/list" => (json!({ "tools": tools }), None),
        "ping" => (json!({}), None),
        "tools/call" => match message["params"]["name"].as_str().unwrap_or_default() {
            "wrong" => (json!({ "content": text, "isError": true }), None),
            "refuse" => (Value::Null, Some(json!({ "code": -32602, "message": "no" }))),
            "slow" => {
                tokio::time::sleep(Duration::from_millis(50)).await;
                (json!({ "content": text }), None)
            }
            _ => (json!({ "content": text }), None),
        },
        _ => (Value::Null, Some(json!({ "code": -32601, "message": "unknown" }))),
    };
    let answer = match error {
        Some(error) => json!({ "jsonrpc": "2.0", "id": id, "error": error }),
        None => json!({ "jsonrpc": "2.0", "id": id, "result": result }),
    };
    axum::Json(answer).into_response()
}

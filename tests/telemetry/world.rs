//! A whole gateway inside the test, with an HTTP listener, and a client in front of it.
//!
//! *Invariant:* every wait ends.

use crate::collector::{PATIENCE, until};
use mcpvisor::admin::{self, Desk, Exposure};
use mcpvisor::config::{self, Config, Env, Format};
use mcpvisor::faces::HttpEntrance;
use mcpvisor::gateway;
use mcpvisor_actors::ingress::Face;
use mcpvisor_actors::tree::Gateway;
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;
use tempfile::TempDir;

/// A running gateway.
pub(crate) struct World {
    gateway: Gateway,
    desk: Desk,
    pub(crate) address: SocketAddr,
    _folder: TempDir,
}

/// Variables that make batches leave soon.
pub(crate) const SOON: [(&str, &str); 3] = [
    ("OTEL_BSP_SCHEDULE_DELAY", "20"),
    ("OTEL_BLRP_SCHEDULE_DELAY", "20"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
];

/// A configuration, as the file and these variables make it.
pub(crate) fn configured(config: &Value, env: &[(&str, &str)]) -> Config {
    let env: Env = env.iter().copied().collect();
    config::parse(&config.to_string(), Format::Json, &env).unwrap_or_else(|it| panic!("{it}"))
}

impl World {
    pub(crate) async fn start(mut config: Value, env: &[(&str, &str)]) -> Self {
        let folder = tempfile::tempdir().unwrap();
        config["state_dir"] = json!(folder.path().join("state"));
        config["listen"] = json!("127.0.0.1:0");
        let config = configured(&config, env);
        let desk = Desk::new();
        let face = HttpEntrance::bind(gateway::http_settings(&config)).unwrap();
        let address = face.local_addr();
        let face = face.beside(admin::router(desk.clone(), Exposure::Local, None));
        let faces: Vec<Arc<dyn Face>> = vec![Arc::new(face)];
        let gateway = gateway::start_with(&config, faces, &desk).await.expect("it starts");
        Self { gateway, desk, address, _folder: folder }
    }

    /// What `/metrics` says now.
    pub(crate) async fn metrics(&self) -> String {
        let url = format!("http://{}/metrics", self.address);
        let answer = http().get(url).send().await.unwrap();
        assert_eq!(answer.status(), 200);
        let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
        assert_eq!(kind, "text/plain; version=0.0.4; charset=utf-8");
        answer.text().await.unwrap()
    }

    /// Orders a server about.
    pub(crate) async fn order(&self, server: &str, action: &str) {
        let url = format!("http://{}/api/v1/servers/{server}/{action}", self.address);
        let answer = http().post(url).send().await.unwrap();
        assert_eq!(answer.status(), 202);
    }

    /// Waits until a line of `/metrics` begins so, and gives its value.
    pub(crate) async fn value(&self, series: &str) -> f64 {
        let deadline = std::time::Instant::now() + PATIENCE;
        loop {
            let text = self.metrics().await;
            let line = text.lines().find_map(|line| line.strip_prefix(series));
            if let Some(value) = line {
                return value.trim().parse().unwrap();
            }
            assert!(std::time::Instant::now() < deadline, "never: {series}\n{text}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }

    /// Stops it as the program does.
    pub(crate) async fn stop(self) {
        assert!(self.gateway.stop(Duration::from_secs(20)).await, "stopped by force");
        self.desk.farewell().await;
    }
}

/// A client of pages.
fn http() -> reqwest::Client {
    mcpvisor::downstream::http::install_tls();
    reqwest::Client::new()
}

/// A client with a session over HTTP.
pub(crate) struct Client {
    http: reqwest::Client,
    url: String,
    session: String,
}

static IDS: AtomicU64 = AtomicU64::new(100);

impl Client {
    /// Opens a session, and waits until a tool is listed.
    pub(crate) async fn open(world: &World, tool: &str) -> Self {
        let http = http();
        let url = format!("http://{}/mcp", world.address);
        let params = json!({ "protocolVersion": "2025-11-25", "capabilities": {}, "clientInfo": { "name": "t", "version": "1" } });
        let message =
            json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": params });
        let answer = send(&http, &url, None, &message, &[]).await;
        let session = answer.headers()["mcp-session-id"].to_str().unwrap().to_owned();
        let client = Self { http, url, session };
        let done = json!({ "jsonrpc": "2.0", "method": "notifications/initialized" });
        send(&client.http, &client.url, Some(&client.session), &done, &[]).await;
        let deadline = std::time::Instant::now() + PATIENCE;
        while !client.request("tools/list", json!({}), &[]).await.to_string().contains(tool) {
            assert!(std::time::Instant::now() < deadline, "never listed: {tool}");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        client
    }

    /// One request; the JSON-RPC answer to it.
    pub(crate) async fn request(
        &self,
        method: &str,
        params: Value,
        headers: &[(&str, &str)],
    ) -> Value {
        let id = IDS.fetch_add(1, Ordering::Relaxed);
        let message = json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params });
        let answer = send(&self.http, &self.url, Some(&self.session), &message, headers).await;
        let text = answer.text().await.unwrap();
        let data = text.lines().filter_map(|line| line.strip_prefix("data:"));
        let answers = data.chain([text.as_str()]).filter_map(|it| serde_json::from_str(it).ok());
        answers.into_iter().find(|it: &Value| it["id"] == id).unwrap_or_else(|| panic!("{text}"))
    }

    /// A call of a tool.
    pub(crate) async fn call(&self, tool: &str) -> Value {
        self.request("tools/call", json!({ "name": tool, "arguments": {} }), &[]).await
    }

    /// Ends the session.
    pub(crate) async fn close(self) {
        let request = self.http.delete(&self.url).header("mcp-session-id", &self.session);
        let answer = request.send().await.unwrap();
        assert!(answer.status().is_success(), "{}", answer.status());
    }
}

async fn send(
    http: &reqwest::Client,
    url: &str,
    session: Option<&str>,
    message: &Value,
    headers: &[(&str, &str)],
) -> reqwest::Response {
    let mut request = http
        .post(url)
        .header("content-type", "application/json")
        .header("accept", "application/json, text/event-stream")
        .body(message.to_string());
    if let Some(session) = session {
        request =
            request.header("mcp-session-id", session).header("mcp-protocol-version", "2025-11-25");
    }
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let answer = request.send().await.unwrap();
    assert!(answer.status().is_success(), "{}: {}", answer.status(), answer.text().await.unwrap());
    answer
}

/// Waits until so many spans of this method have come, and gives them.
pub(crate) async fn spans_of(
    received: &crate::collector::Received,
    method: &str,
    count: usize,
) -> Vec<crate::collector::Seen> {
    let of = |name: &str| name == method || name.starts_with(&format!("{method} "));
    until(&format!("{count} spans of {method}"), || {
        let spans = received.spans();
        let spans: Vec<_> = spans.into_iter().filter(|it| of(&it.span.name)).collect();
        (spans.len() >= count).then_some(spans)
    })
    .await
}

//! A gateway over the scripted server, with its HTTP face on a free port.

use crate::http::Response;
use crate::server::Scripted;
use bytes::Bytes;
use mcpvisor::faces::{HttpFace, HttpSettings};
use mcpvisor_actors::catalog::Snapshot;
use mcpvisor_actors::session::{BuiltinTool, Clients};
use mcpvisor_actors::tree::{Gateway, GatewaySpec};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::{Duration, Instant};
use tokio::sync::oneshot;
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// Nothing here takes this long, unless it hangs.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

pub(crate) const VERSION: &str = "2026-07-28";

pub(crate) struct World {
    pub(crate) server: Scripted,
    pub(crate) address: SocketAddr,
    pub(crate) gateway: Gateway,
    stop: oneshot::Sender<()>,
    served: JoinHandle<()>,
}

impl World {
    pub(crate) async fn start() -> Self {
        Self::of(Scripted::default(), |_| {}).await
    }

    /// One over this server, changed so; returns once everything of the server is listed.
    pub(crate) async fn of(server: Scripted, change: impl FnOnce(&mut GatewaySpec)) -> Self {
        let mut spec = GatewaySpec { servers: vec![server.spec()], ..GatewaySpec::default() };
        change(&mut spec);
        let gateway = Gateway::start(spec).await.unwrap();
        let listen = SocketAddr::from(([127, 0, 0, 1], 0));
        let settings = HttpSettings { listen, ..HttpSettings::default() };
        let face = HttpFace::new(gateway.clients().clone(), settings);
        let router = face.router();
        let face = face.bind(router).unwrap();
        let address = face.local_addr();
        let (stop, stopped) = oneshot::channel();
        let served = tokio::spawn(face.serve(async {
            let _dropped = stopped.await;
        }));
        let world = Self { server, address, gateway, stop, served };
        world
            .until("the server is listed", async || {
                world.result("prompts/list", &json!({})).await["prompts"] != json!([])
            })
            .await;
        world
    }

    pub(crate) fn clients(&self) -> &Clients {
        self.gateway.clients()
    }

    /// Stops the HTTP face; returns once it has stopped.
    pub(crate) async fn stop_face(self) -> Gateway {
        self.stop.send(()).unwrap();
        timeout(PATIENCE, self.served).await.expect("the face does not stop").unwrap();
        self.gateway
    }

    /// Sends a request with all that belongs to it.
    pub(crate) async fn ask(&self, method: &str, params: &Value) -> Response {
        let body = request(&json!(1), method, params);
        crate::http::post(self.address, &headers(&body), &body.to_string()).await
    }

    /// The result of a request.
    pub(crate) async fn result(&self, method: &str, params: &Value) -> Value {
        let response = self.ask(method, params).await;
        assert_eq!(response.status, 200, "{response:?}");
        let result = response.json()["result"].clone();
        assert!(result.is_object(), "{response:?}");
        result
    }

    /// Waits until something is so.
    pub(crate) async fn until(&self, what: &str, so: impl AsyncFn() -> bool) {
        until(what, so).await;
    }
}

/// Waits until something is so.
pub(crate) async fn until(what: &str, so: impl AsyncFn() -> bool) {
    let begun = Instant::now();
    while !so().await {
        assert!(begun.elapsed() < PATIENCE, "in vain: {what}");
        sleep(Duration::from_millis(5)).await;
    }
}

/// What each request says of its client.
pub(crate) fn meta() -> Value {
    json!({
        "io.modelcontextprotocol/protocolVersion": VERSION,
        "io.modelcontextprotocol/clientInfo": { "name": "t", "version": "1" },
        "io.modelcontextprotocol/clientCapabilities": {},
    })
}

/// A whole request: members of `params._meta` are added to those every request has.
pub(crate) fn request(id: &Value, method: &str, params: &Value) -> Value {
    let mut params = params.clone();
    let mut meta = meta();
    if let Some(own) = params["_meta"].as_object() {
        meta.as_object_mut().unwrap().extend(own.clone());
    }
    params["_meta"] = meta;
    json!({ "jsonrpc": "2.0", "id": id, "method": method, "params": params })
}

/// The headers that fit to a request.
pub(crate) fn headers(body: &Value) -> String {
    let method = body["method"].as_str().unwrap();
    let named = body["params"]["name"].as_str().or_else(|| body["params"]["uri"].as_str());
    let name = named.map(|name| format!("mcp-name: {name}\r\n")).unwrap_or_default();
    format!("mcp-protocol-version: {VERSION}\r\nmcp-method: {method}\r\n{name}")
}

/// A tool of the gateway's own.
#[derive(Debug)]
pub(crate) struct Status;

impl Status {
    pub(crate) fn tool() -> Arc<dyn BuiltinTool> {
        Arc::new(Self)
    }
}

impl BuiltinTool for Status {
    fn listed(&self) -> Bytes {
        Bytes::from_static(br#"{"name":"mcpvisor.status","inputSchema":{"type":"object"}}"#)
    }

    fn call(&self, _: &Snapshot) -> Bytes {
        Bytes::from_static(br#"{"content":[{"type":"text","text":"fine"}]}"#)
    }
}

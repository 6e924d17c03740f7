//! What the gateway tells when it is itself that does not work, or when others could listen.
#![allow(clippy::unwrap_used, clippy::expect_used)]

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use mcpvisor::admin::{self, Desk, Exposure, Running};
use mcpvisor::config::{self, Config, Env, Format};
use mcpvisor::gateway;
use mcpvisor::telemetry::Hub;
use mcpvisor_actors::tree::Gateway;
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::{Instant, sleep};
use tower_service::Service;

const PATIENCE: Duration = Duration::from_secs(60);

struct Fixture {
    gateway: Gateway,
    desk: Desk,
    config: Config,
    _state: tempfile::TempDir,
}

/// A gateway without faces, and a desk nobody sits at yet.
async fn fixture(server: Value) -> Fixture {
    let state = tempfile::tempdir().unwrap();
    let config = json!({ "servers": { "secret-name": server }, "state_dir": state.path() });
    let config = config::parse(&config.to_string(), Format::Json, &Env::default()).unwrap();
    let gateway = gateway::start(&config, Vec::new()).await.unwrap();
    Fixture { gateway, desk: Desk::new(), config, _state: state }
}

impl Fixture {
    /// Somebody sits down at the desk.
    fn open(&self) {
        let hub = Arc::new(Hub::new(Vec::new()));
        self.desk.open(Running::of(&self.gateway, &self.config, hub));
    }
}

async fn ask(routes: &Router, method: &str, page: &str) -> (u16, Value) {
    let request = Request::builder().method(method).uri(page).body(Body::empty()).unwrap();
    let answer = routes.clone().call(request).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

async fn until(routes: &Router, page: &str, holds: impl Fn(&Value) -> bool) -> Value {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (_, told) = ask(routes, "GET", page).await;
        if holds(&told) {
            return told;
        }
        assert!(Instant::now() < deadline, "never: {told}");
        sleep(Duration::from_millis(5)).await;
    }
}

fn missing() -> Value {
    json!({ "command": "/no/such/program", "required": true })
}

#[tokio::test]
async fn a_listener_that_others_reach_tells_nothing_of_servers_and_takes_no_order() {
    let fixture = fixture(missing()).await;
    let routes = admin::router(fixture.desk.clone(), Exposure::Remote, None);
    fixture.open();
    until(&routes, "/health", |told| told["status"] == "degraded").await;
    assert_eq!(ask(&routes, "GET", "/health").await, (200, json!({ "status": "degraded" })));
    assert_eq!(ask(&routes, "GET", "/readyz").await, (503, json!({ "ready": false })));
    for (method, page) in [
        ("GET", "/api/v1/servers"),
        ("GET", "/api/v1/monitor"),
        ("POST", "/api/v1/servers/secret-name/stop"),
    ] {
        let (status, told) = ask(&routes, method, page).await;
        assert_eq!((status, &told["error"]["code"]), (403, &json!("not_here")));
        assert!(!told.to_string().contains("secret-name"));
    }
    fixture.gateway.stop(PATIENCE).await;
}

#[tokio::test]
async fn a_gateway_that_starts_or_whose_loops_stall_is_not_healthy() {
    let fixture = fixture(missing()).await;
    for exposure in [Exposure::Local, Exposure::Remote] {
        let routes = admin::router(fixture.desk.clone(), exposure, None);
        for page in ["/health", "/readyz"] {
            assert_eq!(ask(&routes, "GET", page).await.0, 503, "{page}");
        }
    }
    let routes = admin::router(fixture.desk.clone(), Exposure::Local, None);
    fixture.open();
    let (status, told) = ask(&routes, "GET", "/health").await;
    assert_eq!((status, told["loops"]["monitor"].as_bool()), (200, Some(true)), "{told}");
    // its actors are gone, and somebody still asks
    fixture.gateway.stop(PATIENCE).await;
    let (status, told) = ask(&routes, "GET", "/health").await;
    assert_eq!((status, &told["status"]), (503, &json!("stalled")));
    let turning = told["loops"].as_object().unwrap().values().filter(|turns| **turns == true);
    assert_eq!(turning.count(), 0, "{told}");
    let (status, told) = ask(&routes, "GET", "/api/v1/monitor").await;
    assert_eq!((status, &told["queue"]), (200, &Value::Null), "{told}");
}

#[tokio::test]
async fn a_server_whose_actor_crashed_too_often_is_told_to_be_out_of_service() {
    let fixture = fixture(missing()).await;
    let routes = admin::router(fixture.desk.clone(), Exposure::Local, None);
    fixture.open();
    let page = "/api/v1/servers/secret-name";
    let deadline = Instant::now() + PATIENCE;
    while fixture.gateway.roster().list().iter().all(|(path, starts)| {
        // five crashes within a minute are forgiven; the sixth incarnation has none left
        path != "gateway/servers/secret-name" || *starts < 6
    }) {
        assert!(Instant::now() < deadline, "{:?}", fixture.gateway.roster().list());
        if let Some(cell) = fixture.gateway.roster().find("gateway/servers/secret-name") {
            cell.kill();
        }
        sleep(Duration::from_millis(5)).await;
    }
    if let Some(cell) = fixture.gateway.roster().find("gateway/servers/secret-name") {
        cell.kill();
    }
    let told = until(&routes, page, |told| told["state"] == "quarantined").await;
    assert_eq!((&told["available"], &told["word"]), (&json!(false), &json!("out of service")));
    assert_eq!(told["cause"]["class"], "quarantined");
    let (status, told) = ask(&routes, "POST", &format!("{page}/restart")).await;
    assert_eq!((status, &told["error"]["code"]), (409, &json!("quarantined")));
    assert_eq!(ask(&routes, "GET", "/health").await.1["status"], "degraded");
    assert_eq!(ask(&routes, "GET", "/readyz").await.1["waitingFor"], json!(["secret-name"]));
    fixture.gateway.stop(PATIENCE).await;
}

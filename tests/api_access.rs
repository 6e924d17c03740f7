//! Who may use the API: tokens, pages of other origins, rebound names, forged requests, and listeners that
//! other machines reach.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/running.rs"]
mod running;

use axum::Router;
use axum::body::Body;
use axum::http::Request;
use http_body_util::BodyExt;
use mcpvisor::admin::{self, Desk, Exposure};
use mcpvisor::config::{self, Env, Format};
use mcpvisor::gateway;
use running::{Answer, Running, eventually, faulty};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::time::Duration;
use tower_service::Service;

const TOKEN: &str = "0123456789-abcdef";
const BEARER: &str = "authorization: Bearer 0123456789-abcdef\r\n";
const JSON: &str = "content-type: application/json\r\n";
const STOP: &str = "/api/v1/servers/s/stop";

fn send(running: &Running, method: &str, page: &str, host: &str, more: &str) -> Answer {
    let head = format!("{method} {page} HTTP/1.1\r\nhost: {host}\r\n{more}");
    running.send(&head, b"")
}

fn code(answer: &Answer) -> String {
    let told: Value = serde_json::from_str(&answer.body).unwrap_or_default();
    told["error"]["code"].as_str().unwrap_or_default().to_owned()
}

/// A gateway at a loopback address that a reverse proxy may forward to.
fn behind_a_proxy(token: Option<&str>) -> Running {
    let http = json!({ "allowed_hosts": ["mcp.example.com"], "allowed_origins": ["https://app.example.com"] });
    let servers = json!({ "s": faulty(&[]) });
    let mut config = json!({ "http": http, "servers": servers });
    if let Some(token) = token {
        config["admin"] = json!({ "token": token });
    }
    Running::serve(&config)
}

#[test]
fn without_a_token_the_api_is_for_this_machine_alone() {
    let running = behind_a_proxy(None);
    let port = running.address.port();
    let own = format!("origin: http://127.0.0.1:{port}\r\n");
    let neighbour = format!("origin: http://localhost:{port}\r\n");
    let other_page = "origin: http://localhost:5173\r\n";
    let configured = "origin: https://app.example.com\r\n";
    let elsewhere = "origin: https://evil.example\r\n";
    for (host, more, status, wanted) in [
        ("{host}", "", 200, ""),
        ("{host}", &*own, 200, ""),
        // a page of this machine may speak MCP; the API is for our own
        ("{host}", &neighbour, 403, "foreign_origin"),
        ("{host}", other_page, 403, "foreign_origin"),
        ("{host}", configured, 403, "foreign_origin"),
        ("{host}", "origin: null\r\n", 403, ""),
        // turned away by the listener itself
        ("{host}", elsewhere, 403, ""),
        ("evil.example", "", 403, ""),
        // forwarded by a proxy, so from anywhere
        ("mcp.example.com", "", 403, "not_here"),
        ("mcp.example.com", "origin: https://mcp.example.com\r\n", 403, "not_here"),
        ("mcp.example.com", BEARER, 403, "not_here"),
    ] {
        let read = send(&running, "GET", "/api/v1/servers", host, more);
        assert_eq!((read.status, &*code(&read)), (status, wanted), "{host} {more} {read:?}");
        if status == 403 {
            let order = send(&running, "POST", STOP, host, &format!("{more}{JSON}"));
            assert_eq!(order.status, 403, "{host} {more} {order:?}");
            assert!(!read.body.contains("\"s\""), "{read:?}");
        }
    }
    let stays = send(&running, "GET", "/api/v1/servers/s", "{host}", "");
    assert!(!stays.body.contains("stopped"), "{stays:?}");
}

#[test]
fn a_preflight_of_a_page_of_this_machine_does_not_open_the_api() {
    let running = behind_a_proxy(None);
    let page = "origin: http://localhost:5173\r\n";
    let ask =
        "access-control-request-method: POST\r\naccess-control-request-headers: content-type\r\n";
    let _answer = send(&running, "OPTIONS", STOP, "{host}", &format!("{page}{ask}"));
    let order = send(&running, "POST", STOP, "{host}", &format!("{page}{JSON}"));
    assert_eq!((order.status, &*code(&order)), (403, "foreign_origin"), "{order:?}");
    let mcp = send(&running, "GET", "/livez", "{host}", page);
    assert_eq!(mcp.status, 200, "the rest is open to it as before");
}

#[test]
fn with_a_token_every_page_asks_for_it() {
    let running = behind_a_proxy(Some(TOKEN));
    for (more, status) in [
        ("", 401),
        ("authorization: Bearer 0123456789-abcdeg\r\n", 401),
        ("authorization: Bearer 0123456789-abcde\r\n", 401),
        ("authorization: Bearer \r\n", 401),
        ("authorization: Basic 0123456789-abcdef\r\n", 401),
        ("cookie: token=0123456789-abcdef\r\n", 401),
        (BEARER, 200),
    ] {
        for host in ["{host}", "mcp.example.com"] {
            let answer = send(&running, "GET", "/api/v1/servers", host, more);
            assert_eq!(answer.status, status, "{host} {more} {answer:?}");
            if status == 401 {
                let challenge = answer.header("www-authenticate").unwrap();
                assert!(challenge.starts_with("Bearer"), "{answer:?}");
                assert_eq!(code(&answer), "unauthorized");
            }
        }
    }
    // pages that do not exist, and methods that do not, tell a stranger nothing
    for (method, page) in [("GET", "/api/v9"), ("PUT", "/api/v1/monitor"), ("POST", STOP)] {
        assert_eq!(send(&running, method, page, "{host}", "").status, 401, "{method} {page}");
    }
    for open in ["/health", "/livez", "/readyz"] {
        assert!(send(&running, "GET", open, "{host}", "").status < 400, "{open}");
    }
    // our own page under the proxy's name, and another one that got hold of the token
    let own = format!("{BEARER}origin: https://mcp.example.com\r\n");
    assert_eq!(send(&running, "GET", "/api/v1/servers", "mcp.example.com", &own).status, 200);
    let other = format!("{BEARER}origin: https://app.example.com\r\n");
    let answer = send(&running, "GET", "/api/v1/servers", "{host}", &other);
    assert_eq!((answer.status, &*code(&answer)), (403, "foreign_origin"));
    assert!(!running.stderr.so_far().contains(TOKEN), "the token is in no log");
}

#[test]
fn guessers_are_sent_away_and_the_operator_is_not() {
    let running = behind_a_proxy(Some(TOKEN));
    let guess = "authorization: Bearer guess\r\n";
    eventually("the guesser is sent away", || {
        let answer = send(&running, "GET", "/api/v1/servers", "{host}", guess);
        assert!(matches!(answer.status, 401 | 429), "{answer:?}");
        answer.status == 429 && answer.header("retry-after") == Some("60")
    });
    assert_eq!(send(&running, "GET", "/api/v1/servers", "{host}", BEARER).status, 200);
}

#[test]
fn what_is_changed_is_on_record() {
    let running = behind_a_proxy(Some(TOKEN));
    assert_eq!(send(&running, "POST", STOP, "{host}", BEARER).status, 202);
    let nobody = "/api/v1/servers/nobody/restart";
    assert_eq!(send(&running, "POST", nobody, "{host}", BEARER).status, 404);
    let change = format!("PATCH /api/v1/monitor HTTP/1.1\r\nhost: {{host}}\r\n{BEARER}{JSON}");
    let policy = r#"{"ping":{"timeout":"3s"}}"#;
    assert_eq!(running.send(&change, policy.as_bytes()).status, 200);
    // neither a look nor a stranger is on record
    assert_eq!(send(&running, "GET", "/api/v1/servers", "{host}", BEARER).status, 200);
    assert_eq!(send(&running, "POST", STOP, "{host}", "").status, 401);
    let mut records = Vec::new();
    eventually("three records", || {
        let told = send(&running, "GET", "/api/v1/logs?source=audit", "{host}", BEARER);
        let told: Value = serde_json::from_str(&told.body).unwrap();
        records = told["logs"].as_array().unwrap().clone();
        records.len() == 3
    });
    let texts: Vec<&str> = records.iter().map(|it| it["text"].as_str().unwrap()).collect();
    let who = "127.0.0.1 with the token";
    assert_eq!(
        texts,
        [
            format!("{who}: changePolicies monitor: done"),
            format!("{who}: restartServer servers/nobody: refused"),
            format!("{who}: stopServer servers/s: done"),
        ]
    );
    assert_eq!(records[0]["fields"]["detail"]["asked"]["ping"]["timeout"], "3s");
    assert_eq!(records[1]["fields"]["detail"]["status"], 404);
    assert_eq!((&records[2]["server"], &records[2]["level"]), (&json!("s"), &json!("info")));
    let log = running.stderr.until("restartServer");
    assert!(log.contains("mcpvisor::audit") && !log.contains(TOKEN), "{log}");
}

async fn ask(routes: &Router, page: &str, token: Option<&str>) -> (u16, Value) {
    let mut request = Request::builder().uri(page).header("host", "gateway.example:3210");
    if let Some(token) = token {
        request = request.header("authorization", format!("Bearer {token}"));
    }
    let answer = routes.clone().call(request.body(Body::empty()).unwrap()).await.unwrap();
    let status = answer.status().as_u16();
    let body = answer.into_body().collect().await.unwrap().to_bytes();
    (status, serde_json::from_slice(&body).unwrap())
}

#[tokio::test]
async fn a_listener_that_others_reach_serves_the_api_only_with_the_token() {
    let state = tempfile::tempdir().unwrap();
    let config = json!({ "servers": {}, "state_dir": state.path() }).to_string();
    let config = config::parse(&config, Format::Json, &Env::default()).unwrap();
    let desk = Desk::new();
    let gateway = gateway::start_with(&config, Vec::new(), &desk).await.unwrap();
    let page = "/api/v1/servers";
    let closed = admin::router(desk.clone(), Exposure::Remote, None);
    for token in [None, Some(TOKEN)] {
        let (status, told) = ask(&closed, page, token).await;
        assert_eq!((status, &told["error"]["code"]), (403, &json!("not_here")));
    }
    let open = admin::router(desk, Exposure::Remote, Some(&SecretString::from(TOKEN)));
    assert_eq!(ask(&open, page, None).await.0, 401);
    assert_eq!(ask(&open, page, Some("another-0123456789")).await.0, 401);
    assert_eq!(ask(&open, page, Some(TOKEN)).await, (200, json!({ "servers": [] })));
    // who may ask for more says so; who does not hears a word
    assert_eq!(ask(&open, "/health", None).await, (200, json!({ "status": "ok" })));
    assert_eq!(ask(&open, "/readyz", None).await, (200, json!({ "ready": true })));
    gateway.stop(Duration::from_secs(20)).await;
}

//! What happens in a gateway is told as it happens to whoever listens.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/events.rs"]
mod events;
#[path = "support/faces.rs"]
mod faces;
#[path = "support/running.rs"]
mod running;

use axum::body::Body;
use axum::http::Request;
use events::Events;
use faces::{Client, Face};
use http_body_util::BodyExt;
use mcpvisor::admin::{Desk, Exposure, router};
use mcpvisor::config::{Env, Format, parse};
use mcpvisor::gateway;
use running::{Running, eventually, faulty};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;
use std::time::{Duration, Instant};
use tokio::time::timeout;
use tower_service::Service;

fn one_server() -> Running {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    let page = "GET /api/v1/servers/s HTTP/1.1\r\nhost: {host}\r\n";
    eventually("it is ready", || running.send(page, b"").body.contains(r#""state":"ready""#));
    running
}

fn kill(server: &Value) {
    let pid = Pid::from_raw(i32::try_from(server["pid"].as_i64().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

#[test]
fn a_server_that_dies_and_comes_back_is_told_in_order() {
    let running = one_server();
    let events = Events::listen(&running, "topics=servers,facts");
    let (name, hello) = events.next().unwrap();
    assert_eq!((name.as_str(), hello["version"].is_string()), ("hello", true));
    let (name, server) = events.next().unwrap();
    assert_eq!((name.as_str(), &server["state"]), ("server", &json!("ready")));
    kill(&server);
    let is = |state: &str| {
        let state = state.to_owned();
        move |fact: &Value| fact["event"] == "state" && fact["state"] == *state
    };
    let fact = events.until("fact", |fact| fact["event"] == "state" && fact["state"] != "ready");
    assert_eq!(fact["server"], "s");
    assert!(fact["words"].as_str().unwrap().contains("SIGKILL"), "{fact}");
    events.until("fact", |fact| fact["event"] == "attempt");
    events.until("fact", is("ready"));
    let back = events.until("server", |it| it["state"] == "ready" && it["pid"] != server["pid"]);
    assert!(back["pid"].is_u64(), "{back}");
    // what only says that time passes is no event
    let told = events.within(Duration::from_millis(1_200));
    let reports = told.iter().filter(|(name, _)| name == "server").count();
    assert!(reports <= 3, "{told:#?}");
}

#[test]
fn requests_sessions_and_tools_that_come_and_go_are_told() {
    let servers = json!({ "s": faulty(&["--delay", "400", "--change-tools-after-calls", "2"]) });
    let running = Running::serve(&json!({ "servers": servers }));
    let page = "GET /api/v1/servers/s HTTP/1.1\r\nhost: {host}\r\n";
    eventually("it is ready", || running.send(page, b"").body.contains(r#""state":"ready""#));
    let events = Events::listen(&running, "topics=calls,tools,sessions");
    let mut client = Client::open(Face::Sse, &running);
    events.until("session", |_| true);
    client.call("s.echo", &json!({ "text": "a" }));
    let began = events.until("call", |call| call["method"] == "tools/call");
    assert_eq!((&began["phase"], &began["outcome"]), (&json!("downstream"), &Value::Null));
    assert_eq!((&began["server"], &began["face"]), (&json!("s"), &json!("sse")));
    let over = events.until("call", |call| call["number"] == began["number"]);
    assert_eq!((&over["phase"], &over["outcome"]["kind"]), (&json!("over"), &json!("ok")));
    client.call("s.echo", &json!({ "text": "a" }));
    events.until("tools", |_| true);
    drop(client);
    // nothing but what was asked for
    let others = events.within(Duration::from_millis(100));
    let asked = ["call", "tools", "session", "skipped"];
    assert!(others.iter().all(|(name, _)| asked.contains(&name.as_str())), "{others:#?}");
}

#[test]
fn of_a_flood_of_requests_a_few_are_told_and_the_others_counted() {
    let running = one_server();
    let events = Events::listen(&running, "topics=calls");
    let mut client = Client::open(Face::WebSocket, &running);
    for _ in 0..1_000 {
        client.ask("ping", &json!({}));
    }
    let mut told = 0;
    let mut skipped = 0;
    let deadline = Instant::now() + running::PATIENCE;
    while told + skipped < 1_000 {
        assert!(Instant::now() < deadline, "only {told} and {skipped}");
        for (name, event) in events.within(Duration::from_millis(200)) {
            match name.as_str() {
                "call" => told += 1,
                "skipped" => skipped += event["calls"].as_u64().unwrap(),
                _ => {}
            }
        }
    }
    assert!(told < 600 && skipped > 300, "{told} and {skipped}");
}

#[tokio::test]
async fn who_does_not_read_is_told_how_much_was_lost_and_costs_a_bounded_amount() {
    let folder = tempfile::tempdir().unwrap();
    let config = json!({ "state_dir": folder.path(), "servers": { "s": faulty(&[]) } });
    let config = parse(&config.to_string(), Format::Json, &Env::default()).unwrap();
    let desk = Desk::new();
    let gateway = gateway::start_with(&config, Vec::new(), &desk).await.unwrap();
    let mut routes = router(desk, Exposure::Local, None);
    let request = Request::get("/api/v1/events?topics=facts").header("host", "127.0.0.1");
    let answer = routes.call(request.body(Body::empty()).unwrap()).await.unwrap();
    assert_eq!(answer.status(), 200);
    let mut body = answer.into_body();
    let mut next = async || {
        let frame = timeout(running::PATIENCE, body.frame()).await.unwrap().unwrap().unwrap();
        String::from_utf8(frame.into_data().unwrap().to_vec()).unwrap()
    };
    assert!(next().await.starts_with("event: hello"));
    for _ in 0..5_000 {
        gateway.fleet().probe("s").unwrap();
    }
    let lagged = next().await;
    let lost = lagged
        .strip_prefix("event: lagged\ndata: {\"lost\":")
        .unwrap_or_else(|| panic!("{lagged}"));
    let lost: usize = lost.trim_end().trim_end_matches('}').parse().unwrap();
    assert!(lost >= 5_000 - 1_024, "{lost}");
    for _ in 0..1_000 {
        assert!(next().await.starts_with("event: fact"));
    }
    gateway.stop(config.shutdown_timeout).await;
}

#[test]
fn sixty_four_may_listen_and_the_next_one_is_told_why_not() {
    let running = one_server();
    let listening: Vec<Events> =
        (0..64).map(|_| Events::listen(&running, "topics=servers")).collect();
    for events in &listening {
        assert_eq!(events.next().unwrap().0, "hello");
    }
    let page = "GET /api/v1/events HTTP/1.1\r\nhost: {host}\r\n";
    let refused = running.send(page, b"");
    let told: Value = serde_json::from_str(&refused.body).unwrap();
    assert_eq!((refused.status, &told["error"]["code"]), (503, &json!("too_many_listeners")));
    assert!(told["error"]["remedy"].is_string(), "{told}");
    drop(listening);
    let open = || {
        let mut socket = TcpStream::connect(running.address).unwrap();
        let head = page.replace("{host}", &running.address.to_string());
        socket.write_all(format!("{head}\r\n").as_bytes()).unwrap();
        let mut status = [0; 12];
        socket.read_exact(&mut status).unwrap();
        &status[9..] == b"200"
    };
    eventually("there is room again", open);
    let bad = running.send("GET /api/v1/events?topics=all HTTP/1.1\r\nhost: {host}\r\n", b"");
    assert_eq!(bad.status, 400, "{bad:?}");
}

#[test]
fn what_is_said_is_told_to_who_asks_for_it() {
    let running = one_server();
    let events = Events::listen(&running, "topics=logs");
    let stop = "POST /api/v1/servers/s/restart HTTP/1.1\r\nhost: {host}\r\n";
    assert_eq!(running.send(stop, b"").status, 202);
    let log = events.until("log", |log| log["server"] == "s");
    assert!(log["id"].is_u64() && log["level"].is_string() && log["text"].is_string(), "{log}");
}

#[test]
fn a_stream_ends_at_once_when_the_gateway_stops() {
    let running = one_server();
    let events = Events::listen(&running, "");
    events.until("server", |_| true);
    let since = Instant::now();
    assert!(running.stop().success());
    assert!(since.elapsed() < Duration::from_secs(8), "{:?}", since.elapsed());
    while events.next().is_some() {}
}

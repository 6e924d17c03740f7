//! Frames watched as they go by.

use crate::faces::{Client, Face};
use crate::running::{Running, eventually, faulty};
use crate::{Watch, ask, refused, until_ready};
use serde_json::{Value, json};
use std::io::{Read, Write};
use std::net::TcpStream;

/// What a frame is, in short.
fn short(frame: &Value) -> String {
    let way = if frame["direction"] == "out" { ">" } else { "<" };
    let id = frame["id"].as_str().unwrap_or("-");
    let method = frame["method"].as_str().unwrap_or("-");
    format!("{way} {} {id} {method}", frame["kind"].as_str().unwrap())
}

#[test]
fn a_restart_shows_the_whole_handshake_both_ways_and_in_order() {
    let server = faulty(&["--garbage", "--tools", "2"]);
    let running = Running::serve(&json!({ "servers": { "s": server } }));
    until_ready(&running, "s");
    let watch = Watch::open(&running, "s");
    let restarted = ask(&running, "POST", "/api/v1/servers/s/restart", "");
    assert_eq!(restarted.status, 202, "{restarted:?}");
    let listed = |frame: &Value| frame["text"].as_str().unwrap().contains(r#""inputSchema""#);
    let frames = watch.until("the tools are listed", listed);
    let numbers: Vec<_> = frames.iter().map(|frame| frame["seq"].as_u64().unwrap()).collect();
    assert_eq!(numbers, (1..=numbers.len() as u64).collect::<Vec<_>>(), "nobody watched before");
    let times: Vec<_> = frames.iter().map(|frame| frame["atMs"].as_u64().unwrap()).collect();
    assert!(times.is_sorted() && times[0] > 1_700_000_000_000, "{times:?}");
    let first = frames.iter().find(|frame| frame["method"] == "initialize").unwrap();
    let next: Vec<_> =
        frames.iter().filter(|frame| frame["generation"] == first["generation"]).collect();
    assert!(next.iter().all(|frame| frame["own"] == false));
    let messages: Vec<_> =
        next.iter().filter(|frame| frame["kind"] != "noise").map(|frame| short(frame)).collect();
    let at = |what: &str| {
        let found = messages.iter().position(|short| short.contains(what));
        found.unwrap_or_else(|| panic!("{what}: {messages:#?}"))
    };
    let order = ["request 1 initialize", "response 1", "notifications/initialized", "tools/list"];
    assert!(order.map(at).is_sorted(), "{messages:#?}");
    assert!(messages[at("request 1 initialize")].starts_with('>'), "{messages:#?}");
    assert!(messages[at("response 1")].starts_with('<'), "{messages:#?}");
    let noise = next.iter().find(|frame| frame["kind"] == "noise").expect("it writes garbage");
    assert_eq!((&noise["direction"], &noise["method"]), (&json!("in"), &Value::Null));
    let text = first["text"].as_str().unwrap();
    assert_eq!(first["bytes"], text.len());
    assert_eq!(
        serde_json::from_str::<Value>(text).unwrap()["params"]["protocolVersion"],
        "2025-11-25"
    );
}

#[test]
fn what_clients_call_is_seen_cut_and_without_secrets() {
    let mut server = faulty(&[]);
    server["env"] = json!({ "TOKEN": "hunter2-hunter2" });
    let running = Running::serve(&json!({ "servers": { "s": server } }));
    until_ready(&running, "s");
    let watch = Watch::open(&running, "s");
    let mut client = Client::open(Face::Http, &running);
    client.call("s.echo", &json!({ "text": "my hunter2-hunter2" }));
    let long = "x".repeat(100_000);
    client.call("s.echo", &json!({ "text": long }));
    let cut = |frame: &Value| frame["truncated"] == true && frame["direction"] == "in";
    let frames = watch.until("the long answer", cut);
    let calls: Vec<_> = frames.iter().filter(|frame| frame["method"] == "tools/call").collect();
    let [secret, long] = calls[..] else { panic!("{calls:?}") };
    assert_eq!((&secret["masked"], &secret["truncated"]), (&json!(true), &json!(false)));
    assert!(secret["text"].as_str().unwrap().contains("my ***"), "{secret}");
    assert_eq!(long["text"].as_str().unwrap().len(), 64 * 1024);
    assert!(long["bytes"].as_u64().unwrap() > 100_000, "{}", long["bytes"]);
    assert!(!watch.heard.so_far().contains("hunter2"));
}

#[test]
fn a_client_with_a_connection_of_its_own_is_seen_beside_the_others() {
    let mut server = faulty(&[]);
    server["sharing"] = "session".into();
    let running = Running::serve(&json!({ "servers": { "s": server } }));
    until_ready(&running, "s");
    let watch = Watch::open(&running, "s");
    let mut client = Client::open(Face::Http, &running);
    client.still_works("s.echo", "a handshake of its own");
    let frames = watch.until("the call", |frame| frame["method"] == "tools/call");
    assert!(frames.iter().all(|frame| frame["own"] == true), "{frames:?}");
    assert!(frames.iter().any(|frame| frame["method"] == "initialize"), "{frames:?}");
}

#[test]
fn too_many_watchers_are_refused_and_the_stream_ends_with_the_gateway() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    let mut watches: Vec<_> = (0..16).map(|_| Watch::open(&running, "s")).collect();
    let page = "/api/v1/servers/s/frames";
    let refusal = || running.send(&format!("GET {page} HTTP/1.1\r\nhost: {{host}}\r\n"), b"");
    assert_eq!(refused(&refusal(), 429), "too_many_watchers");
    watches.pop();
    let mut again = None;
    eventually("a place is free", || {
        let socket = Watch::try_open(&running, "s");
        let there = socket.heard.until("\r\n\r\n").contains("200 OK");
        again = Some(socket).filter(|_| there);
        there
    });
    let missing = running.send("GET /api/v1/servers/t/frames HTTP/1.1\r\nhost: {host}\r\n", b"");
    assert_eq!(refused(&missing, 404), "no_such_server");
    let (started, heard) = (std::time::Instant::now(), watches[0].heard.clone());
    assert!(running.stop().success());
    heard.whole();
    assert!(started.elapsed() < std::time::Duration::from_secs(8), "{:?}", started.elapsed());
}

#[test]
fn a_watcher_who_takes_nothing_does_not_hold_up_the_stop() {
    let config = json!({ "servers": { "s": faulty(&[]) }, "shutdown_timeout": "28s" });
    let running = Running::serve(&config);
    until_ready(&running, "s");
    let mut watcher = TcpStream::connect(running.address).unwrap();
    let host = running.address;
    write!(watcher, "GET /api/v1/servers/s/frames HTTP/1.1\r\nhost: {host}\r\n\r\n").unwrap();
    let mut status = [0; 12];
    watcher.read_exact(&mut status).unwrap();
    assert_eq!(&status, b"HTTP/1.1 200");
    // more than all buffers on the way to the watcher hold
    let mut client = Client::open(Face::Http, &running);
    let text = "x".repeat(60_000);
    for _ in 0..200 {
        client.call("s.echo", &json!({ "text": text }));
    }
    let began = std::time::Instant::now();
    assert!(running.stop().success());
    assert!(began.elapsed() < std::time::Duration::from_secs(12), "{:?}", began.elapsed());
}

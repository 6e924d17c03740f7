//! On stdin and stdout, the flags do exactly what they promise.

use super::line_peer::{LinePeer, call, parse};
use serde_json::{Value, json};

#[test]
fn without_a_fault_flag_the_server_answers_everything_once() {
    let mut peer = LinePeer::start(&["simulate", "--tools", "3", "--tool-prefix", "t-"]);
    peer.initialize();
    let asked = [
        (json!({ "method": "ping" }), "result", "/", json!({})),
        (json!({ "method": "tools/list" }), "result", "/tools/2/name", json!("t-2")),
        (json!({ "method": "server/discover" }), "error", "/code", json!(-32601)),
        (json!({ "method": "tools/call" }), "error", "/code", json!(-32602)),
        (
            json!({ "method": "tools/call", "params": { "name": "t-1", "arguments": { "text": "x" } } }),
            "result",
            "/content/0/text",
            json!("x"),
        ),
    ];
    for (id, (mut request, member, pointer, expected)) in asked.into_iter().enumerate() {
        request["jsonrpc"] = json!("2.0");
        request["id"] = json!(id);
        peer.send(&request);
        let answer = peer.receive();
        assert_eq!(answer["id"], id);
        assert_eq!(answer[member].pointer(pointer.trim_end_matches('/')), Some(&expected));
    }
    peer.close_stdin();
    assert!(peer.rest().is_empty());
    assert_eq!(peer.exit_code(), Some(0));
}

#[test]
fn an_executed_call_is_logged_even_if_it_is_never_answered() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut peer = LinePeer::start(&[
        "simulate",
        "--exit-on-call",
        "--exit-code",
        "42",
        "--log",
        log.to_str().unwrap(),
    ]);
    peer.initialize();
    peer.send(&call(1, "echo", &json!({ "key": "k-1" })));
    assert!(peer.rest().is_empty());
    let logged = format!("{} echo k-1\n", peer.id());
    assert_eq!(peer.exit_code(), Some(42));
    assert_eq!(std::fs::read_to_string(log).unwrap(), logged);
}

#[test]
fn a_closed_stdout_is_seen_while_the_process_lives_on() {
    let mut peer = LinePeer::start(&["simulate", "--close-stdout-on-call"]);
    peer.initialize();
    peer.send(&call(1, "echo", &json!({})));
    assert!(peer.rest().is_empty());
    assert!(peer.is_alive());
    peer.close_stdin();
    assert_eq!(peer.exit_code(), Some(0));
}

#[test]
fn odd_spellings_are_answered_exactly_as_they_are_written() {
    let mut peer = LinePeer::start(&["simulate", "--echo-raw"]);
    peer.initialize();
    peer.send_text(
        r#"{"jsonrpc":"2.0","id":1,"method":"tools/call","params":{"name":"echo","arguments":{"z":1.0,"a":"\u00e9"}}}"#,
    );
    let line = peer.receive_text();
    assert!(line.contains(r#""z":1.0,"a":1e2"#), "{line}");
    let answer: Value = serde_json::from_str(&line).unwrap();
    assert_eq!(answer["result"]["content"][0]["text"], r#"{"z":1.0,"a":"\u00e9"}"#);
}

#[test]
fn answers_come_twice_or_under_a_wrong_id_when_asked_to() {
    for (flag, ids) in [
        ("--double-answer", vec![json!(1), json!(1)]),
        ("--wrong-id", vec![json!("nobody-asked")]),
        ("--wrong-id-then-right", vec![json!("nobody-asked"), json!(1)]),
        ("--freeze-on-call", vec![]),
    ] {
        let mut peer = LinePeer::start(&["simulate", flag]);
        peer.initialize();
        peer.send(&call(1, "echo", &json!({})));
        peer.close_stdin();
        let answered: Vec<Value> =
            peer.rest().iter().map(|line| parse(line)["id"].clone()).collect();
        assert_eq!(answered, ids, "{flag}");
    }
}

#[test]
fn a_server_without_tools_notes_the_violation_of_asking_for_them() {
    let folder = tempfile::tempdir().unwrap();
    let log = folder.path().join("log");
    let mut peer = LinePeer::start(&["simulate", "--no-tools", "--log", log.to_str().unwrap()]);
    assert_eq!(peer.initialize()["result"]["capabilities"], json!({}));
    peer.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "tools/list" }));
    assert_eq!(peer.receive()["error"]["code"], -32601);
    assert!(std::fs::read_to_string(log).unwrap().ends_with("VIOLATION tools/list\n"));
}

#[cfg(unix)]
#[test]
fn a_server_that_ignores_signals_outlives_them_and_the_end_of_stdin() {
    let mut peer = LinePeer::start(&["simulate", "--ignore-term"]);
    peer.initialize();
    peer.terminate();
    assert_eq!(peer.stderr_line(), "SIGTERM ignored");
    peer.send(&json!({ "jsonrpc": "2.0", "id": 1, "method": "ping" }));
    assert_eq!(peer.receive()["id"], 1);
    peer.close_stdin();
    peer.terminate();
    assert_eq!(peer.stderr_line(), "SIGTERM ignored");
    assert!(peer.is_alive());
}

#[test]
fn delayed_calls_wait_side_by_side() {
    let mut peer = LinePeer::start(&["simulate", "--delay", "400"]);
    peer.initialize();
    let started = std::time::Instant::now();
    for id in 1..=20 {
        peer.send(&call(id, "echo", &json!({})));
    }
    for _ in 1..=20 {
        peer.receive();
    }
    let elapsed = started.elapsed().as_millis();
    assert!((400..8_000).contains(&elapsed), "{elapsed} ms; one after the other is 8000 ms");
}

#[test]
fn tools_come_in_pages_and_may_grow_after_a_call() {
    let mut peer = LinePeer::start(&[
        "simulate",
        "--tools",
        "3",
        "--page-size",
        "2",
        "--change-tools-after-calls",
        "1",
    ]);
    peer.initialize();
    peer.send(&call(1, "echo", &json!({})));
    assert_eq!(peer.receive()["id"], 1);
    assert_eq!(peer.receive()["method"], "notifications/tools/list_changed");
    let mut names = Vec::new();
    let mut params = json!({});
    loop {
        peer.send(&json!({ "jsonrpc": "2.0", "id": 2, "method": "tools/list", "params": params }));
        let page = peer.receive()["result"].take();
        names.extend(page["tools"].as_array().unwrap().iter().map(|tool| tool["name"].clone()));
        match page.get("nextCursor") {
            Some(cursor) => params = json!({ "cursor": cursor }),
            None => break,
        }
    }
    assert_eq!(names, ["echo", "tool1", "tool2", "extra"]);
}

#[test]
fn requests_to_the_client_and_its_replies_are_on_record() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let mut peer =
        LinePeer::start(&["simulate", "--server-request", "--record", record.to_str().unwrap()]);
    peer.initialize();
    assert_eq!(peer.receive()["method"], "ping");
    assert_eq!(peer.receive()["method"], "roots/list");
    let reply = r#"{"result":{},"id":"faulty-ping",  "jsonrpc":"2.0"}"#;
    peer.send_text(reply);
    peer.close_stdin();
    assert!(peer.rest().is_empty());
    assert!(std::fs::read_to_string(record).unwrap().ends_with(&format!("{reply}\n")));
}

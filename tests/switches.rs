//! Tools switched off and on while the gateway runs: seen by nobody, called by nobody, and remembered.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/faces.rs"]
mod faces;
#[path = "support/running.rs"]
mod running;

use faces::{Client, Face};
use running::{Answer, Running, eventually, faulty};
use serde_json::{Value, json};

fn config() -> Value {
    let with = |flags: &[&str]| faulty(&[&["--tools", "0"], flags].concat());
    json!({
        "list": { "boot_wait": "60s" },
        "servers": {
            "files": with(&["--tool", "read", "--tool", "write"]),
            "git": with(&["--tool", "log", "--tool", "read"]),
        },
        "groups": { "all": { "servers": ["*"] } },
    })
}

fn order(running: &Running, tool: &str, action: &str) -> Answer {
    let head = format!("POST /api/v1/tools/{tool}/{action} HTTP/1.1\r\nhost: {{host}}\r\n");
    running.send(&head, b"")
}

fn switch(running: &Running, tool: &str, action: &str) -> Value {
    let answer = order(running, tool, action);
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

fn is_off(answer: &Value) {
    let result = &answer["result"];
    assert_eq!(result["isError"], true, "{answer}");
    assert_eq!(result["_meta"]["mcpvisor/error"]["reason"], "switched_off", "{answer}");
    let text = result["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("tool `write` of server `files` was switched off"), "{text}");
}

/// A request of 2026-07-28, which belongs to no session.
fn stateless(running: &Running, method: &str, mut params: Value) -> Value {
    params["_meta"] = json!({
        "io.modelcontextprotocol/protocolVersion": "2026-07-28",
        "io.modelcontextprotocol/clientCapabilities": {},
    });
    let named = params["name"].as_str().map(|name| format!("mcp-name: {name}\r\n"));
    let head = format!(
        "POST /mcp HTTP/1.1\r\nhost: {{host}}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\nmcp-protocol-version: 2026-07-28\r\n\
         mcp-method: {method}\r\n{}",
        named.unwrap_or_default()
    );
    let body = json!({ "jsonrpc": "2.0", "id": 1, "method": method, "params": params });
    let answer = running.send(&head, body.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    let text = answer.body.lines().find_map(|line| line.strip_prefix("data:"));
    serde_json::from_str(text.unwrap_or(&answer.body)).unwrap()
}

fn names(answer: &Value) -> Vec<&str> {
    let tools = answer["result"]["tools"].as_array().unwrap_or_else(|| panic!("{answer}"));
    tools.iter().map(|tool| tool["name"].as_str().unwrap()).collect()
}

const PARTS: [(&str, &[&str], &[&str]); 3] = [
    ("", &["files.write", "files__write"], &["files.read", "git.log", "git.read"]),
    ("/servers/files", &["write", "files.write", "files__write"], &["read"]),
    ("/groups/all", &["files.write", "files__write"], &["files.read", "git.log", "git.read"]),
];

#[test]
fn a_tool_that_is_off_is_seen_and_called_by_nobody_on_any_face() {
    let running = Running::serve(&config());
    let faces = [Face::Http, Face::Sse, Face::WebSocket];
    let places = faces.iter().flat_map(|face| PARTS.iter().map(move |part| (*face, part)));
    // those who have listed it before
    let mut earlier: Vec<_> = places
        .map(|(face, part)| {
            let mut client = Client::open_at(face, &running, part.0);
            let shown = client.tools();
            assert!(shown.contains(&part.1[0].to_owned()), "{face:?} {shown:?}");
            (face, client, part)
        })
        .collect();
    let told = switch(&running, "files__write", "disable");
    assert_eq!(
        told,
        json!({ "name": "files__write", "server": "files", "own": "write", "enabled": false,
                "known": true, "remembered": true })
    );
    for (face, client, (part, spellings, left)) in &mut earlier {
        if *face != Face::Http {
            client.hears_that_tools_changed();
        }
        assert_eq!(client.tools(), *left, "{face:?} {part}");
        for name in *spellings {
            is_off(&client.call(name, &json!({ "text": "x" })));
        }
        client.still_works(left[0], "the others are still there");
    }
    // those who come later, also in a gateway of their own
    for face in Face::ALL {
        for (part, spellings, left) in PARTS {
            let mut client = Client::open_at(face, &running, part);
            assert_eq!(client.tools(), left, "{face:?} {part}");
            for name in spellings {
                is_off(&client.call(name, &json!({ "text": "x" })));
            }
        }
    }
    let listed = stateless(&running, "tools/list", json!({}));
    assert_eq!(names(&listed), ["files.read", "git.log", "git.read"]);
    for name in ["files.write", "files__write"] {
        is_off(&stateless(&running, "tools/call", json!({ "name": name, "arguments": {} })));
    }
    // with it switched on again all is as it was
    assert_eq!(switch(&running, "files.write", "enable")["enabled"], true);
    for (face, client, (_, spellings, left)) in &mut earlier {
        if *face != Face::Http {
            client.hears_that_tools_changed();
        }
        assert_eq!(client.tools().len(), left.len() + 1);
        client.still_works(spellings[0], "it was switched on");
    }
}

#[test]
fn the_command_line_sees_what_clients_see_and_turns_the_switch() {
    let running = Running::serve(&config());
    let (api, url) = (format!("http://{}", running.address), running.url());
    let run = |args: &[&str], url: &str| running.place.run(&[args, &["--url", url]].concat());
    let before = run(&["tools"], &url).stdout;
    assert!(before.contains("files.write"), "{before}");
    let off = run(&["disable", "files.write"], &api);
    assert_eq!(off.code, Some(0), "{off:?}");
    let listed = run(&["tools"], &url).stdout;
    assert!(listed.contains("files.read") && !listed.contains("files.write"), "{listed}");
    let called = run(&["call", "files.write"], &url);
    assert_eq!(called.code, Some(1), "{called:?}");
    assert!(called.stderr.contains("was switched off by an operator"), "{called:?}");
    // a gateway started for one command knows, too
    let config = running.place.text("config.json");
    let own = running.place.run(&["call", "files.write", "--config", &config]);
    assert!(own.stderr.contains("was switched off by an operator"), "{own:?}");
    let on = run(&["enable", "files.write"], &api);
    assert_eq!(on.code, Some(0), "{on:?}");
    assert_eq!(run(&["call", "files.write"], &url).code, Some(0));
}

#[test]
fn a_switch_is_remembered_over_a_restart_also_of_a_tool_nobody_has_seen_yet() {
    let running = Running::serve(&config());
    let mut client = Client::open(Face::Http, &running);
    assert_eq!(client.tools().len(), 4);
    assert_eq!(switch(&running, "files.write", "disable")["known"], true);
    let later = switch(&running, "git__later", "disable");
    assert_eq!((&later["own"], &later["known"]), (&json!("later"), &json!(false)));
    drop(client);
    let place = running.end();
    let mut config = config();
    let args = config["servers"]["git"]["args"].as_array_mut().unwrap();
    args.extend([json!("--tool"), json!("later")]);
    let file = place.write("config.json", &config.to_string());
    let running = Running::start(place, &["serve", "--config", &file]);
    let mut client = Client::open(Face::Http, &running);
    assert_eq!(client.tools(), ["files.read", "git.log", "git.read"]);
    is_off(&client.call("files.write", &json!({})));
    let refused = client.call("git.later", &json!({}));
    assert_eq!(refused["result"]["_meta"]["mcpvisor/error"]["reason"], "switched_off");
    let page = "GET /api/v1/tools HTTP/1.1\r\nhost: {host}\r\n";
    let shown: Value = serde_json::from_str(&running.send(page, b"").body).unwrap();
    let enabled: Vec<_> = shown["tools"]
        .as_array()
        .unwrap()
        .iter()
        .map(|tool| (tool["name"].as_str().unwrap(), tool["enabled"].as_bool().unwrap()))
        .collect();
    assert_eq!(
        enabled,
        [
            ("files.read", true),
            ("files.write", false),
            ("git.later", false),
            ("git.log", true),
            ("git.read", true)
        ]
    );
    switch(&running, "git.later", "enable");
    assert_eq!(client.tools(), ["files.read", "git.log", "git.read", "git.later"]);
    client.still_works("git.later", "it was switched on");
}

#[test]
fn a_call_that_waits_is_refused_when_its_tool_is_switched_off_meanwhile() {
    let mut server = faulty(&["--tools", "0", "--tool", "write", "--delay", "2000"]);
    server["max_in_flight"] = 1.into();
    let running = Running::serve(&json!({ "servers": { "files": server } }));
    let mut client = Client::open(Face::WebSocket, &running);
    assert_eq!(client.tools(), ["files.write"]);
    for id in ["1", "2"] {
        let params = json!({ "name": "files.write", "arguments": { "text": "x" } });
        client.send(faces::request(id, "tools/call", &params).as_bytes());
    }
    eventually("one waits for the other", || {
        let page = "GET /api/v1/servers/files HTTP/1.1\r\nhost: {host}\r\n";
        let server: Value = serde_json::from_str(&running.send(page, b"").body).unwrap();
        server["queued"] == 1
    });
    switch(&running, "files.write", "disable");
    let answers = [client.receive(), client.receive()];
    let of = |id: u64| answers.iter().find(|answer| answer["id"] == id).unwrap();
    assert_eq!(of(1)["result"]["content"][0]["text"], "x", "it was at the server already");
    is_off(of(2));
}

#[test]
fn what_is_no_tool_has_no_switch() {
    let running = Running::serve(&config());
    for (tool, status, code) in [
        ("nowhere.read", 404, "no_such_tool"),
        ("files", 404, "no_such_tool"),
        ("mcpvisor.status", 409, "own_tool"),
    ] {
        let answer = order(&running, tool, "disable");
        assert_eq!(answer.status, status, "{answer:?}");
        let error: Value = serde_json::from_str(&answer.body).unwrap();
        assert_eq!(error["error"]["code"], code);
    }
}

//! Commands that order a running gateway about, and how they show the token it asks for.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/running.rs"]
mod running;

use running::{Ran, Running, eventually, faulty};
use serde_json::{Value, json};
use std::net::TcpListener;

const TOKEN: &str = "0123456789-abcdef";

fn gateway() -> Running {
    let config = json!({ "admin": { "token": TOKEN }, "servers": { "s": faulty(&[]) } });
    Running::serve(&config)
}

/// Runs a command against this gateway, with this token in the environment.
fn ask_as(running: &Running, token: Option<&str>, args: &[&str]) -> Ran {
    let url = format!("http://{}", running.address);
    let mut command = running.place.command(&[args, &["--url", &url]].concat());
    command.env_remove("MCPVISOR_TOKEN");
    if let Some(token) = token {
        command.env("MCPVISOR_TOKEN", token);
    }
    let output = command.output().unwrap();
    let text = |bytes| String::from_utf8(bytes).unwrap();
    Ran { code: output.status.code(), stdout: text(output.stdout), stderr: text(output.stderr) }
}

fn ask(running: &Running, args: &[&str]) -> Ran {
    ask_as(running, Some(TOKEN), args)
}

/// The one line a command says.
fn said(running: &Running, args: &[&str]) -> String {
    let ran = ask(running, args);
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{args:?} {ran:?}");
    ran.stdout.trim_end().to_owned()
}

fn until_state(running: &Running, state: &str) {
    eventually(state, || {
        let status: Value = serde_json::from_str(&said(running, &["status", "--json"])).unwrap();
        status["servers"][0]["state"] == state
    });
}

#[test]
fn orders_are_given_and_told_in_words() {
    let running = gateway();
    until_state(&running, "ready");
    for (order, words, state) in [
        ("stop", "s is stopped; `mcpvisor explain s` tells what comes of it", "stopped"),
        ("start", "s is started; `mcpvisor explain s` tells what comes of it", "ready"),
        ("restart", "s is restarted; `mcpvisor explain s` tells what comes of it", "ready"),
        (
            "probe",
            "s is asked for a sign of life; `mcpvisor explain s` tells what comes of it",
            "ready",
        ),
    ] {
        assert_eq!(said(&running, &[order, "s"]), words);
        until_state(&running, state);
    }
    let answer: Value = serde_json::from_str(&said(&running, &["probe", "s", "--json"])).unwrap();
    assert_eq!(answer, json!({ "server": "s", "accepted": "probe" }));
    let ran = ask(&running, &["stop", "x"]);
    assert_eq!(ran.code, Some(1));
    assert_eq!(ran.stderr, "error: there is no server `x`\nGET /api/v1/servers lists them.\n");
    let explained = said(&running, &["explain", "s"]);
    assert!(explained.contains("an operator asked: restart"), "{explained}");
}

#[test]
fn every_command_shows_the_token_and_says_when_it_is_missing_or_wrong() {
    let running = gateway();
    until_state(&running, "ready");
    let url = format!("http://{}/", running.address);
    let help = "Give the `admin.token` of its configuration with --token, or set MCPVISOR_TOKEN.\n";
    for args in [
        &["status"][..],
        &["doctor"],
        &["explain", "s"],
        &["calls"],
        &["sessions"],
        &["restart", "s"],
        &["stop", "s"],
        &["start", "s"],
        &["probe", "s"],
        &["disable", "s.echo"],
        &["enable", "s.echo"],
    ] {
        let ran = ask_as(&running, None, args);
        assert_eq!(ran.code, Some(1), "{args:?} {ran:?}");
        assert_eq!(ran.stderr, format!("error: the gateway at {url} asks for a token\n{help}"));
        let ran = ask_as(&running, Some("another-0123456789"), args);
        assert_eq!(ran.code, Some(1), "{args:?} {ran:?}");
        assert_eq!(
            ran.stderr,
            format!("error: the gateway at {url} does not take this token\n{help}")
        );
        assert!(!ran.stderr.contains("another-"), "{ran:?}");
    }
    let by_flag = ask_as(&running, None, &["status", "--token", TOKEN]);
    assert_eq!(by_flag.code, Some(0), "{by_flag:?}");
    let live = running.place.run(&["health", "--url", &format!("{url}livez")]);
    assert_eq!((live.code, &*live.stdout), (Some(0), "alive\n"), "open to everybody");
    let guarded = format!("{url}api/v1/servers");
    assert_eq!(running.place.run(&["health", "--url", &guarded]).code, Some(1));
    let shown = running.place.run(&["health", "--url", &guarded, "--token", TOKEN]);
    assert_eq!(shown.code, Some(0), "{shown:?}");
    let help = ask_as(&running, Some(TOKEN), &["status", "--help"]);
    assert!(!help.stdout.contains(TOKEN), "{}", help.stdout);
}

#[test]
fn a_tool_is_hidden_and_shown_again() {
    let running = gateway();
    until_state(&running, "ready");
    let seen = || said_by_tools(&running).contains("s.echo");
    eventually("the tool is there", seen);
    assert_eq!(said(&running, &["disable", "s.echo"]), "s.echo is disabled: no client sees it");
    eventually("the tool is gone", || !seen());
    assert_eq!(said(&running, &["enable", "s.echo"]), "s.echo is enabled: clients see it");
    eventually("the tool is back", seen);
    let ran = ask(&running, &["disable", "nobody"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    assert!(ran.stderr.starts_with("error: there is no tool `nobody`"), "{ran:?}");
}

fn said_by_tools(running: &Running) -> String {
    running.place.run(&["tools", "--url", &running.url()]).stdout
}

#[test]
fn calls_are_listed_with_how_they_ended() {
    let running = gateway();
    until_state(&running, "ready");
    assert_eq!(said(&running, &["calls", "--name", "s.echo"]), "no such calls");
    for (tool, code) in [("s.echo", 0), ("s.nonsense", 1)] {
        let ran = running.place.run(&["call", "--url", &running.url(), tool, r#"{"text":"hi"}"#]);
        assert_eq!(ran.code, Some(code), "{ran:?}");
    }
    eventually("both are told", || {
        said(&running, &["calls", "--method", "tools/call"]).lines().count() == 3
    });
    let listed = said(&running, &["calls", "--method", "tools/call"]);
    let lines: Vec<&str> = listed.lines().collect();
    let heads: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(heads, ["NUMBER", "WHEN", "METHOD", "NAME", "SERVER", "TOOK", "OUTCOME"]);
    assert!(lines[1].contains("s.nonsense") && !lines[1].ends_with("ok"), "{listed}");
    assert!(lines[2].contains("s.echo") && lines[2].ends_with("ok"), "{listed}");
    let failed = said(&running, &["calls", "--failed", "--method", "tools/call"]);
    assert_eq!(failed.lines().count(), 2, "{failed}");
    assert_eq!(said(&running, &["calls", "--slow", "60000"]), "no such calls");
    let json = said(&running, &["calls", "--name", "s.echo", "--json"]);
    let call: Value = serde_json::from_str(&json).unwrap();
    assert_eq!((&call["name"], &call["outcome"]["kind"]), (&json!("s.echo"), &json!("ok")));
}

#[test]
fn sessions_are_listed_while_they_are_open() {
    let running = gateway();
    assert_eq!(said(&running, &["sessions"]), "nobody is connected");
    let hello = json!({ "jsonrpc": "2.0", "id": 1, "method": "initialize", "params": {
        "protocolVersion": "2025-11-25", "capabilities": {},
        "clientInfo": { "name": "a-client", "version": "1.2" },
    } });
    let head = "POST /mcp HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n\
                accept: application/json, text/event-stream\r\n";
    assert_eq!(running.send(head, hello.to_string().as_bytes()).status, 200);
    let listed = said(&running, &["sessions"]);
    let lines: Vec<&str> = listed.lines().collect();
    let heads: Vec<&str> = lines[0].split_whitespace().collect();
    assert_eq!(heads, ["SESSION", "CLIENT", "FACE", "REVISION", "VIEW", "IDLE", "IN", "FLIGHT"]);
    assert!(lines[1].contains("a-client 1.2") && lines[1].contains("2025-11-25"), "{listed}");
    let json: Value = serde_json::from_str(&said(&running, &["sessions", "--json"])).unwrap();
    assert_eq!((&json["client"]["name"], &json["face"]), (&json!("a-client"), &json!("http")));
}

#[test]
fn a_gateway_that_is_not_there_is_told_alike_by_all() {
    let nobody = TcpListener::bind(("127.0.0.1", 0)).unwrap().local_addr().unwrap();
    let place = running::Place::with(&json!({}));
    for args in [&["calls"][..], &["sessions"], &["stop", "s"], &["enable", "t"]] {
        let ran = place.run(&[args, &["--url", &format!("http://{nobody}")]].concat());
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(
            ran.stderr.starts_with(&format!("error: no gateway at http://{nobody}/")),
            "{ran:?}"
        );
        assert!(ran.stderr.ends_with("Start one with `mcpvisor serve`, or name it with --url.\n"));
    }
}

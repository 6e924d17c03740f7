//! What the API tells of the configuration: everything but secrets, and what is wrong with a new one.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/running.rs"]
mod running;

use running::{Answer, Place, Running, faulty};
use serde_json::{Value, json};
use std::process::{Command, Stdio};

const BEARER: &str = "authorization: Bearer planted-token-0123\r\n";

fn get(running: &Running, page: &str) -> Value {
    let answer = running.send(&format!("GET {page} HTTP/1.1\r\nhost: {{host}}\r\n{BEARER}"), b"");
    told(&answer)
}

fn told(answer: &Answer) -> Value {
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

fn validate(running: &Running, text: &str, format: &str) -> Value {
    let head = "POST /api/v1/config/validate HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n";
    let body = json!({ "text": text, "format": format }).to_string();
    told(&running.send(&format!("{head}{BEARER}"), body.as_bytes()))
}

/// A server that is not used, reached by all that may be secret.
fn planted() -> Value {
    let mut off = json!({ "enabled": false });
    let entry = off.as_object_mut().unwrap();
    entry.insert("command".into(), json!("/opt/${PLANTED_COMMAND}/run"));
    entry.insert(
        "args".into(),
        json!([
            "--mode=${PLANTED_ARG}",
            "--api-key",
            "planted-option-value",
            "--token=planted-equals-value",
            "https://me:planted-password@h.example/?q=planted-query",
            "--plain",
            "${PLANTED_PIN}",
            "copied planted-env-value",
        ]),
    );
    entry.insert("env".into(), json!({ "A": "planted-env-value", "B": "${PLANTED_ENV}" }));
    entry.insert("env_file".into(), json!("vars"));
    off
}

#[test]
fn the_configuration_is_told_in_full_and_no_secret_of_it() {
    let remote = json!({
        "enabled": false, "url": "https://planted-user:planted-pass@h.example/mcp?key=planted-key&x=${PLANTED_QUERY}",
        "headers": { "Authorization": "Bearer planted-header", "X-B": "${PLANTED_HEADER}" },
    });
    let config = json!({
        "admin": { "token": "planted-token-0123" },
        "limits": { "max_sessions": 7 },
        "telemetry": {
            "endpoint": "http://127.0.0.1:9",
            "headers": { "x-key": "planted-export-header" },
            "traces": false, "metrics": false, "logs": false,
        },
        "defaults": { "call_timeout": "42s" },
        "servers": { "off": planted(), "remote": remote, "s": faulty(&[]) },
    });
    let place = Place::with(&config);
    place.write("vars", "C=planted-file-value\n");
    let file = place.text("config.json");
    let variables: Vec<(&str, &str)> = vec![
        ("PLANTED_COMMAND", "planted-command"),
        ("PLANTED_ARG", "planted-arg"),
        ("PLANTED_PIN", "8675"),
        ("PLANTED_ENV", "planted-env-var"),
        ("PLANTED_QUERY", "planted-query-var"),
        ("PLANTED_HEADER", "planted-header-var"),
    ];
    let running = Running::start_in(place, &["serve", "--config", &file], &variables);
    let shown = get(&running, "/api/v1/config");
    let text = shown.to_string();
    assert!(!text.contains("planted-") && !text.contains("8675"), "{shown:#}");

    assert_eq!(shown["path"], file);
    let config = &shown["config"];
    assert_eq!(config["admin"]["token"], "***");
    assert_eq!(config["limits"]["max_sessions"], 7);
    assert_eq!(config["telemetry"]["headers"]["x-key"], "***");
    assert_eq!(config["limits"]["max_requests"], 4096, "defaults are told, too");
    assert_eq!(config["listen"], "127.0.0.1:0", "the command line wins");
    let off = &config["servers"]["off"];
    assert_eq!(off["call_timeout"], "42s", "as the server takes it");
    assert_eq!(off["command"], "/opt/***/run");
    assert_eq!(off["env"], json!({ "A": "***", "B": "***" }));
    assert_eq!(
        off["args"],
        json!([
            "--mode=***",
            "--api-key",
            "***",
            "--token=***",
            "https://***@h.example/?q=***",
            "--plain",
            "***",
            "copied ***",
        ])
    );
    let remote = &config["servers"]["remote"];
    assert_eq!(remote["url"], "https://***@h.example/mcp?key=***&x=***");
    assert_eq!(remote["headers"], json!({ "Authorization": "***", "X-B": "***" }));
    assert_eq!(config["servers"]["s"]["args"][0], "simulate");
}

#[test]
fn a_draft_is_judged_as_check_does_and_nothing_of_it_starts() {
    let running = Running::serve(&json!({
        "admin": { "token": "planted-token-0123" }, "servers": { "s": faulty(&[]) },
    }));
    let proof = running.place.text("started");
    let good = format!("servers: {{a: {{command: touch, args: ['{proof}']}}}}\n");
    let found = validate(&running, &good, "yaml");
    assert_eq!(found, json!({ "valid": true, "faults": [], "notes": [] }));

    let bad = "servers:\n  a:\n    comand: npx\n  b:\n    command: x\n    priority: 200\n";
    let found = validate(&running, bad, "yaml");
    assert_eq!(found["valid"], false);
    let faults = found["faults"].as_array().unwrap();
    let places: Vec<_> = faults.iter().map(|it| (&it["line"], &it["column"], &it["key"])).collect();
    assert!(places.contains(&(&json!(3), &json!(5), &json!("servers.a.comand"))), "{found:#}");
    assert!(places.contains(&(&json!(6), &json!(5), &json!("servers.b.priority"))), "{found:#}");
    let typo = faults.iter().find(|it| it["line"] == 3).unwrap();
    assert_eq!(typo["message"], "unknown key `comand`");
    assert!(typo["remedy"].as_str().unwrap().contains("`command`"), "{typo}");

    for (text, format, valid) in [
        ("[servers.a]\ncommand = \"x\"\n", "toml", true),
        ("{\"servers\": {\"a\": {\"command\": \"x\"}}}", "json", true),
        ("{servers: {a: {command: 'x'}}}", "json5", true),
        ("{", "json", false),
        ("listen: 0.0.0.0:1\nservers: {a: {command: x}}\n", "yaml", false),
        ("admin: {token: short}\n", "yaml", false),
        ("admin: {token: 'with spaces in between'}\n", "yaml", false),
        ("admin: {token: 0123456789-abcdef}\n", "yaml", true),
        ("servers: {a: {command: x, env_file: none}}\n", "yaml", false),
    ] {
        let found = validate(&running, text, format);
        assert_eq!(found["valid"], valid, "{text} {found:#}");
        assert_eq!(found["faults"] == json!([]), valid, "{text} {found:#}");
    }
    // the running gateway goes on with its own
    assert_eq!(get(&running, "/api/v1/config")["config"]["servers"]["a"], Value::Null);
    assert!(!running.place.path("started").exists());
    let large = "#".repeat(1 << 20);
    let head = "POST /api/v1/config/validate HTTP/1.1\r\nhost: {host}\r\ncontent-type: application/json\r\n";
    let body = json!({ "text": large, "format": "yaml" }).to_string();
    assert_eq!(running.send(&format!("{head}{BEARER}"), body.as_bytes()).status, 400);
    let schema = get(&running, "/api/v1/config/schema");
    assert_eq!(schema["properties"]["servers"]["type"], "object");
}

#[test]
fn a_token_that_is_no_good_is_a_fault_that_does_not_tell_it() {
    let place = Place::with(&json!({ "admin": { "token": "short-planted" }, "servers": {} }));
    let ran = place.run(&["check", "--config", &place.text("config.json")]);
    assert_eq!(ran.code, Some(78));
    assert!(ran.stderr.contains("admin.token: is shorter than 16 characters"), "{ran:?}");
    assert!(!ran.stderr.contains("short-planted"), "{ran:?}");
    let from_variable = Command::new(env!("CARGO_BIN_EXE_mcpvisor"))
        .args(["check", "--config", &place.write("v.yaml", "admin: {token: '${T}'}\n")])
        .env("T", "from-a-variable-0123")
        .stdin(Stdio::null())
        .output()
        .unwrap();
    assert!(from_variable.status.success(), "{from_variable:?}");
}

#[test]
fn the_history_of_a_server_is_told_by_tier() {
    let server = faulty(&[]);
    let config = json!({ "admin": { "token": "planted-token-0123" }, "servers": { "s": server } });
    let running = Running::serve(&config);
    for tier in ["recent", "minutes", "hours"] {
        running::eventually("there is a point", || {
            let probe = "POST /api/v1/servers/s/probe HTTP/1.1\r\nhost: {host}\r\n";
            running.send(&format!("{probe}{BEARER}"), b"");
            let told = get(&running, &format!("/api/v1/servers/s/history?tier={tier}"));
            assert_eq!((&told["server"], &told["tier"]), (&json!("s"), &json!(tier)));
            told["points"].as_array().unwrap().iter().any(|it| it["probes"]["answered"] != 0)
        });
    }
    assert_eq!(get(&running, "/api/v1/servers/s/history")["tier"], "minutes");
}

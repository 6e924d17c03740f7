//! Logs: one JSON object a line for machines, plain text for people, and never a secret.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/faces.rs"]
mod faces;
#[path = "support/running.rs"]
mod running;

use faces::{Client, Face, initialize, request};
use mcpvisor::config::LogFormat;
use mcpvisor::redaction::Redaction;
use mcpvisor::telemetry::{self, LogSettings};
use running::{Heard, Place, Running, faulty, wait};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::io::Write;
use std::process::Stdio;

/// A shell script as a server.
fn script(text: &str) -> Value {
    json!({ "command": "sh", "args": ["-c", text] })
}

#[test]
fn without_a_terminal_each_line_is_a_json_object_that_names_its_server() {
    let dies = script("echo last words >&2; exit 3");
    let servers = json!({ "good": faulty(&["--garbage"]), "dies": dies });
    let running = Running::serve_with(&json!({ "servers": servers }), &["--log-level", "debug"]);
    let mut client = Client::open(Face::Http, &running);
    client.still_works("good.echo", "the start");
    running.stderr.until("last words");
    running.stderr.until("\"message\":\"down\"");
    let stderr = running.stderr.clone();
    assert_eq!(running.stop().code(), Some(0));
    let mut about = [0, 0];
    for line in stderr.whole().lines() {
        let event: Value = serde_json::from_str(line).expect(line);
        for key in ["timestamp", "level", "message"] {
            assert!(event[key].is_string(), "{line}");
        }
        let server = event.get("server").or_else(|| event.pointer("/span/server"));
        for (count, name) in about.iter_mut().zip(["good", "dies"]) {
            *count += usize::from(server == Some(&json!(name)));
        }
        let message = event["message"].as_str().unwrap();
        let of_a_server =
            ["ready", "down", "stderr", "connected", "lists changed", "the server sent no message"];
        assert!(server.is_some() || !of_a_server.contains(&message), "{line}");
    }
    assert!(about.iter().all(|&count| count > 2), "{about:?}");
}

#[test]
fn people_get_plain_lines_without_colours_where_there_is_no_terminal() {
    let config = json!({ "servers": { "s": faulty(&[]) } });
    let running = Running::serve_with(&config, &["--log-format", "human"]);
    let said = running.stderr.until("ready");
    let line = said.lines().find(|line| line.contains("ready")).unwrap();
    assert!(line.contains("INFO") && line.contains("server=s"), "{line}");
    assert!(!said.contains('\u{1b}'), "{said:?}");
    assert!(serde_json::from_str::<Value>(line).is_err(), "{line}");
}

#[test]
fn over_stdio_nothing_but_protocol_is_written_to_stdout() {
    let noisy = faulty(&["--garbage", "--log-messages"]);
    let servers = json!({ "s": noisy, "dies": script("echo out; echo err >&2; exit 3") });
    let place = Place::with(&json!({ "servers": servers, "list": { "boot_wait": "60s" } }));
    let config = place.text("config.json");
    let args = ["stdio", "--config", &config, "--log-level", "trace"];
    let mut child = place.command(&args).stdin(Stdio::piped()).spawn().unwrap();
    let stdout = Heard::of(child.stdout.take().unwrap());
    let stderr = Heard::of(child.stderr.take().unwrap());
    let mut stdin = child.stdin.take().unwrap();
    let call = json!({ "name": "s.echo", "arguments": { "text": "x" } });
    for text in [
        request("1", "initialize", &initialize("2025-11-25")),
        "nonsense".into(),
        request("2", "tools/list", &json!({})),
        request("3", "tools/call", &call),
    ] {
        writeln!(stdin, "{text}").unwrap();
    }
    stdout.until("\"id\":3");
    drop(stdin);
    assert_eq!(wait(&mut child).code(), Some(0));
    let said = stdout.whole();
    for line in said.lines() {
        let message: Value = serde_json::from_str(line).expect(line);
        assert_eq!(message["jsonrpc"], "2.0", "{line}");
    }
    for id in ["1", "null", "2", "3"] {
        assert!(said.contains(&format!("\"id\":{id},")), "{id}: {said}");
    }
    assert!(stderr.whole().contains("\"level\":\"DEBUG\""));
}

/// Each comes into the configuration in another way; the last two need escaping in JSON.
const SECRETS: [&str; 6] = [
    "planted-in-env",
    "planted-in-header",
    "planted-in-variable",
    "planted-in-argument",
    "planted-\"quoted\\",
    "planted-line-1\nplanted-line-2",
];

fn telltale() -> Value {
    // says all it knows on stdout and stderr, last words last
    let says = "printenv E V Q M; echo \"$0\"; for it in \"$M\" \"$Q\" \"$E\" \"$0 $V $E $Q\"; do echo \"key $it\" >&2; done; exit 3";
    json!({
        "command": "sh",
        "args": ["-c", says, "${PLANTED_ARGUMENT}"],
        "env": { "E": SECRETS[0], "V": "${PLANTED_VARIABLE}", "Q": SECRETS[4], "M": SECRETS[5] },
        "call_wait": "200ms",
    })
}

#[test]
fn a_planted_secret_appears_in_no_log_no_answer_and_no_check() {
    let alive = json!({ "command": env!("CARGO_BIN_EXE_mcpvisor"), "args": ["demo", "demo"], "env": { "K": SECRETS[0] } });
    let backend = Running::serve(&json!({ "servers": { "d": alive } }));
    let remote = json!({
        "url": format!("{}?key=${{PLANTED_VARIABLE}}", backend.url()),
        "headers": { "Authorization": format!("Bearer {}", SECRETS[1]), "X-Key": "${PLANTED_VARIABLE}" },
    });
    let refused = json!({
        "url": "http://127.0.0.1:1/${PLANTED_ARGUMENT}/mcp",
        "headers": { "Authorization": SECRETS[1] },
    });
    let place = Place::with(&json!({
        "servers": { "tells": telltale(), "remote": remote, "refused": refused },
        "list": { "boot_wait": "10s" },
    }));
    let config = place.text("config.json");
    let planted = [("PLANTED_VARIABLE", SECRETS[2]), ("PLANTED_ARGUMENT", SECRETS[3])];
    let mut checked = place.command(&["check", "--config", &config]);
    let checked = checked.envs(planted).output().unwrap();
    assert_eq!(checked.status.code(), Some(0), "{checked:?}");

    let args = ["stdio", "--config", &config, "--log-level", "trace"];
    let mut child = place.command(&args).envs(planted).stdin(Stdio::piped()).spawn().unwrap();
    let stdout = Heard::of(child.stdout.take().unwrap());
    let stderr = Heard::of(child.stderr.take().unwrap());
    let mut stdin = child.stdin.take().unwrap();
    let call = json!({ "name": "remote.d.echo", "arguments": { "text": "x" } });
    for text in
        [request("1", "initialize", &initialize("2025-11-25")), request("2", "tools/call", &call)]
    {
        writeln!(stdin, "{text}").unwrap();
    }
    assert!(stdout.until("\"id\":2").contains("\"result\""));
    stderr.until("its last words: key");
    drop(stdin);
    assert_eq!(wait(&mut child).code(), Some(0));
    for (what, said) in [
        ("check", String::from_utf8(checked.stdout).unwrap()),
        ("check", String::from_utf8(checked.stderr).unwrap()),
        ("answers", stdout.whole()),
        ("logs", stderr.whole()),
    ] {
        assert_hidden(what, &said);
    }
}

#[test]
fn the_last_words_of_a_server_reach_a_client_without_its_secrets() {
    // known from an earlier run, so that its tools are listed and its death is told to the caller
    let place = Place::with(&json!({}));
    let marker = place.text("second-run");
    let says = format!(
        "if [ -e '{marker}' ]; then echo \"key $E $Q $V $0\" >&2; exit 3; fi; \
         touch '{marker}'; exec '{}' simulate --exit-after-calls 1",
        env!("CARGO_BIN_EXE_mcpvisor")
    );
    let mut server = telltale();
    server["args"][1] = json!(says);
    place.write("config.json", &json!({ "servers": { "s": server } }).to_string());
    let config = place.text("config.json");
    let args = ["stdio", "--config", &config];
    let planted = [("PLANTED_VARIABLE", SECRETS[2]), ("PLANTED_ARGUMENT", SECRETS[3])];
    let mut child = place.command(&args).envs(planted).stdin(Stdio::piped()).spawn().unwrap();
    let stdout = Heard::of(child.stdout.take().unwrap());
    let stderr = Heard::of(child.stderr.take().unwrap());
    let mut stdin = child.stdin.take().unwrap();
    let call = json!({ "name": "s.echo", "arguments": { "text": "x" } });
    writeln!(stdin, "{}", request("1", "initialize", &initialize("2025-11-25"))).unwrap();
    writeln!(stdin, "{}", request("2", "tools/call", &call)).unwrap();
    assert!(stdout.until("\"id\":2").contains("\"result\""));
    stderr.until("its last words: key");
    writeln!(stdin, "{}", request("3", "tools/call", &call)).unwrap();
    let answer = stdout.until("\"id\":3");
    assert!(answer.contains("its last words: key *** *** *** ***"), "{answer}");
    assert_hidden("answer", &answer);
    drop(stdin);
    wait(&mut child);
}

fn assert_hidden(what: &str, said: &str) {
    let parts = SECRETS.iter().flat_map(|secret| secret.lines());
    for part in parts {
        let escaped = serde_json::Value::from(part).to_string();
        for part in [part, escaped.trim_matches('"')] {
            let leak = said.lines().find(|line| line.contains(part));
            assert_eq!(leak, None, "{part} in {what}");
        }
    }
}

/// Set for the process that panics; the test starts itself.
const PANICS: &str = "MCPVISOR_TEST_PANICS";

#[test]
fn a_panic_is_a_line_of_the_log_and_is_written_before_the_end() {
    let name = "a_panic_is_a_line_of_the_log_and_is_written_before_the_end";
    if std::env::var_os(PANICS).is_some() {
        let settings = LogSettings { level: "info".into(), format: LogFormat::Json };
        let secret = SecretString::from("planted-secret");
        telemetry::init(&settings, Redaction::of([&secret])).unwrap();
        let part = std::thread::spawn(|| panic!("it holds planted-secret"));
        part.join().unwrap_err();
        // as a crash: nothing else is flushed
        std::process::abort();
    }
    let mut command = std::process::Command::new(std::env::current_exe().unwrap());
    command.args(["--exact", name, "--nocapture"]).env(PANICS, "1").env("RUST_BACKTRACE", "0");
    let said = String::from_utf8(command.output().unwrap().stderr).unwrap();
    let event: Value = serde_json::from_str(&said).expect(&said);
    assert_eq!((&event["level"], &event["what"]), (&json!("ERROR"), &json!("it holds ***")));
    assert!(event["place"].as_str().unwrap().contains("logs.rs:"), "{said}");
}

//! The command line: what it prints, and how it exits.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/running.rs"]
mod running;

use running::{Place, Ran, Running, eventually, faulty, wait};
use serde_json::{Value, json};
use std::net::TcpListener;
use std::path::Path;

fn empty() -> Place {
    Place::with(&json!({}))
}

#[test]
fn help_and_version_exit_0_and_print_to_stdout() {
    for args in [&["--help"][..], &["--version"], &["serve", "--help"], &["call", "--help"]] {
        let ran = empty().run(args);
        assert_eq!(ran.code, Some(0), "{args:?}: {ran:?}");
        assert!(ran.stdout.contains("mcpvisor") && ran.stderr.is_empty(), "{ran:?}");
    }
}

#[test]
fn a_wrong_command_line_exits_64_and_says_why_on_stderr() {
    for args in [
        &["--nonsense"][..],
        &["nonsense"],
        &["serve", "--listen", "here"],
        &["serve", "--log-format", "loud"],
        &["serve", "--log-level", "a=b=c", "--listen", "127.0.0.1:0"],
        &["check"],
        &["call"],
        &["call", "s.echo", "[1]"],
        &["call", "s.echo", "{"],
        &["tools", "--url", "nonsense"],
    ] {
        let ran = empty().run(args);
        assert_eq!(ran.code, Some(64), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains("error") && ran.stdout.is_empty(), "{ran:?}");
    }
}

#[test]
fn a_bad_configuration_exits_78_with_every_fault_by_file_line_and_key() {
    let place = empty();
    let bad = "listen: nowhere\nservers:\n  a:\n    commnad: x\n  b:\n    url: ftp://h\n    max_in_flight: 0\n";
    let file = place.write("bad.yaml", bad);
    for args in [
        &["check", "--config", &file][..],
        &["serve", "--config", &file],
        &["stdio", "--config", &file],
        &["tools", "--config", &file],
    ] {
        let ran = place.run(args);
        assert_eq!(ran.code, Some(78), "{args:?}: {ran:?}");
        assert!(ran.stdout.is_empty(), "{ran:?}");
        for (line, key) in
            [(1, "listen"), (4, "commnad"), (6, "servers.b.url"), (7, "servers.b.max_in_flight")]
        {
            let place = format!("bad.yaml:{line}:");
            let told = ran.stderr.lines().any(|it| it.contains(&place) && it.contains(key));
            assert!(told, "{args:?} {place} {key}:\n{}", ran.stderr);
        }
    }
    let missing = place.text("missing.yaml");
    let ran = place.run(&["check", "--config", &missing]);
    assert_eq!(ran.code, Some(78), "{ran:?}");
    assert!(ran.stderr.contains("missing.yaml"), "{ran:?}");
}

#[test]
fn a_good_configuration_checks_with_0() {
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml");
    let ran = empty().run(&["check", "--config", example.to_str().unwrap()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert!(ran.stdout.starts_with("ok: ") && ran.stdout.contains("files"), "{ran:?}");
}

#[test]
fn the_printed_schema_accepts_the_example_and_refuses_an_unknown_key() {
    let ran = empty().run(&["check", "--schema"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let schema: Value = serde_json::from_str(&ran.stdout).expect("JSON");
    let text = include_str!("../config.example.yaml");
    let mut example: Value = serde_saphyr::from_str(text).unwrap();
    assert_eq!(misfit(&schema, &example, ""), None);
    example["servers"]["files"]["commnad"] = json!("x");
    assert_eq!(misfit(&schema, &example, "").as_deref(), Some("/servers/files/commnad"));
    assert_eq!(misfit(&schema, &json!({ "listen": [1] }), "").as_deref(), Some("/listen"));
}

/// Where a document does not fit a schema, as far as types, words and keys go.
fn misfit(schema: &Value, value: &Value, at: &str) -> Option<String> {
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(number) if number.is_f64() => "number",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let fits = |wanted: &Value| wanted == kind || (wanted == "number" && kind == "integer");
    let typed = match &schema["type"] {
        Value::Null => true,
        Value::Array(kinds) => kinds.iter().any(fits),
        wanted => fits(wanted),
    };
    let worded = schema["enum"].as_array().is_none_or(|words| words.contains(value));
    let either = schema["anyOf"].as_array().or_else(|| schema["oneOf"].as_array());
    let either = either.is_none_or(|all| all.iter().any(|one| misfit(one, value, at).is_none()));
    if !(typed && worded && either) {
        return Some(at.to_owned());
    }
    let entries = value.as_object().into_iter().flatten().find_map(|(key, below)| {
        let at = format!("{at}/{key}");
        match schema["properties"].get(key).unwrap_or_else(|| &schema["additionalProperties"]) {
            Value::Bool(false) => Some(at),
            schema => misfit(schema, below, &at),
        }
    });
    let items = || value.as_array()?.iter().find_map(|item| misfit(&schema["items"], item, at));
    entries.or_else(items)
}

#[test]
fn an_address_that_is_taken_or_reaches_others_exits_78() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let place = empty();
    for (args, words) in [
        (&["serve", "--listen", &address][..], address.as_str()),
        (&["--listen", &address], address.as_str()),
        (&["serve", "--listen", "0.0.0.0:0"], "allow"),
        (&["serve", "--listen", "[::]:0"], "allow"),
    ] {
        let ran = place.run(args);
        assert_eq!(ran.code, Some(78), "{args:?}: {ran:?}");
        assert!(ran.stderr.contains(words), "{args:?}: {ran:?}");
        assert!(ran.stdout.is_empty(), "{ran:?}");
    }
    let running = Running::serve_with(&json!({}), &["--allow-remote"]);
    assert!(running.address.ip().is_loopback());
}

/// The command line of `tools` or `call`, against a running gateway and against a configuration.
fn both_ways(running: &Running, command: &str, rest: &[&str]) -> [Ran; 2] {
    let (url, config) = (running.url(), running.place.text("config.json"));
    [["--url", &url], ["--config", &config]]
        .map(|target| running.place.run(&[&[command], rest, &target].concat()))
}

#[test]
fn tools_and_calls_go_to_a_running_gateway_or_to_one_started_for_them() {
    let example = json!({ "command": env!("CARGO_BIN_EXE_mcpvisor"), "args": ["demo", "demo"] });
    let running = Running::serve(&json!({ "servers": { "d": example } }));
    for ran in both_ways(&running, "tools", &[]) {
        assert_eq!(ran.code, Some(0), "{ran:?}");
        assert!(ran.stdout.lines().any(|line| line.starts_with("d.echo ")), "{ran:?}");
    }
    for ran in both_ways(&running, "tools", &["--json"]) {
        assert_eq!(ran.code, Some(0), "{ran:?}");
        let tool = |line| serde_json::from_str::<Value>(line).expect("a tool a line");
        assert!(ran.stdout.lines().map(tool).any(|tool| tool["name"] == "d.echo"), "{ran:?}");
    }
    for ran in both_ways(&running, "call", &["d.echo", r#"{"text":"good day"}"#]) {
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "good day\n"), "{ran:?}");
    }
    for ran in both_ways(&running, "call", &["d.add", r#"{"a":1,"b":2}"#, "--json"]) {
        let result: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert_eq!(result["structuredContent"]["sum"], 3.0, "{ran:?}");
    }
    for ran in both_ways(&running, "call", &["d.fail", r#"{"message":"went wrong"}"#]) {
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.stderr.contains("went wrong"), "{ran:?}");
    }
    for ran in both_ways(&running, "call", &["d.ecko"]) {
        assert_eq!(ran.code, Some(1), "{ran:?}");
        assert!(ran.stderr.contains("d.echo"), "{ran:?}");
    }
}

#[cfg(target_os = "linux")]
#[test]
fn a_gateway_started_for_one_call_leaves_no_child() {
    let place = empty();
    let pid_file = place.text("pid");
    let server = faulty(&["--pid-file", &pid_file, "--grandchild"]);
    let config = place.write("one.json", &json!({ "servers": { "s": server } }).to_string());
    let ran = place.run(&["call", "s.echo", r#"{"text":"x"}"#, "--config", &config]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "x\n"), "{ran:?}");
    let pid = place.read("pid").trim().to_owned();
    assert!(!pid.is_empty());
    eventually("the child and its own child are gone", || !has_group(&pid));
}

/// Whether a process of this group is left.
#[cfg(target_os = "linux")]
fn has_group(leader: &str) -> bool {
    std::fs::read_dir("/proc").unwrap().any(|entry| {
        let stat = std::fs::read_to_string(entry.unwrap().path().join("stat")).unwrap_or_default();
        // state, parent and group follow the name, which is in brackets
        let mut fields = stat.rsplit(") ").next().unwrap_or_default().split(' ');
        fields.next() != Some("Z") && fields.nth(1) == Some(leader)
    })
}

#[test]
fn a_gateway_that_is_not_there_exits_1_and_says_what_to_do() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}/mcp");
    for args in [&["tools", "--url", &url][..], &["call", "a.b", "--url", &url]] {
        let ran = empty().run(args);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.stderr.contains("mcpvisor serve"), "{ran:?}");
    }
}

#[test]
fn health_exits_0_while_a_gateway_is_alive_and_1_after() {
    let running = Running::serve(&json!({}));
    let place = empty();
    let url = format!("http://{}/livez", running.address);
    let ran = place.run(&["health", "--url", &url]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(0), "alive\n"), "{ran:?}");
    drop(running);
    let ran = place.run(&["health", "--url", &url]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains("not alive"), "{ran:?}");
}

#[test]
fn without_a_configuration_the_demo_is_served_with_a_snippet_to_paste() {
    let running = Running::start(empty(), &[]);
    let said = running.stdout.until("Ctrl-C");
    let snippet = said.lines().find(|line| line.contains("mcpServers")).expect(&said);
    let snippet: Value = serde_json::from_str(snippet).expect("JSON");
    let url = snippet["mcpServers"]["mcpvisor"]["url"].as_str().unwrap();
    assert_eq!(url, running.url());
    let socket = url.replace("http://", "ws://").replace("/mcp", "/ws");
    for url in [url, &socket] {
        let ran = running.place.run(&["tools", "--url", url]);
        assert_eq!(ran.code, Some(0), "{url}: {ran:?}");
        for tool in ["demo.echo ", "flaky.uptime "] {
            assert!(ran.stdout.lines().any(|line| line.starts_with(tool)), "{ran:?}");
        }
    }
}

#[cfg(unix)]
#[test]
fn a_gateway_that_is_told_to_stop_exits_0() {
    for _ in 0..10 {
        // as soon as it says where it is
        let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
        assert_eq!(running.stop().code(), Some(0));
    }
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    running.stderr.until("ready");
    assert_eq!(running.stop().code(), Some(0));
    let place = empty();
    let mut child = place.command(&["stdio"]).spawn().unwrap();
    assert_eq!(wait(&mut child).code(), Some(0), "stdin has ended");
}

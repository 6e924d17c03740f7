//! What people at a terminal and agents see of a running gateway: `status`, `doctor`, `explain`, and
//! the tool `mcpvisor.status`.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/running.rs"]
mod running;

use running::{Place, Ran, Running, eventually, faulty};
use serde_json::{Value, json};
use std::net::TcpListener;

/// Runs a command against this gateway; no output has colours, for none goes to a terminal.
fn ask(running: &Running, args: &[&str]) -> Ran {
    let url = format!("http://{}", running.address);
    let ran = running.place.run(&[args, &["--url", &url]].concat());
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{ran:?}");
    ran
}

fn until_status(running: &Running, words: &str) -> Ran {
    let mut seen = None;
    eventually(words, || {
        let ran = ask(running, &["status"]);
        let found = ran.stdout.contains(words);
        seen = Some(ran);
        found
    });
    seen.unwrap()
}

/// A server that fails to start and is tried again in an hour.
fn broken() -> Value {
    let mut server = faulty(&["--crash-at-start", "3"]);
    server["reconnection"] = json!({ "initial_delay": "1h", "max_delay": "1h", "jitter": false });
    server
}

#[test]
fn status_shows_each_server_and_exits_1_while_a_required_one_is_missing() {
    let mut required = broken();
    required["required"] = true.into();
    for (server, code) in [(broken(), 0), (required, 1)] {
        let running = Running::serve(&json!({ "servers": { "bad": server, "good": faulty(&[]) } }));
        until_status(&running, "down");
        let ran = until_status(&running, "1 of 2 servers serve");
        assert_eq!(ran.code, Some(code), "{ran:?}");
        let line = |start: &str| {
            let found = ran.stdout.lines().find(|line| line.starts_with(start));
            found.unwrap_or_else(|| panic!("{start}: {}", ran.stdout)).to_owned()
        };
        for head in ["STATE", "SCORE", "CALLS", "IN FLIGHT", "WHY"] {
            assert!(line("SERVER").contains(head), "{ran:?}");
        }
        assert!(line("good").contains("ready") && line("good").contains("100"), "{ran:?}");
        assert!(line("bad").contains("exit code 3"), "{ran:?}");
        assert!(line("bad").contains("next try in"), "{ran:?}");
        assert_eq!(line("bad").contains("required"), code == 1, "{ran:?}");

        let ran = ask(&running, &["status", "--json"]);
        let report: Value = serde_json::from_str(&ran.stdout).expect("JSON");
        assert_eq!((ran.code, &report["status"]), (Some(code), &json!("degraded")));
        assert_eq!(report["servers"][1]["state"], "ready");
        assert_eq!(report["loops"]["proxy"], true);
    }
}

#[test]
fn a_watched_status_is_told_again_and_ends_when_nobody_reads() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    let url = format!("http://{}", running.address);
    let mut child =
        running.place.command(&["status", "--watch", "--json", "--url", &url]).spawn().unwrap();
    let mut lines = std::io::BufRead::lines(std::io::BufReader::new(child.stdout.take().unwrap()));
    for _ in 0..2 {
        let line = lines.next().unwrap().unwrap();
        let report: Value = serde_json::from_str(&line).expect("a report a line");
        assert_eq!(report["servers"][0]["name"], "s");
    }
    drop(lines);
    running::wait(&mut child);
}

#[test]
fn doctor_tells_every_red_light_with_its_fix_and_all_green_when_there_is_none() {
    let running = Running::serve(&json!({ "servers": {
        "bad": broken(),
        "gone": { "command": "/no/such/program" },
        "good": faulty(&[]),
    } }));
    until_status(&running, "1 of 3 servers serve");
    eventually("both are down", || ask(&running, &["doctor"]).stdout.matches("red ").count() == 2);
    let ran = ask(&running, &["doctor"]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    let after = |start: &str| {
        let mut lines = ran.stdout.lines().skip_while(|line| !line.starts_with(start));
        (lines.next().unwrap().to_owned(), lines.next().unwrap().to_owned())
    };
    let (what, fix) = after("red   bad: ");
    assert!(what.contains("exit code 3") && fix.contains("Run the command by hand"), "{ran:?}");
    let (what, fix) = after("red   gone: ");
    assert!(what.contains("/no/such/program") && fix.contains("`command`"), "{ran:?}");

    let ran = ask(&running, &["doctor", "good"]);
    assert_eq!(
        (ran.code, ran.stdout.as_str()),
        (Some(0), "all green: nothing is wrong with good\n")
    );
    let ran = ask(&running, &["doctor", "godo"]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""));
    assert!(ran.stderr.contains("`godo`") && ran.stderr.contains("Did you mean good"), "{ran:?}");
    drop(running);

    let running = Running::serve(&json!({ "servers": { "good": faulty(&[]) } }));
    until_status(&running, "1 of 1 servers serve");
    let ran = ask(&running, &["doctor"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    assert_eq!(ran.stdout, "all green: the gateway and its server are well\n");
}

#[test]
fn explain_tells_the_story_of_a_server_also_when_the_gateway_has_gone() {
    let running = Running::serve(&json!({ "servers": { "bad": broken() } }));
    until_status(&running, "down");
    let ran = ask(&running, &["explain", "bad"]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    let told = ["connecting, attempt 1 (boot)", "starting", "down: the process ended (exit code 3"];
    let mut lines = ran.stdout.lines();
    for words in told {
        assert!(lines.any(|line| line.contains(words)), "{words} {ran:?}");
    }
    assert!(
        ran.stdout.lines().all(|line| line.starts_with("20") && line.contains("Z  ")),
        "{ran:?}"
    );
    assert_eq!(ask(&running, &["explain", "bad", "--limit", "1"]).stdout.lines().count(), 1);
    let ran = ask(&running, &["explain", "bda"]);
    assert_eq!(ran.code, Some(1));
    assert!(ran.stderr.contains("Did you mean bad?"), "{ran:?}");

    let place = running.end();
    let state = place.text("state");
    let ran = place.run(&["explain", "bad", "--state-dir", &state]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    for words in told {
        assert!(ran.stdout.contains(words), "{words} {ran:?}");
    }
    for (server, folder) in [("bda", state.as_str()), ("bad", &place.text("nowhere"))] {
        let ran = place.run(&["explain", server, "--state-dir", folder]);
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.stderr.starts_with("error: "), "{ran:?}");
    }
}

#[test]
fn without_a_gateway_each_command_exits_1_and_says_what_to_do() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let place = Place::with(&json!({}));
    for args in [&["status"][..], &["status", "--json"], &["doctor"], &["explain", "s"]] {
        let ran = place.run(&[args, &["--url", &url]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
        assert!(ran.stderr.contains(&url) && ran.stderr.contains("mcpvisor serve"), "{ran:?}");
    }
    let ran = place.run(&["explain", "s", "--url", &url, "--state-dir", "x"]);
    assert_eq!(ran.code, Some(64), "{ran:?}");
}

/// Calls the tool and gives its result.
fn status_tool(running: &Running) -> Value {
    let ran = running.place.run(&["call", "mcpvisor.status", "--json", "--url", &running.url()]);
    assert_eq!(ran.code, Some(0), "{ran:?}");
    serde_json::from_str(&ran.stdout).unwrap()
}

fn tools(running: &Running) -> Vec<String> {
    let ran = running.place.run(&["tools", "--json", "--url", &running.url()]);
    let name = |line: &str| serde_json::from_str::<Value>(line).unwrap()["name"].clone();
    ran.stdout.lines().map(|line| name(line).as_str().unwrap().to_owned()).collect()
}

#[test]
fn the_status_tool_tells_agents_what_is_missing_why_and_when_it_is_tried_again() {
    let mut dies = faulty(&["--exit-on-call", "--crash-unless", "{file}"]);
    dies["reconnection"] = json!({ "initial_delay": "1h", "max_delay": "1h", "jitter": false });
    let place = Place::with(&json!({}));
    let file = place.write("alive", "");
    let filled = dies.to_string().replace("{file}", &file);
    let dies: Value = serde_json::from_str(&filled).unwrap();
    // pages of one: the gateway's own tool comes above the first
    let config = json!({ "status_tool": true, "list": { "page_size": 1, "boot_wait": "20s" },
        "servers": { "dies": dies, "good": faulty(&[]) } });
    let running = Running::serve(&config);
    until_status(&running, "2 of 2 servers serve");
    assert_eq!(tools(&running), ["mcpvisor.status", "dies.echo", "good.echo"]);
    let result = status_tool(&running);
    assert_eq!(result["structuredContent"]["status"], "ok");
    assert_eq!(result["content"][0]["text"], "2 of 2 servers serve calls.");

    std::fs::remove_file(&file).unwrap();
    let ran =
        running.place.run(&["call", "dies.echo", "{\"text\":\"x\"}", "--url", &running.url()]);
    assert_eq!(ran.code, Some(1), "{ran:?}");
    until_status(&running, "1 of 2 servers serve");
    eventually("it waits for the next attempt", || {
        status_tool(&running)["structuredContent"]["servers"][0]["state"] == "down"
    });
    let result = status_tool(&running);
    let report = &result["structuredContent"];
    assert_eq!(report["status"], "degraded");
    assert_eq!(report["servers"][0]["tools"], json!(["dies.echo"]));
    assert!(report["servers"][0]["nextTryMs"].is_u64(), "{report}");
    let text = result["content"][0]["text"].as_str().unwrap();
    for words in
        ["1 of 2", "dies is down: ", "next attempt", "Tools that fail until then: dies.echo"]
    {
        assert!(text.contains(words), "{words}: {text}");
    }
    assert!(!text.contains("good"), "{text}");
}

#[test]
fn the_status_tool_is_there_only_when_it_is_asked_for() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    until_status(&running, "1 of 1 servers serve");
    assert_eq!(tools(&running), ["s.echo"]);
    let ran = running.place.run(&["call", "mcpvisor.status", "--url", &running.url()]);
    assert_eq!(ran.code, Some(1), "{ran:?}");

    let alone = Running::serve(&json!({ "status_tool": true, "servers": {} }));
    assert_eq!(tools(&alone), ["mcpvisor.status"]);
    assert_eq!(status_tool(&alone)["structuredContent"], json!({ "status": "ok", "servers": [] }));
}

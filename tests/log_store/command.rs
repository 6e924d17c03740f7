//! `mcpvisor logs`.

use super::served::says;
use crate::running::{Heard, Place, Ran, Running, eventually, faulty, wait};
use serde_json::{Value, json};
use std::net::TcpListener;

fn ask(running: &Running, args: &[&str]) -> Ran {
    let url = format!("http://{}", running.address);
    let ran = running.place.run(&[&["logs"], args, &["--url", &url]].concat());
    assert!(!ran.stdout.contains('\u{1b}') && !ran.stderr.contains('\u{1b}'), "{ran:?}");
    ran
}

#[test]
fn logs_are_shown_oldest_first_by_each_filter() {
    let bell = r"printf '\033[31mone\033[0m \007 two\n' >&2; echo three >&2";
    let running = Running::serve(&json!({ "servers": { "s": says(bell), "t": faulty(&[]) } }));
    eventually("both are kept", || ask(&running, &["--server", "s"]).stdout.contains("three"));
    eventually("all is up", || ask(&running, &["--text", "ready"]).stdout.lines().count() == 2);
    let ran = ask(&running, &["--server", "s", "--source", "stderr", "--since", "10m"]);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!((ran.code, lines.len()), (Some(0), 2), "{ran:?}");
    assert!(lines[0].contains("info   stderr   s: one   two  pid="), "{ran:?}");
    assert!(lines[1].contains("s: three") && lines[1].starts_with("20"), "{ran:?}");
    let count = |args: &[&str]| ask(&running, args).stdout.lines().count();
    assert_eq!(count(&["--source", "stderr", "--limit", "1"]), 1);
    assert_eq!(count(&["--source", "stderr,mcp", "--text", "THREE"]), 1);
    assert_eq!(count(&["--level", "error"]), 0);
    assert_eq!(count(&["--request", "123456"]) + count(&["--session", "none"]), 0);
    let ran = ask(&running, &["--json", "--limit", "1000"]);
    for line in ran.stdout.lines() {
        let log: Value = serde_json::from_str(line).expect(line);
        assert!(log["id"].is_u64() && log["text"].is_string(), "{line}");
    }
    assert!(ran.stdout.lines().count() > 4, "{ran:?}");
}

#[test]
fn a_followed_log_shows_what_comes_also_after_a_restart_and_ends_when_nobody_reads() {
    let running = Running::serve(&json!({ "servers": { "s": says("echo here I am >&2") } }));
    let once = || logs(&running).matches("here I am").count() == 1;
    eventually("it started", once);
    let url = format!("http://{}", running.address);
    let args = ["logs", "--follow", "--source", "stderr", "--json", "--url", &url];
    let mut child = running.place.command(&args).spawn().unwrap();
    let (stdout, stderr) =
        (Heard::of(child.stdout.take().unwrap()), Heard::of(child.stderr.take().unwrap()));
    stdout.until("here I am");
    for times in 2..4 {
        let answer =
            running.send("POST /api/v1/servers/s/restart HTTP/1.1\r\nhost: {host}\r\n", b"");
        assert_eq!(answer.status, 202, "{answer:?}");
        let seen = || stdout.so_far().matches("here I am").count() == times;
        eventually("the next start is followed", seen);
    }
    let (address, listen) = (running.address, running.address.to_string());
    let place = running.end();
    stderr.until("Waiting for it.");
    let config = place.text("config.json");
    let mut again =
        place.command(&["serve", "--config", &config, "--listen", &listen]).spawn().unwrap();
    eventually("the new gateway is followed", || stdout.so_far().matches("here I am").count() == 4);
    let ids: Vec<u64> = stdout.so_far().lines().map(id).collect();
    assert!(ids.is_sorted() && ids.len() == 4, "{ids:?} at {address}");
    for child in [&mut child, &mut again] {
        child.kill().unwrap();
        wait(child);
    }
}

fn logs(running: &Running) -> String {
    ask(running, &["--source", "stderr"]).stdout
}

fn id(line: &str) -> u64 {
    serde_json::from_str::<Value>(line).unwrap()["id"].as_u64().unwrap()
}

#[test]
fn without_a_gateway_or_a_store_it_exits_1_and_a_wrong_command_line_64() {
    let free = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let url = format!("http://{free}");
    let place = Place::with(&json!({}));
    let ran = place.run(&["logs", "--url", &url]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains(&url) && ran.stderr.contains("mcpvisor serve"), "{ran:?}");
    for args in [["--level", "loud"], ["--source", "rumour"], ["--since", "x"], ["--request", "x"]]
    {
        let ran = place.run(&[&["logs"], &args[..]].concat());
        assert_eq!((ran.code, ran.stdout.as_str()), (Some(64), ""), "{ran:?}");
    }
    let running = Running::serve(&json!({ "log": { "store": { "enabled": false } } }));
    let ran = ask(&running, &[]);
    assert_eq!((ran.code, ran.stdout.as_str()), (Some(1), ""), "{ran:?}");
    assert!(ran.stderr.contains("log.store.enabled"), "{ran:?}");
}

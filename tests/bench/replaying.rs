//! Frames recorded, and their requests sent again.

use crate::faces::{Client, Face};
use crate::running::{Running, faulty};
use crate::{ask, call, done, get, post, refused, until_ready};
use serde_json::{Value, json};

const RECORDINGS: &str = "/api/v1/recordings";

/// Records what a client says to the server `s`.
fn record(running: &Running) -> u64 {
    let started = post(running, RECORDINGS, &json!({ "server": "s" }));
    assert_eq!(started.status, 201, "{started:?}");
    let id = done(&started)["id"].as_u64().unwrap();
    let mut client = Client::open(Face::Http, running);
    client.still_works("s.echo", "a recording");
    client.call("s.echo", &json!({ "text": "two", "deep": [1, 2.50, { "x": null }] }));
    client.ask("prompts/get", &json!({ "name": "s.greet" }));
    client.ask("resources/read", &json!({ "uri": "mcpvisor+s:x://one" }));
    let stopped = done(&ask(running, "POST", &format!("{RECORDINGS}/{id}/stop"), ""));
    assert_eq!(stopped["state"], "stopped");
    assert!(stopped["frames"].as_u64().unwrap() >= 8, "{stopped}");
    id
}

fn config() -> Value {
    let flags = ["--prompt", "greet", "--resource", "x://one"];
    let other = [&flags[..], &["--echo-raw"]].concat();
    json!({ "servers": { "s": faulty(&flags), "other": faulty(&other) } })
}

fn replay(running: &Running, id: u64, body: &Value) -> Value {
    done(&post(running, &format!("{RECORDINGS}/{id}/replay"), body))
}

#[test]
fn a_recorded_session_replays_to_identical_answers() {
    let running = Running::serve(&config());
    until_ready(&running, "s");
    let id = record(&running);
    // later frames are not in it
    let send = json!({ "message": call(&json!(1), "later") });
    done(&post(&running, "/api/v1/servers/s/send", &send));
    let replayed = replay(&running, id, &json!({}));
    assert_eq!(replayed["identical"], true, "{replayed:#}");
    let steps = replayed["steps"].as_array().unwrap();
    let methods: Vec<_> = steps
        .iter()
        .map(|step| step["method"].as_str().unwrap())
        .filter(|method| *method != "ping")
        .collect();
    assert_eq!(methods, ["tools/call", "tools/call", "prompts/get", "resources/read"]);
    for step in steps {
        assert_eq!(step["expected"], step["got"], "byte for byte");
        assert!(step["tookMs"].as_f64().is_some_and(|took| took > 0.0), "{step}");
    }
    // also after the server was started again
    let before = until_ready(&running, "s");
    ask(&running, "POST", "/api/v1/servers/s/restart", "");
    crate::eventually("another process", || until_ready(&running, "s") != before);
    assert_eq!(replay(&running, id, &json!({}))["identical"], true);
}

#[test]
fn a_server_that_answers_otherwise_is_told_step_by_step() {
    let running = Running::serve(&config());
    until_ready(&running, "s");
    until_ready(&running, "other");
    let id = record(&running);
    let replayed = replay(&running, id, &json!({ "server": "other" }));
    assert_eq!(replayed["identical"], false);
    let steps = replayed["steps"].as_array().unwrap();
    let same = |method: &str| {
        let of = steps.iter().filter(|step| step["method"] == method);
        of.map(|step| step["same"].clone()).collect::<Vec<_>>()
    };
    assert_eq!(same("tools/call"), [false, false], "{replayed:#}");
    assert_eq!(
        (same("prompts/get"), same("resources/read")),
        (vec![json!(true)], vec![json!(true)])
    );
    let differing = steps.iter().find(|step| step["same"] == false).unwrap();
    let differs = differing["differs"].as_array().unwrap();
    assert!(differs.iter().any(|at| at.as_str().unwrap().starts_with("/result")), "{differing:#}");
    let ignored = replay(&running, id, &json!({ "server": "other", "ignore": ["/result"] }));
    assert_eq!(ignored["identical"], true, "{ignored:#}");
    let bad = post(&running, &format!("{RECORDINGS}/{id}/replay"), &json!({ "ignore": ["x"] }));
    assert_eq!(refused(&bad, 400), "bad_body");
}

#[test]
fn a_replay_to_a_server_that_is_gone_says_so_at_each_step() {
    let running = Running::serve(&config());
    until_ready(&running, "s");
    let id = record(&running);
    ask(&running, "POST", "/api/v1/servers/s/stop", "");
    let page = "/api/v1/servers/s";
    crate::eventually("it is stopped", || get(&running, page)["state"] == "stopped");
    let replayed = replay(&running, id, &json!({}));
    assert_eq!(replayed["identical"], false);
    for step in replayed["steps"].as_array().unwrap() {
        assert!(step["why"].is_string() && step["got"].is_null(), "{step}");
    }
}

#[test]
fn recordings_are_listed_downloaded_as_lines_and_forgotten() {
    let running = Running::serve(&config());
    until_ready(&running, "s");
    let id = record(&running);
    let listed = get(&running, RECORDINGS);
    assert_eq!(listed["recordings"][0]["id"], id);
    let page = format!("{RECORDINGS}/{id}");
    let file = running.send(&format!("GET {page} HTTP/1.0\r\nhost: {{host}}\r\n"), b"");
    assert_eq!(file.header("content-type"), Some("application/jsonl"));
    let lines: Vec<Value> =
        file.body.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(listed["recordings"][0]["frames"], lines.len());
    assert_eq!(lines[0]["direction"], "out");
    let deleted = ask(&running, "DELETE", &page, "");
    assert_eq!(deleted.status, 204, "{deleted:?}");
    assert_eq!(get(&running, RECORDINGS), json!({ "recordings": [] }));
    assert_eq!(refused(&ask(&running, "DELETE", &page, ""), 404), "no_such_recording");
    for _ in 0..20 {
        done(&post(&running, RECORDINGS, &json!({ "server": "s" })));
    }
    let more = post(&running, RECORDINGS, &json!({ "server": "s" }));
    assert_eq!(refused(&more, 409), "too_many_recordings");
}

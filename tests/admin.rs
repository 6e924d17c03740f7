//! What a running gateway tells of its servers over HTTP, and how it is ordered about.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/running.rs"]
mod running;

use running::{Answer, Running, eventually, faulty};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::{Value, json};

fn get(running: &Running, page: &str) -> Answer {
    running.send(&format!("GET {page} HTTP/1.1\r\nhost: {{host}}\r\n"), b"")
}

fn json_of(answer: &Answer) -> Value {
    assert_eq!(answer.header("content-type"), Some("application/json"), "{answer:?}");
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

/// Sends with a JSON body and one more header line, or none.
fn send(running: &Running, method: &str, page: &str, header: &str, body: &str) -> Answer {
    let head = format!("{method} {page} HTTP/1.1\r\nhost: {{host}}\r\n{header}");
    running.send(&head, body.as_bytes())
}

const JSON: &str = "content-type: application/json\r\n";

fn server(running: &Running, name: &str) -> Value {
    json_of(&get(running, &format!("/api/v1/servers/{name}")))
}

fn until_state(running: &Running, name: &str, state: &str) -> Value {
    eventually(&format!("{name} is {state}"), || server(running, name)["state"] == state);
    server(running, name)
}

fn order(running: &Running, name: &str, action: &str) {
    let answer = send(running, "POST", &format!("/api/v1/servers/{name}/{action}"), "", "");
    assert_eq!(answer.status, 202, "{answer:?}");
    assert_eq!(json_of(&answer), json!({ "server": name, "accepted": action }));
}

fn words(running: &Running, name: &str) -> Vec<String> {
    let timeline = json_of(&get(running, &format!("/api/v1/servers/{name}/timeline?limit=500")));
    let events = timeline["events"].as_array().unwrap().clone();
    events.iter().map(|event| event["words"].as_str().unwrap().to_owned()).collect()
}

fn kill(pid: &Value) {
    let pid = Pid::from_raw(i32::try_from(pid.as_i64().unwrap()).unwrap()).unwrap();
    kill_process(pid, Signal::KILL).unwrap();
}

/// A server that is slow to come back: its attempts wait, so that states can be seen.
fn patient(mut server: Value) -> Value {
    server["reconnection"] = json!({ "initial_delay": "1h", "max_delay": "1h", "jitter": false });
    server
}

#[test]
fn a_killed_stopped_and_restarted_server_is_seen_in_each_of_its_states() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]), "other": faulty(&[]) } }));
    until_state(&running, "other", "ready");
    let ready = until_state(&running, "s", "ready");
    assert_eq!(ready["available"], true);
    assert_eq!((&ready["transport"], &ready["tools"]), (&json!("stdio"), &json!(1)));
    assert_eq!((&ready["breaker"], &ready["score"]), (&json!("closed"), &json!(100)));
    assert_eq!((&ready["cause"], &ready["nextTryMs"]), (&Value::Null, &Value::Null));

    kill(&ready["pid"]);
    eventually("another process runs", || {
        let now = server(&running, "s");
        now["state"] == "ready" && now["pid"].is_number() && now["pid"] != ready["pid"]
    });
    let killed = |it: &String| it.contains("the process ended") && it.contains("SIGKILL");
    assert!(words(&running, "s").iter().any(killed), "{:#?}", words(&running, "s"));

    order(&running, "s", "stop");
    let stopped = until_state(&running, "s", "stopped");
    assert_eq!((&stopped["available"], &stopped["cause"]), (&json!(false), &Value::Null));
    eventually("its process is gone", || server(&running, "s")["pid"].is_null());
    let health = json_of(&get(&running, "/health"));
    assert_eq!(health["status"], "ok", "on purpose is not a fault");

    order(&running, "s", "start");
    let first = until_state(&running, "s", "ready");
    order(&running, "s", "restart");
    eventually("yet another process runs", || {
        let now = server(&running, "s");
        now["state"] == "ready" && now["pid"].is_number() && now["pid"] != first["pid"]
    });
    order(&running, "s", "probe");
    eventually("the probe's outcome is seen", || {
        server(&running, "s")["checks"]["outcome"] == "alive"
    });
    let told = words(&running, "s");
    for action in ["stop", "start", "restart", "probe"] {
        assert!(told.contains(&format!("an operator asked: {action}")), "{told:#?}");
    }
    let limited = json_of(&get(&running, "/api/v1/servers/s/timeline?limit=2"));
    assert_eq!(limited["events"].as_array().unwrap().len(), 2);
    let neighbour = server(&running, "other");
    assert_eq!((&neighbour["state"], &neighbour["attempts"]), (&json!("ready"), &json!(0)));
    let all = json_of(&get(&running, "/api/v1/servers"));
    let names: Vec<&Value> =
        all["servers"].as_array().unwrap().iter().map(|it| &it["name"]).collect();
    assert_eq!(names, ["other", "s"]);
}

#[test]
fn health_tells_why_a_server_is_down_and_is_503_only_for_the_gateways_own_faults() {
    let broken = patient(faulty(&["--crash-at-start", "3"]));
    let running = Running::serve(&json!({ "servers": { "s": broken, "good": faulty(&[]) } }));
    until_state(&running, "good", "ready");
    until_state(&running, "s", "down");
    let answer = get(&running, "/health");
    assert_eq!(answer.status, 200, "{answer:?}");
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    let health = json_of(&answer);
    assert_eq!(health["status"], "degraded");
    let loops = health["loops"].as_object().unwrap();
    for name in ["catalog", "monitor", "pings", "proxy", "quality", "reconnection"] {
        assert_eq!(loops[name], true);
    }
    let [good, bad] = &health["servers"].as_array().unwrap()[..] else { panic!("{health}") };
    assert_eq!((&good["name"], &good["state"]), (&json!("good"), &json!("ready")));
    assert_eq!(bad["cause"]["class"], "crash_at_start");
    assert!(bad["cause"]["text"].as_str().unwrap().contains("exit code 3"), "{bad}");
    assert!(bad["cause"]["remedy"].as_str().unwrap().contains("stderr"), "{bad}");
    assert!(bad["nextTryMs"].as_u64().unwrap() > 60_000, "{bad}");
    assert_eq!(get(&running, "/readyz").status, 200, "nothing is required");
    assert_eq!(get(&running, "/livez").status, 200);
}

#[test]
fn readyz_waits_for_required_servers_and_names_them() {
    let mut required = patient(faulty(&[]));
    required["required"] = true.into();
    let running = Running::serve(&json!({ "servers": { "need": required, "s": faulty(&[]) } }));
    eventually("it is ready", || get(&running, "/readyz").status == 200);
    order(&running, "s", "stop");
    until_state(&running, "s", "stopped");
    assert_eq!(json_of(&get(&running, "/readyz")), json!({ "ready": true, "waitingFor": [] }));
    order(&running, "need", "stop");
    until_state(&running, "need", "stopped");
    let answer = get(&running, "/readyz");
    assert_eq!(answer.status, 503);
    assert_eq!(json_of(&answer), json!({ "ready": false, "waitingFor": ["need"] }));
    assert_eq!(json_of(&get(&running, "/health"))["status"], "degraded");
    order(&running, "need", "start");
    eventually("it is ready again", || get(&running, "/readyz").status == 200);
}

#[test]
fn a_lazy_required_server_that_was_not_called_yet_is_ready_to_be() {
    let mut lazy = faulty(&[]);
    lazy["required"] = true.into();
    lazy["start"] = "lazy".into();
    let config = json!({ "servers": { "lazy": lazy } });
    let first = Running::serve(&config);
    until_state(&first, "lazy", "ready");
    let place = first.end();
    let file = place.text("config.json");
    let running = Running::start(place, &["serve", "--config", &file]);
    let idle = server(&running, "lazy");
    assert_eq!(
        (&idle["state"], &idle["available"], &idle["pid"]),
        (&json!("idle"), &json!(true), &Value::Null)
    );
    assert_eq!(get(&running, "/readyz").status, 200);
    assert_eq!(json_of(&get(&running, "/health"))["status"], "ok");
}

#[test]
fn policies_change_at_run_time_and_bad_ones_change_nothing() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    until_state(&running, "s", "ready");
    let page = "/api/v1/monitor";
    let before = json_of(&get(&running, page));
    assert_eq!(before["policy"]["monitor"]["stableInterval"], "1m");
    assert_eq!(before["policy"]["reconnection"]["maxConcurrent"], 3);
    assert_eq!(before["queue"], json!({ "maxConcurrent": 3, "active": [], "queued": [] }));
    assert!(server(&running, "s")["checks"]["outcome"].is_null(), "not within the first second");

    let bad = r#"{"monitor":{"stableInterval":"1s"},"ping":{"timeout":0,"nonsense":1}}"#;
    let answer = send(&running, "PATCH", page, JSON, bad);
    assert_eq!(answer.status, 400, "{answer:?}");
    let error = &json_of(&answer)["error"];
    assert_eq!(error["code"], "bad_policy");
    let keys: Vec<&str> =
        error["faults"].as_array().unwrap().iter().map(|it| it["key"].as_str().unwrap()).collect();
    let mut sorted = keys.clone();
    sorted.sort_unstable();
    assert_eq!(sorted, ["monitor.stable_interval", "ping.nonsense", "ping.timeout"], "{error}");
    assert_eq!(json_of(&get(&running, page))["policy"], before["policy"]);

    let good = r#"{"monitor":{"adaptiveInterval":false,"check_interval":100},
        "ping":{"interval":"1ms"},"reconnection":{"maxConcurrent":7}}"#;
    let answer = send(&running, "PATCH", page, JSON, good);
    assert_eq!(answer.status, 200, "{answer:?}");
    let policy = &json_of(&answer)["policy"];
    assert_eq!(policy["monitor"]["checkInterval"], "100ms");
    assert_eq!(policy["monitor"]["stableInterval"], "1m", "what is not named stays");
    assert_eq!(policy["reconnection"]["maxConcurrent"], 7);
    eventually("it is checked by the new policy", || {
        server(&running, "s")["checks"]["outcome"] == "alive"
    });
    let again = send(&running, "PATCH", page, JSON, &json!(policy).to_string());
    assert_eq!(
        (again.status, &json_of(&again)["policy"]),
        (200, policy),
        "what is told may be sent"
    );

    let with_history = json_of(&get(&running, &format!("{page}?history=minutes")));
    assert!(with_history["servers"][0]["history"].is_array(), "{with_history}");
    assert_eq!(with_history["servers"][0]["quality"]["trend"], "stable");
    assert_eq!(get(&running, &format!("{page}?history=years")).status, 400);
}

#[test]
fn what_is_not_there_is_told_in_json_with_names_alike() {
    let running = Running::serve(&json!({ "servers": { "files": faulty(&[]) } }));
    let post = |page: &str| send(&running, "POST", page, "", "");
    for (answer, status, code) in [
        (get(&running, "/api/v1/servers/fiels"), 404, "no_such_server"),
        (get(&running, "/api/v1/servers/fiels/timeline"), 404, "no_such_server"),
        (post("/api/v1/servers/fiels/restart"), 404, "no_such_server"),
        (post("/api/v1/servers/files/explode"), 404, "no_such_page"),
        (get(&running, "/api/v2/servers"), 404, "no_such_page"),
        (get(&running, "/api/v1/servers/files/timeline?limit=all"), 400, "bad_query"),
        (send(&running, "DELETE", "/api/v1/servers/files", "", ""), 405, "method_not_allowed"),
        (send(&running, "PUT", "/api/v1/monitor", JSON, "{}"), 405, "method_not_allowed"),
        (send(&running, "POST", "/health", JSON, "{}"), 405, "method_not_allowed"),
        (get(&running, "/api/v1/servers/files/restart"), 405, "method_not_allowed"),
    ] {
        assert_eq!(answer.status, status, "{answer:?}");
        let error = &json_of(&answer)["error"];
        assert_eq!(error["code"], code);
        assert!(!error["remedy"].as_str().unwrap().is_empty());
        if code == "no_such_server" {
            assert_eq!(error["near"], json!(["files"]));
        }
    }
}

#[test]
fn pages_from_elsewhere_neither_read_nor_order() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    let ready = until_state(&running, "s", "ready");
    let stop = "/api/v1/servers/s/stop";
    let foreign = "origin: https://evil.example\r\n";
    for (method, page) in [
        ("GET", "/health"),
        ("GET", "/api/v1/servers"),
        ("POST", stop),
        ("PATCH", "/api/v1/monitor"),
    ] {
        let answer = send(&running, method, page, &format!("{foreign}{JSON}"), "{}");
        assert_eq!(answer.status, 403, "{method} {page} {answer:?}");
    }
    let rebound = "GET /api/v1/servers HTTP/1.1\r\nhost: evil.example\r\n";
    assert_eq!(running.send(rebound, b"").status, 403);
    for (kind, body) in [
        ("content-type: text/plain\r\n", "{}"),
        ("content-type: application/x-www-form-urlencoded\r\n", "a=b"),
        ("", "{}"),
    ] {
        assert_eq!(send(&running, "POST", stop, kind, body).status, 415, "{kind}");
        assert_eq!(send(&running, "PATCH", "/api/v1/monitor", kind, body).status, 415, "{kind}");
    }
    let large = format!("{{\"a\":\"{}\"}}", "x".repeat(100_000));
    assert_eq!(send(&running, "PATCH", "/api/v1/monitor", JSON, &large).status, 400);
    let now = server(&running, "s");
    assert_eq!((&now["state"], &now["pid"]), (&json!("ready"), &ready["pid"]));
}

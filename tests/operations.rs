//! What operators see of the requests of clients and of the tools they call, and how they call one.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/faces.rs"]
mod faces;
#[path = "support/running.rs"]
mod running;

use faces::{Client, Face, request};
use running::{Answer, Running, eventually, faulty};
use serde_json::{Value, json};

fn get(running: &Running, page: &str) -> Value {
    let answer = running.send(&format!("GET {page} HTTP/1.1\r\nhost: {{host}}\r\n"), b"");
    assert_eq!(answer.status, 200, "{page}: {answer:?}");
    json_of(&answer)
}

fn json_of(answer: &Answer) -> Value {
    serde_json::from_str(&answer.body).unwrap_or_else(|error| panic!("{error}: {answer:?}"))
}

fn calls(running: &Running, query: &str) -> Vec<Value> {
    get(running, &format!("/api/v1/calls?{query}"))["calls"].as_array().unwrap().clone()
}

fn tool(running: &Running, name: &str) -> Value {
    get(running, &format!("/api/v1/tools/{name}"))
}

fn post(running: &Running, page: &str, body: &str) -> Answer {
    let head =
        format!("POST {page} HTTP/1.1\r\nhost: {{host}}\r\ncontent-type: application/json\r\n");
    running.send(&head, body.as_bytes())
}

/// Calls a tool through the API.
fn call(running: &Running, tool: &str, arguments: &Value) -> Answer {
    let body = json!({ "arguments": arguments }).to_string();
    post(running, &format!("/api/v1/tools/{tool}/call"), &body)
}

fn until_ready(running: &Running, name: &str) {
    let page = format!("/api/v1/servers/{name}");
    eventually("it is ready", || get(running, &page)["state"] == "ready");
}

#[test]
fn a_scripted_sequence_of_calls_gives_exact_figures_of_each_tool() {
    let servers = json!({
        "good": faulty(&["--tools", "2", "--delay", "20"]),
        "bad": faulty(&["--fail-rate", "25"]),
    });
    let running = Running::serve(&json!({ "servers": servers }));
    until_ready(&running, "good");
    until_ready(&running, "bad");
    let mut client = Client::open(Face::Http, &running);
    for _ in 0..10 {
        client.call("good.echo", &json!({ "text": "a" }));
    }
    for _ in 0..20 {
        client.call("bad.echo", &json!({ "text": "a" }));
    }
    client.call("good.nonsense", &json!({}));
    let good = tool(&running, "good.echo");
    assert_eq!((&good["calls"], &good["errors"]), (&json!(10), &json!(0)), "{good}");
    let p50 = good["p50Ms"].as_f64().unwrap();
    assert!((20.0..2_000.0).contains(&p50) && good["p99Ms"].as_f64() >= Some(p50), "{good}");
    assert!(good["downstream"]["p50Ms"].as_f64() <= Some(p50 * 1.02), "{good}");
    assert_eq!((&good["server"], &good["own"]), (&json!("good"), &json!("echo")));
    assert_eq!((&good["available"], &good["enabled"]), (&json!(true), &json!(true)));
    assert_eq!(good["inputSchema"]["type"], "object", "{good}");
    assert!(good["lastAtMs"].as_u64().unwrap() > 1_700_000_000_000, "{good}");
    let bad = tool(&running, "bad.echo");
    assert_eq!((&bad["calls"], &bad["errors"]), (&json!(20), &json!(5)), "{bad}");
    let unused = tool(&running, "good.tool1");
    assert_eq!((&unused["calls"], &unused["p50Ms"]), (&json!(0), &Value::Null));

    let names = |query: &str| -> Vec<String> {
        let tools = get(&running, &format!("/api/v1/tools?{query}"));
        let tools = tools["tools"].as_array().unwrap().clone();
        tools.iter().map(|tool| tool["name"].as_str().unwrap().to_owned()).collect()
    };
    assert_eq!(names(""), ["bad.echo", "good.echo", "good.tool1"]);
    assert_eq!(names("server=good"), ["good.echo", "good.tool1"]);
    assert_eq!(names("search=ECHO%20bad"), ["bad.echo"]);
    assert_eq!(names("search=nonsense"), [""; 0]);

    let failed = calls(&running, "outcome=tool_error&limit=1000");
    assert_eq!(failed.len(), 5);
    let newest = &calls(&running, "server=bad&limit=1")[0];
    assert_eq!((&newest["method"], &newest["tool"]), (&json!("tools/call"), &json!("echo")));
    assert_eq!((&newest["face"], &newest["name"]), (&json!("http"), &json!("bad.echo")));
    assert_eq!(
        (&newest["client"]["name"], &newest["revision"]),
        (&json!("test"), &json!("2025-11-25"))
    );
    assert_eq!(newest["session"].as_str(), client.session.as_deref());
    let offsets = ["queuedAtMs", "sentAtMs", "overAtMs"].map(|it| newest[it].as_f64().unwrap());
    assert!(offsets.is_sorted() && newest["bytes"].as_u64() > Some(50), "{newest}");
    let number = &newest["number"];
    assert_eq!(get(&running, &format!("/api/v1/calls/{number}")), *newest);
    let slow = calls(&running, "slowerThanMs=15&server=good");
    assert_eq!(slow.len(), 10, "{slow:#?}");
    let nowhere = running.send("GET /api/v1/calls/123456 HTTP/1.1\r\nhost: {host}\r\n", b"");
    assert_eq!(
        (nowhere.status, &json_of(&nowhere)["error"]["code"]),
        (404, &json!("no_such_call"))
    );
}

#[test]
fn a_call_is_seen_in_its_phase_while_it_runs_and_not_as_running_once_it_is_over() {
    let mut busy = faulty(&["--delay", "600000"]);
    busy["max_in_flight"] = 1.into();
    busy["route_timeout"] = "10m".into();
    let mut late = faulty(&["--slow-initialize", "600000"]);
    late["call_wait"] = "10m".into();
    late["route_timeout"] = "10m".into();
    late["connect_timeout"] = "10m".into();
    let running = Running::serve(&json!({ "servers": { "busy": busy, "late": late } }));
    until_ready(&running, "busy");
    let mut client = Client::open(Face::WebSocket, &running);
    for (id, tool) in [(1, "busy.echo"), (2, "busy.echo"), (3, "late.echo")] {
        let params = json!({ "name": tool, "arguments": {} });
        client.send(request(&id.to_string(), "tools/call", &params).as_bytes());
        let shown = || calls(&running, "live=true").iter().any(|call| call["id"] == id);
        eventually("it is seen", shown);
    }
    let phase = |id: u64| {
        let live = calls(&running, "live=true");
        live.iter()
            .find(|call| call["id"] == id)
            .map(|call| call["phase"].as_str().unwrap().to_owned())
    };
    for (id, expected) in [(1, "downstream"), (2, "queued"), (3, "starting")] {
        eventually(expected, || phase(id).as_deref() == Some(expected));
    }
    let running_now = calls(&running, "live=true");
    assert_eq!(running_now.len(), 3);
    assert_eq!(running_now[2]["outcome"], Value::Null);
    assert!(running_now[2]["downstreamMs"].as_f64().is_some(), "{running_now:#?}");
    client
        .send(br#"{"jsonrpc":"2.0","method":"notifications/cancelled","params":{"requestId":1}}"#);
    eventually("it is over", || phase(1).is_none());
    let over = calls(&running, "live=false&outcome=cancelled");
    assert_eq!((over.len(), &over[0]["id"], &over[0]["phase"]), (1, &json!(1), &json!("over")));
    eventually("the next has its place", || phase(2).as_deref() == Some("downstream"));
    for id in [2, 3] {
        let params = json!({ "requestId": id });
        let cancelled =
            json!({ "jsonrpc": "2.0", "method": "notifications/cancelled", "params": params });
        client.send(cancelled.to_string().as_bytes());
    }
    eventually("all are given up", || calls(&running, "live=true").is_empty());
    assert_eq!(calls(&running, "outcome=cancelled").len(), 3);
}

#[test]
fn a_tool_is_called_through_the_api_whatever_becomes_of_the_call() {
    let mut servers = json!({
        "s": faulty(&["--echo-raw"]),
        "bad": faulty(&["--fail-rate", "100"]),
        "error": faulty(&["--error-raw"]),
        "asks": faulty(&["--era", "modern", "--input-tool", "ask"]),
        "freezes": faulty(&["--freeze-on-call"]),
        "down": faulty(&["--exit-on-call"]),
    });
    servers["freezes"]["call_timeout"] = "1s".into();
    let running = Running::serve(&json!({ "status_tool": true, "servers": servers }));
    for name in ["s", "bad", "error", "asks", "freezes", "down"] {
        until_ready(&running, name);
    }
    let outcome = |tool: &str| {
        let answer = call(&running, tool, &json!({ "text": "a" }));
        assert_eq!(answer.status, 200, "{tool}: {answer:?}");
        let answered = json_of(&answer);
        let number = &answered["request"];
        let seen = get(&running, &format!("/api/v1/calls/{number}"));
        assert_eq!((&seen["face"], &seen["outcome"]), (&json!("api"), &answered["outcome"]));
        assert!(answered["tookMs"].as_f64().unwrap() > 0.0, "{answered}");
        answered
    };
    // numbers are spelled as they were
    let body = r#"{"arguments":{"n":1.0,"big":123456789012345678901234567890}}"#;
    let answer = post(&running, "/api/v1/tools/s.echo/call", body);
    assert!(answer.body.contains("123456789012345678901234567890"), "{answer:?}");
    assert_eq!(json_of(&answer)["outcome"], json!({ "kind": "ok" }));
    let alias = post(&running, "/api/v1/tools/s__echo/call", "{}");
    assert_eq!(json_of(&alias)["outcome"]["kind"], "ok", "{alias:?}");

    let frames = json_of(&answer)["frames"].as_array().unwrap().clone();
    let shapes: Vec<_> =
        frames.iter().map(|it| (it["direction"].clone(), it["kind"].clone())).collect();
    assert_eq!(shapes, [(json!("out"), json!("request")), (json!("in"), json!("response"))]);
    assert!(frames.iter().all(|it| it["id"] == frames[0]["id"]), "{frames:#?}");
    assert!(frames[1]["text"].as_str().unwrap().contains("1.0"), "{frames:#?}");

    let bad = outcome("bad.echo");
    assert_eq!(
        (&bad["outcome"]["kind"], &bad["result"]["isError"]),
        (&json!("tool_error"), &json!(true))
    );
    let error = outcome("error.echo");
    assert_eq!(error["outcome"]["kind"], "error", "{error}");
    assert!(error["outcome"]["code"].is_i64() && error["error"]["message"].is_string(), "{error}");
    // it was told that nobody can be asked, and asks all the same: that is for the operator to see
    let asks = outcome("asks.ask");
    assert_eq!(asks["result"]["resultType"], "input_required", "{asks}");
    let late = outcome("freezes.echo");
    assert_eq!(
        (&late["outcome"]["kind"], &late["outcome"]["sent"]),
        (&json!("failed"), &json!(true)),
        "{late}"
    );
    assert_eq!(late["result"]["isError"], true, "{late}");
    let lost = outcome("down.echo");
    assert_eq!(lost["outcome"]["kind"], "failed", "{lost}");
    assert_eq!(post(&running, "/api/v1/servers/down/stop", "{}").status, 202);
    eventually("it is stopped", || get(&running, "/api/v1/servers/down")["state"] == "stopped");
    let gone = outcome("down.echo");
    assert_eq!(
        (&gone["outcome"]["kind"], &gone["outcome"]["sent"]),
        (&json!("failed"), &json!(false)),
        "{gone}"
    );

    let missing = call(&running, "s.ehco", &json!({}));
    let told = json_of(&missing);
    assert_eq!((missing.status, &told["error"]["code"]), (404, &json!("no_such_tool")));
    assert_eq!(told["error"]["near"][0], "s.echo", "{told}");
    for body in ["[]", r#"{"arguments":[1]}"#, r#"{"arguments":"x"}"#, "{", r#"{"arguments":1}"#] {
        let answer = post(&running, "/api/v1/tools/s.echo/call", body);
        assert_eq!(
            (answer.status, &json_of(&answer)["error"]["code"]),
            (400, &json!("bad_body")),
            "{body}"
        );
    }
    let head =
        "POST /api/v1/tools/s.echo/call HTTP/1.1\r\nhost: {host}\r\ncontent-type: text/plain\r\n";
    assert_eq!(running.send(head, b"{}").status, 415);
    let status = json_of(&post(&running, "/api/v1/tools/mcpvisor.status/call", "{}"));
    assert_eq!(status["outcome"]["kind"], "ok", "{status}");
}

#[test]
fn a_tool_that_is_switched_off_stays_in_the_list_and_is_told_as_such() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&["--tools", "2"]) } }));
    until_ready(&running, "s");
    let enabled = |running: &Running| -> Vec<(String, bool)> {
        let tools = get(running, "/api/v1/tools")["tools"].as_array().unwrap().clone();
        let one = |it: &Value| (it["name"].as_str().unwrap().to_owned(), it["enabled"] == true);
        tools.iter().map(one).collect()
    };
    let both = |second: bool| vec![("s.echo".to_owned(), true), ("s.tool1".to_owned(), second)];
    assert_eq!(enabled(&running), both(true));
    assert_eq!(post(&running, "/api/v1/tools/s.tool1/disable", "{}").status, 200);
    assert_eq!(enabled(&running), both(false));
    let off = tool(&running, "s.tool1");
    assert_eq!((&off["enabled"], &off["inputSchema"]["type"]), (&json!(false), &json!("object")));
    let refused = json_of(&call(&running, "s.tool1", &json!({})));
    assert_eq!(refused["outcome"]["sent"], false, "{refused}");
    assert_eq!(post(&running, "/api/v1/tools/s.tool1/enable", "{}").status, 200);
    assert_eq!(enabled(&running), both(true));
}

#[test]
fn sessions_are_listed_and_one_can_be_ended() {
    let running = Running::serve(&json!({ "servers": { "s": faulty(&[]) } }));
    until_ready(&running, "s");
    let sessions = || get(&running, "/api/v1/sessions")["sessions"].as_array().unwrap().clone();
    assert!(sessions().is_empty());
    let http = Client::open(Face::Http, &running);
    let part = Client::open_at(Face::Sse, &running, "/servers/s");
    let open = sessions();
    assert_eq!(open.len(), 2);
    assert_eq!((&open[0]["face"], &open[0]["view"]), (&json!("http"), &json!("")));
    assert_eq!((&open[1]["face"], &open[1]["view"]), (&json!("sse"), &json!("/servers/s")));
    assert_eq!(open[0]["id"].as_str(), http.session.as_deref());
    assert_eq!(open[0]["client"], json!({ "name": "test", "version": "1" }));
    assert_eq!((&open[0]["revision"], &open[0]["inFlight"]), (&json!("2025-11-25"), &json!(0)));
    assert!(open[0]["openedAtMs"].as_u64() > Some(1_700_000_000_000) && open[0]["idleMs"].is_u64());
    let page = format!("/api/v1/sessions/{}", http.session.as_deref().unwrap());
    let end = || running.send(&format!("DELETE {page} HTTP/1.1\r\nhost: {{host}}\r\n"), b"");
    assert_eq!(end().status, 202);
    eventually("it is gone", || sessions().len() == 1);
    let again = end();
    assert_eq!((again.status, &json_of(&again)["error"]["code"]), (404, &json!("no_such_session")));
    drop(part);
}

#[test]
fn who_calls_through_the_api_and_leaves_has_given_the_call_up() {
    use std::io::Write;
    let running = Running::serve(&json!({ "servers": { "s": faulty(&["--delay", "600000"]) } }));
    until_ready(&running, "s");
    let mut socket = std::net::TcpStream::connect(running.address).unwrap();
    let head = format!(
        "POST /api/v1/tools/s.echo/call HTTP/1.1\r\nhost: {}\r\ncontent-type: application/json\r\n\
         content-length: 2\r\n\r\n{{}}",
        running.address
    );
    socket.write_all(head.as_bytes()).unwrap();
    eventually("it is with its server", || {
        calls(&running, "live=true").iter().any(|call| call["phase"] == "downstream")
    });
    drop(socket);
    eventually("it is given up", || calls(&running, "live=true").is_empty());
    assert_eq!(calls(&running, "outcome=cancelled").len(), 1);
}

#[test]
#[cfg(target_os = "linux")]
fn what_the_processes_of_a_server_use_is_seen_while_they_run() {
    let servers = json!({ "s": faulty(&["--grandchild"]), "other": faulty(&[]) });
    let running = Running::serve(&json!({ "servers": servers }));
    until_ready(&running, "s");
    let server = || get(&running, "/api/v1/servers/s");
    eventually("both are counted", || server()["process"]["processes"] == 2);
    let process = server()["process"].clone();
    assert_eq!(process["pid"], server()["pid"]);
    assert!(process["rssBytes"].as_u64() > Some(100_000), "{process}");
    assert!(process["fds"].as_u64() > Some(2), "{process}");
    assert!(process["cpuMs"].is_u64(), "{process}");
    assert_eq!(post(&running, "/api/v1/servers/s/stop", "{}").status, 202);
    eventually("there is none", || server()["process"].is_null());
}

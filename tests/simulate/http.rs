//! Over Streamable HTTP.

use crate::peer::Simulated;
use crate::process::{Http, call, eventually, parse, request, until};
use serde_json::json;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const PING: &str = r#"{"jsonrpc":"2.0","id":"p","method":"ping"}"#;

fn key(key: &str) -> String {
    call("1", "echo", &json!({ "key": key, "text": key }).to_string())
}

#[test]
fn without_a_fault_every_request_has_one_answer_in_both_kinds_of_reply() {
    for kind in ["json", "sse"] {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let mut server = Simulated::start(&format!(
            "--transport http --http-reply {kind} --progress 2 --log {}",
            log.display()
        ));
        assert!(server.url.ends_with("/mcp"));
        let client = Http::open(server.address);
        let answers = client.ask(&key("k-1"));
        assert_eq!(answers.len(), 1, "{kind}: {answers:?}");
        assert_eq!(parse(&answers[0])["result"]["content"][0]["text"], "k-1");
        assert_eq!(client.answer(PING)["result"], json!({}));
        let tools = client.answer(&request("2", "tools/list", "{}"));
        assert_eq!(tools["result"]["tools"][0]["name"], "echo");
        let logged = format!("{} echo k-1\n", server.child.id());
        assert_eq!(std::fs::read_to_string(log).unwrap(), logged);
        assert_eq!(server.control.status()["executed"], 1);
        client.leave();
        assert_eq!(client.post(PING).status, 404);
    }
}

#[test]
fn what_belongs_to_no_request_waits_for_the_stream_of_its_session() {
    let mut server = Simulated::start("--transport http --server-request");
    let client = Http::open(server.address);
    let mut stream = client.listen();
    assert_eq!(parse(&stream.message().unwrap())["method"], "ping");
    assert_eq!(parse(&stream.message().unwrap())["method"], "roots/list");
    server.control.order("add-tool late");
    let changed = parse(&stream.message().unwrap());
    assert_eq!(changed["method"], "notifications/tools/list_changed");
    let tools = client.answer(&request("2", "tools/list", "{}"));
    assert_eq!(tools["result"]["tools"][1]["name"], "late");
    server.control.order("set list-changed-rate 1000");
    for _ in 0..200 {
        assert!(stream.message().unwrap().contains("list_changed"));
    }
    server.control.order("clear");
}

#[test]
fn a_fault_is_switched_on_and_off_while_the_server_runs() {
    let mut server = Simulated::start("--transport http");
    let client = Http::open(server.address);
    server.control.order("set wrong-id");
    assert_eq!(client.answer(&key("a"))["id"], "nobody-asked");
    assert_eq!(client.answer(PING)["id"], "p");
    server.control.order("set all-requests");
    assert_eq!(client.answer(PING)["id"], "nobody-asked");
    server.control.order("clear");
    assert_eq!(client.answer(&key("b"))["id"], 1);

    server.control.order("set error-rate 50 fail-rate 100");
    let pings: Vec<bool> = (0..4).map(|_| client.answer(PING)["error"].is_object()).collect();
    assert_eq!(pings, [false, true, false, true]);
    server.control.order("set error-rate off");
    assert_eq!(client.answer(&key("c"))["result"]["isError"], true);

    server.control.order("clear");
    server.control.order("set ping-unsupported huge-result 100000");
    assert_eq!(client.answer(PING)["error"]["code"], -32601);
    let huge = client.answer(&key("d"));
    assert_eq!(huge["result"]["content"][0]["text"].as_str().unwrap().len(), 100_000);
    assert_eq!(
        server.control.status()["faults"],
        json!({ "ping-unsupported": true, "huge-result": 100_000 })
    );
}

#[test]
fn a_refused_port_is_opened_again_and_sessions_outlive_it() {
    let mut server = Simulated::start("--transport http");
    let client = Http::open(server.address);
    server.control.order("refuse");
    assert!(TcpStream::connect(server.address).is_err());
    assert_eq!(server.control.status()["listening"], false);
    server.control.order("listen");
    assert_eq!(client.answer(PING)["id"], "p");
}

#[test]
fn lost_sessions_are_not_found_and_a_new_one_is_to_be_had() {
    let mut server = Simulated::start("--transport http");
    let client = Http::open(server.address);
    let mut stream = client.listen();
    server.control.order("session-loss");
    assert_eq!(stream.message(), None);
    assert_eq!(client.post(PING).status, 404);
    assert_eq!(Http::open(server.address).answer(PING)["id"], "p");
}

#[test]
fn without_sessions_nothing_has_to_be_opened() {
    let server = Simulated::start("--transport http --no-sessions");
    assert_eq!(server.send("POST /mcp", PING).status, 200);
    assert_eq!(server.send("POST /mcp", "{").status, 400);
    assert_eq!(server.send("GET /elsewhere", "").status, 404);
}

#[test]
fn a_burst_of_statuses_is_as_long_as_asked_for_and_executes_nothing() {
    let mut server = Simulated::start("--transport http");
    let client = Http::open(server.address);
    server.control.order("set status 503 retry-after 2 for 3");
    for _ in 0..3 {
        let reply = client.post(&key("never"));
        assert_eq!((reply.status, reply.header("retry-after").as_deref()), (503, Some("2")));
    }
    assert_eq!(client.answer(&key("k"))["id"], 1);
    assert_eq!(server.control.status()["executed"], 1);
    server.control.order("set status 401");
    let reply = client.post(PING);
    assert_eq!(reply.status, 401);
    assert_eq!(reply.header("www-authenticate").as_deref(), Some("Bearer"));
}

#[test]
fn what_is_asked_of_a_black_hole_or_a_mute_ping_is_never_answered() {
    let mut server = Simulated::start("--transport http --http-reply sse");
    let client = Http::open(server.address);
    for (fault, asked) in [("black-hole", key("k")), ("ping-mute", PING.to_owned())] {
        server.control.order(&format!("set {fault}"));
        let unanswered = client.begin(&asked);
        unanswered.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
        let mut said = Vec::new();
        let silence = std::io::Read::read_to_end(&mut &unanswered, &mut said).unwrap_err();
        assert_eq!(silence.kind(), std::io::ErrorKind::WouldBlock);
        assert!(!String::from_utf8_lossy(&said).contains("jsonrpc"));
        server.control.order("clear");
        assert_eq!(client.answer(PING)["id"], "p");
    }
    assert_eq!(server.control.status()["executed"], 0);
}

#[test]
fn a_frozen_loop_answers_what_has_waited_once_it_goes_on() {
    let mut server = Simulated::start("--transport http");
    let client = Http::open(server.address);
    server.control.order("set freeze-loop");
    let waiting = client.begin(PING);
    waiting.set_read_timeout(Some(Duration::from_millis(300))).unwrap();
    assert!(waiting.peek(&mut [0]).is_err());
    waiting.set_read_timeout(Some(crate::process::PATIENCE)).unwrap();
    server.control.order("set freeze-loop off");
    assert_eq!(crate::process::Reply::read(waiting).status, 200);
}

#[test]
fn a_latency_ramp_makes_each_answer_later() {
    let mut server = Simulated::start("--transport http");
    let client = Http::open(server.address);
    server.control.order("set latency 100 latency-ramp 50");
    let started = Instant::now();
    for _ in 0..3 {
        client.answer(PING);
    }
    let elapsed = started.elapsed();
    assert!(elapsed >= Duration::from_millis(450), "{elapsed:?}");
    assert_eq!(server.control.status()["faults"]["latency"], 250);
}

#[test]
fn a_call_may_end_the_connection_or_the_process() {
    let mut server = Simulated::start("--transport http --exit-code 9");
    let client = Http::open(server.address);
    server.control.order("set close-stdout-on-call");
    let mut said = String::new();
    std::io::Read::read_to_string(&mut client.begin(&key("cut")), &mut said).unwrap();
    assert_eq!(said, "");
    server.control.order("clear");
    server.control.order("set exit-after-calls 1");
    assert_eq!(client.answer(&key("last"))["id"], 1);
    assert_eq!(server.exit_code(), Some(9));
}

#[test]
fn garbage_and_double_answers_spoil_the_body() {
    let mut server = Simulated::start("--transport http");
    let client = Http::open(server.address);
    server.control.order("set garbage double-answer huge-line 5000");
    let lines = client.ask(&key("k"));
    let answers = lines.iter().filter(|line| line.contains("\"id\":1")).count();
    assert_eq!((lines.len(), answers), (6, 2), "{lines:?}");
    assert!(lines.iter().any(|line| line.len() == 5000));
}

#[test]
fn it_ends_by_signal_by_the_end_of_stdin_and_by_age() {
    let mut server = Simulated::start("--transport http");
    rustix::process::kill_process(
        rustix::process::Pid::from_child(&server.child),
        rustix::process::Signal::TERM,
    )
    .unwrap();
    assert_eq!(server.exit_code(), Some(0));

    let mut server = Simulated::start("--transport sse");
    server.close_stdin();
    assert_eq!(server.exit_code(), Some(0));

    let mut server = Simulated::start("--transport http --max-life 1 --ignore-term");
    assert_eq!(server.exit_code(), Some(0));
}

#[test]
fn the_control_port_ends_it_and_refuses_nonsense() {
    let mut server = Simulated::start("--transport http");
    assert!(server.control.ask("set colour red").starts_with("error no fault \"colour\""));
    assert!(server.control.ask("set slow-start 5").starts_with("error slow-start can be had"));
    assert!(server.control.ask("GET / HTTP/1.1").starts_with("error no command"));
    assert_eq!(server.control.ask("exit 3"), "", "the connection is closed after nonsense");

    let mut server = Simulated::start("--transport http");
    server.control.order("exit 3");
    assert_eq!(server.exit_code(), Some(3));

    let mut server = Simulated::start("--transport http");
    server.control.order("kill");
    assert_eq!(server.exit_code(), None);

    let mut server = Simulated::start("--transport http");
    server.control.order("freeze");
    let stat = format!("/proc/{}/stat", server.child.id());
    if std::path::Path::new(&stat).exists() {
        until("it stands still", || std::fs::read_to_string(&stat).unwrap().contains(") T "));
    }
    let pid = rustix::process::Pid::from_child(&server.child);
    rustix::process::kill_process(pid, rustix::process::Signal::CONT).unwrap();
    eventually("it goes on", || server.control.status()["pid"].as_u64());
}

//! On stdin and stdout, told through the control port.

use crate::line_peer::{LinePeer, call};
use crate::peer::Control;
use crate::process::until;
use serde_json::{Value, json};

const CONTROLLED: [&str; 3] = ["simulate", "--control", "127.0.0.1:0"];

fn start(flags: &[&str]) -> (LinePeer, Control) {
    let mut peer = LinePeer::start(&[&CONTROLLED, flags].concat());
    let told = peer.stderr_line();
    let control = Control::take(told.strip_prefix("control on ").unwrap().parse().unwrap());
    (peer, control)
}

fn ping(id: u32) -> Value {
    json!({ "jsonrpc": "2.0", "id": id, "method": "ping" })
}

#[test]
fn a_fault_is_switched_on_and_off_while_the_server_runs() {
    let folder = tempfile::tempdir().unwrap();
    let record = folder.path().join("record");
    let (mut peer, mut control) = start(&["--record", record.to_str().unwrap()]);
    peer.initialize();
    control.order("set double-answer");
    peer.send(&call(1, "echo", &json!({})));
    assert_eq!([peer.receive()["id"].clone(), peer.receive()["id"].clone()], [1, 1]);
    control.order("clear");
    control.order("set mute");
    peer.send(&ping(2));
    peer.send(&call(3, "echo", &json!({})));
    let read = || std::fs::read_to_string(&record).unwrap().lines().count();
    until("both were read", || read() == 5);
    // once the next is read, both are done with; the next itself may see the end of the fault
    peer.send(&ping(4));
    until("the next was read", || read() == 6);
    control.order("clear");
    peer.send(&ping(5));
    let first = peer.receive()["id"].clone();
    assert!(first == 5 || (first == 4 && peer.receive()["id"] == 5), "{first}");
    assert_eq!(control.status()["executed"], 1);
    assert!(control.ask("set status 503").starts_with("error status needs --transport http"));
}

#[test]
fn a_frozen_loop_goes_on_where_it_stood() {
    let (mut peer, mut control) = start(&[]);
    peer.initialize();
    control.order("set freeze-loop");
    peer.send(&call(1, "echo", &json!({})));
    assert_eq!(control.status()["executed"], 0);
    control.order("set freeze-loop off");
    assert_eq!(peer.receive()["id"], 1);
    assert_eq!(control.status()["executed"], 1);
}

#[test]
fn storms_begin_and_end_on_command() {
    let (mut peer, mut control) = start(&[]);
    peer.initialize();
    control.order("set list-changed-rate 1000 garbage-rate 1000");
    let mut heard = (0, 0);
    while heard.0 < 20 || heard.1 < 20 {
        if peer.receive_text().contains("list_changed") { heard.0 += 1 } else { heard.1 += 1 }
    }
    control.order("clear");
    peer.send(&ping(9));
    while !peer.receive_text().contains("\"id\":9") {}
    control.order("remove-tool echo");
    assert_eq!(peer.receive()["method"], "notifications/tools/list_changed");
    peer.send(&call(10, "echo", &json!({})));
    assert_eq!(peer.receive()["error"]["code"], -32602);
}

#[test]
fn the_nth_call_is_executed_and_deadly() {
    for (flag, code) in [("--exit-at-call", Some(4)), ("--kill-at-call", None)] {
        let folder = tempfile::tempdir().unwrap();
        let log = folder.path().join("log");
        let log_flag = log.to_str().unwrap();
        let mut peer =
            LinePeer::start(&["simulate", flag, "2", "--exit-code", "4", "--log", log_flag]);
        peer.initialize();
        for id in 1..=2 {
            peer.send(&call(id, "echo", &json!({ "key": format!("k-{id}") })));
        }
        assert_eq!(peer.rest().len(), 1);
        assert_eq!(peer.exit_code(), code, "{flag}");
        let logged = std::fs::read_to_string(log).unwrap();
        assert_eq!(logged.lines().count(), 2, "{logged}");
    }
}

#[test]
fn a_crash_loop_ends_when_its_file_is_there_and_the_control_port_is_on_file() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name).to_str().unwrap().to_owned();
    let (cause, address) = (path("cause"), path("address"));
    let flags = ["--crash-unless", &cause, "--exit-code", "5", "--control-file", &address];
    let line = [&CONTROLLED[..], &flags].concat();
    assert_eq!(LinePeer::start(&line).exit_code(), Some(5));
    std::fs::write(&cause, "").unwrap();
    let mut peer = LinePeer::start(&line);
    peer.initialize();
    let mut control = Control::take(std::fs::read_to_string(&address).unwrap().parse().unwrap());
    control.order("exit 6");
    assert_eq!(peer.exit_code(), Some(6));
}

#[test]
fn what_needs_http_is_refused_on_stdio() {
    let mut peer = LinePeer::start(&["simulate", "--refuse"]);
    assert_eq!(peer.stderr_line(), "error: --refuse needs --transport http, sse or ws");
    assert_eq!(peer.exit_code(), Some(64));
}

//! However the gateway ends, nothing it started stays: no server, no guard, no grandchild.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/process.rs"]
mod process;

use mcpvisor::config::{self, Env, Format};
use process::{
    Gateway, Legacy, PATIENCE, Process, Reply, Setup, call, eventually, family, parse, until,
};
use rustix::process::Signal;
use serde_json::json;
use std::net::TcpStream;
use std::time::{Duration, Instant};

const LIST_CHANGED: &str = "notifications/tools/list_changed";

/// One server of every kind that is hard to end.
fn unruly() -> Setup {
    let quick = || json!({ "stop_grace": "300ms" });
    Setup::new(json!({ "shutdown_timeout": "20s" }))
        .server("behaves", "", quick())
        .server("deaf", "--ignore-term --grandchild", quick())
        .server("parent", "--grandchild", quick())
        .server("stopped", "--ignore-term --grandchild", quick())
        .server("mute", "--mute-initialize --ignore-term --grandchild", quick())
}

/// Waits until everything runs, stops what is to be stopped, and names all processes.
fn everybody(setup: &Setup, gateway: &Gateway) -> Vec<Process> {
    for name in ["behaves", "deaf", "parent", "stopped"] {
        until("each server is initialized", || {
            !setup.received(name, "notifications/initialized").is_empty()
        });
    }
    until("the mute one was asked", || !setup.received("mute", "initialize").is_empty());
    // the gateway, its guard, five servers, four grandchildren
    let all = eventually("all are there", || {
        let all = family(&gateway.process());
        (all.len() == 11 && all.iter().filter(|it| it.command.starts_with("sleep")).count() == 4)
            .then_some(all)
    });
    let stopped = setup.process("stopped");
    stopped.signal(Signal::STOP);
    until("it is stopped", || stopped.is_stopped());
    all
}

fn nobody_is_left(all: &[Process]) {
    until("nothing is left", || {
        let left: Vec<_> = all.iter().filter(|process| process.runs()).collect();
        left.is_empty()
    });
}

fn polite_signal_leaves_nothing(signal: Signal) {
    let setup = unruly();
    let mut gateway = setup.serve();
    let all = everybody(&setup, &gateway);
    let since = Instant::now();
    gateway.process().signal(signal);
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(since.elapsed() < Duration::from_secs(20), "within the shutdown time");
    nobody_is_left(&all);
}

#[test]
fn sigterm_leaves_no_process_behind() {
    polite_signal_leaves_nothing(Signal::TERM);
}

#[test]
fn sigint_leaves_no_process_behind() {
    polite_signal_leaves_nothing(Signal::INT);
}

#[test]
fn a_killed_gateway_leaves_no_process_behind() {
    let setup = unruly();
    let mut gateway = setup.serve();
    let all = everybody(&setup, &gateway);
    gateway.process().signal(Signal::KILL);
    assert_eq!(gateway.exit_code(), None);
    nobody_is_left(&all);
}

#[test]
fn killing_all_processes_of_the_gateways_name_leaves_no_process_behind() {
    let setup = unruly();
    let mut gateway = setup.serve();
    let all = everybody(&setup, &gateway);
    let same_name: Vec<_> = all.iter().filter(|it| it.name() == gateway.process().name()).collect();
    assert_eq!(same_name.len(), 6, "the gateway and five servers: {same_name:?}");
    gateway.process().signal(Signal::STOP); // it has no time to mend anything
    for process in same_name.into_iter().rev() {
        process.signal(Signal::KILL);
    }
    assert_eq!(gateway.exit_code(), None);
    nobody_is_left(&all);
}

#[test]
fn the_end_of_stdin_leaves_no_process_behind() {
    let setup = unruly();
    let (mut gateway, mut client) = setup.stdio();
    let all = everybody(&setup, &gateway);
    let since = Instant::now();
    client.close();
    let rest = client.rest();
    assert!(rest.iter().all(|line| parse(line)["method"] == LIST_CHANGED), "{rest:?}");
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(since.elapsed() < Duration::from_secs(20), "within the shutdown time");
    nobody_is_left(&all);
}

#[test]
fn a_client_that_still_holds_stdin_does_not_hold_up_sigterm() {
    let setup = unruly();
    let (mut gateway, client) = setup.stdio();
    let all = everybody(&setup, &gateway);
    gateway.process().signal(Signal::TERM);
    assert_eq!(gateway.exit_code(), Some(0));
    nobody_is_left(&all);
    drop(client);
}

/// A gateway with one call at work, and the connection of its client.
fn with_a_call_at_work(flags: &str) -> (Setup, Gateway, TcpStream) {
    let setup = Setup::new(json!({ "shutdown_timeout": "20s" })).server("s", flags, json!({}));
    let gateway = setup.serve();
    let connection = gateway.client().begin(&call("1", "s.echo", r#"{"text":"late"}"#));
    until("the call is at work", || setup.received("s", "tools/call").len() == 1);
    (setup, gateway, connection)
}

fn refuses(gateway: &Gateway) -> bool {
    TcpStream::connect(gateway.address()).is_err()
}

#[test]
fn sigterm_lets_a_call_in_flight_finish_and_takes_no_new_connection() {
    let (setup, mut gateway, connection) = with_a_call_at_work("--delay 3000 --log-answers");
    gateway.process().signal(Signal::TERM);
    until("new connections are refused", || refuses(&gateway));
    assert_eq!(setup.read("s", "log").len(), 1, "the call is still at work");
    let answer = Reply::read(connection).rest().pop().unwrap();
    assert_eq!(parse(&answer)["result"]["content"][0]["text"], "late");
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn sigterm_lets_a_call_in_flight_over_legacy_sse_finish() {
    let setup =
        Setup::new(json!({ "shutdown_timeout": "20s" })).server("s", "--delay 3000", json!({}));
    let mut gateway = setup.serve();
    let mut client = Legacy::open(gateway.address());
    client.post(&call("1", "s.echo", r#"{"text":"late"}"#));
    until("the call is at work", || setup.received("s", "tools/call").len() == 1);
    gateway.process().signal(Signal::TERM);
    until("new connections are refused", || refuses(&gateway));
    let answer = client.rest().pop().expect("an answer");
    assert_eq!(parse(&answer)["result"]["content"][0]["text"], "late");
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn the_end_of_stdin_lets_a_call_in_flight_finish() {
    let setup = Setup::new(json!({})).server("s", "--delay 1500", json!({ "start": "eager" }));
    let (mut gateway, mut client) = setup.stdio();
    client.send(&call("1", "s.echo", r#"{"text":"late"}"#));
    client.close();
    // it may also hear that the server's tools have come
    let mut answers: Vec<_> = client.rest().iter().map(|text| parse(text)).collect();
    answers.retain(|message| message.get("method").is_none());
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(answers[0]["result"]["content"][0]["text"], "late");
    assert_eq!(gateway.exit_code(), Some(0));
}

#[test]
fn a_call_that_does_not_finish_is_cut_within_the_shutdown_time() {
    let (setup, mut gateway, _connection) = with_a_call_at_work("--delay 600000 --ignore-term");
    let all = family(&gateway.process());
    let since = Instant::now();
    gateway.process().signal(Signal::TERM);
    assert_eq!(gateway.exit_code(), Some(0));
    assert!(since.elapsed() < Duration::from_secs(24), "took {:?}", since.elapsed());
    nobody_is_left(&all);
    drop(setup);
}

#[test]
fn a_second_sigterm_ends_at_once_and_leaves_no_process_behind() {
    let (setup, mut gateway, _connection) =
        with_a_call_at_work("--delay 600000 --ignore-term --grandchild");
    let all = family(&gateway.process());
    gateway.process().signal(Signal::TERM);
    until("it stops", || refuses(&gateway));
    let since = Instant::now();
    gateway.process().signal(Signal::TERM);
    gateway.exit_code();
    assert!(since.elapsed() < Duration::from_secs(8), "took {:?}", since.elapsed());
    nobody_is_left(&all);
    drop(setup);
}

#[tokio::test]
async fn a_stopped_gateway_keeps_no_actor_and_no_permit() {
    let folder = tempfile::tempdir().unwrap();
    let faulty = |flag: &str| {
        json!({
            "command": env!("CARGO_BIN_EXE_mcpvisor"),
            "args": ["simulate", flag],
            "stop_grace": "300ms",
        })
    };
    let text = json!({
        "state_dir": folder.path(),
        "servers": { "a": faulty("--tools=2"), "b": faulty("--mute-initialize") },
    });
    let config = config::parse(&text.to_string(), Format::Json, &Env::default()).unwrap();
    let gateway = mcpvisor::gateway::start(&config, Vec::new()).await.unwrap();
    let (roster, clients) = (gateway.roster().clone(), gateway.clients().clone());
    let session = clients.open().await.unwrap();
    assert!(!roster.list().is_empty());
    assert!(gateway.stop(PATIENCE).await, "all ended by itself");
    assert_eq!(roster.list(), Vec::new());
    assert_eq!(clients.in_flight(), 0);
    assert!(clients.find(session.id()).is_none());
    assert!(clients.open().await.is_none(), "nothing opens any more");
}

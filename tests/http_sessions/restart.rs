//! Sessions that go on after the gateway was restarted.

use crate::client::{Client, Event};
use crate::process::{Gateway, Setup, call, parse, request, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::io::{BufRead, BufReader, Write};
use std::net::TcpStream;

const REVISION: &str = "2025-06-18";
const EVENTS: &str = "text/event-stream";
const FLAGS: &str = "--log-messages --resource x://1 --control 127.0.0.1:0";

fn setup(config: Value) -> Setup {
    let mut config = config;
    config["list"] = json!({ "boot_wait": "20s" });
    Setup::new(config).server("s", FLAGS, json!({}))
}

/// What is remembered.
fn records(setup: &Setup) -> Vec<Value> {
    let folder = setup.folder().join("state/sessions");
    let files = std::fs::read_dir(folder).into_iter().flatten().flatten();
    let read = |file: std::fs::DirEntry| std::fs::read_to_string(file.path()).ok();
    let texts = files.filter_map(read).filter_map(|text| serde_json::from_str(&text).ok());
    texts.flat_map(|all: Vec<Value>| all).collect()
}

fn stop(mut gateway: Gateway) {
    gateway.process().signal(Signal::TERM);
    assert_eq!(gateway.exit_code(), Some(0));
}

/// The same client, of a gateway that was started anew.
fn at(client: &Client, gateway: &Gateway) -> Client {
    Client { address: gateway.address(), ..client.clone() }
}

fn ping(client: &Client) -> u16 {
    client.ask_status(&request("1", "ping", "{}"))
}

/// How many log messages come with a call.
fn logged(client: &Client) -> usize {
    let mut response = client.post(&call("2", "s.echo", "{}"), EVENTS);
    response.finish();
    let events = response.events();
    events.iter().filter(|event| event.data.contains("notifications/message")).count()
}

/// The server's answer to an order.
fn ordered(setup: &Setup, order: &str) -> String {
    let mut control = TcpStream::connect(setup.control("s")).unwrap();
    control.write_all(format!("{order}\n").as_bytes()).unwrap();
    let mut line = String::new();
    BufReader::new(control).read_line(&mut line).unwrap();
    line
}

#[test]
fn a_session_goes_on_with_its_level_and_its_subscriptions() {
    let setup = setup(json!({}));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), REVISION);
    let plain = Client::open(gateway.address(), "2025-03-26");
    assert_eq!(client.ask_status(&request("1", "logging/setLevel", r#"{"level":"debug"}"#)), 200);
    assert_eq!(client.ask_status(&request("2", "resources/subscribe", r#"{"uri":"x://1"}"#)), 200);
    stop(gateway);
    let kept = records(&setup).into_iter().map(|record| record.to_string());
    let kept: Vec<String> = kept.collect();
    assert_eq!(kept.len(), 2);
    assert!(!kept.concat().contains(&client.session), "an id is as good as a password");
    setup.forget("s");
    std::fs::remove_file(setup.folder().join("s.control")).unwrap();

    let gateway = setup.serve();
    let (client, plain) = (at(&client, &gateway), at(&plain, &gateway));
    let [one, two] = std::thread::scope(|scope| {
        // however many ask at once
        [(); 2].map(|()| scope.spawn(|| ping(&client))).map(|asked| asked.join().unwrap())
    });
    assert_eq!([one, two, ping(&plain)], [200; 3]);
    assert_eq!((logged(&client), logged(&plain)), (1, 0));
    // the revision is still the one agreed on: this one has batches
    assert_eq!(plain.ask_status("[]"), 400);
    assert_eq!(plain.ask(&format!("[{}]", request("1", "ping", "{}"))).status(), 200);

    until("it is watched", || !setup.received("s", "resources/subscribe").is_empty());
    until("the server knows", || ordered(&setup, "status").contains("x://1"));
    let mut listening = client.get(None);
    assert!(listening.until(|it| it.text.contains("\r\n\r\n")));
    assert_eq!(ordered(&setup, "update x://1"), "ok\n");
    let told = |event: &Event| event.data.contains("resources/updated");
    assert!(listening.until(|it| it.events().iter().any(told)));

    // and once more, with what it has now
    stop(gateway);
    let gateway = setup.serve();
    assert_eq!(ping(&at(&client, &gateway)), 200);
}

#[test]
fn a_session_goes_on_after_the_gateway_was_killed() {
    let setup = setup(json!({}));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), REVISION);
    until("it is written", || records(&setup).len() == 1);
    gateway.process().signal(Signal::KILL);
    drop(gateway);
    let gateway = setup.serve();
    assert_eq!(ping(&at(&client, &gateway)), 200);
    let stranger = Client { session: "unknown".into(), ..at(&client, &gateway) };
    assert_eq!(ping(&stranger), 404);
}

#[test]
fn a_session_its_client_left_does_not_come_back() {
    let setup = setup(json!({}));
    let gateway = setup.serve();
    let (left, stays) =
        (Client::open(gateway.address(), REVISION), Client::open(gateway.address(), REVISION));
    until("both are written", || records(&setup).len() == 2);
    assert_eq!(left.leave(), 200);
    until("one is forgotten", || records(&setup).len() == 1);
    stop(gateway);
    let gateway = setup.serve();
    assert_eq!([ping(&at(&left, &gateway)), ping(&at(&stays, &gateway))], [404, 200]);
}

#[test]
fn a_session_is_remembered_for_as_long_as_it_may_be_idle() {
    let setup = setup(json!({ "limits": { "session_idle": "1s" } }));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), REVISION);
    stop(gateway);
    let last = parse(&records(&setup)[0].to_string())["last_used"].as_u64().unwrap();
    let now = || std::time::UNIX_EPOCH.elapsed().unwrap().as_millis();
    until("its time is over", || now() > u128::from(last) + 1000);
    let gateway = setup.serve();
    assert_eq!(ping(&at(&client, &gateway)), 404);
}

#[test]
fn nothing_is_remembered_when_it_is_turned_off_or_not_a_streamable_session() {
    let off = setup(json!({ "http": { "sessions": { "persist": false } } }));
    let gateway = off.serve();
    let client = Client::open(gateway.address(), REVISION);
    stop(gateway);
    let gateway = off.serve();
    assert_eq!(ping(&at(&client, &gateway)), 404);
    drop(gateway);
    assert_eq!(records(&off), Vec::<Value>::new());

    let others = setup(json!({}));
    let (_stdio, mut lines) = others.stdio();
    lines.ask(&request("1", "ping", "{}"));
    let gateway = others.serve();
    let mut socket = gateway.socket();
    socket.ask(&request("1", "ping", "{}"));
    stop(gateway);
    assert_eq!(records(&others), Vec::<Value>::new());
}

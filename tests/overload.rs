//! Under pressure the gateway says so, forgets nobody, and gives every slot back.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/process.rs"]
mod process;

use process::{
    Http, Lines, Reply, Setup, call, call_with_progress, cancelled, parse, reason, request, until,
};
use serde_json::{Value, json};
use std::time::{Duration, Instant};

const OVERLOADED: i32 = -32_003;

fn keyed(number: usize) -> String {
    call(&number.to_string(), "s.echo", &format!(r#"{{"key":"{number}"}}"#))
}

/// The next answer, whatever else comes before it.
fn next_answer(client: &mut Lines) -> Value {
    loop {
        let message = client.receive();
        if message.get("method").is_none() {
            return message;
        }
    }
}

/// Waits until so many calls have reached the server; the id of the last.
fn reached(setup: &Setup, count: usize) -> Value {
    until("the calls are at the server", || setup.received("s", "tools/call").len() >= count);
    parse(&setup.received("s", "tools/call")[count - 1])["id"].clone()
}

/// Waits until the server was told that nobody waits for this call of its any more.
fn told_to_cancel(setup: &Setup, id: &Value) -> Value {
    until("the server is told", || {
        let told = setup.received("s", "notifications/cancelled");
        told.iter().any(|line| parse(line)["params"]["requestId"] == *id)
    });
    let told = setup.received("s", "notifications/cancelled");
    parse(told.last().unwrap())["params"]["reason"].clone()
}

#[test]
fn a_server_never_has_more_calls_than_its_limit() {
    let settings = json!({ "max_in_flight": 3 });
    let setup = Setup::new(json!({})).server("s", "--delay 40 --log-answers", settings);
    let (_gateway, mut client) = setup.stdio();
    for number in 0..30 {
        client.send(&keyed(number));
    }
    for _ in 0..30 {
        assert_eq!(reason(&next_answer(&mut client)), "none");
    }
    let (mut now, mut most) = (0i32, 0);
    for line in setup.read("s", "log") {
        now += if line.contains(" answered ") { -1 } else { 1 };
        most = most.max(now);
    }
    assert_eq!((now, most), (0, 3));
}

#[test]
fn calls_that_wait_are_served_in_the_order_they_came() {
    let settings = json!({ "max_in_flight": 1 });
    let setup = Setup::new(json!({})).server("s", "--delay 5", settings);
    let (_gateway, mut client) = setup.stdio();
    client.ask(&keyed(0));
    for number in 1..60 {
        client.send(&keyed(number));
    }
    for number in 1..60 {
        assert_eq!(next_answer(&mut client)["id"], number);
    }
    let log = setup.read("s", "log");
    let keys: Vec<&str> = log.iter().map(|line| line.rsplit(' ').next().unwrap()).collect();
    assert_eq!(keys, (0..60).map(|number| number.to_string()).collect::<Vec<_>>());
}

#[test]
fn one_call_more_than_the_queue_holds_is_refused_with_the_counts() {
    let settings = json!({ "max_in_flight": 1, "max_queue": 2, "route_timeout": "10m" });
    let setup = Setup::new(json!({})).server("s", "--delay 600000 --log-answers", settings);
    let (_gateway, mut client) = setup.stdio();
    client.send(&keyed(1));
    reached(&setup, 1);
    for number in 2..5 {
        client.send(&keyed(number));
    }
    let refused = next_answer(&mut client);
    assert_eq!(refused["id"], 4);
    assert_eq!(refused["result"]["isError"], true);
    let details = &refused["result"]["_meta"]["mcpvisor/error"];
    assert_eq!(
        *details,
        json!({ "reason": "overloaded", "server": "s", "sent": false, "retryable": true })
    );
    let text = refused["result"]["content"][0]["text"].as_str().unwrap();
    assert!(text.contains("1 calls at work and 2 waiting"), "{text}");
    // one that waits is given up: there is room again
    client.send(&cancelled("3"));
    client.send(&keyed(5));
    client.send(&keyed(6));
    assert_eq!(next_answer(&mut client)["id"], 6);
    assert_eq!(setup.read("s", "log").len(), 1, "nothing refused was executed");
}

#[test]
fn a_call_that_finds_no_slot_in_time_fails_unsent() {
    let settings = json!({ "max_in_flight": 1, "route_timeout": "500ms" });
    let setup = Setup::new(json!({})).server("s", "--delay 600000", settings);
    let (_gateway, mut client) = setup.stdio();
    client.send(&keyed(1));
    reached(&setup, 1);
    let late = client.answer(&keyed(2));
    assert_eq!(reason(&late), "queue_timeout");
    assert_eq!(late["result"]["_meta"]["mcpvisor/error"]["retryable"], true);
    assert_eq!(setup.read("s", "log").len(), 1);
}

#[test]
fn a_silent_call_is_ended_cancelled_and_gives_its_slot_back() {
    let settings = json!({ "max_in_flight": 1, "call_timeout": "400ms" });
    let setup = Setup::new(json!({})).server("s", "--delay 600000", settings);
    let (_gateway, mut client) = setup.stdio();
    for attempt in 1..4 {
        let answer = client.answer(&keyed(attempt));
        assert_eq!(reason(&answer), "timeout");
        let details = &answer["result"]["_meta"]["mcpvisor/error"];
        assert_eq!((&details["sent"], &details["retryable"]), (&json!(true), &json!(false)));
        assert_eq!(told_to_cancel(&setup, &reached(&setup, attempt)), "timeout");
    }
}

#[test]
fn progress_keeps_a_call_alive() {
    let settings = json!({ "call_timeout": "2s" });
    let setup = Setup::new(json!({})).server("s", "--progress 10 --progress-pause 300", settings);
    let gateway = setup.serve();
    let since = Instant::now();
    let messages = gateway.client().ask(&call_with_progress("1", "s.echo", "1"));
    assert!(since.elapsed() > Duration::from_secs(2), "longer than the silence allowed");
    assert_eq!(messages.len(), 11);
    assert_eq!(reason(&parse(&messages[10])), "none");
}

#[test]
fn progress_does_not_keep_a_call_alive_for_ever() {
    let settings = json!({ "call_timeout": "1s", "call_ceiling": "2s" });
    let flags = "--delay 1 --progress 6000 --progress-pause 100";
    let setup = Setup::new(json!({})).server("s", flags, settings);
    let gateway = setup.serve();
    let messages = gateway.client().ask(&call_with_progress("1", "s.echo", "1"));
    assert!(messages.len() > 2, "it was never silent");
    assert_eq!(reason(&parse(messages.last().unwrap())), "timeout");
    assert_eq!(told_to_cancel(&setup, &reached(&setup, 1)), "timeout");
}

/// A server that takes one call at a time and does not answer it.
fn stubborn() -> Setup {
    let settings = json!({ "max_in_flight": 1, "route_timeout": "10m" });
    Setup::new(json!({})).server("s", "--delay 600000", settings)
}

#[test]
fn a_call_cancelled_over_stdio_is_cancelled_at_the_server_and_not_answered() {
    let setup = stubborn();
    let (_gateway, mut client) = setup.stdio();
    client.send(&keyed(1));
    let id = reached(&setup, 1);
    client.send(&keyed(2));
    client.send(&cancelled("1"));
    assert_eq!(told_to_cancel(&setup, &id), "no longer wanted");
    let second = reached(&setup, 2);
    client.send(&cancelled("2"));
    told_to_cancel(&setup, &second);
    // the pong is the first answer of all
    client.send(&request("\"p\"", "ping", "{}"));
    assert_eq!(next_answer(&mut client)["id"], "p");
}

#[test]
fn a_call_cancelled_over_http_is_cancelled_at_the_server_and_not_answered() {
    let setup = stubborn();
    let gateway = setup.serve();
    let client = gateway.client();
    let connection = client.begin(&keyed(1));
    let id = reached(&setup, 1);
    assert_eq!(client.post(&cancelled("1")).status, 202);
    assert_eq!(told_to_cancel(&setup, &id), "no longer wanted");
    assert_eq!(Reply::read(connection).rest(), Vec::<String>::new());
    let _next = client.begin(&keyed(2));
    reached(&setup, 2);
}

#[test]
fn a_client_that_hangs_up_frees_its_slot() {
    let setup = stubborn();
    let gateway = setup.serve();
    let client = gateway.client();
    for number in 1..4 {
        let connection = client.begin(&keyed(number));
        let id = reached(&setup, number);
        drop(connection);
        assert_eq!(told_to_cancel(&setup, &id), "client disconnected");
    }
}

#[test]
fn a_client_that_ends_its_session_frees_its_slots() {
    let setup = stubborn();
    let gateway = setup.serve();
    let client = gateway.client();
    let _connection = client.begin(&keyed(1));
    let id = reached(&setup, 1);
    client.leave();
    told_to_cancel(&setup, &id);
    let _next = gateway.client().begin(&keyed(2));
    reached(&setup, 2);
}

#[test]
fn more_requests_than_the_gateway_takes_are_refused_until_one_is_over() {
    let setup = Setup::new(json!({ "limits": { "max_requests": 2 } })).server(
        "s",
        "--delay 600000",
        json!({}),
    );
    let gateway = setup.serve();
    let client = gateway.client();
    let first = client.begin(&keyed(1));
    let id = reached(&setup, 1);
    let _second = client.begin(&keyed(2));
    reached(&setup, 2);
    let mut refused = client.post(&keyed(3));
    assert_eq!(refused.status, 503);
    assert_eq!(parse(&refused.message().unwrap())["error"]["code"], OVERLOADED);
    drop(first);
    told_to_cancel(&setup, &id);
    until("there is room again", || client.post(&request("4", "ping", "{}")).status == 200);
}

#[test]
fn more_requests_than_the_gateway_takes_are_refused_over_stdio() {
    let setup = Setup::new(json!({ "limits": { "max_requests": 2 } })).server(
        "s",
        "--delay 600000",
        json!({}),
    );
    let (_gateway, mut client) = setup.stdio();
    client.send(&keyed(1));
    client.send(&keyed(2));
    client.send(&keyed(3));
    let refused = next_answer(&mut client);
    assert_eq!((&refused["id"], &refused["error"]["code"]), (&json!(3), &json!(OVERLOADED)));
}

#[test]
fn more_sessions_than_allowed_are_refused_until_one_ends() {
    let setup = Setup::new(json!({ "limits": { "max_sessions": 2 } })).server("s", "", json!({}));
    let gateway = setup.serve();
    let (first, second) = (gateway.client(), gateway.client());
    let Err(mut refused) = Http::try_open(gateway.address()) else { panic!("a third session") };
    assert_eq!(refused.status, 503);
    assert_eq!(parse(&refused.message().unwrap())["error"]["code"], OVERLOADED);
    assert_eq!(reason(&second.answer(&keyed(1))), "none");
    first.leave();
    until("there is room again", || Http::try_open(gateway.address()).is_ok());
}

/// Much more progress than fits into any buffer on the way.
const FLOOD: &str = "--delay 1 --progress 150000 --log-answers";
/// Far less than the flood takes when it is kept.
const GROWTH: u64 = 40_000_000;

fn flood_is_over(setup: &Setup) -> bool {
    setup.read("s", "log").iter().any(|line| line.ends_with("answered -"))
}

#[test]
fn an_http_client_that_stops_reading_costs_little_memory_and_holds_up_nobody() {
    let setup = Setup::new(json!({})).server("s", FLOOD, json!({}));
    let gateway = setup.serve();
    let (lazy, busy) = (gateway.client(), gateway.client());
    busy.ask(&keyed(0));
    let before = gateway.process().memory();
    let mut unread = lazy.post(&call_with_progress("1", "s.echo", "1"));
    let mut served = 0;
    until("the flood is over", || {
        served += 1;
        assert_eq!(reason(&busy.answer(&keyed(served))), "none");
        let memory = gateway.process().memory();
        assert!(memory < before + GROWTH, "from {before} to {memory} bytes");
        flood_is_over(&setup)
    });
    assert!(served > 1);
    let rest = unread.rest();
    assert!(rest.len() < 150_000, "the client was not slow enough");
    assert_eq!(reason(&parse(rest.last().unwrap())), "none");
    let newest = parse(&rest[rest.len() - 2]);
    assert_eq!(newest["params"]["progress"], 150_000, "the newest is never lost");
}

#[test]
fn a_stdio_client_that_stops_reading_costs_little_memory_and_misses_no_answer() {
    let setup = Setup::new(json!({})).server("s", FLOOD, json!({}));
    let (gateway, mut client) = setup.stdio();
    client.ask(&keyed(0));
    let before = gateway.process().memory();
    client.pause(true);
    client.send(&call_with_progress("1", "s.echo", "1"));
    until("the flood is over", || {
        let memory = gateway.process().memory();
        assert!(memory < before + GROWTH, "from {before} to {memory} bytes");
        flood_is_over(&setup)
    });
    client.pause(false);
    let mut read = vec![client.receive()];
    while read.last().unwrap().get("id").is_none() {
        read.push(client.receive());
    }
    assert!(read.len() < 150_000, "the client was not slow enough");
    let answer = read.pop().unwrap();
    assert_eq!((&answer["id"], reason(&answer)), (&json!(1), "none"));
    let newest = read.pop().unwrap();
    assert_eq!(newest["params"]["progress"], 150_000, "the newest is never lost");
}

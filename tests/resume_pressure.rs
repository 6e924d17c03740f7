//! Streams of one session that lose their connections all the time while everything is told at once: each
//! client that comes back hears the rest, and nothing twice.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
#[path = "http_sessions/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;

use client::{Client, Response};
use process::{Setup, call_with_progress, parse, request, until};
use serde_json::{Value, json};

const CALLS: u64 = 50;
const STEPS: u64 = 600;
/// The longest piece of a stream that comes over one connection, in bytes.
const PIECE: u64 = 20_000;

/// More than the first event of a stream takes, without which a client has nothing to come back with.
const FIRST: usize = 100;

/// Numbers that look random and are the same in every run.
struct Seeded(u64);

impl Seeded {
    /// Below `bound`.
    fn next(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// What a client heard of a call.
struct Heard {
    /// The numbers of the steps it was told, as they came.
    steps: Vec<u64>,
    answer: Value,
    /// Steps it was told it would not be told.
    missing: u64,
    /// Connections it took.
    connections: usize,
}

/// Reads a call's stream to its end, over as many connections as it takes.
fn in_pieces(client: &Client, number: u64) -> Heard {
    let mut seeded = Seeded(number);
    let call = call_with_progress(&number.to_string(), "s.echo", &format!("\"t{number}\""));
    let mut response = client.post(&call, "text/event-stream");
    let mut heard = Heard { steps: Vec::new(), answer: Value::Null, missing: 0, connections: 0 };
    let mut last = String::new();
    while heard.answer.is_null() {
        cut(&mut response, seeded.next(PIECE));
        assert_eq!(response.status(), 200, "{}", response.text);
        heard.connections += 1;
        let events = response.events();
        if !events.is_empty() {
            // else it asks for the same again
            heard.missing += missing(&response);
        }
        for event in events {
            last = event.id.unwrap_or(last);
            if !event.data.is_empty() {
                heard.told(parse(&event.data), number);
            }
        }
        // when the client is back, its earlier connection is closed or not
        let _open = (seeded.next(2) == 0).then_some(response);
        response = client.get(Some(&last));
    }
    heard
}

impl Heard {
    fn told(&mut self, message: Value, number: u64) {
        if message["id"].is_null() {
            let params = &message["params"];
            assert_eq!(params["progressToken"], format!("t{number}"), "{message}");
            self.steps.push(params["progress"].as_u64().unwrap());
        } else {
            assert_eq!(message["id"], number, "{message}");
            self.answer = message;
        }
    }
}

/// How many events a stream says it leaves out.
fn missing(response: &Response) -> u64 {
    let said = response.body().lines().find(|line| line.ends_with("events are not kept any more"));
    said.map_or(0, |line| line.split(' ').nth(1).unwrap().parse().unwrap())
}

/// Reads the head and so many bytes after it; the rest is lost on the way.
fn cut(response: &mut Response, bytes: u64) {
    let bytes = usize::try_from(bytes).unwrap();
    let read = response.until(|it| !it.events().is_empty() && it.body().len() >= bytes);
    let answered = ["\"result\"", "\"error\""].iter().any(|it| response.body().contains(it));
    assert!(read || answered, "ended early: {}", response.text);
    let head = response.text.len() - response.body().len();
    response.text.truncate(head + bytes.max(FIRST));
}

/// Makes all calls at the same time, each cut and resumed; what was heard of each.
fn pressed(http: &Value) -> Vec<Heard> {
    let flags = format!("--progress {STEPS} --delay 100");
    let setup =
        Setup::new(json!({ "http": http })).server("s", &flags, json!({ "max_in_flight": CALLS }));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), "2025-11-25");
    until("the server is there", || {
        client.ask(&request("\"list\"", "tools/list", "{}")).text.contains("s.echo")
    });
    let heard: Vec<Heard> = std::thread::scope(|scope| {
        let client = &client;
        let calls: Vec<_> =
            (0..CALLS).map(|number| scope.spawn(move || in_pieces(client, number))).collect();
        calls.into_iter().map(|call| call.join().unwrap()).collect()
    });
    assert_eq!(setup.read("s", "log").len(), heard.len(), "resuming executes nothing again");
    heard
}

#[test]
fn fifty_streams_cut_at_random_during_floods_have_no_gap_and_no_duplicate() {
    // room for all of it: a stream that finds none is lost, by design
    let roomy = json!({ "resume": { "max_events": 100_000, "max_bytes": "64MiB" } });
    for heard in pressed(&roomy) {
        assert_eq!(heard.steps, (1..=STEPS).collect::<Vec<_>>());
        assert!(heard.answer["result"].is_object(), "{}", heard.answer);
        assert!(heard.connections > 2, "{} connections", heard.connections);
    }
}

#[test]
fn where_there_is_little_room_a_client_is_told_what_it_misses_and_nothing_twice() {
    let narrow = json!({ "resume": { "max_events": 2_000 } });
    for heard in pressed(&narrow) {
        assert!(heard.steps.is_sorted_by(|one, next| one < next), "{:?}", heard.steps);
        let told = heard.steps.len() as u64;
        if heard.answer["result"].is_object() {
            assert_eq!(told + heard.missing, STEPS);
        } else {
            assert_eq!(heard.answer["error"]["code"], -32_006, "{}", heard.answer);
        }
    }
}

//! Streams of one session that lose their connections all the time while everything is told at once: each
//! client that comes back hears the rest, and nothing twice.
#![cfg(target_os = "linux")]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[allow(dead_code)]
#[path = "http_sessions/client.rs"]
mod client;
#[path = "support/process.rs"]
mod process;

use client::{Client, Event, Response};
use process::{Setup, call_with_progress, parse, request, until};
use serde_json::json;

const CALLS: u64 = 50;
const STEPS: u64 = 600;
/// The longest piece of a stream that comes over one connection, in bytes.
const PIECE: u64 = 20_000;

/// Numbers that look random and are the same in every run.
struct Seeded(u64);

impl Seeded {
    /// Below `bound`.
    fn next(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % bound
    }
}

/// Reads a call's stream to its end, over as many connections as it takes; how many that were.
fn in_pieces(client: &Client, number: u64) -> (Vec<Event>, usize) {
    let mut seeded = Seeded(number);
    let call = call_with_progress(&number.to_string(), "s.echo", &format!("\"t{number}\""));
    let mut response = client.post(&call, "text/event-stream");
    let mut events: Vec<Event> = Vec::new();
    for connections in 1.. {
        cut(&mut response, seeded.next(PIECE));
        assert_eq!(response.status(), 200, "{}", response.text);
        events.extend(response.events());
        if events.last().is_some_and(|event| event.data.contains("\"result\"")) {
            return (events, connections);
        }
        let last = events.last().expect("the first event comes first").id.clone().expect("an id");
        // when the client is back, its earlier connection is closed or not
        let _open = (seeded.next(2) == 0).then_some(response);
        response = client.get(Some(&last));
    }
    unreachable!()
}

/// Reads the head and so many bytes after it, or after the first event; the rest is lost on the way.
fn cut(response: &mut Response, bytes: u64) {
    let bytes = usize::try_from(bytes).unwrap();
    let read = response.until(|it| !it.events().is_empty() && it.body().len() >= bytes);
    assert!(read || response.body().contains("\"result\""), "ended early: {}", response.text);
    let whole = response.body().find("\n\n").map_or(0, |end| end + 2);
    let head = response.text.len() - response.body().len();
    response.text.truncate(head + bytes.max(whole));
}

#[test]
fn fifty_streams_cut_at_random_during_floods_have_no_gap_and_no_duplicate() {
    // room for all of it: a stream that finds none is lost, by design
    let resume = json!({ "http": { "resume": { "max_events": 100_000, "max_bytes": "64MiB" } } });
    let flags = format!("--progress {STEPS} --delay 100");
    let setup = Setup::new(resume).server("s", &flags, json!({ "max_in_flight": CALLS }));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), "2025-11-25");
    until("the server is there", || {
        client.ask(&request("\"list\"", "tools/list", "{}")).text.contains("s.echo")
    });
    std::thread::scope(|scope| {
        for number in 0..CALLS {
            let client = client.clone();
            scope.spawn(move || {
                let (events, connections) = in_pieces(&client, number);
                let told = events.iter().filter(|event| !event.data.is_empty());
                let told: Vec<_> = told.map(|event| parse(&event.data)).collect();
                let (answer, steps) = told.split_last().unwrap();
                let at: Vec<u64> =
                    steps.iter().map(|it| it["params"]["progress"].as_u64().unwrap()).collect();
                assert_eq!(at, (1..=STEPS).collect::<Vec<_>>(), "of call {number}");
                let token = format!("t{number}");
                assert!(steps.iter().all(|it| it["params"]["progressToken"] == *token));
                assert_eq!(answer["id"], number, "{answer}");
                assert!(connections > 2, "{connections} of call {number}");
            });
        }
    });
    assert_eq!(setup.read("s", "log").len(), 50, "resuming executes nothing again");
}

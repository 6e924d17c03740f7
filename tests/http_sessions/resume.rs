//! A client that loses its connection is told the rest, and nothing twice.

use crate::client::{Client, Event};
use crate::process::{Setup, call, call_with_progress, parse, request, until};
use serde_json::{Value, json};
use std::collections::HashSet;

const EVENTS: &str = "text/event-stream";
const NEWEST: &str = "2025-11-25";
const PROGRESS: u64 = 12;

fn talking() -> Setup {
    let flags = format!("--progress {PROGRESS} --progress-pause 4");
    Setup::new(json!({})).server("s", &flags, json!({}))
}

/// The progress and the answer in some events, in their order; what has no data is left out.
fn said(events: &[Event]) -> Vec<String> {
    let told = events.iter().filter(|event| !event.data.is_empty()).map(|event| {
        let message = parse(&event.data);
        match message["params"]["progress"].as_f64() {
            Some(progress) => progress.to_string(),
            None => format!("answer {}", message["id"]),
        }
    });
    told.collect()
}

fn everything(id: usize) -> Vec<String> {
    let progress = (1..=PROGRESS).map(|at| at.to_string());
    progress.chain([format!("answer {id}")]).collect()
}

/// Posts a call and reads it in pieces of so many bytes, each on a connection of its own.
fn in_pieces(client: &Client, id: usize, bytes: usize) -> Vec<Event> {
    let call = call_with_progress(&id.to_string(), "s.echo", &format!("\"t{id}\""));
    let mut response = client.post(&call, EVENTS);
    let mut events: Vec<Event> = Vec::new();
    for _cut in 0..500 {
        response.bytes(bytes);
        assert_eq!(response.status(), 200, "{}", response.text);
        events.extend(response.events());
        if events.last().is_some_and(|event| event.data.contains("\"result\"")) {
            return events;
        }
        let last = events.last().expect("too small a piece").id.clone().expect("an id");
        response = client.get(Some(&last));
    }
    panic!("it does not end: {events:?}");
}

#[test]
fn a_stream_cut_anywhere_and_resumed_has_no_gap_and_no_duplicate() {
    let setup = talking();
    let gateway = setup.serve();
    for revision in ["2025-03-26", "2025-06-18", NEWEST] {
        let client = Client::open(gateway.address(), revision);
        let mut ids = HashSet::new();
        let mut count = 0;
        for (id, bytes) in (300..1540).step_by(31).enumerate() {
            let events = in_pieces(&client, id, bytes);
            assert_eq!(said(&events), everything(id), "{revision}, pieces of {bytes}");
            count += events.len();
            ids.extend(events.into_iter().map(|event| event.id.unwrap()));
        }
        assert_eq!(ids.len(), count, "every event of a session has an id of its own");
    }
    assert_eq!(setup.read("s", "log").len(), 3 * 40, "resuming executes nothing again");
}

#[test]
fn streams_cut_at_the_same_time_are_not_mixed() {
    let setup = talking();
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), NEWEST);
    std::thread::scope(|scope| {
        for id in 0..8 {
            let client = client.clone();
            scope.spawn(move || {
                assert_eq!(said(&in_pieces(&client, id, 250 + 40 * id)), everything(id));
            });
        }
    });
}

#[test]
fn only_clients_that_know_of_it_get_an_event_without_data_first() {
    let setup = talking();
    let gateway = setup.serve();
    for (revision, primed, ids) in [
        ("2024-11-05", false, false),
        ("2025-03-26", false, true),
        ("2025-06-18", false, true),
        (NEWEST, true, true),
    ] {
        let client = Client::open(gateway.address(), revision);
        let mut response = client.post(&call("1", "s.echo", "{}"), EVENTS);
        response.finish();
        let events = response.events();
        assert_eq!(events[0].data.is_empty(), primed, "{revision}");
        assert_eq!(events[0].retry.is_some(), primed, "{revision}");
        assert_eq!(events.len(), 1 + usize::from(primed), "{revision}");
        assert_eq!(events.iter().all(|event| event.id.is_some()), ids, "{revision}");
    }
}

#[test]
fn a_call_goes_on_without_its_client_and_its_answer_waits() {
    let setup = Setup::new(json!({})).server("s", "--delay 300 --log-answers", json!({}));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), NEWEST);
    let mut response = client.post(&call("1", "s.echo", r#"{"text":"kept"}"#), EVENTS);
    response.wait_for(1);
    let first = response.events()[0].id.clone().unwrap();
    drop(response);
    until("it was answered", || {
        setup.read("s", "log").iter().any(|line| line.contains("answered"))
    });
    // whoever asks twice is told twice
    for _ in 0..2 {
        let mut resumed = client.get(Some(&first));
        resumed.finish();
        let events = resumed.events();
        assert_eq!(said(&events), ["answer 1"]);
        assert!(events[0].data.contains("kept"));
        // nothing comes after the answer
        let mut after = client.get(events[0].id.as_deref());
        after.finish();
        assert_eq!((after.status(), after.events().len()), (200, 0));
    }
    assert_eq!(setup.received("s", "notifications/cancelled"), Vec::<String>::new());
    assert_eq!(setup.received("s", "tools/call").len(), 1);
}

/// Begins a call that is never answered, and leaves once an id of its stream is known.
fn left_alone(client: &Client, setup: &Setup, count: usize) -> String {
    let mut response = client.post(&call(&count.to_string(), "s.echo", "{}"), EVENTS);
    response.wait_for(1);
    until("it is at the server", || setup.received("s", "tools/call").len() == count);
    response.events()[0].id.clone().unwrap()
}

fn cancelled(setup: &Setup) -> usize {
    setup.received("s", "notifications/cancelled").len()
}

#[test]
fn a_client_that_does_not_come_back_in_time_has_its_call_cancelled_and_is_told_so() {
    let setup = Setup::new(json!({ "http": { "resume": { "ttl": "300ms" } } })).server(
        "s",
        "--delay 600000",
        json!({}),
    );
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), NEWEST);
    let id = left_alone(&client, &setup, 1);
    until("it is cancelled", || cancelled(&setup) == 1);
    let mut resumed = client.get(Some(&id));
    resumed.finish();
    assert_eq!(resumed.status(), 200);
    let answer: Value = parse(&resumed.events()[0].data);
    assert_eq!((&answer["id"], &answer["error"]["code"]), (&json!(1), &json!(-32_006)));
    assert!(answer["error"]["message"].as_str().unwrap().contains("http.resume"), "{answer}");
}

#[test]
fn a_client_that_knows_no_event_cannot_come_back_so_its_call_is_cancelled() {
    let setup = Setup::new(json!({})).server("s", "--delay 600000", json!({}));
    let gateway = setup.serve();
    // no first event for this one, and nothing was said yet
    let client = Client::open(gateway.address(), "2025-06-18");
    let mut response = client.post(&call("1", "s.echo", "{}"), EVENTS);
    assert!(response.until(|it| it.text.contains("\r\n\r\n")));
    until("it is at the server", || setup.received("s", "tools/call").len() == 1);
    drop(response);
    until("it is cancelled", || cancelled(&setup) == 1);
}

#[test]
fn with_a_time_of_zero_nothing_is_kept_and_leaving_cancels() {
    let setup = Setup::new(json!({ "http": { "resume": { "ttl": 0 } } })).server(
        "s",
        "--delay 1 --progress 6000 --progress-pause 20",
        json!({}),
    );
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), NEWEST);
    let mut response = client.post(&call_with_progress("1", "s.echo", "1"), EVENTS);
    response.wait_for(1);
    assert_eq!(response.events()[0].id, None);
    drop(response);
    until("it is cancelled", || cancelled(&setup) == 1);
}

#[test]
fn more_than_may_be_kept_cancels_the_call_that_says_it() {
    for (key, value) in
        [("max_events", json!(5)), ("max_bytes", json!("2KiB")), ("max_total_bytes", json!("2KiB"))]
    {
        let setup = Setup::new(json!({ "http": { "resume": { key: value } } })).server(
            "s",
            "--delay 1 --progress 6000 --progress-pause 20",
            json!({}),
        );
        let gateway = setup.serve();
        let client = Client::open(gateway.address(), NEWEST);
        let mut response = client.post(&call_with_progress("1", "s.echo", "1"), EVENTS);
        // a client that reads is not bounded
        response.wait_for(20);
        assert_eq!(cancelled(&setup), 0);
        let last = response.events().pop().unwrap().id.unwrap();
        drop(response);
        until("it is cancelled", || cancelled(&setup) == 1);
        let mut resumed = client.get(Some(&last));
        resumed.finish();
        assert_eq!(parse(&resumed.events()[0].data)["error"]["code"], -32_006, "{key}");
    }
}

#[test]
fn an_event_nobody_sent_is_refused_and_the_session_goes_on() {
    let setup = talking();
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), NEWEST);
    let other = Client::open(gateway.address(), NEWEST);
    let mut response = client.post(&call("1", "s.echo", "{}"), EVENTS);
    response.finish();
    let id = response.events().pop().unwrap().id.unwrap();
    let never = format!("{}-99", id.rsplit_once('-').unwrap().0);
    for (who, id) in [(&client, "nonsense"), (&client, never.as_str()), (&other, id.as_str())] {
        let mut refused = who.get(Some(id));
        refused.finish();
        assert_eq!((refused.status(), &refused.json()["error"]["code"]), (400, &json!(-32_600)));
    }
    assert_eq!(client.ask_status(&request("2", "ping", "{}")), 200);
    assert_eq!(client.leave(), 200);
    until("the session is gone", || {
        let mut gone = client.get(Some(&id));
        gone.finish();
        gone.status() == 404
    });
}

#[test]
fn the_standing_stream_goes_on_where_it_was_cut() {
    let setup = Setup::new(json!({})).server("s", "--change-tools-after-calls 1", json!({}));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), NEWEST);
    let changed = |event: &Event| event.data.contains("notifications/tools/list_changed");
    let mut listening = client.get(None);
    listening.wait_for(1);
    let first = listening.events()[0].id.clone().unwrap();
    drop(listening);
    client.ask(&call("1", "s.echo", "{}"));
    let mut resumed = client.get(Some(&first));
    assert!(resumed.until(|it| it.events().iter().any(changed)), "{}", resumed.text);
    drop(resumed);
    // one that begins anew is told what nobody took, and nothing twice
    let mut anew = client.get(None);
    anew.wait_for(1);
    drop(anew);
    let mut of_another_run = client.get(Some("00000000-s1-7"));
    of_another_run.wait_for(1);
    assert_eq!(of_another_run.status(), 200);
}

#[test]
fn news_outlive_the_stream_they_were_told_on() {
    let setup = Setup::new(json!({ "http": { "resume": { "ttl": "300ms" } } }))
        .server("s", "--delay 600000", json!({}))
        .server("news", "--change-tools-after-calls 1", json!({}));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), NEWEST);
    let changed = |event: &Event| event.data.contains("notifications/tools/list_changed");
    let mut listening = client.get(None);
    listening.wait_for(1);
    client.ask(&call("9", "news.echo", "{}"));
    drop(listening);
    // left later, so given up later
    left_alone(&client, &setup, 1);
    until("it is cancelled", || cancelled(&setup) == 1);
    let mut anew = client.get(None);
    assert!(anew.until(|it| it.events().iter().any(changed)), "{}", anew.text);
}

#[test]
fn a_second_reader_takes_the_place_of_the_first() {
    let setup = Setup::new(json!({})).server("s", "--progress 40 --progress-pause 20", json!({}));
    let gateway = setup.serve();
    let client = Client::open(gateway.address(), NEWEST);
    let mut first = client.post(&call_with_progress("1", "s.echo", "1"), EVENTS);
    first.wait_for(5);
    let last = first.events().pop().unwrap().id.unwrap();
    let before = first.events();
    let mut second = client.get(Some(&last));
    second.finish();
    first.finish();
    let events = second.events();
    let expected: Vec<String> =
        (1..=40).map(|at| at.to_string()).chain(["answer 1".to_owned()]).collect();
    assert_eq!([said(&before), said(&events)].concat(), expected);
    assert!(first.events().len() < 42, "it was ended");
}

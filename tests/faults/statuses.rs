//! Servers over HTTP that answer with a status, lose sessions, or do not listen.

use crate::row::{OVER_HTTP, Row};
use crate::stage::{Pace, play};
use crate::subject::Subject;
use crate::timeline::at;
use serde_json::Value;
use std::time::{Duration, Instant};

/// After a server is back, or a session was lost.
const AFTER_RETURN: Duration = Duration::from_secs(2);
/// What is asked for with 503.
const RETRY_AFTER: Duration = Duration::from_secs(3);
/// The time between two checks.
const INTERVAL: Duration = Duration::from_secs(2);
/// Somebody insists for so long.
const INSISTS: Duration = Duration::from_secs(8);
/// More requests than there will be.
const MANY: u64 = 1_000;

pub(crate) const ROWS: &[Row] = &[
    Row::new(&["status"], OVER_HTTP, asks_for_a_login)
        .causes(&["no connection to 127.0.0.1:", "asks for a login (HTTP 401)"]),
    Row::new(&["status"], OVER_HTTP, forgets_the_login).causes(&["asks for a login (HTTP 401)"]),
    Row::new(&["retry-after", "status"], OVER_HTTP, asks_for_time)
        .causes(&["no connection to 127.0.0.1:", "HTTP status 503"]),
    Row::new(&["status-for", "status"], OVER_HTTP, has_a_bad_moment).causes(&["HTTP status 500"]),
    Row::new(&["refuse"], OVER_HTTP, refuses_for_a_while)
        .causes(&["no connection to 127.0.0.1:", "the response stream ended without an answer"]),
    // over SSE the stream ends with the session: of a call just being posted nobody knows what became
    Row::new(&["session-loss"], OVER_HTTP, loses_the_session).causes(&["the event stream ended"]),
];

#[test]
fn servers_over_http_are_tried_again_as_they_ask_for() {
    play(Pace::Short, ROWS);
}

/// Starts it again with these flags and as many statuses as are wanted; somebody insists on calling.
fn insists(subject: &mut Subject, flags: &str, says: &str) {
    subject.serves();
    subject.server.end();
    subject.fails();
    subject.server.will_start_with(&format!("{flags} --status-for {MANY}"));
    subject.strike(); // it may be noticed as soon as it listens
    subject.server.start();
    subject.server.is_new();
    let since = Instant::now();
    while since.elapsed() < INSISTS {
        let text = subject.fails();
        assert!(text.contains(says) || since.elapsed() < AFTER_RETURN, "{text}");
    }
}

/// Requests that were answered with the status.
fn requests(subject: &mut Subject) -> u64 {
    let status = subject.server.control().status();
    MANY - status["faults"]["status-for"].as_u64().unwrap()
}

fn asks_for_a_login(subject: &mut Subject) {
    insists(subject, "--status 401", "asks for a login (HTTP 401)");
    let asked = requests(subject);
    // one a second, and the calls that were quicker than the probe after the first of them
    assert!(asked <= 2 * INSISTS.as_secs() + 8, "{asked} requests in {INSISTS:?}");
    std::thread::sleep(Duration::from_secs(2));
    assert!(requests(subject) <= asked + 1, "it is asked although nobody waits");
    subject.timeline.first(subject.struck_at(), "state", |event| event["state"] == "needs_login");
    subject.was_noticed(None);
    subject.times.note = format!("401: {asked} requests in {} s", INSISTS.as_secs());
    subject.order("clear");
    subject.recovers_since(Instant::now(), AFTER_RETURN);
}

/// The login expires while the session stands: a probe, at the latest, finds that it is wanted.
fn forgets_the_login(subject: &mut Subject) {
    subject.serves();
    subject.strike_by("set status 401");
    subject.fails();
    subject.was_answered(Duration::from_secs(1));
    let wanted = subject.was_noticed(Some(INTERVAL + Duration::from_secs(1)));
    assert!(wanted.contains("asks for a login (HTTP 401)"), "{wanted}");
    subject.timeline.first(subject.struck_at(), "state", |event| event["state"] == "needs_login");
    subject.times.note = "401 in a session".into();
    subject.order("clear");
    subject.recovers_since(Instant::now(), AFTER_RETURN);
}

fn asks_for_time(subject: &mut Subject) {
    insists(subject, "--status 503 --retry-after 3", "HTTP status 503");
    let asked = requests(subject);
    subject.was_noticed(None);
    subject.order("clear");
    subject.recovers_since(Instant::now(), RETRY_AFTER + AFTER_RETURN);
    let events = subject.timeline.since(subject.struck_at());
    let mut not_before = 0;
    for event in &events {
        if event["event"] == "attempt" {
            assert!(at(event) >= not_before, "{events:?}");
        } else if is_busy(event) {
            // times are whole milliseconds, each rounded down
            not_before = at(event) + u64::try_from(RETRY_AFTER.as_millis()).unwrap() - 1;
        }
    }
    assert!(asked <= INSISTS.as_secs() / RETRY_AFTER.as_secs() + 2, "{asked} requests");
    subject.times.note = format!("503: {asked} requests in {} s", INSISTS.as_secs());
}

fn is_busy(event: &Value) -> bool {
    event["cause"].as_str().is_some_and(|cause| cause.contains("503"))
}

fn has_a_bad_moment(subject: &mut Subject) {
    subject.serves();
    subject.strike_by("set status 500 for 3");
    subject.fails();
    subject.was_answered(Duration::from_secs(1));
    subject.recovers(AFTER_RETURN);
    subject.was_never_down();
}

fn refuses_for_a_while(subject: &mut Subject) {
    subject.serves();
    subject.strike_by("refuse");
    subject.fails();
    subject.was_noticed(None);
    subject.order("listen");
    subject.recovers_since(Instant::now(), AFTER_RETURN);
}

/// No call fails of it that was begun after it was noticed.
fn loses_the_session(subject: &mut Subject) {
    subject.serves();
    subject.strike_by("session-loss");
    subject.recovers(AFTER_RETURN);
    subject.was_noticed(None);
}

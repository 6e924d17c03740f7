//! Servers that are late: with answers, at the start, or with what only the gateway asks.

use crate::row::{ALL, Row};
use crate::stage::{Pace, play};
use crate::subject::Subject;
use std::time::{Duration, Instant};

/// What a late answer is late by at least.
const LATE: Duration = Duration::from_millis(300);
/// What a late start takes on top of the usual bound.
const SLOW: Duration = Duration::from_millis(500);
/// A handshake that is never answered is given up after two seconds; then comes an interval.
const AFTER_MUTE: Duration = Duration::from_secs(2 + 2);
/// A silent server nobody waits for is found within interval × failures + timeout, and a second for
/// a busy machine.
const FOUND: Duration = Duration::from_secs(2 * 3 + 1 + 1);

pub(crate) const ROWS: &[Row] = &[
    Row::new(&["delay"], ALL, |subject| is_late(subject, "set delay 300")),
    Row::new(&["latency"], ALL, |subject| is_late(subject, "set latency 300")),
    Row::new(&["slow-start"], ALL, |subject| starts_late(subject, "--slow-start 500"))
        .causes(&["the process ended (", "no connection to 127.0.0.1:"]),
    Row::new(&["slow-initialize"], ALL, |subject| starts_late(subject, "--slow-initialize 500"))
        .causes(&["the process ended (", "no connection to 127.0.0.1:"]),
    Row::new(&["ping-mute"], ALL, |subject| is_left_alone(subject, "set ping-mute")),
    Row::new(&["ping-unsupported"], ALL, |subject| is_left_alone(subject, "set ping-unsupported")),
    Row::new(&["freeze"], ALL, is_missed_by_nobody).causes(&[
        "nothing was heard for",
        "no connection to",
        "no answer to",
    ]),
];

/// On a stage of their own: a handshake under way takes one of three places.
pub(crate) const MUTE: &[Row] = &[Row::new(&["mute-initialize"], ALL, never_shakes_hands)
    .settings(r#"{"connect_timeout":"2s"}"#)
    .causes(&[
        "no answer to `",
        "no connection to 127.0.0.1:",
        "no longer knows the session",
        "the process ended (",
    ])];

#[test]
fn late_servers_are_waited_for_and_deaf_ones_are_found() {
    play(Pace::Short, ROWS);
}

#[test]
fn handshakes_nobody_answers_are_given_up() {
    play(Pace::Short, MUTE);
}

fn is_late(subject: &mut Subject, command: &str) {
    subject.serves();
    subject.strike_by(command);
    let called = subject.serves();
    assert!(called.took >= LATE, "{called:?}");
    subject.times.answered = Some(called.took);
    subject.was_never_down();
}

fn starts_late(subject: &mut Subject, flags: &str) {
    subject.serves();
    subject.server.will_start_with(flags);
    if subject.is_stdio() {
        subject.strike_by("kill");
        return subject.recovers(Duration::from_secs(1) + SLOW);
    }
    subject.server.end();
    subject.fails();
    subject.server.start();
    subject.recovers_since(Instant::now(), Duration::from_secs(2) + SLOW);
}

fn never_shakes_hands(subject: &mut Subject) {
    subject.serves();
    subject.server.will_start_with("--mute-initialize");
    if subject.is_stdio() {
        subject.strike_by("kill");
    } else {
        subject.server.end();
        subject.server.start();
        subject.strike();
    }
    subject.server.is_new();
    while !subject.fails().contains("no answer to `") {}
    subject.server.will_start_with("");
    if !subject.is_stdio() {
        subject.order("clear");
    }
    subject.recovers_since(Instant::now(), AFTER_MUTE);
}

/// It does not answer pings, and nobody calls it; yet it lives.
fn is_left_alone(subject: &mut Subject, command: &str) {
    subject.serves();
    subject.strike_by(command);
    std::thread::sleep(FOUND);
    subject.was_never_down();
    subject.serves();
}

/// It is stopped, and nobody calls it.
fn is_missed_by_nobody(subject: &mut Subject) {
    subject.serves();
    let process = subject.server.process();
    subject.strike_by("freeze");
    let cause = subject.was_noticed(Some(FOUND));
    assert!(cause.starts_with("nothing was heard for"), "{cause}");
    subject.times.note = "nobody waits".into();
    let since = Instant::now();
    if subject.is_stdio() {
        subject.server.is_gone(&process);
    } else {
        process.signal(rustix::process::Signal::CONT);
    }
    subject.recovers_since(since, Duration::from_secs(5));
}

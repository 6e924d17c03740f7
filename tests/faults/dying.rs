//! Servers that die: by a signal, by themselves, before or while they are called, again and again.

use crate::process::family;
use crate::row::{ALL, OVER_HTTP, Row, STDIO};
use crate::stage::{Pace, play};
use crate::subject::Subject;
use std::time::{Duration, Instant};

/// After a process of the gateway died.
const AFTER_DEATH: Duration = Duration::from_secs(1);
/// After a server over HTTP is back.
const AFTER_RETURN: Duration = Duration::from_secs(2);
/// After the cause of a crash loop is gone.
const AFTER_LOOP: Duration = Duration::from_secs(5);

/// What is told of a server over HTTP whose process is gone.
const GONE: &[&str] = &[
    "the process ended (",
    "no connection to 127.0.0.1:",
    "the response stream ended without an answer",
];

pub(crate) const ROWS: &[Row] = &[
    Row::new(&["kill"], ALL, |subject| dies(subject, "kill")).causes(GONE),
    Row::new(&["exit"], ALL, |subject| dies(subject, "exit 3")).causes(GONE),
    Row::new(&["exit-on-call"], ALL, |subject| dies_of(subject, "set exit-on-call")).causes(GONE),
    Row::new(&["exit-at-call"], ALL, |subject| dies_of(subject, "set exit-at-call 1")).causes(GONE),
    Row::new(&["kill-at-call"], ALL, |subject| dies_of(subject, "set kill-at-call 1")).causes(GONE),
    Row::new(&["exit-after-calls"], ALL, dies_after_calls).causes(GONE),
    Row::new(&["close-stdout-on-call", "ignore-term"], STDIO, goes_mute_and_stays)
        .causes(&["the process closed its output"]),
    Row::new(&["close-stdout-on-call"], OVER_HTTP, cuts_the_answer).causes(GONE),
    Row::new(&["grandchild"], STDIO, leaves_a_grandchild).causes(GONE),
    Row::new(&["crash-at-start"], ALL, crashes_in_a_loop)
        .causes(&["the process ended (exit code 3)", "no connection to 127.0.0.1:"]),
];

#[test]
fn servers_that_die_are_replaced_and_who_waits_is_told() {
    play(Pace::Short, ROWS);
}

/// Starts it again, if the gateway does not; it is down when this begins.
fn comes_back(subject: &mut Subject) {
    if subject.is_stdio() {
        return subject.recovers(AFTER_DEATH);
    }
    subject.server.end();
    subject.fails();
    subject.server.start();
    subject.recovers_since(Instant::now(), AFTER_RETURN);
}

/// Nobody calls it when it dies.
fn dies(subject: &mut Subject, command: &str) {
    subject.serves();
    let process = subject.server.process();
    subject.strike_by(command);
    subject.server.is_gone(&process);
    comes_back(subject);
    subject.was_noticed(None);
}

/// It dies of the call it has just executed.
fn dies_of(subject: &mut Subject, command: &str) {
    subject.serves();
    subject.order(command);
    subject.strike();
    subject.fails();
    subject.was_answered(AFTER_DEATH);
    comes_back(subject);
    subject.was_noticed(None);
}

/// It dies once it has answered, so no call is lost.
fn dies_after_calls(subject: &mut Subject) {
    subject.serves();
    let process = subject.server.process();
    subject.order("set exit-after-calls 2");
    subject.strike();
    subject.serves();
    subject.server.is_gone(&process);
    subject.strike();
    comes_back(subject);
}

/// It closes stdout and survives SIGTERM: it is replaced, and killed in the end.
fn goes_mute_and_stays(subject: &mut Subject) {
    subject.serves();
    let process = subject.server.process();
    subject.order("set close-stdout-on-call ignore-term");
    subject.strike();
    subject.fails();
    subject.was_answered(AFTER_DEATH);
    subject.recovers(AFTER_DEATH);
    subject.was_noticed(None);
    subject.server.is_gone(&process);
}

/// The connection of one answer breaks: that call alone is lost.
fn cuts_the_answer(subject: &mut Subject) {
    subject.serves();
    subject.order("set close-stdout-on-call");
    subject.strike();
    subject.fails();
    subject.was_answered(AFTER_DEATH);
    subject.order("clear");
    subject.recovers(AFTER_RETURN);
}

/// Its child holds stdout open, so that its end is not seen there; no child is left.
fn leaves_a_grandchild(subject: &mut Subject) {
    subject.serves();
    subject.order("set grandchild");
    let before = family(&subject.server.process());
    assert_eq!(before.len(), 2, "{before:?}");
    subject.strike_by("kill");
    subject.recovers(AFTER_DEATH);
    subject.was_noticed(None);
    for process in &before {
        subject.server.is_gone(process);
    }
}

/// It dies before it says a word, until its cause is gone; it is started once a second at most.
fn crashes_in_a_loop(subject: &mut Subject) {
    subject.serves();
    let process = subject.server.process();
    subject.server.will_start_with("--crash-at-start 3");
    subject.strike_by("kill");
    subject.server.is_gone(&process);
    if !subject.is_stdio() {
        subject.server.end();
        subject.server.start();
    }
    while !crashed_often(subject) {
        subject.fails();
    }
    subject.was_noticed(None);
    subject.server.will_start_with("");
    if !subject.is_stdio() {
        subject.server.start();
    }
    subject.recovers_since(Instant::now(), AFTER_LOOP);
    let attempts = subject.timeline.since(subject.struck_at());
    let mut attempts =
        attempts.iter().filter(|event| event["event"] == "attempt").map(crate::timeline::at);
    let first = attempts.next().unwrap();
    attempts.try_fold(first, |last, next| (next >= last + 990).then_some(next)).expect("spaced");
}

/// It was tried again at least twice.
fn crashed_often(subject: &Subject) -> bool {
    let events = subject.timeline.since(subject.struck_at());
    events.iter().filter(|event| event["event"] == "attempt").count() > 2
}

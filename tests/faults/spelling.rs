//! Servers that answer and spell it wrongly, or say more than they should.
//!
//! An answer that can be told from its surroundings is passed on; of the others one call fails, and
//! the connection stands.

use crate::row::{ALL, Row};
use crate::server::Transport;
use crate::stage::{Pace, play};
use crate::subject::Subject;
use std::time::{Duration, Instant};

/// As many calls are made while the fault is on.
const CALLS: usize = 8;
/// Who waits for an answer that cannot be read is told by then.
const TOLD: Duration = Duration::from_secs(3);
/// Once it spells right again.
const AFTER: Duration = Duration::from_secs(2);
/// Calls end after two seconds here.
const IMPATIENT: &str = r#"{"call_timeout":"2s"}"#;

const HTTP: &[Transport] = &[Transport::Http];
const STREAMED: &str = "--http-reply sse";
const UNREADABLE: &[&str] = &["the answer cannot be read", "its answer cannot be read"];

pub(crate) const ROWS: &[Row] = &[
    Row::new(&["garbage"], ALL, |subject| is_understood(subject, "set garbage"))
        .flags("--http-reply sse --garbage"),
    Row::new(&["garbage-rate"], ALL, |subject| is_understood(subject, "set garbage-rate 100"))
        .flags(STREAMED),
    Row::new(&["huge-line"], ALL, |subject| is_understood(subject, "set huge-line 65536"))
        .flags(STREAMED),
    Row::new(&["double-answer"], ALL, |subject| is_understood(subject, "set double-answer"))
        .flags(STREAMED),
    Row::new(&["all-requests", "double-answer"], ALL, |subject| {
        is_understood(subject, "set all-requests double-answer");
    })
    .flags("--http-reply sse --all-requests --double-answer"),
    Row::new(&["wrong-id-then-right"], ALL, |subject| {
        is_understood(subject, "set wrong-id-then-right");
    })
    .flags(STREAMED),
    Row::new(&["omit-jsonrpc"], ALL, |subject| is_understood(subject, "set omit-jsonrpc"))
        .flags("--omit-jsonrpc"),
    Row::new(&["error-null"], ALL, |subject| is_understood(subject, "set error-null"))
        .flags("--error-null"),
    Row::new(&["pretty"], ALL, |subject| is_understood(subject, "set pretty")).flags("--pretty"),
    Row::new(&["huge-result"], ALL, |subject| is_understood(subject, "set huge-result 500000")),
    // above `max_message_bytes`
    Row::new(&["huge-line"], &[Transport::Stdio, Transport::Sse], |subject| {
        is_understood(subject, "set huge-line 2000000");
    }),
    Row::new(&["huge-line"], HTTP, |subject| is_not(subject, "set huge-line 2000000", TOLD))
        .flags(STREAMED)
        .causes(UNREADABLE),
    Row::new(&["huge-result"], ALL, |subject| is_not(subject, "set huge-result 2000000", TOLD))
        .causes(UNREADABLE),
    Row::new(&["wrong-id"], ALL, |subject| is_not(subject, "set wrong-id", TOLD * 2))
        .settings(IMPATIENT)
        .causes(&["gave no sign of this call for 2 s", "does not hold the answer"]),
    // a body that is to be one object cannot be taken apart
    Row::new(&["garbage"], HTTP, |subject| is_not(subject, "set garbage", TOLD)).causes(UNREADABLE),
    Row::new(&["double-answer"], HTTP, |subject| is_not(subject, "set double-answer", TOLD))
        .causes(UNREADABLE),
    Row::new(&["wrong-id-then-right"], HTTP, |subject| {
        is_not(subject, "set wrong-id-then-right", TOLD);
    })
    .causes(UNREADABLE),
];

#[test]
fn what_is_spelled_wrongly_is_understood_or_costs_one_call() {
    play(Pace::Short, ROWS);
}

fn is_understood(subject: &mut Subject, command: &str) {
    subject.serves();
    subject.strike_by(command);
    subject.serves_all(CALLS);
    subject.was_never_down();
    subject.serves();
}

fn is_not(subject: &mut Subject, command: &str, bound: Duration) {
    subject.serves();
    subject.strike_by(command);
    subject.fails();
    subject.was_answered(bound);
    subject.order("clear");
    subject.recovers_since(Instant::now(), AFTER);
    subject.was_never_down();
}

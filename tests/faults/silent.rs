//! Servers whose connection stands and who say nothing, while somebody waits: with the intervals as
//! they are by default.

use crate::row::{ALL, OVER_HTTP, Row, STDIO};
use crate::stage::{Pace, play};
use crate::subject::Subject;
use rustix::process::Signal;
use std::time::{Duration, Instant};

/// Who waits is answered by then.
const ANSWERED: Duration = Duration::from_secs(10);
/// By then a server that is found dead is given up.
const LONGER: Duration = Duration::from_secs(12);
/// A replacement serves by then.
const REPLACED: Duration = Duration::from_secs(15);
/// After a server over HTTP moves again. What was asked meanwhile may be lost, so that the handshake on
/// its way is given up first; who has no such handshake may wait for a slot behind three who do.
const HEARS_ANEW: Duration = Duration::from_secs(5 + 2);

const SILENCE: &[&str] = &["nothing was heard for"];

pub(crate) const ROWS: &[Row] = &[
    row(&["freeze"], |subject| stands_still(subject, "freeze", HEARS_ANEW)),
    row(&["freeze-at-call"], |subject| stands_still(subject, "set freeze-at-call 1", HEARS_ANEW)),
    Row {
        on: OVER_HTTP,
        ..row(&["freeze-loop"], |subject| stands_still(subject, "set freeze-loop", HEARS_ANEW))
    },
    Row { on: STDIO, ..row(&["freeze-loop"], is_kept_by_its_call) },
    row(&["freeze-on-call"], |subject| stands_still(subject, "set freeze-on-call", HEARS_ANEW)),
    row(&["black-hole"], |subject| stands_still(subject, "set black-hole", HEARS_ANEW)),
];

const fn row(fault: &'static [&'static str], play: fn(&mut Subject)) -> Row {
    Row::new(fault, ALL, play).settings(r#"{"connect_timeout":"5s"}"#).causes(SILENCE)
}

#[test]
fn silent_servers_are_found_replaced_and_their_callers_answered() {
    play(Pace::Default, ROWS);
}

/// A child that does not even read while it has a call may be at work in it: it is left alone.
fn is_kept_by_its_call(subject: &mut Subject) {
    subject.serves();
    subject.strike_by("set freeze-loop");
    let waiting = subject.begin();
    std::thread::sleep(LONGER);
    subject.order("clear");
    let called = waiting.end(subject);
    assert!(called.is_served(), "{}", called.answer);
    subject.was_never_down();
}

fn stands_still(subject: &mut Subject, command: &str, bound: Duration) {
    subject.serves();
    let process = subject.server.process();
    subject.strike_by(command);
    subject.fails();
    subject.was_answered(ANSWERED);
    if subject.is_stdio() {
        subject.recovers(REPLACED);
        subject.was_noticed(None);
        return subject.server.is_gone(&process);
    }
    subject.was_noticed(None);
    if process.is_stopped() {
        process.signal(Signal::CONT);
    } else {
        subject.order("clear");
    }
    subject.recovers_since(Instant::now(), bound);
}

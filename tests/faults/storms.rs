//! Servers that never stop talking: to stderr, or about their tools.

use crate::row::{ALL, Row, STDIO};
use crate::stage::{Pace, play};
use crate::subject::Subject;
use std::time::Duration;

/// How long a storm blows.
const STORM: Duration = Duration::from_secs(4);
/// Most listings a second.
const LISTINGS: usize = 5;

pub(crate) const ROWS: &[Row] = &[
    Row::new(&["list-changed-rate"], ALL, |subject| {
        storms(subject, "set list-changed-rate 1000");
    }),
    Row::new(&["flood-stderr"], STDIO, |subject| storms(subject, "set flood-stderr")),
];

pub(crate) const FASTEST: &[Row] = &[Row::new(&["flood-list-changed"], ALL, |subject| {
    storms(subject, "set flood-list-changed");
})];

#[test]
fn a_thousand_changes_a_second_cause_few_listings() {
    play(Pace::Short, ROWS);
}

#[test]
fn changes_as_fast_as_can_be_cause_few_listings() {
    // one at a time: each takes all of a processor it can have
    for transport in ALL.chunks(1) {
        play(
            Pace::Short,
            &FASTEST.iter().map(|row| Row { on: transport, ..*row }).collect::<Vec<_>>(),
        );
    }
}

fn storms(subject: &mut Subject, command: &str) {
    subject.serves();
    let before = subject.server.received("tools/list");
    subject.strike_by(command);
    let since = std::time::Instant::now();
    let mut slowest = Duration::ZERO;
    while since.elapsed() < STORM {
        slowest = slowest.max(subject.serves().took);
        std::thread::sleep(Duration::from_millis(50));
    }
    let listed = subject.server.received("tools/list") - before;
    let most = LISTINGS * usize::try_from(since.elapsed().as_secs() + 1).unwrap();
    assert!(listed <= most, "{listed} listings");
    subject.order("clear");
    subject.times.note = format!(
        "{listed} listings in {} s, slowest call {} ms",
        STORM.as_secs(),
        slowest.as_millis()
    );
    subject.was_never_down();
    subject.serves();
}

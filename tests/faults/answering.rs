//! Servers that live and do not serve: their errors are passed on, their silence opens the breaker,
//! and their liveness is not in doubt.

use crate::row::{ALL, Row};
use crate::stage::{Pace, play};
use crate::subject::Subject;
use std::time::{Duration, Instant};

const CALLS: usize = 20;
/// Long enough for three checks.
const CHECKS: Duration = Duration::from_secs(6);
/// The breaker stays open for two seconds and a quarter more at most.
const AFTER_BREAKER: Duration = Duration::from_millis(2500 + 1000);

pub(crate) const ROWS: &[Row] = &[
    Row::new(&["error-rate"], ALL, |subject| fails_half(subject, "set error-rate 50")),
    Row::new(&["fail-rate"], ALL, |subject| fails_half(subject, "set fail-rate 50")),
    Row::new(&["delay"], ALL, opens_the_breaker)
        .settings(r#"{"call_timeout":"500ms","breaker":{"failures":5,"open_for":"2s"}}"#)
        .causes(&["gave no sign of this call for 0.5 s", "answered none of its last calls"]),
];

#[test]
fn servers_that_fail_calls_are_not_taken_for_dead() {
    play(Pace::Short, ROWS);
}

/// Half of the calls are answered with errors of its own.
fn fails_half(subject: &mut Subject, command: &str) {
    subject.serves();
    subject.strike_by(command);
    let (mut served, mut failed) = (0, 0);
    for _ in 0..CALLS {
        let called = subject.call();
        assert!(called.failure.is_none(), "{called:?}");
        let text = called.answer.to_string();
        served += usize::from(called.is_served());
        failed +=
            usize::from(text.contains("simulated error") || text.contains("simulated failure"));
    }
    assert_eq!(served + failed, CALLS);
    assert!(served >= CALLS / 4 && failed >= CALLS / 4, "{failed} of {CALLS} failed");
    std::thread::sleep(CHECKS);
    subject.was_never_down();
    subject.order("clear");
    subject.serves();
}

/// Its calls take for ever while it answers pings.
fn opens_the_breaker(subject: &mut Subject) {
    subject.serves();
    subject.strike_by("set delay 60000");
    for _ in 0..5 {
        assert!(subject.fails().contains("gave no sign"));
    }
    let since = Instant::now();
    let told = subject.fails();
    let expected = "answered none of its last calls (the last: no sign of it for 0.5 s)";
    assert!(told.contains(expected), "{told}");
    subject.times.answered = Some(since.elapsed());
    subject.order("clear");
    subject.recovers_since(since, AFTER_BREAKER);
    for state in ["open", "closed"] {
        subject.timeline.first(subject.struck_at(), "breaker", |event| event["state"] == state);
    }
    subject.times.note = "calls only: the breaker opens and closes".into();
    subject.was_never_down();
}

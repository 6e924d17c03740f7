//! Many servers that die at the same moment.

use crate::process::eventually;
use crate::row::{Row, STDIO};
use crate::stage::{Pace, Stage};
use crate::subject::Subject;
use crate::table;
use crate::timeline::at;
use rustix::process::Signal;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

const CROWD: usize = 12;
/// All of them are back by then.
const BACK: Duration = Duration::from_secs(8);
/// Handshakes at the same time, at most.
const SLOTS: usize = 3;
/// How long each start takes at least.
const START: Duration = Duration::from_millis(300);

pub(crate) const ROWS: &[Row] = &[Row::new(&["slow-start", "kill"], STDIO, |subject| {
    let called = subject.call();
    let took = called.took;
    subject.times.answered = Some(took);
    subject.recovers(BACK);
})
.flags("--slow-start 300")
.causes(&["the process ended (killed by SIGKILL)"])];

/// What lies at most between a server's list and its being shown, in milliseconds.
const PUBLISHING: u64 = 100;

#[test]
fn a_dozen_servers_come_back_three_at_a_time_the_wanted_one_among_the_first() {
    let mut stage = Stage::open(Pace::Short, &ROWS.repeat(CROWD));
    let mut subjects = stage.take();
    for subject in &mut subjects {
        subject.serves();
    }
    let processes: Vec<_> = subjects.iter().map(|subject| subject.server.process()).collect();
    for (subject, process) in subjects.iter_mut().zip(&processes) {
        subject.strike();
        process.signal(Signal::KILL);
    }
    let struck = subjects[0].struck_at();
    let wanted = subjects.last_mut().unwrap();
    (wanted.row.play)(wanted);
    wanted.times.note = "the one of twelve that is wanted".into();
    table::keep(&wanted.times);

    let (mut begun, mut ready): (Vec<_>, Vec<_>) =
        subjects.iter().map(|it| story(it, struck)).unzip();
    let rank = begun.iter().filter(|at| *at < begun.last().unwrap()).count();
    assert!(rank < 2 * SLOTS, "the wanted one was tried as number {rank}");
    for at in &begun {
        // a slot is given back with the list; until it is shown to clients, others are gathered
        let open = |begun, ready| begun <= at && *at + PUBLISHING < ready;
        let open = begun.iter().zip(&ready).filter(|(begun, ready)| open(*begun, **ready));
        assert!(open.count() <= SLOTS, "{begun:?} {ready:?}");
    }
    begun.sort_unstable();
    ready.sort_unstable();
    let took = Duration::from_millis(ready.last().unwrap() - struck);
    assert!(took <= BACK, "all are back after {took:?}");
    processes_start_three_at_a_time(&subjects);

    let last = subjects.first_mut().unwrap();
    last.times.recovered = Some(took);
    last.times.bound = Some(BACK);
    last.times.note = "all twelve".into();
    table::keep(&last.times);
    for subject in &mut subjects {
        subject.serves();
        subject.judge();
    }
    stage.judge();
}

/// When its connection was begun and when it was ready.
fn story(subject: &Subject, struck: u64) -> (u64, u64) {
    let begun = subject.timeline.first(struck, "attempt", |_| true);
    let ready = subject.timeline.first(at(&begun), "state", |event| event["state"] == "ready");
    (at(&begun), at(&ready))
}

/// The same, from outside: the files they write as they start.
fn processes_start_three_at_a_time(subjects: &[Subject]) {
    let started = |subject: &Subject| {
        let written = eventually("it wrote its id", || {
            subject.server.written("pid-file")?.duration_since(UNIX_EPOCH).ok()
        });
        assert!(SystemTime::now() > UNIX_EPOCH + written);
        written
    };
    let mut starts: Vec<Duration> = subjects.iter().map(started).collect();
    starts.sort_unstable();
    for window in starts.windows(SLOTS + 1) {
        assert!(window[SLOTS] >= window[0] + START.mul_f64(0.9), "{starts:?}");
    }
}

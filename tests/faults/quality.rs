//! Servers that become slower and slower, and still answer.

use crate::row::{ALL, Row};
use crate::stage::{Pace, play};
use crate::subject::Subject;
use std::time::Duration;

/// Time to learn what is usual, at two probes a second.
const LEARNS: Duration = Duration::from_secs(8);

pub(crate) const ROWS: &[Row] = &[Row::new(&["latency-ramp"], ALL, becomes_slower)];

#[test]
fn a_server_that_becomes_slower_is_told_of_before_it_fails() {
    play(Pace::Quick, ROWS);
}

fn becomes_slower(subject: &mut Subject) {
    subject.serves();
    std::thread::sleep(LEARNS);
    subject.strike_by("set latency-ramp 40");
    let told = |event: &serde_json::Value| event["trend"] == "degrading";
    let event = subject.timeline.first(subject.struck_at(), "quality", told);
    subject.times.detected =
        Some(Duration::from_millis(crate::timeline::at(&event) - subject.struck_at()));
    let (score, issues) = (&event["score"], event["issues"].as_array().unwrap());
    assert!(!issues.is_empty(), "{event}");
    let name = format!("\"server\":\"{}\"", subject.server.name);
    let told = |line: &String| line.contains("degrading") && line.contains(&name);
    assert!(subject.timeline.log().iter().any(told), "it is in the log");
    subject.times.note = format!("score {score}: {}", issues[0].as_str().unwrap());
    subject.serves();
    subject.was_never_down();
}

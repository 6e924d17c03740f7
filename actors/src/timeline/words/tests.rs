//! Each kind of fact as people read it.

use super::*;

fn said(kind: EventKind) -> String {
    words(&Event { at: SystemTime::UNIX_EPOCH, generation: None, kind })
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn every_fact_is_one_short_sentence() {
    let down = "the process ended (signal 9); next try in 0.5 s";
    let probe = |outcome: &str, rtt_us, suspicion| EventKind::Probe {
        outcome: outcome.into(),
        rtt_us,
        suspicion,
    };
    let call = |outcome: &str, took_us| EventKind::Call {
        tool: "log".into(),
        outcome: outcome.into(),
        took_us,
    };
    let tools = |count, added: &[&str], removed: &[&str]| EventKind::Tools {
        count,
        added: texts(added),
        removed: texts(removed),
    };
    let breaker = |state: &str| EventKind::Breaker { state: state.into() };
    let quality = |issues: &[&str]| EventKind::Quality {
        score: 41,
        trend: "degrading".into(),
        issues: texts(issues),
    };
    let table = [
        (EventKind::State { state: "ready".into(), cause: None }, "ready"),
        (
            EventKind::State { state: "down".into(), cause: Some(down.into()) },
            "down: the process ended (signal 9); next try in 0.5 s",
        ),
        (
            EventKind::Attempt { attempt: 3, urgency: "call_waiting".into() },
            "connecting, attempt 3 (call waiting)",
        ),
        (probe("alive", Some(80), false), "answered a probe in 80 µs"),
        (probe("alive", Some(3_240), false), "answered a probe in 3.2 ms"),
        (probe("alive", None, false), "answered a probe"),
        (
            probe("silent", None, true),
            "did not answer a probe (probed because a call heard nothing)",
        ),
        (probe("gone", None, false), "its connection was gone when it was probed"),
        (probe("odd", None, false), "probed: odd"),
        (EventKind::Verdict { text: "hung".into() }, "hung"),
        (tools(1, &["a"], &[]), "1 tool: 1 new (a)"),
        (tools(12, &[], &[]), "12 tools"),
        (
            tools(7, &["a", "b", "c", "d", "e", "f"], &["x", "y"]),
            "7 tools: 6 new (a, b, c, d, e, …), 2 gone (x, y)",
        ),
        (tools(9, &["a", "… 8 more"], &[]).trimmed(), "9 tools: 9 new (a, … 8 more)"),
        (EventKind::Stderr { lines: texts(&["a", "Error: b", " "]) }, "its last words: Error: b"),
        (EventKind::Stderr { lines: Vec::new() }, "it ended without a word"),
        (
            EventKind::Noise { count: 1, excerpt: "Listening".into() },
            "sent what is no message, 1 time so far, last: Listening",
        ),
        (call("ok", 12_400), "a call of log took 12 ms"),
        (call("timed out", 55_000_000), "a call of log failed after 55.0 s: timed out"),
        (breaker("open"), "calls are refused for now: too many failed in a row"),
        (breaker("half_open"), "one call may try whether it serves again"),
        (breaker("closed"), "calls are served again"),
        (breaker("odd"), "circuit breaker: odd"),
        (quality(&[]), "quality 41 of 100, degrading"),
        (
            quality(&["p95 ×3 in 10 min", "below 30 in about 6 min"]),
            "quality 41 of 100, degrading: p95 ×3 in 10 min; below 30 in about 6 min",
        ),
        (EventKind::Operator { action: "restart".into() }, "an operator asked: restart"),
        (EventKind::Skipped { count: 80 }, "80 lesser facts came too fast to be kept one by one"),
    ];
    for (kind, expected) in table {
        assert_eq!(said(kind), expected);
    }
}

#[test]
fn nothing_a_server_said_reaches_the_terminal_as_a_command() {
    let lines = texts(&["\u{1b}[2Jboo\r\n\u{7}\u{9b}x\u{202e}y"]);
    let said = said(EventKind::Stderr { lines });
    assert!(!said.contains(steers), "{said}");
}

#[test]
fn long_texts_are_cut() {
    let said = said(EventKind::Verdict { text: "ä".repeat(1000) });
    assert_eq!(said, format!("{}…", "ä".repeat(240)));
}

#[test]
fn durations_are_told_in_the_unit_people_would_use() {
    for (micros, expected) in [
        (0, "0 µs"),
        (9_900, "9.9 ms"),
        (999_400, "999 ms"),
        (999_999, "1.0 s"),
        (61_500_000, "61.5 s"),
    ] {
        assert_eq!(took(micros), expected);
    }
    let now = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000);
    for (seconds, expected) in [
        (0, "just now"),
        (12, "12 s ago"),
        (150, "2 min ago"),
        (7_200, "2 h ago"),
        (200_000, "2 days ago"),
    ] {
        assert_eq!(ago(now - Duration::from_secs(seconds), now), expected);
    }
    assert_eq!(ago(now + Duration::from_secs(5), now), "just now", "the clock was put back");
}

//! Loss, silence, bursts, and clocks that do not run.

use super::*;

#[test]
fn a_new_server_has_a_hundred_points() {
    let script = Script::new();
    let report = script.report();
    assert_eq!((report.score, report.trend, report.forecast), (100, Trend::Stable, None));
    assert_eq!((report.stale, report.last_sample), (false, None));
    assert_eq!(report.issues, Vec::<String>::new());
}

#[test]
fn total_loss_is_seen_within_four_probes_and_recovery_is_believed() {
    let mut script = Script::new();
    script.probes(40, 10_000);
    for _ in 0..4 {
        script.silence();
    }
    let report = script.report();
    assert!(report.score < 20, "{report:?}");
    assert_eq!(
        report.issues,
        ["the last 4 requests unanswered", "4 of the last 32 probes unanswered"]
    );
    for _ in 0..20 {
        script.silence();
    }
    script.quality.link(LinkEvent::Down, script.now);
    script.wait(5);
    assert_eq!(script.report().issues[0], "down for 5 s");
    script.quality.link(LinkEvent::Up, script.now);
    script.probes(40, 10_000);
    assert!(script.report().score > 90, "{:?}", script.report());
}

#[test]
fn a_server_that_is_lost_again_and_again_is_not_stable() {
    let mut script = Script::new();
    for _ in 0..4 {
        script.probes(10, 10_000);
        script.quality.link(LinkEvent::Down, script.now);
        script.quality.link(LinkEvent::Down, script.now);
        script.quality.link(LinkEvent::Up, script.now);
    }
    let report = script.report();
    assert!(report.parts.stability < 0.5, "{report:?}");
    assert_eq!(report.issues.last().unwrap(), "lost 4 times in the last hour");
    script.wait(3_700);
    script.probe(10_000);
    assert_eq!(script.report().issues, Vec::<String>::new());
}

#[test]
fn weeks_of_silence_leave_the_score_and_say_stale() {
    let mut script = Script::new();
    script.probes(40, 10_000);
    script.silence();
    script.quality.link(LinkEvent::Down, script.now);
    script.quality.link(LinkEvent::Up, script.now);
    script.wait(300);
    let before = script.report();
    assert!(before.stale);
    script.wait(3 * 7 * 86_400);
    let after = script.report();
    assert_eq!((after.score, after.parts), (before.score, before.parts));
    assert!(after.stale && after.last_sample > Some(Duration::from_secs(3 * 7 * 86_400)));
    assert_eq!(after.trend, Trend::Stable);
    script.probe(10_000);
    assert!(!script.report().stale);
}

#[test]
fn a_link_that_stays_down_loses_points_with_time() {
    let mut script = Script::new();
    script.probes(5, 10_000);
    script.quality.link(LinkEvent::Down, script.now);
    let mut scores = Vec::new();
    for _ in 0..10 {
        script.wait(1_200);
        scores.push(script.report().score);
    }
    assert!(scores.is_sorted_by(|a, b| a >= b), "{scores:?}");
    assert!(scores[9] < 50, "{scores:?}");
}

fn sound(report: &Report) {
    let parts = report.parts;
    let shares = [parts.latency, parts.reliability, parts.stability, report.loss];
    assert!(report.score <= 100, "{report:?}");
    assert!(shares.iter().all(|share| (0.0..=1.0).contains(share)), "{report:?}");
}

#[test]
fn nothing_it_is_fed_breaks_it_and_its_memory_stays_below_eight_kibibytes() {
    let mut script = Script::new();
    let tooks = [Duration::ZERO, Duration::MAX, Duration::from_nanos(1), Duration::from_secs(9)];
    for n in 0..100_000 {
        let kind = if n % 3 == 0 { SampleKind::Probe } else { SampleKind::Call };
        let outcome =
            if n % 7 == 0 { Outcome::Failed } else { Outcome::Answered { took: tooks[n % 4] } };
        script.take(kind, outcome);
        if n % 1_000 == 0 {
            sound(&script.report());
        }
    }
    let long_ago = script.now - Duration::from_secs(1);
    script.quality.observe(Sample {
        at: long_ago,
        kind: SampleKind::Call,
        outcome: Outcome::Failed,
    });
    script.quality.link(LinkEvent::Down, long_ago);
    sound(&script.quality.report(long_ago, 0));
    script.quality.link(LinkEvent::Up, long_ago);
    for n in 0..4_000 {
        script.wait(60);
        script.probe(n);
        script.take(SampleKind::Call, Outcome::Failed);
    }
    sound(&script.quality.report(script.now + Duration::from_secs(1 << 40), 255));
    let bytes = script.quality.bytes();
    // 7,880 of them on 64 bits, 424 inline
    assert!(bytes < 8 * 1024 && size_of::<Quality>() < 512, "{bytes}");
    assert!(Script::new().quality.bytes() < 1024);
}

#[test]
fn rollups_count_every_sample_exactly() {
    let mut script = Script::new();
    let (mut probes, mut calls) = (0, 0);
    for n in 0..720_u64 {
        script.probe(1_000 + n % 6);
        probes += 1;
        for _ in 0..n % 3 {
            script.take(SampleKind::Call, Outcome::Failed);
            calls += 1;
        }
    }
    script.quality.link(LinkEvent::Down, script.now);
    let hours = script.quality.history(Tier::Hours, script.now);
    assert_eq!(hours.len(), 3);
    assert_eq!(hours.iter().map(|hour| hour.probes.answered).sum::<u32>(), probes);
    assert_eq!(hours.iter().map(|hour| hour.calls.failed).sum::<u32>(), calls);
    assert_eq!(hours.iter().map(|hour| hour.downs).collect::<Vec<_>>(), [0, 0, 1]);
    let minutes = script.quality.history(Tier::Minutes, script.now);
    assert_eq!(minutes.len(), 60);
    // the probe of second 60·m is n = 6·m - 1: each minute has the lengths 5, 0, 1, 2, 3, 4
    let micros = |micros| Some(Duration::from_micros(micros));
    let expected = Tally {
        answered: 6,
        failed: 0,
        mean: Some(Duration::from_micros(6_015) / 6),
        min: micros(1_000),
        max: micros(1_005),
    };
    assert!(minutes[..59].iter().all(|minute| minute.probes == expected), "{minutes:?}");
    assert_eq!(minutes[0].ago, Duration::from_secs(59 * 60));
    assert!(minutes.iter().all(|minute| minute.lowest.unwrap() < 60), "{minutes:?}");
    let recent = script.quality.history(Tier::Recent, script.now);
    assert_eq!(recent.len(), 64);
    assert!(recent.is_sorted_by(|a, b| a.ago >= b.ago));
    script.wait(3 * 86_400);
    assert_eq!(script.quality.history(Tier::Hours, script.now), []);
}

#[test]
fn a_report_is_written_in_camel_case_with_milliseconds_and_reads_back() {
    let mut script = Script::new();
    script.probes(20, 1_500);
    let text = serde_json::to_value(script.report()).unwrap();
    assert_eq!(
        text,
        serde_json::json!({
            "score": 100,
            "parts": { "latency": 1.0, "reliability": 1.0, "stability": 1.0 },
            "latencyMeanMs": 1.5,
            "latencyP95Ms": 1.5,
            "latencyUsualMs": 1.5,
            "jitterMs": 0.0,
            "loss": 0.0,
            "trend": "stable",
            "forecast": null,
            "issues": [],
            "stale": false,
            "lastSampleMs": 0.0,
        })
    );
    assert_eq!(serde_json::from_value::<Report>(text).unwrap(), script.report());
    let forecast = Forecast { below: 60, within: Duration::from_secs(6), confidence: 0.5 };
    let text = serde_json::to_string(&forecast).unwrap();
    assert_eq!(text, r#"{"below":60,"withinMs":6000,"confidence":0.5}"#);
}

//! A server that slowly fails, and comes back.

use super::*;

/// What was said after one probe.
#[derive(Debug)]
struct Said {
    second: u64,
    score: f64,
    report: Report,
}

/// Thirty good probes, then ever slower ones (by the probe's number, in microseconds).
fn ramp(every: u64, count: u32, micros: impl Fn(u32) -> f64) -> (Script, Vec<Said>) {
    let mut script = Script::new();
    let mut said = Vec::new();
    let start = script.now;
    for n in 0..30 + count {
        let length = if n < 30 { 10_000.0 } else { micros(n - 30) };
        script.wait(every);
        let took = Duration::from_secs_f64(length / 1e6);
        script.take(SampleKind::Probe, Outcome::Answered { took });
        if n >= 30 {
            let second = (script.now - start).as_secs();
            let at = script.quality.since_birth(script.now);
            let score = script.quality.parts(at).score();
            said.push(Said { second, score, report: script.report() });
        }
    }
    (script, said)
}

fn linear(step: f64) -> impl Fn(u32) -> f64 {
    move |n| 10_000.0 + step * f64::from(n)
}

fn growing(factor: f64) -> impl Fn(u32) -> f64 {
    move |n| 10_000.0 * factor.powi(i32::try_from(n).unwrap())
}

#[test]
fn the_score_falls_monotonically_on_a_latency_ramp() {
    for (_, said) in [ramp(10, 120, linear(2_000.0)), ramp(60, 60, growing(1.1))] {
        assert!(said.windows(2).all(|pair| pair[1].score <= pair[0].score + 1e-9));
        let last = said.last().unwrap();
        assert!(last.report.score < 50, "{last:?}");
        assert!(last.report.parts.latency < 0.2, "{last:?}");
        assert!(last.report.parts.reliability > 0.99, "{last:?}");
    }
}

#[test]
fn the_forecast_precedes_the_crossing_and_is_right_within_a_factor_of_two() {
    let ramps = [
        ("linear", ramp(10, 120, linear(2_000.0)).1),
        ("linear steep", ramp(10, 60, linear(5_000.0)).1),
        ("growing", ramp(10, 60, growing(1.08)).1),
        ("growing slowly", ramp(10, 120, growing(1.04)).1),
        ("growing more slowly", ramp(10, 240, growing(1.02)).1),
        ("growing ever so slowly", ramp(10, 480, growing(1.01)).1),
        ("growing, rarely probed", ramp(60, 60, growing(1.08)).1),
        ("growing, often probed", ramp(1, 60, growing(1.08)).1),
    ];
    for (name, said) in ramps {
        let crossed = said.iter().find(|said| said.report.score < 60).unwrap().second;
        let every = said[1].second - said[0].second;
        let forecasts: Vec<_> = said
            .iter()
            .filter(|said| said.second < crossed)
            .filter_map(|said| Some((crossed - said.second, said.report.forecast?)))
            .collect();
        assert!(forecasts.len() >= 3, "{name}: {forecasts:?}");
        for (left, forecast) in &forecasts {
            let foretold = forecast.within.as_secs();
            // give or take one probe: the crossing is not known more finely
            let right = (left / 2).saturating_sub(every)..=left * 2 + every;
            assert!(right.contains(&foretold), "{name}, {left} s: {forecast:?}");
            assert!((0.0..=1.0).contains(&forecast.confidence), "{name}: {forecast:?}");
        }
    }
}

#[test]
fn the_trend_turns_degrading_and_then_improving_on_recovery() {
    let (mut script, said) = ramp(10, 60, linear(2_000.0));
    let crossed = said.iter().position(|said| said.report.score < 60).unwrap();
    let turned = said.iter().position(|said| said.report.trend == Trend::Degrading).unwrap();
    assert!(turned < crossed, "{turned} {crossed}");
    assert!(said[turned..=crossed].iter().all(|said| said.report.trend == Trend::Degrading));
    let mut trends = Vec::new();
    for n in 0..60_u64 {
        script.probe(130_000_u64.saturating_sub(n * 6_000).max(10_000));
        trends.push(script.report().trend);
    }
    let improving = trends.iter().position(|trend| *trend == Trend::Improving).unwrap();
    assert!(improving < 15, "{trends:?}");
    assert!(!trends[improving..].contains(&Trend::Degrading), "{trends:?}");
    assert_eq!(trends.last(), Some(&Trend::Stable));
    assert!(script.report().score > 90, "{:?}", script.report());
}

#[test]
fn a_sudden_recovery_is_an_improvement_too() {
    let (mut script, _) = ramp(10, 60, linear(2_000.0));
    let mut seen = false;
    for _ in 0..12 {
        script.probe(10_000);
        seen |= script.report().trend == Trend::Improving;
    }
    assert!(seen);
    assert!(script.report().score > 90);
}

#[test]
fn a_server_that_was_always_slow_is_not_bad_and_one_that_became_slow_is() {
    let mut slow = Script::new();
    slow.probes(40, 300_000);
    assert_eq!(slow.report().score, 100);
    let mut became = Script::new();
    became.probes(40, 10_000);
    became.probes(5, 300_000);
    let report = became.report();
    assert!(report.score < 45, "{report:?}");
    assert_eq!(report.issues, ["answers take 300 ms, usually 10 ms (×30)"]);
}

#[test]
fn slow_calls_matter_little_and_lost_calls_as_much_as_lost_probes() {
    let call = |script: &mut Script, outcome| {
        script.wait(10);
        script.take(SampleKind::Call, outcome);
    };
    let answered = |millis| Outcome::Answered { took: Duration::from_millis(millis) };
    let mut slow = Script::new();
    for n in 0..60 {
        call(&mut slow, answered(if n < 30 { 10 } else { 300 }));
    }
    assert!((75..95).contains(&slow.report().score), "{:?}", slow.report());
    let (mut calls, mut probes) = (Script::new(), Script::new());
    for _ in 0..3 {
        call(&mut calls, Outcome::Failed);
        probes.silence();
    }
    assert_eq!(calls.report().score, probes.report().score);
    assert_eq!(calls.report().issues[1], "3 of the last 3 calls failed");
}

#[test]
fn a_single_step_down_is_not_carried_on() {
    for micros in [20_000, 25_000, 30_000, 45_000] {
        for every in [10, 60] {
            let mut script = Script::new();
            script.probes(40, 10_000);
            for n in 0..40 {
                script.wait(every - 10);
                script.probe(micros);
                let report = script.report();
                assert_eq!(report.forecast, None, "{micros} µs, probe {n}: {report:?}");
            }
            assert_eq!(script.report().trend, Trend::Stable);
        }
    }
}

#[test]
fn a_ramp_is_seen_through_noise() {
    let mut dice = noise::Dice(0x9E37_79B9_7F4A_7C15);
    let mut early = 0;
    for _ in 0..20 {
        let (mut script, mut foretold) = (Script::new(), None);
        for n in 0..140_i32 {
            let median = 0.020 * 1.04_f64.powi((n - 60).max(0));
            script.wait(10);
            let took = dice.time(median, 0.2);
            script.take(SampleKind::Probe, Outcome::Answered { took });
            let report = script.report();
            if report.score < 60 {
                break;
            }
            foretold = foretold.or(report.forecast);
        }
        assert!(script.report().score < 60);
        early += u32::from(foretold.is_some());
    }
    assert!(early >= 16, "only {early} of 20 were foretold");
}

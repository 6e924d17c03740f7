//! Healthy servers are noisy; nobody is to be woken for that.

use super::*;

/// A small generator with a seed, so that failures repeat.
pub(super) struct Dice(pub(super) u64);

impl Dice {
    fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    /// Uniform, 0 to 1.
    fn share(&mut self) -> f64 {
        f64::from(u32::try_from(self.next() >> 32).unwrap()) / f64::from(u32::MAX)
    }

    /// Normal, by the sum of twelve.
    fn normal(&mut self) -> f64 {
        (0..12).map(|_| self.share()).sum::<f64>() - 6.0
    }

    /// A time whose logarithm is normal.
    pub(super) fn time(&mut self, median: f64, spread: f64) -> Duration {
        Duration::from_secs_f64(median * (self.normal() * spread).exp())
    }
}

/// A healthy server: its median time in seconds, the spread of the logarithm, and the shares of
/// answers that take ten times as long and of those that never come.
struct Server {
    name: &'static str,
    median: f64,
    spread: f64,
    outliers: f64,
    loss: f64,
}

/// How many reports of so many would have alarmed somebody.
fn alarms(server: &Server, seed: u64, samples: u32) -> u32 {
    let (mut script, mut dice) = (Script::new(), Dice(seed));
    let mut alarms = 0;
    for _ in 0..samples {
        script.wait(10);
        let mut took = dice.time(server.median, server.spread);
        if dice.share() < server.outliers {
            took *= 10;
        }
        let lost = dice.share() < server.loss;
        let outcome = if lost { Outcome::Failed } else { Outcome::Answered { took } };
        script.take(SampleKind::Probe, outcome);
        let report = script.report();
        let moves = report.trend != Trend::Stable || report.forecast.is_some();
        alarms += u32::from(report.score < 60 || moves);
    }
    alarms
}

#[test]
fn fewer_than_one_in_a_thousand_of_ten_thousand_healthy_noisy_samples_alarm() {
    let server =
        |name, median, spread, outliers, loss| Server { name, median, spread, outliers, loss };
    let servers = [
        server("quiet", 0.010, 0.1, 0.0, 0.0),
        server("usual", 0.030, 0.4, 0.01, 0.0),
        server("far and erratic", 0.300, 0.8, 0.02, 0.0),
        server("very erratic", 0.100, 1.2, 0.0, 0.0),
        server("a little lossy", 0.030, 0.4, 0.01, 0.001),
    ];
    for server in &servers {
        for seed in [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03, 0x1234_5678_9ABC_DEF1] {
            let alarms = alarms(server, seed, 10_000);
            assert!(alarms < 10, "{}: {alarms}", server.name);
        }
    }
}

#[test]
fn one_slow_sample_does_not_matter() {
    let mut script = Script::new();
    script.probes(40, 10_000);
    script.probe(4_000_000);
    assert_eq!(script.report().score, 100);
    script.probe(10_000);
    assert_eq!((script.report().score, script.report().trend), (100, Trend::Stable));
}

#[test]
fn one_lost_probe_costs_little_and_is_forgotten() {
    let mut script = Script::new();
    script.probes(40, 10_000);
    script.silence();
    assert!(script.report().score > 80, "{:?}", script.report());
    assert_eq!(script.report().issues, Vec::<String>::new());
    script.probes(30, 10_000);
    assert!(script.report().score > 98, "{:?}", script.report());
}

//! Healthy servers are noisy; nobody is to be woken for that.

use super::*;

/// A small generator with a seed, so that failures repeat.
struct Dice(u64);

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
    fn time(&mut self, median: f64, spread: f64) -> Duration {
        Duration::from_secs_f64(median * (self.normal() * spread).exp())
    }
}

#[derive(Debug, Default)]
struct Alarms {
    low: u32,
    trends: u32,
    forecasts: u32,
}

fn alarms(seed: u64, samples: u32, median: f64, spread: f64, outliers: f64, loss: f64) -> Alarms {
    let (mut script, mut dice) = (Script::new(), Dice(seed));
    let mut alarms = Alarms::default();
    for _ in 0..samples {
        script.wait(10);
        let mut took = dice.time(median, spread);
        if dice.share() < outliers {
            took *= 10;
        }
        let lost = dice.share() < loss;
        let outcome = if lost { Outcome::Failed } else { Outcome::Answered { took } };
        script.take(SampleKind::Probe, outcome);
        let report = script.report();
        alarms.low += u32::from(report.score < 60);
        alarms.trends += u32::from(report.trend != Trend::Stable);
        alarms.forecasts += u32::from(report.forecast.is_some());
    }
    alarms
}

#[test]
fn ten_thousand_healthy_noisy_samples_raise_alarms_in_less_than_one_of_a_thousand() {
    let servers = [
        ("quiet", 0.010, 0.1, 0.0, 0.0),
        ("usual", 0.030, 0.4, 0.01, 0.0),
        ("far and erratic", 0.300, 0.8, 0.02, 0.0),
        ("very erratic", 0.100, 1.2, 0.0, 0.0),
        ("a little lossy", 0.030, 0.4, 0.01, 0.001),
    ];
    for (name, median, spread, outliers, loss) in servers {
        for seed in [0x9E37_79B9_7F4A_7C15, 0xD1B5_4A32_D192_ED03, 0x1234_5678_9ABC_DEF1] {
            let alarms = alarms(seed, 10_000, median, spread, outliers, loss);
            eprintln!("{name}: {alarms:?}");
            assert!(alarms.low + alarms.trends + alarms.forecasts < 10, "{name}: {alarms:?}");
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

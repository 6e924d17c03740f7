//! What is wrong with a server, or will be, in words for people.

use super::forecast::Forecast;
use super::window::Figures;
use std::time::Duration;

/// What the words are about.
#[derive(Debug, Clone, Copy)]
pub(super) struct Facts {
    /// The time an answer takes now and the time it usually takes, when that is worth a word.
    pub(super) slow: Option<(Duration, Duration)>,
    /// When the score will be too low.
    pub(super) forecast: Option<Forecast>,
    /// The last probes.
    pub(super) probes: Figures,
    /// The last calls.
    pub(super) calls: Figures,
    /// Requests in a row without an answer.
    pub(super) streak: u32,
    /// Losses in the last hour.
    pub(super) downs: u32,
    /// How long it has been down, if it is.
    pub(super) down_for: Option<Duration>,
}

impl Facts {
    /// One short sentence for each thing; the worst first.
    pub(super) fn issues(&self) -> Vec<String> {
        let mut issues = Vec::new();
        if let Some(time) = self.down_for {
            issues.push(format!("down for {}", span(time)));
        }
        let soon = self
            .forecast
            .map(|forecast| format!("below {} in about {}", forecast.below, span(forecast.within)));
        let slow = self.slow.map(|(now, usual)| {
            let times = now.as_secs_f64() / usual.as_secs_f64().max(1e-4);
            let digits = usize::from(times < 9.95);
            format!("answers take {}, usually {} (×{times:.digits$})", short(now), short(usual))
        });
        match (slow, soon) {
            (Some(slow), Some(soon)) => issues.push(format!("{slow}; {soon}")),
            (Some(one), None) | (None, Some(one)) => issues.push(one),
            (None, None) => {}
        }
        if self.streak >= 2 {
            issues.push(format!("the last {} requests unanswered", self.streak));
        }
        for (figures, what) in [(self.probes, "probes unanswered"), (self.calls, "calls failed")] {
            if figures.failed >= 2 {
                issues.push(format!("{} of the last {} {what}", figures.failed, figures.total));
            }
        }
        if self.downs >= 2 {
            issues.push(format!("lost {} times in the last hour", self.downs));
        }
        issues
    }
}

/// The time of an answer.
fn short(time: Duration) -> String {
    let millis = time.as_secs_f64() * 1000.0;
    match millis {
        tiny if tiny < 9.95 => format!("{tiny:.1} ms"),
        small if small < 999.5 => format!("{small:.0} ms"),
        _ => format!("{:.1} s", millis / 1000.0),
    }
}

/// A span of time, roughly.
fn span(time: Duration) -> String {
    let seconds = time.as_secs();
    match seconds {
        0..90 => format!("{} s", seconds.max(1)),
        90..5_400 => format!("{} min", (seconds + 30) / 60),
        5_400..172_800 => format!("{} h", (seconds + 1_800) / 3_600),
        _ => format!("{} d", seconds / 86_400),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOTHING: Facts = Facts {
        slow: None,
        forecast: None,
        probes: Figures { total: 20, failed: 1, mean: None, p95: None, jitter: None },
        calls: Figures { total: 9, failed: 0, mean: None, p95: None, jitter: None },
        streak: 1,
        downs: 1,
        down_for: None,
    };

    #[test]
    fn a_server_that_does_well_has_no_issues() {
        assert_eq!(NOTHING.issues(), Vec::<String>::new());
    }

    #[test]
    fn issues_are_said_plainly() {
        let forecast = Forecast { below: 60, within: Duration::from_secs(350), confidence: 0.9 };
        let everything = Facts {
            slow: Some((Duration::from_millis(31), Duration::from_millis(10))),
            forecast: Some(forecast),
            probes: Figures { failed: 3, ..NOTHING.probes },
            calls: Figures { failed: 2, ..NOTHING.calls },
            streak: 4,
            downs: 4,
            down_for: Some(Duration::from_secs(20)),
        };
        assert_eq!(
            everything.issues(),
            [
                "down for 20 s",
                "answers take 31 ms, usually 10 ms (×3.1); below 60 in about 6 min",
                "the last 4 requests unanswered",
                "3 of the last 20 probes unanswered",
                "2 of the last 9 calls failed",
                "lost 4 times in the last hour",
            ]
        );
        let only_soon = Facts { forecast: Some(forecast), ..NOTHING };
        assert_eq!(only_soon.issues(), ["below 60 in about 6 min"]);
    }

    #[test]
    fn times_are_rounded_for_people() {
        let ms = Duration::from_millis;
        let times = [ms(0), Duration::from_micros(420), ms(31), ms(2_340)].map(short);
        assert_eq!(times, ["0.0 ms", "0.4 ms", "31 ms", "2.3 s"]);
        let spans = [0, 89, 361, 7_000, 700_000].map(|s| span(Duration::from_secs(s)));
        assert_eq!(spans, ["1 s", "89 s", "6 min", "2 h", "8 d"]);
    }
}

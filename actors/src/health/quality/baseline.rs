//! What a server usually takes to answer, learnt from itself.
//!
//! Times are compared by the logarithm of their length, because they vary by factors: a server that
//! always takes 300 ms is as well as one that takes 3 ms, one that went from 10 to 300 ms is not.
//!
//! *Invariant:* learning goes by time, not by count, so a burst teaches no more than one sample; and
//! what is unusually slow teaches so slowly that a bad hour does not become the usual.

use super::quantile::median;
use super::window::Window;
use std::time::Duration;

/// Added to every time before it is compared: below it, factors mean nothing to people.
const FLOOR_MICROS: f64 = 5_000.0;
/// The first answers are not compared with what is learnt; the median of them is what is learnt.
const LEARNING: u32 = 12;
/// How long it takes to follow usual times, seconds.
const FOLLOW: f64 = 30.0 * 60.0;
/// How long it takes to follow a server that became faster, seconds.
const FOLLOW_FASTER: f64 = 10.0 * 60.0;
/// How long it takes until slow is the new usual, seconds.
const FOLLOW_SLOWER: f64 = 12.0 * 3600.0;
/// A longer pause between two samples counts as this much.
const LONGEST_PAUSE: u64 = 5 * 60 * 1000;
/// Slower by less than this factor is usual for any server (logarithm of 1.5).
const LEAST_BAND: f64 = 0.405_465;
/// Slower by less than this factor costs no points (logarithm of 1.25).
const LEAST_TOLERANCE: f64 = 0.223_144;
/// No server counts as more erratic than this.
const MOST_SPREAD: f64 = 1.2;

/// The logarithm of a time with the floor added: what baselines compare.
pub(super) fn cost(micros: u32) -> f64 {
    (f64::from(micros) + FLOOR_MICROS).ln()
}

/// The time of a cost.
pub(super) fn time(cost: f64) -> Duration {
    let micros = (cost.exp() - FLOOR_MICROS).max(0.0);
    Duration::try_from_secs_f64(micros / 1e6).unwrap_or_default()
}

/// What is usual.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Baseline {
    /// The usual cost.
    level: f64,
    /// How far costs usually are from it (standard deviation).
    spread: f64,
    learnt: u32,
    at: u64,
}

impl Baseline {
    /// Learns from the newest answer of a window, which is in it already.
    pub(super) fn learn(&mut self, window: &Window, at: u64, micros: u32) {
        let pause = at.saturating_sub(self.at).min(LONGEST_PAUSE);
        self.at = at;
        if self.learnt < LEARNING {
            self.learnt += 1;
            self.begin(window);
            return;
        }
        let distance = cost(micros) - self.level;
        let band = LEAST_BAND.max(3.0 * self.spread);
        let seconds = Duration::from_millis(pause).as_secs_f64();
        let share = |follow: f64| 1.0 - (-seconds / follow).exp();
        if distance > band {
            self.level += distance * share(FOLLOW_SLOWER);
        } else if distance < -band {
            self.level += distance * share(FOLLOW_FASTER);
        } else {
            self.level += distance * share(FOLLOW);
            // 1.2533: from the mean distance to the standard deviation
            self.spread += (distance.abs() * 1.2533 - self.spread) * share(FOLLOW);
        }
        self.spread = self.spread.min(MOST_SPREAD);
    }

    fn begin(&mut self, window: &Window) {
        let mut costs = window.costs();
        let Some(level) = median(&mut costs) else { return };
        for cost in &mut costs {
            *cost = (*cost - level).abs();
        }
        // 1.4826: from the median distance to the standard deviation
        let spread = median(&mut costs).unwrap_or_default() * 1.4826;
        self.level = level;
        self.spread = spread.min(MOST_SPREAD);
    }

    /// How much slower than usual a cost is, beyond what is normal for this server; a logarithm, never
    /// negative.
    pub(super) fn excess(&self, cost: f64) -> f64 {
        (cost - self.level - LEAST_TOLERANCE.max(1.5 * self.spread)).max(0.0)
    }

    /// The usual cost, when anything is learnt.
    pub(super) fn usual(&self) -> Option<f64> {
        (self.learnt > 0).then_some(self.level)
    }
}

#[cfg(test)]
mod tests {
    use super::super::window::Mark;
    use super::*;

    fn feed(state: &mut (Window, Baseline), at: u64, micros: u32) {
        state.0.push(Mark { at, took: Some(micros) });
        state.1.learn(&state.0, at, micros);
    }

    fn usual_millis(state: &(Window, Baseline)) -> f64 {
        time(state.1.usual().unwrap()).as_secs_f64() * 1000.0
    }

    fn learnt(micros: u32) -> (Window, Baseline) {
        let mut state = (Window::new(), Baseline::default());
        for n in 0..20 {
            feed(&mut state, n * 10_000, micros);
        }
        state
    }

    #[test]
    fn it_learns_what_is_usual_for_this_server() {
        assert!((usual_millis(&learnt(300_000)) - 300.0).abs() < 0.1);
        assert!((usual_millis(&learnt(0)) - 0.0).abs() < 0.1);
        assert!(learnt(300_000).1.excess(cost(330_000)) <= 0.0);
        assert!(learnt(10_000).1.excess(cost(300_000)) > 2.5);
    }

    #[test]
    fn a_slow_first_answer_does_not_spoil_it() {
        let mut state = (Window::new(), Baseline::default());
        feed(&mut state, 0, 9_000_000);
        for n in 1..12 {
            feed(&mut state, n * 10_000, 10_000);
        }
        assert!((usual_millis(&state) - 10.0).abs() < 0.1);
    }

    #[test]
    fn a_bad_hour_does_not_become_the_usual_and_three_bad_days_do() {
        let mut state = learnt(10_000);
        for n in 0..360 {
            feed(&mut state, 200_000 + n * 10_000, 300_000);
        }
        assert!(usual_millis(&state) < 20.0, "{}", usual_millis(&state));
        for n in 0..3 * 1440 {
            feed(&mut state, 3_800_000 + n * 60_000, 300_000);
        }
        assert!(usual_millis(&state) > 250.0, "{}", usual_millis(&state));
    }

    #[test]
    fn a_server_that_became_faster_is_followed_within_the_hour() {
        let mut state = learnt(300_000);
        for n in 0..360 {
            feed(&mut state, 200_000 + n * 10_000, 10_000);
        }
        assert!(usual_millis(&state) < 15.0, "{}", usual_millis(&state));
    }

    #[test]
    fn a_burst_teaches_nothing_more_than_one_sample() {
        let mut state = learnt(10_000);
        for _ in 0..100_000 {
            feed(&mut state, 300_000, 14_000);
        }
        assert!(usual_millis(&state) < 10.3, "{}", usual_millis(&state));
    }
}

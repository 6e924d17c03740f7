//! What the gateway holds while it is soaked.

use crate::goals::Bound::AtMost;
use crate::goals::{Line, short};
use crate::measure::{self, median};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// Looks at it so many times.
const SAMPLES: u32 = 120;
/// Of which these are warm-up: a quarter.
const WARM_UP: usize = 30;

/// One look.
#[derive(Debug, Clone, Copy)]
struct Sample {
    rss_kib: f64,
    descriptors: f64,
    threads: f64,
    children: f64,
}

/// All looks, in order, at equal distances.
#[derive(Default)]
pub(super) struct Samples(Vec<Sample>);

impl Samples {
    /// Looks at this process for so long.
    pub(super) async fn take(&mut self, pid: u32, long: Duration) {
        let begun = Instant::now();
        for number in 1..=SAMPLES {
            sleep((long * number / SAMPLES).saturating_sub(begun.elapsed())).await;
            #[expect(clippy::cast_precision_loss, reason = "small counts")]
            let count = |number: usize| number as f64;
            self.0.push(Sample {
                rss_kib: measure::rss_kib(pid).unwrap_or(f64::NAN),
                descriptors: measure::descriptors(pid).map_or(f64::NAN, count),
                threads: measure::threads(pid).unwrap_or(f64::NAN),
                children: count(measure::children(pid).len()),
            });
        }
    }

    pub(super) fn lines(&self) -> Vec<Line> {
        let counted = self.0.get(WARM_UP..).unwrap_or_default();
        let (first, last) = counted.split_at(counted.len() / 2);
        let of = |half: &[Sample], figure: fn(&Sample) -> f64| median(half.iter().map(figure));
        let grown = |figure| of(last, figure) - of(first, figure);
        let flat = |what: &str, figure: fn(&Sample) -> f64| {
            let line = Line::figure(
                10,
                &format!("soak with faults: {what}"),
                AtMost(2.0),
                grown(figure),
                "more",
            );
            Line {
                measured: format!("{:+} from {}", grown(figure), short(of(first, figure))),
                ratio: None,
                ..line
            }
        };
        let rss = |sample: &Sample| sample.rss_kib;
        let slope = 100.0 * self.slope() / of(first, rss);
        let memory =
            Line::figure(10, "soak with faults: RSS slope after warm-up", AtMost(3.0), slope, "%");
        let measured = format!("{slope:+.1} % of {} MiB", short(of(first, rss) / 1024.0));
        vec![
            Line { measured, ..memory },
            flat("descriptors, second half over first", |sample| sample.descriptors),
            flat("threads, likewise", |sample| sample.threads),
            flat("children, likewise", |sample| sample.children),
        ]
    }

    /// By how many KiB the line that fits best rises from the end of the warm-up to the end.
    #[expect(clippy::cast_precision_loss, reason = "small counts")]
    fn slope(&self) -> f64 {
        let counted = self.0.get(WARM_UP..).unwrap_or_default();
        let number = counted.len() as f64;
        let (middle, mean) =
            ((number - 1.0) / 2.0, counted.iter().map(|it| it.rss_kib).sum::<f64>() / number);
        let (mut above, mut below) = (0.0, 0.0);
        for (at, sample) in counted.iter().enumerate() {
            let from = at as f64 - middle;
            above += from * (sample.rss_kib - mean);
            below += from * from;
        }
        above / below * number
    }
}

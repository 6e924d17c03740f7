//! From parts to one number.
//!
//! The score is the weighted geometric mean of its parts: each alone can bring it down, none can make
//! up for another that is gone.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// The weight of [`Parts::latency`]; the three weights make 1.
pub const LATENCY_WEIGHT: f32 = 0.35;
/// The weight of [`Parts::reliability`].
pub const RELIABILITY_WEIGHT: f32 = 0.40;
/// The weight of [`Parts::stability`].
pub const STABILITY_WEIGHT: f32 = 0.25;
/// How much the slowness of calls counts beside that of probes, which are always the same question.
pub const CALLS_IN_LATENCY: f32 = 0.2;

/// No part is less.
const LEAST: f64 = 0.001;

/// What a score is made of; each 0 to 1.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Parts {
    /// How near its times are to what is usual for this server: 1 as usual, 1/2 at about 2.5 times.
    pub latency: f32,
    /// How sure an answer is.
    pub reliability: f32,
    /// How well the link stands.
    pub stability: f32,
}

impl Parts {
    pub(super) fn new(latency: f64, reliability: f64, stability: f64) -> Self {
        Self {
            latency: narrow(latency.clamp(LEAST, 1.0)),
            reliability: narrow(reliability.clamp(LEAST, 1.0)),
            stability: narrow(stability.clamp(LEAST, 1.0)),
        }
    }

    /// The score before rounding, 0 to 100.
    pub(super) fn score(self) -> f64 {
        let weighted = |part: f32, weight: f32| f64::from(part).powf(f64::from(weight));
        100.0
            * weighted(self.latency, LATENCY_WEIGHT)
            * weighted(self.reliability, RELIABILITY_WEIGHT)
            * weighted(self.stability, STABILITY_WEIGHT)
    }
}

/// A score as people see it.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "clamped to 0..=100")]
pub(super) fn rounded(score: f64) -> u8 {
    score.clamp(0.0, 100.0).round() as u8
}

/// A number 0 to 1, with less precision.
#[expect(clippy::cast_possible_truncation, reason = "only precision is lost")]
pub(super) fn narrow(share: f64) -> f32 {
    share as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_weights_make_one() {
        assert!((LATENCY_WEIGHT + RELIABILITY_WEIGHT + STABILITY_WEIGHT - 1.0).abs() < 1e-6);
    }

    #[test]
    fn a_part_that_is_gone_cannot_be_made_up_for() {
        let table = [
            (Parts::new(1.0, 1.0, 1.0), 100),
            (Parts::new(0.5, 1.0, 1.0), 78),
            (Parts::new(1.0, 0.5, 1.0), 76),
            (Parts::new(1.0, 1.0, 0.5), 84),
            (Parts::new(1.0, 0.0, 1.0), 6),
            (Parts::new(f64::INFINITY, -1.0, 2.0), 6),
        ];
        for (parts, score) in table {
            assert_eq!(rounded(parts.score()), score, "{parts:?}");
        }
    }
}

//! How sure an answer is, from the fate of all requests, and of the last ones in a row.

/// How much one sample counts against all before it.
const SHARE: f64 = 0.1;
/// What is left of the part after that many failures in a row.
const STREAK: [f64; 5] = [1.0, 1.0, 0.6, 0.1, 0.02];

/// How sure an answer is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reliability {
    answered: f64,
    streak: u32,
}

impl Reliability {
    pub(super) const fn new() -> Self {
        Self { answered: 1.0, streak: 0 }
    }

    pub(super) fn observe(&mut self, answered: bool) {
        let value = if answered { 1.0 } else { 0.0 };
        self.answered += (value - self.answered) * SHARE;
        self.streak = if answered { 0 } else { self.streak.saturating_add(1) };
    }

    /// A new connection: failures of the old one do not run on.
    pub(super) fn reconnected(&mut self) {
        self.streak = 0;
    }

    /// Failures in a row until now.
    pub(super) fn streak(self) -> u32 {
        self.streak
    }

    /// The part, 0 to 1. Few lost answers hurt much: one in ten costs more than a quarter.
    pub(super) fn part(self) -> f64 {
        let streak = usize::try_from(self.streak).unwrap_or(usize::MAX).min(STREAK.len() - 1);
        self.answered.powi(3) * STREAK[streak]
    }
}

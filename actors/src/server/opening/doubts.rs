//! What a server's next connection begins with, by what is remembered of it and how the last ones
//! ended. A value.

use super::super::control::Purpose;
use super::{Carriage, EraChoice};
use crate::bridge::Era;
use crate::catalog::Manifest;
use crate::server::Loss;

/// How one connection begins.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::server) struct Guess {
    /// What the configuration says.
    pub(in crate::server) choice: EraChoice,
    /// The first question, `initialize` or `server/discover`.
    pub(in crate::server) first: Purpose,
    /// Whether a connection that dies of the question is made again at once.
    pub(in crate::server) again: bool,
    /// Whether it is known to answer `server/discover`, sooner or later.
    pub(in crate::server) patient: bool,
    /// How frames are carried there.
    pub(in crate::server) carriage: Carriage,
}

impl Guess {
    /// The same server asked for `initialize` only, because it dies of the other question.
    #[must_use]
    pub(in crate::server) fn without_discovery(self) -> Self {
        Self { first: Purpose::Initialize, again: false, ..self }
    }
}

/// Why what is remembered of a server's era may be wrong.
#[derive(Debug, Clone, Copy, Default)]
pub(in crate::server) struct Doubts {
    /// It refused what it was said to speak.
    refused: bool,
    /// A connection was of no use, and it may be the question for its era that did it: it died of that
    /// and so did the one after it, or it fell silent.
    broke: bool,
}

impl Doubts {
    /// A connection became ready: what is remembered now is true.
    pub(in crate::server) fn dispelled(&mut self) {
        *self = Self::default();
    }

    /// A connection died as it was asked for its era.
    pub(in crate::server) fn died(&mut self) {
        self.broke = true;
    }

    /// An attempt failed.
    pub(in crate::server) fn failed(&mut self, loss: &Loss) {
        self.broke |= matches!(loss, Loss::TimedOut { .. });
        self.refused |= match loss {
            Loss::HttpStatus { status, .. } => {
                (400..500).contains(status) && !matches!(status, 408 | 429)
            }
            Loss::Protocol { .. } => true,
            _ => false,
        };
    }

    /// How the connection of this attempt begins. A server that breaks whatever it is asked is started
    /// once an attempt, and asked one thing and the other by turns.
    pub(in crate::server) fn guess(
        self,
        choice: EraChoice,
        carriage: Carriage,
        remembered: Option<&Manifest>,
        attempt: u32,
    ) -> Guess {
        let choice = if carriage == Carriage::LegacyOnly { EraChoice::Legacy } else { choice };
        let known = remembered.filter(|_| !self.refused);
        let patient = known.is_some_and(|it| it.era == Era::Modern || it.is_modern_too);
        let first = match (choice, known.map(|known| known.era)) {
            (EraChoice::Legacy, _) => Purpose::Initialize,
            (EraChoice::Auto, Some(Era::Legacy(_))) if !patient => Purpose::Initialize,
            (EraChoice::Auto, _)
                if self.broke && carriage == Carriage::Stream && attempt.is_multiple_of(2) =>
            {
                Purpose::Initialize
            }
            (EraChoice::Auto | EraChoice::Modern, _) => Purpose::Discover,
        };
        Guess { choice, first, again: choice == EraChoice::Auto && !self.broke, patient, carriage }
    }
}

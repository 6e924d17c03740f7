//! How a conversation with a server begins: which era it lives in, found out at the least cost. A value.
//!
//! Of a server nobody knows, `server/discover` is asked first. What is no modern answer, or a silence
//! too long, brings `initialize` on the same connection; then whichever answer decides is taken. A
//! server known to be of the initialize era is asked `initialize` at once, and only when it refuses
//! that the search begins anew.
//!
//! A server of both eras may take an `initialize` on its stream for the choice of the older one, so it
//! is then spoken to in that; the next connection is more patient.
//!
//! *Invariant:* each of the two is asked at most once a connection, and none after the era is known.

mod doubts;

pub(super) use doubts::{Doubts, Guess};

use super::control::{Purpose, answered_with};
use super::{Carriage, Loss};
use crate::bridge::Reaction;
use bytes::Bytes;
use std::time::Duration;
use tokio::time::Instant;

/// How long `server/discover` may go unanswered before `initialize` is sent as well. A server that is
/// slow to start answers both, in order.
const SILENCE: Duration = Duration::from_secs(3);
/// The same of a server that is known to answer it.
const PATIENCE: Duration = Duration::from_secs(15);

/// Which era a server is spoken to in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum EraChoice {
    /// The newest it speaks, found out and remembered.
    #[default]
    Auto,
    /// The initialize era, without asking.
    Legacy,
    /// 2026-07-28, or not at all.
    Modern,
}

/// How far one of the two questions has come.
#[derive(Debug)]
enum Stage {
    Unasked,
    Asked,
    Refused(Loss),
}

/// What follows from something heard.
#[derive(Debug, PartialEq)]
pub(super) enum Verdict {
    /// Nothing yet.
    Wait,
    /// This is to be asked.
    Ask(Purpose),
    /// It lives in 2026-07-28; its discover result.
    Modern(Bytes),
    /// It lives in the initialize era; its initialize result.
    Legacy(Bytes),
    /// It cannot be spoken to.
    No(Loss),
}

/// The beginning of one connection.
#[derive(Debug)]
pub(super) struct Opening {
    guess: Guess,
    discover: Stage,
    initialize: Stage,
    /// When the silence is too long.
    silent_at: Option<Instant>,
    /// The discover result of a server that was asked to initialize by then.
    discovered: Option<Bytes>,
    settled: bool,
}

impl Opening {
    /// One that begins with what is guessed.
    pub(super) fn new(guess: Guess) -> Self {
        let (discover, initialize) = (Stage::Unasked, Stage::Unasked);
        let (silent_at, discovered) = (None, None);
        Self { guess, discover, initialize, silent_at, discovered, settled: false }
    }

    /// The first question.
    pub(super) fn begin(&mut self, now: Instant) -> Purpose {
        if self.guess.first == Purpose::Discover && self.guess.choice == EraChoice::Auto {
            self.silent_at = Some(now + if self.guess.patient { PATIENCE } else { SILENCE });
        }
        self.ask(self.guess.first)
    }

    /// When [`Self::silent`] is worth calling.
    pub(super) fn due(&self) -> Option<Instant> {
        self.silent_at
    }

    /// What follows when nothing was heard for too long.
    pub(super) fn silent(&mut self, now: Instant) -> Verdict {
        if self.silent_at.take_if(|at| *at <= now).is_none() {
            return Verdict::Wait;
        }
        match (self.discovered.take(), &self.initialize) {
            (Some(discovered), _) => self.settle(Verdict::Modern(discovered)),
            (None, Stage::Unasked) => Verdict::Ask(self.ask(Purpose::Initialize)),
            (None, _) => Verdict::Wait,
        }
    }

    /// Whether a server spoken to in the initialize era lives in 2026-07-28 as well.
    pub(super) fn is_modern_too(&self) -> bool {
        self.discovered.is_some()
    }

    /// One of the two was answered, with a result or an error object.
    pub(super) fn answered(
        &mut self,
        purpose: Purpose,
        outcome: Result<Bytes, Bytes>,
        now: Instant,
    ) -> Verdict {
        if self.settled {
            return Verdict::Wait; // the other one decided
        }
        if purpose == Purpose::Initialize {
            return match outcome {
                Ok(result) => self.settle(Verdict::Legacy(result)),
                Err(error) => self.refused(purpose, protocol("initialize", &error)),
            };
        }
        match Reaction::of_outcome(outcome.as_ref()) {
            Reaction::Modern(result) => {
                let asked = matches!(self.initialize, Stage::Asked);
                if asked && self.guess.carriage == Carriage::Stream {
                    self.discovered = Some(result);
                    self.silent_at = Some(now + SILENCE);
                    return Verdict::Wait; // what comes next says which era the stream is in
                }
                self.settle(Verdict::Modern(result))
            }
            Reaction::Incompatible(versions) => {
                let detail =
                    format!("the server speaks only revisions {:.200}", versions.join(", "));
                self.settle(Verdict::No(Loss::Protocol { detail }))
            }
            Reaction::ModernRefused(error) => {
                self.refused(purpose, protocol("server/discover", &error))
            }
            Reaction::Legacy => {
                let (Ok(raw) | Err(raw)) = outcome;
                self.refused(purpose, protocol("server/discover", &raw))
            }
        }
    }

    /// One of the two could not be delivered, or got no answer in its response.
    ///
    /// Source: MCP 2026-07-28 "Streamable HTTP", backward compatibility: a 4xx without a modern error
    /// says that the server may want `initialize`.
    pub(super) fn failed(&mut self, purpose: Purpose, loss: Loss) -> Verdict {
        if self.settled {
            return Verdict::Wait;
        }
        let refusal = match &loss {
            Loss::HttpStatus { status, .. } => {
                (400..500).contains(status) && !matches!(status, 408 | 429)
            }
            Loss::Protocol { .. } | Loss::StreamEnded => true,
            _ => false,
        };
        if refusal { self.refused(purpose, loss) } else { self.settle(Verdict::No(loss)) }
    }

    /// Whether a connection that ends like this died of the question what era it lives in, so that
    /// another one is worth trying, which is not asked that.
    pub(super) fn died_of(&self, loss: &Loss) -> bool {
        let of_stream = match loss {
            Loss::Exited { .. } | Loss::OutputClosed { .. } => true,
            Loss::Unreachable { .. } | Loss::Protocol { .. } => {
                self.guess.carriage == Carriage::Stream
            }
            _ => false,
        };
        let asked = matches!(self.discover, Stage::Asked) && self.discovered.is_none();
        of_stream && asked && !self.settled && self.guess.again
    }

    fn refused(&mut self, purpose: Purpose, loss: Loss) -> Verdict {
        if let Some(discovered) = self.discovered.take() {
            return self.settle(Verdict::Modern(discovered));
        }
        self.silent_at = None;
        let (this, other, next) = match purpose {
            Purpose::Initialize => (&mut self.initialize, &self.discover, Purpose::Discover),
            _ => (&mut self.discover, &self.initialize, Purpose::Initialize),
        };
        *this = Stage::Refused(loss.clone());
        match other {
            _ if self.guess.choice != EraChoice::Auto => self.settle(Verdict::No(loss)),
            Stage::Unasked => Verdict::Ask(self.ask(next)),
            Stage::Asked => Verdict::Wait,
            Stage::Refused(other) => {
                // what `initialize` was refused with says more: every server has that or is modern
                let loss = if purpose == Purpose::Initialize { loss } else { other.clone() };
                self.settle(Verdict::No(loss))
            }
        }
    }

    fn ask(&mut self, purpose: Purpose) -> Purpose {
        match purpose {
            Purpose::Initialize => self.initialize = Stage::Asked,
            _ => self.discover = Stage::Asked,
        }
        purpose
    }

    fn settle(&mut self, verdict: Verdict) -> Verdict {
        self.settled = true;
        self.silent_at = None;
        verdict
    }
}

fn protocol(method: &str, error: &Bytes) -> Loss {
    Loss::Protocol { detail: answered_with(method, error) }
}

#[cfg(test)]
mod tests;

//! When a session was last used, for whoever has to choose which one makes room.

use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::time::Instant;

/// The last use of a session.
#[derive(Debug)]
pub(super) struct Usage(Mutex<Instant>);

impl Usage {
    /// Its client said something.
    pub(super) fn touch(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    /// How long it said nothing.
    pub(super) fn idle(&self) -> Duration {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).elapsed()
    }
}

impl Default for Usage {
    fn default() -> Self {
        Self(Mutex::new(Instant::now()))
    }
}

/// Who may make room, in the order in which they are asked: idle for at least `least`, the longest first.
pub(super) fn least_recent<T>(
    sessions: impl Iterator<Item = (Duration, T)>,
    least: Duration,
) -> Vec<T> {
    let mut idle: Vec<_> = sessions.filter(|(idle, _)| *idle >= least).collect();
    idle.sort_by_key(|(idle, _)| std::cmp::Reverse(*idle));
    idle.into_iter().map(|(_, session)| session).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_idle_is_asked_first_and_the_busy_never() {
        let sessions = [(5, "a"), (90, "b"), (10, "c"), (9, "d"), (40, "e")];
        let sessions = sessions.map(|(idle, name)| (Duration::from_secs(idle), name));
        assert_eq!(least_recent(sessions.into_iter(), Duration::from_secs(10)), ["b", "e", "c"]);
    }

    #[tokio::test(start_paused = true)]
    async fn use_ends_idleness() {
        let usage = Usage::default();
        tokio::time::advance(Duration::from_secs(7)).await;
        assert_eq!(usage.idle(), Duration::from_secs(7));
        usage.touch();
        assert_eq!(usage.idle(), Duration::ZERO);
    }
}

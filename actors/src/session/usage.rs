//! How a session is used, for whoever has to choose which one makes room, and for people.

use super::stream::WeakStream;
use super::{Client, ClientStream};
use crate::mutex::lock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};
use tokio::time::Instant;

/// The use of a session.
#[derive(Debug)]
pub(super) struct Usage {
    last: Mutex<Instant>,
    opened: SystemTime,
    /// Requests of its client whose answers are not written.
    requests: AtomicUsize,
    /// Where messages go that belong to no request.
    outbound: Mutex<Option<WeakStream>>,
}

impl Usage {
    /// Its client said something.
    pub(super) fn touch(&self) {
        *lock(&self.last) = Instant::now();
    }

    /// How long it said nothing.
    pub(super) fn idle(&self) -> Duration {
        lock(&self.last).elapsed()
    }

    /// When it began.
    pub(super) fn opened(&self) -> SystemTime {
        self.opened
    }

    /// How many requests are in flight.
    pub(super) fn in_flight(&self) -> usize {
        self.requests.load(Ordering::Relaxed)
    }

    /// Its client listens on this stream for what belongs to no request.
    pub(super) fn listens(&self, stream: &ClientStream) {
        *lock(&self.outbound) = Some(stream.downgrade());
    }

    /// Whether somebody still reads that stream.
    pub(super) fn is_listening(&self) -> bool {
        lock(&self.outbound).as_ref().is_some_and(WeakStream::is_read)
    }
}

impl Default for Usage {
    fn default() -> Self {
        Self {
            last: Mutex::new(Instant::now()),
            opened: SystemTime::now(),
            requests: AtomicUsize::new(0),
            outbound: Mutex::default(),
        }
    }
}

/// Held by a request of a session until its answer is written.
#[derive(Debug)]
pub(crate) struct InFlight(Arc<Client>);

impl InFlight {
    pub(super) fn of(client: &Arc<Client>) -> Self {
        client.usage.requests.fetch_add(1, Ordering::Relaxed);
        Self(Arc::clone(client))
    }
}

impl Drop for InFlight {
    fn drop(&mut self) {
        self.0.usage.requests.fetch_sub(1, Ordering::Relaxed);
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

    #[test]
    fn who_reads_the_stream_listens() {
        let usage = Usage::default();
        assert!(!usage.is_listening());
        let (stream, reader) = ClientStream::new();
        usage.listens(&stream);
        assert!(usage.is_listening());
        drop(reader);
        assert!(!usage.is_listening());
    }
}

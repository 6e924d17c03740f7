//! The clients of the simulated server over HTTP, and their event streams.
//!
//! *Invariant:* what waits for a client costs a bounded number of messages.

use super::outlet::Part;
use mcpvisor_actors::mutex::lock;
use std::collections::{HashMap, VecDeque};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use tokio::sync::mpsc;

/// Messages on their way to a stream; as many wait for one to open.
const ROOM: usize = 64;

/// All sessions by id.
#[derive(Debug, Default)]
pub(super) struct Sessions {
    by_id: Mutex<HashMap<String, Session>>,
    opened: AtomicU64,
}

#[derive(Debug, Default)]
struct Session {
    stream: Option<mpsc::Sender<Part>>,
    waiting: VecDeque<Part>,
}

impl Sessions {
    fn by_id(&self) -> MutexGuard<'_, HashMap<String, Session>> {
        lock(&self.by_id)
    }

    /// A new session; its id.
    pub(super) fn create(&self) -> String {
        let number = self.opened.fetch_add(1, Ordering::Relaxed) + 1;
        let id = format!("simulated-{}-{number}", std::process::id());
        self.by_id().insert(id.clone(), Session::default());
        id
    }

    pub(super) fn has(&self, id: &str) -> bool {
        self.by_id().contains_key(id)
    }

    pub(super) fn count(&self) -> usize {
        self.by_id().len()
    }

    /// Opens the stream of a session in place of the one before.
    pub(super) fn open(&self, id: &str) -> mpsc::Receiver<Part> {
        let (sender, receiver) = mpsc::channel(ROOM);
        let mut sessions = self.by_id();
        let session = sessions.entry(id.to_owned()).or_default();
        for part in session.waiting.drain(..) {
            // there is room for all that may wait
            let _sent = sender.try_send(part);
        }
        session.stream = Some(sender);
        receiver
    }

    /// Forgets one, which ends its stream.
    pub(super) fn forget(&self, id: &str) {
        self.by_id().remove(id);
    }

    /// Forgets all of them.
    pub(super) fn forget_all(&self) {
        self.by_id().clear();
    }

    /// Forgets those whose stream the client has left.
    pub(super) fn forget_gone(&self) {
        let gone = |session: &Session| session.stream.as_ref().is_some_and(mpsc::Sender::is_closed);
        self.by_id().retain(|_, session| !gone(session));
    }

    /// Sends lines on the stream of a session, or keeps them until there is one. Blocks while the
    /// client reads slowly. Whether there was a stream.
    pub(super) fn tell(&self, id: &str, lines: Vec<Vec<u8>>) -> bool {
        let stream = self.by_id().get(id).and_then(|session| session.stream.clone());
        let unsent = match stream {
            Some(stream) => match stream.blocking_send(Part::Lines(lines)) {
                Ok(()) => return true,
                Err(unsent) => unsent.0,
            },
            None => Part::Lines(lines),
        };
        if let Some(session) = self.by_id().get_mut(id)
            && session.waiting.len() < ROOM
        {
            session.waiting.push_back(unsent);
        }
        false
    }

    /// Sends lines on all streams; whether there was one.
    pub(super) fn tell_all(&self, lines: &[Vec<u8>]) -> bool {
        let ids: Vec<String> = self.by_id().keys().cloned().collect();
        ids.iter().filter(|id| self.tell(id, lines.to_vec())).count() > 0
    }
}

#[cfg(test)]
mod tests {
    use super::{Part, ROOM, Sessions};

    #[test]
    fn what_is_said_before_a_stream_opens_waits_for_it_within_bounds() {
        let sessions = Sessions::default();
        let id = sessions.create();
        for turn in 0..ROOM + 5 {
            assert!(!sessions.tell(&id, vec![vec![u8::try_from(turn).unwrap()]]));
        }
        let mut stream = sessions.open(&id);
        let heard = std::iter::from_fn(|| stream.try_recv().ok()).collect::<Vec<_>>();
        assert_eq!(heard.len(), ROOM);
        assert_eq!(heard[0], Part::Lines(vec![vec![0]]));
        assert!(sessions.tell_all(&[b"x".to_vec()]));
    }

    #[test]
    fn a_forgotten_session_has_no_stream_and_no_name() {
        let sessions = Sessions::default();
        let (id, other) = (sessions.create(), sessions.create());
        let mut stream = sessions.open(&id);
        sessions.forget_all();
        assert!(
            stream
                .try_recv()
                .is_err_and(|end| end != tokio::sync::mpsc::error::TryRecvError::Empty)
        );
        assert!(!sessions.has(&id) && !sessions.has(&other));
        assert!(!sessions.tell(&id, Vec::new()));
        assert_eq!(sessions.count(), 0);
    }
}

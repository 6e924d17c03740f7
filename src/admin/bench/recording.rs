//! One recording: the frames of a server from its start to its stop.
//!
//! *Invariant:* it is bounded; one that is full stops by itself, and what was lost is counted.

use mcpvisor_actors::clock::unix_millis;
use mcpvisor_actors::fleet::{Frame, FrameWatch, Seen};
use mcpvisor_actors::mutex::lock;
use serde::Serialize;
use std::sync::{Arc, Mutex};
use std::time::SystemTime;
use tokio::sync::Notify;
use tokio::task::JoinSet;
use utoipa::ToSchema;

/// Frames of one recording.
const FRAMES: usize = 10_000;
/// Bytes of one recording, each frame counted with what it takes beside its text.
const BYTES: usize = 16 * 1024 * 1024;
const BESIDE: usize = 256;

/// A recording.
pub(super) struct Recording {
    pub(super) id: u64,
    pub(super) server: String,
    started: SystemTime,
    held: Arc<Mutex<Held>>,
    stop: Arc<Notify>,
    task: Mutex<JoinSet<()>>,
}

/// What was recorded.
#[derive(Default)]
struct Held {
    frames: Vec<Arc<Frame>>,
    bytes: usize,
    lost: u64,
    ended: Option<(SystemTime, State)>,
}

/// How a recording stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
#[schema(as = RecordingState)]
pub(super) enum State {
    /// It goes on.
    Recording,
    /// It was stopped.
    Stopped,
    /// It stopped by itself, because there were too many frames.
    Full,
}

/// A recording, without its frames.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
#[schema(as = Recording)]
pub(super) struct RecordingReport {
    /// Its number.
    id: u64,
    /// The server.
    server: String,
    /// How it stands.
    state: State,
    /// When it began, in Unix milliseconds.
    started_at_ms: u64,
    /// When it ended.
    stopped_at_ms: Option<u64>,
    /// Its frames.
    frames: usize,
    /// What they take, in bytes.
    bytes: usize,
    /// Frames that were lost, because they came too fast.
    lost: u64,
}

impl Recording {
    /// Records what is watched.
    pub(super) fn start(id: u64, server: &str, mut watch: FrameWatch) -> Self {
        let (held, stop) = (Arc::new(Mutex::new(Held::default())), Arc::new(Notify::new()));
        let mut task = JoinSet::new();
        task.spawn({
            let (held, stop) = (Arc::clone(&held), Arc::clone(&stop));
            async move {
                loop {
                    tokio::select! {
                        biased;
                        () = stop.notified() => break,
                        seen = watch.next() => if !lock(&held).takes(seen) { return },
                    }
                }
                while let Some(seen) = watch.so_far() {
                    if !lock(&held).takes(seen) {
                        return;
                    }
                }
                lock(&held).ended = Some((SystemTime::now(), State::Stopped));
            }
        });
        let (server, started) = (server.to_owned(), SystemTime::now());
        Self { id, server, started, held, stop, task: Mutex::new(task) }
    }

    /// Stops it; what went by until now is in it. Stopped before, nothing changes.
    pub(super) async fn stop(&self) {
        let mut task = std::mem::take(&mut *lock(&self.task));
        self.stop.notify_one();
        while task.join_next().await.is_some() {}
    }

    /// Its frames so far.
    pub(super) fn frames(&self) -> Vec<Arc<Frame>> {
        lock(&self.held).frames.clone()
    }

    /// How it stands.
    pub(super) fn report(&self) -> RecordingReport {
        let held = lock(&self.held);
        RecordingReport {
            id: self.id,
            server: self.server.clone(),
            state: held.ended.map_or(State::Recording, |(_, state)| state),
            started_at_ms: unix_millis(self.started),
            stopped_at_ms: held.ended.map(|(at, _)| unix_millis(at)),
            frames: held.frames.len(),
            bytes: held.bytes,
            lost: held.lost,
        }
    }
}

impl Held {
    /// Takes in what was seen; `false` when there is no more room.
    fn takes(&mut self, seen: Seen) -> bool {
        match seen {
            Seen::Lost(lost) => self.lost += lost,
            Seen::Frame(frame) => {
                let bytes = frame.text.len() + BESIDE;
                if self.frames.len() >= FRAMES || self.bytes + bytes > BYTES {
                    self.ended = Some((SystemTime::now(), State::Full));
                    return false;
                }
                self.bytes += bytes;
                self.frames.push(frame);
            }
        }
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use mcpvisor_actors::fleet::{Direction, FrameKind};
    use mcpvisor_actors::server::Generation;

    fn frame(length: usize) -> Seen {
        Seen::Frame(Arc::new(Frame {
            seq: 1,
            at: SystemTime::UNIX_EPOCH,
            generation: Generation::next(),
            own: false,
            direction: Direction::Out,
            kind: FrameKind::Noise,
            id: None,
            method: None,
            bytes: length,
            truncated: false,
            masked: false,
            text: "x".repeat(length),
        }))
    }

    #[test]
    fn a_recording_that_is_full_ends_and_what_was_lost_is_counted() {
        for (length, most) in [(0, FRAMES), (64 * 1024, BYTES / (64 * 1024 + BESIDE))] {
            let mut held = Held::default();
            assert!(held.takes(Seen::Lost(3)) && held.takes(Seen::Lost(4)));
            let taken = (0..FRAMES * 2).take_while(|_| held.takes(frame(length))).count();
            assert_eq!((taken, held.frames.len(), held.lost), (most, most, 7));
            assert!(held.bytes <= BYTES, "{}", held.bytes);
            assert!(held.ended.is_some_and(|(_, state)| state == State::Full));
        }
    }
}

//! Where the frames of a server can be watched.
//!
//! A tap sits on the server's card, so one watch sees all of its connections, one after the other and
//! beside each other. It is told of frames by whoever drives a connection.
//!
//! *Invariant:* nobody watching, a frame costs one relaxed load and no text is made of it; a watcher that
//! does not read loses frames and hears how many, and never makes a connection wait.

use super::frame::{Frame, Place, Said};
use crate::mutex::lock;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use tokio::sync::broadcast::{Receiver, Sender, channel, error};

/// Frames kept for a watcher that does not read.
const KEPT: usize = 512;

/// The tap of one server.
#[derive(Debug, Default)]
pub(crate) struct Tap {
    watchers: AtomicUsize,
    flow: Mutex<Flow>,
}

#[derive(Debug, Default)]
struct Flow {
    /// The number of the last frame somebody watched.
    last: u64,
    /// There while somebody watches.
    sender: Option<Sender<Arc<Frame>>>,
}

impl Tap {
    /// A frame goes by. What it says is asked for only when somebody watches.
    pub(crate) fn passes(&self, place: Place, said: impl FnOnce() -> Said) {
        if self.watchers.load(Ordering::Relaxed) == 0 {
            return;
        }
        let said = said();
        let mut flow = self.flow();
        let Flow { last, sender: Some(sender) } = &mut *flow else { return };
        *last += 1;
        let _nobody_left = sender.send(Arc::new(said.frame(*last, place)));
    }

    /// Watches every frame from now on.
    pub(crate) fn watch(self: &Arc<Self>) -> FrameWatch {
        let mut flow = self.flow();
        self.watchers.fetch_add(1, Ordering::Relaxed);
        let sender = flow.sender.get_or_insert_with(|| channel(KEPT).0);
        FrameWatch { receiver: sender.subscribe(), tap: Arc::clone(self) }
    }

    fn left(&self) {
        let mut flow = self.flow();
        if self.watchers.fetch_sub(1, Ordering::Relaxed) == 1 {
            flow.sender = None;
        }
    }

    fn flow(&self) -> std::sync::MutexGuard<'_, Flow> {
        lock(&self.flow)
    }
}

/// What a watcher sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Seen {
    /// The next frame.
    Frame(Arc<Frame>),
    /// So many frames were lost, because they were not read in time.
    Lost(u64),
}

/// Watches the frames of one server, until it is dropped.
#[derive(Debug)]
pub struct FrameWatch {
    receiver: Receiver<Arc<Frame>>,
    tap: Arc<Tap>,
}

impl FrameWatch {
    /// What comes next; waits for it.
    pub async fn next(&mut self) -> Seen {
        match self.receiver.recv().await {
            Ok(frame) => Seen::Frame(frame),
            Err(error::RecvError::Lagged(lost)) => Seen::Lost(lost),
            // our own tap keeps it open
            Err(error::RecvError::Closed) => std::future::pending().await,
        }
    }

    /// What has come by now; `None` when there is nothing more.
    pub fn so_far(&mut self) -> Option<Seen> {
        match self.receiver.try_recv() {
            Ok(frame) => Some(Seen::Frame(frame)),
            Err(error::TryRecvError::Lagged(lost)) => Some(Seen::Lost(lost)),
            Err(error::TryRecvError::Empty | error::TryRecvError::Closed) => None,
        }
    }

    /// How many watch this server, this one included.
    pub fn watchers(&self) -> usize {
        self.tap.watchers.load(Ordering::Relaxed)
    }
}

impl Drop for FrameWatch {
    fn drop(&mut self) {
        self.tap.left();
    }
}

#[cfg(test)]
mod tests;

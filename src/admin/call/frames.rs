//! The frames of one call, picked from all that go to and come from its server.
//!
//! The request to the server has an id of its own, so it is known by what it calls and with what. Two
//! equal calls at the same moment cannot be told apart: then these are the frames of one of them.

use mcpvisor_actors::fleet::{Direction, Frame, FrameKind, FrameWatch, Seen};
use mcpvisor_actors::server::Generation;
use std::future::pending;
use std::sync::Arc;

/// Most frames that are shown; the answer is in any case.
const MOST: usize = 64;

/// Picks the frames of a call.
#[derive(Debug)]
pub(super) struct CallFrames {
    watch: Option<FrameWatch>,
    picked: Picked,
}

#[derive(Debug, Default)]
struct Picked {
    /// What the request to the server has in it, without white space.
    marks: [String; 2],
    /// The connection and the id of that request, once it went by.
    found: Option<(Generation, Option<String>)>,
    frames: Vec<Frame>,
}

impl CallFrames {
    /// Those of a call of this tool, by its server's own name, with these arguments; none without a
    /// watch.
    pub(super) fn new(watch: Option<FrameWatch>, own: &str, arguments: &str) -> Self {
        let own = serde_json::Value::from(own).to_string();
        let marks = [squeezed(&own), squeezed(arguments)];
        Self { watch, picked: Picked { marks, ..Picked::default() } }
    }

    /// Picks for as long as it is polled; may be given up at any time.
    pub(super) async fn pick(&mut self) {
        let Some(watch) = &mut self.watch else { return pending().await };
        loop {
            let seen = watch.next().await;
            self.picked.see(seen);
        }
    }

    /// All that were picked, with what has gone by until now.
    pub(super) fn all(self) -> Vec<Frame> {
        let Self { watch, mut picked } = self;
        if let Some(mut watch) = watch {
            while let Some(seen) = watch.so_far() {
                picked.see(seen);
            }
        }
        picked.frames
    }
}

impl Picked {
    fn see(&mut self, seen: Seen) {
        let Seen::Frame(frame) = seen else { return };
        if self.is_ours(&frame) {
            self.frames.push(Arc::unwrap_or_clone(frame));
        }
    }

    fn is_ours(&mut self, frame: &Frame) -> bool {
        let way = (frame.direction, frame.kind);
        let Some((generation, id)) = &self.found else {
            let calls = frame.method.as_deref() == Some("tools/call");
            let ours = way == (Direction::Out, FrameKind::Request) && calls && self.fits(frame);
            if ours {
                self.found = Some((frame.generation, frame.id.clone()));
            }
            return ours;
        };
        if frame.generation != *generation {
            return false;
        }
        match way {
            (Direction::In, FrameKind::Response) => frame.id == *id,
            // calls and cancellations of others
            (Direction::Out, FrameKind::Request | FrameKind::Notification) => false,
            _ => self.frames.len() < MOST,
        }
    }

    /// Whether it may be the request; of one that is not shown as it is, the rest is taken on trust.
    fn fits(&self, frame: &Frame) -> bool {
        let text = squeezed(&frame.text);
        let [own, arguments] = &self.marks;
        let cut = frame.truncated || frame.masked;
        cut || (text.contains(own) && text.contains(arguments))
    }
}

/// A text without white space: a frame may be spaced otherwise than what it is made of.
fn squeezed(text: &str) -> String {
    text.split_ascii_whitespace().collect()
}

//! Frames on their way out: which may overtake which.
//!
//! A notification's POST must be answered before anything after it goes out (a server must have
//! seen `notifications/initialized` before the first request); requests, answers and cancellations
//! go out at once and wait for nothing but that.
//!
//! *Invariant:* a frame is either in the queue, untouched, or handed to a task; the tasks end with
//! this value.

use futures_util::future::BoxFuture;
use mcpvisor_actors::server::{Outbound, OutboundKind};
use std::collections::{HashMap, VecDeque};
use std::task::{Context, Poll};
use tokio::task::{self, AbortHandle, JoinSet};

/// One frame's delivery, or a stream's reading.
pub(crate) type Job = BoxFuture<'static, ()>;

/// The queue and the running tasks of one connection.
#[derive(Debug, Default)]
pub(crate) struct Lanes {
    queue: VecDeque<Outbound>,
    tasks: JoinSet<Option<u64>>,
    requests: HashMap<u64, AbortHandle>,
    /// The notification everything else waits for.
    barrier: Option<task::Id>,
}

/// A task of ours panicked.
#[derive(Debug)]
pub(crate) struct Panicked;

impl Lanes {
    /// Queues a frame. A cancellation whose request is still queued takes it out, and neither goes.
    pub(crate) fn push(&mut self, frame: Outbound) {
        if let OutboundKind::Cancel { id } = frame.kind
            && let Some(at) = self.queue.iter().position(|queued| is_request(queued, id))
        {
            self.queue.remove(at);
            return;
        }
        self.queue.push_back(frame);
    }

    /// Whether the request `id` is still queued.
    pub(crate) fn is_unsent(&self, id: u64) -> bool {
        self.queue.iter().any(|queued| is_request(queued, id))
    }

    /// Hands queued frames to tasks made by `job`, as far as order allows.
    pub(crate) fn pump(&mut self, job: impl Fn(Outbound) -> Job) {
        while self.barrier.is_none()
            && let Some(frame) = self.queue.pop_front()
        {
            match frame.kind {
                OutboundKind::Request { id, .. } => {
                    let job = job(frame);
                    let handle = self.tasks.spawn(async move {
                        job.await;
                        Some(id)
                    });
                    self.requests.insert(id, handle);
                }
                OutboundKind::Notification => {
                    self.barrier = Some(self.spawn(job(frame)));
                }
                OutboundKind::Cancel { id } => {
                    if let Some(request) = self.requests.remove(&id) {
                        request.abort();
                    }
                    self.spawn(job(frame));
                }
                OutboundKind::Response => {
                    self.spawn(job(frame));
                }
            }
        }
    }

    /// Runs a task that belongs to no frame.
    pub(crate) fn spawn(&mut self, job: Job) -> task::Id {
        let handle = self.tasks.spawn(async move {
            job.await;
            None
        });
        handle.id()
    }

    /// Ready when a task has ended (the queue may move on) or panicked.
    pub(crate) fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Panicked>> {
        let ended = match self.tasks.poll_join_next_with_id(context) {
            Poll::Ready(Some(ended)) => ended,
            Poll::Ready(None) | Poll::Pending => return Poll::Pending,
        };
        let (task, panicked) = match ended {
            Ok((task, request)) => {
                if let Some(id) = request {
                    self.requests.remove(&id);
                }
                (task, false)
            }
            Err(error) => (error.id(), error.is_panic()),
        };
        if self.barrier == Some(task) {
            self.barrier = None;
        }
        Poll::Ready(if panicked { Err(Panicked) } else { Ok(()) })
    }
}

fn is_request(frame: &Outbound, wanted: u64) -> bool {
    matches!(frame.kind, OutboundKind::Request { id, .. } if id == wanted)
}

//! Frames on their way out: which may overtake which.
//!
//! A notification's POST must be answered before anything after it goes out (a server must have
//! seen `notifications/initialized` before the first request); requests, answers and cancellations
//! go out at once and wait for nothing but that. Only answers are limited in number, because a
//! server may ask without end and take none of them; they wait aside and hold up nobody.
//!
//! Deliveries are no tasks of their own: they run in the turn of whoever asks for what was heard, so that
//! neither a request nor its answer has to wake another task on its way.
//!
//! *Invariant:* a frame is either in the queue, untouched, or handed to a delivery; the deliveries end with
//! this value.

use crate::turn::Turn;
use futures_util::FutureExt;
use futures_util::future::{AbortHandle, Abortable, BoxFuture};
use futures_util::stream::{FuturesUnordered, Stream};
use mcpvisor_actors::server::{Outbound, OutboundKind};
use std::collections::{HashMap, HashSet, VecDeque};
use std::panic::AssertUnwindSafe;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::time::sleep;

/// One frame's delivery, or a stream's reading.
pub(crate) type Job = BoxFuture<'static, ()>;

/// Answers to the server on their way at the same time.
const MAX_ANSWERING: usize = 16;
/// Answers that wait for one of those places.
const MAX_ANSWERS_WAITING: usize = 64;

/// Numbers the deliveries of one connection.
type Number = u64;

/// The queue and the deliveries of one connection.
#[derive(Debug)]
pub(crate) struct Lanes {
    /// Host and port, for people.
    address: String,
    queue: VecDeque<Outbound>,
    /// Answers to the server's requests, waiting and on their way, and how many were dropped.
    answers: VecDeque<Outbound>,
    answering: HashSet<Number>,
    dropped: u64,
    running: FuturesUnordered<BoxFuture<'static, Ended>>,
    turn: Turn,
    started: Number,
    requests: HashMap<u64, AbortHandle>,
    /// The notification everything else waits for.
    barrier: Option<Number>,
    /// A cancellation is not sent: ending the delivery of its request is all of it.
    closes: bool,
}

/// A delivery is over.
#[derive(Debug)]
struct Ended {
    number: Number,
    /// The request it delivered, if it did.
    request: Option<u64>,
    panicked: bool,
}

/// A delivery of ours panicked.
#[derive(Debug)]
pub(crate) struct Panicked;

impl Lanes {
    /// The lanes of a connection to `address`.
    pub(crate) fn new(address: &str) -> Self {
        Self {
            address: address.to_owned(),
            queue: VecDeque::new(),
            answers: VecDeque::new(),
            answering: HashSet::new(),
            dropped: 0,
            running: FuturesUnordered::new(),
            turn: Turn::default(),
            started: 0,
            requests: HashMap::new(),
            barrier: None,
            closes: false,
        }
    }

    /// From now on a request is given up by closing its response alone.
    ///
    /// Source: MCP 2026-07-28 "Cancellation".
    pub(crate) fn cancel_by_closing(&mut self) {
        self.closes = true;
    }

    /// Queues a frame. A cancellation whose request is still queued takes it out, and neither goes;
    /// an answer too many is dropped.
    pub(crate) fn push(&mut self, frame: Outbound) {
        if frame.kind == OutboundKind::Response {
            return self.push_answer(frame);
        }
        if let OutboundKind::Cancel { id } = frame.kind
            && let Some(at) = self.queue.iter().position(|queued| is_request(queued, id))
        {
            self.queue.remove(at);
            return;
        }
        self.queue.push_back(frame);
    }

    fn push_answer(&mut self, frame: Outbound) {
        if self.answers.len() + self.answering.len() < MAX_ANSWERING + MAX_ANSWERS_WAITING {
            return self.answers.push_back(frame);
        }
        self.dropped += 1;
        if self.dropped.is_power_of_two() {
            let (address, count) = (&self.address, self.dropped); // told at 1, 2, 4, 8 …
            tracing::warn!(%address, count, "the server takes no answers to its requests; dropped");
        }
    }

    /// Whether the request `id` is still queued.
    pub(crate) fn is_unsent(&self, id: u64) -> bool {
        self.queue.iter().any(|queued| is_request(queued, id))
    }

    /// Hands queued frames to deliveries made by `job`, as far as order allows.
    pub(crate) fn pump(&mut self, job: impl Fn(Outbound) -> Job) {
        while self.barrier.is_none()
            && let Some(frame) = self.queue.pop_front()
        {
            match frame.kind {
                OutboundKind::Request { id, .. } => {
                    let (handle, registration) = AbortHandle::new_pair();
                    let delivery = Abortable::new(job(frame), registration);
                    self.start(Some(id), delivery.map(drop));
                    self.requests.insert(id, handle);
                }
                OutboundKind::Notification => {
                    self.barrier = Some(self.spawn(job(frame)));
                }
                OutboundKind::Cancel { id } => {
                    if let Some(request) = self.requests.remove(&id) {
                        request.abort();
                    }
                    if !self.closes {
                        self.spawn(job(frame));
                    }
                }
                OutboundKind::Response => self.push_answer(frame),
            }
        }
        // The queue is empty when no notification is on its way: nothing is overtaken.
        while self.barrier.is_none()
            && self.answering.len() < MAX_ANSWERING
            && let Some(frame) = self.answers.pop_front()
        {
            let number = self.spawn(job(frame));
            self.answering.insert(number);
        }
    }

    /// A request was answered by other means: what is left of its delivery is cut after this time.
    pub(crate) fn answered(&mut self, id: u64, after: Duration) {
        if let Some(delivery) = self.requests.remove(&id) {
            self.spawn(Box::pin(async move {
                sleep(after).await;
                delivery.abort();
            }));
        }
    }

    /// Ends the delivery of a request nobody waits for any more.
    pub(crate) fn abandon(&mut self, id: u64) {
        self.queue.retain(|queued| !is_request(queued, id));
        if let Some(delivery) = self.requests.remove(&id) {
            delivery.abort();
        }
    }

    /// Runs a job that delivers no request.
    pub(crate) fn spawn(&mut self, job: Job) -> Number {
        self.start(None, job)
    }

    fn start(
        &mut self,
        request: Option<u64>,
        job: impl Future<Output = ()> + Send + 'static,
    ) -> Number {
        self.started += 1;
        let number = self.started;
        let job = AssertUnwindSafe(job).catch_unwind();
        let ended = job.map(move |end| Ended { number, request, panicked: end.is_err() });
        self.running.push(Box::pin(ended));
        number
    }

    /// Lets the deliveries go on. Ready when one has ended (the queue may move on) or panicked; what they
    /// reported meanwhile is in the channel they were given.
    pub(crate) fn poll_ended(&mut self, context: &mut Context<'_>) -> Poll<Result<(), Panicked>> {
        let running = &mut self.running;
        let ended = self.turn.take(context, |inner| Pin::new(&mut *running).poll_next(inner));
        let Poll::Ready(Some(ended)) = ended else { return Poll::Pending };
        if let Some(id) = ended.request {
            self.requests.remove(&id);
        }
        self.answering.remove(&ended.number);
        if self.barrier == Some(ended.number) {
            self.barrier = None;
        }
        Poll::Ready(if ended.panicked { Err(Panicked) } else { Ok(()) })
    }
}

fn is_request(frame: &Outbound, wanted: u64) -> bool {
    matches!(frame.kind, OutboundKind::Request { id, .. } if id == wanted)
}

#[cfg(test)]
mod tests {
    use super::*;
    use bytes::Bytes;

    fn answer() -> Outbound {
        Outbound::new(Bytes::from_static(b"{}"), OutboundKind::Response)
    }

    #[tokio::test]
    async fn answers_above_the_places_are_dropped_and_counted() {
        let mut lanes = Lanes::new("host:1");
        for _ in 0..200 {
            lanes.push(answer());
        }
        assert_eq!((lanes.answers.len(), lanes.dropped), (80, 120));
        lanes.pump(|_| Box::pin(std::future::pending()));
        assert_eq!((lanes.answering.len(), lanes.answers.len()), (16, 64));
        lanes.push(answer());
        assert_eq!((lanes.answers.len(), lanes.dropped), (64, 121));
    }
}

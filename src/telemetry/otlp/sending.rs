//! Sends spans that are written already, on a thread of its own.
//!
//! The library's own way copies every span several times before it is sent; with each request recorded, that
//! costs more than all the rest of telemetry.
//!
//! *Invariant:* never on the path of a request; whatever the collector does, sending one batch ends about
//! when the target's timeout does.

use super::NoExporter;
use super::backoff::{Again, Backoff, jitter};
use super::grpc::Call;
use super::http::Post;
use super::request::Head;
use super::spool::{Batch, Spool};
use crate::telemetry::delivery::Delivery;
use crate::telemetry::settings::{Protocol, Queue, Target};
use bytes::Bytes;
use mcpvisor_actors::mutex::lock;
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::error::{OTelSdkError, OTelSdkResult};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;
use tokio::runtime;
use tokio::time::{Instant, sleep, sleep_until};

/// Why something was not taken.
#[derive(Debug)]
pub(super) struct Refusal {
    /// In words.
    pub(super) text: String,
    /// Whether it is worth another try.
    pub(super) again: Again,
}

/// Spans on their way to a collector. Dropped, it sends what waits, if it still can.
#[derive(Debug)]
pub(in crate::telemetry) struct Sending {
    /// What waits.
    pub(in crate::telemetry) spool: Arc<Spool>,
    /// Says nothing, but ends when the thread does.
    ended: Mutex<Receiver<()>>,
}

impl Sending {
    /// Starts the thread; it connects once there is something to send.
    pub(in crate::telemetry) fn start(
        target: &Target,
        resource: &Resource,
        queue: Queue,
        delivery: Arc<Delivery>,
    ) -> Result<Self, NoExporter> {
        let way = match target.protocol {
            Protocol::Grpc => Way::Grpc(Box::new(Call::new(target)?)),
            Protocol::HttpProtobuf | Protocol::HttpJson => Way::Http(Post::new(target)?),
        };
        let spool = Arc::new(Spool::new(queue.size, queue.batch));
        let (here, ended) = channel();
        let (head, timeout, delay) = (Head::new(resource), target.timeout, queue.delay);
        let sender = Exporter { way, head, timeout, delay, delivery, spool: Arc::clone(&spool) };
        let runtime = runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|_none| NoExporter::Thread)?;
        let run = move || {
            let _here: Sender<()> = here;
            runtime.block_on(sender.run());
        };
        let named = thread::Builder::new().name("telemetry-traces".into());
        let _detached = named.spawn(run).map_err(|_none| NoExporter::Thread)?;
        Ok(Self { spool, ended: Mutex::new(ended) })
    }

    /// Sends what waits, within this time. Blocks.
    pub(in crate::telemetry) fn shutdown(&self, within: Duration) -> OTelSdkResult {
        self.spool.close();
        let ended = lock(&self.ended);
        match ended.recv_timeout(within) {
            Err(RecvTimeoutError::Timeout) => Err(OTelSdkError::Timeout(within)),
            Ok(()) | Err(RecvTimeoutError::Disconnected) => Ok(()),
        }
    }
}

impl Drop for Sending {
    fn drop(&mut self) {
        self.spool.close();
    }
}

struct Exporter {
    way: Way,
    head: Head,
    timeout: Duration,
    delay: Duration,
    delivery: Arc<Delivery>,
    spool: Arc<Spool>,
}

enum Way {
    Http(Post),
    Grpc(Box<Call>),
}

impl Exporter {
    /// Sends full batches at once, and others when their time has come, until the spool is closed and empty.
    async fn run(mut self) {
        let mut due = Instant::now() + self.delay;
        loop {
            tokio::select! {
                () = self.spool.changed() => {}
                () = sleep_until(due) => {}
            }
            let closed = self.spool.is_closed();
            let mut all = closed || Instant::now() >= due;
            if all {
                due = Instant::now() + self.delay;
            }
            while let Some((batch, last)) = self.spool.take(all) {
                // what comes while these are sent has time again
                all &= !last;
                let count = batch.count;
                let done = self.deliver(batch).await;
                self.delivery
                    .sent(count, done.as_ref().err().map(|it| it as &dyn std::fmt::Display));
            }
            if closed {
                return;
            }
        }
    }

    async fn deliver(&mut self, batch: Batch) -> Result<(), String> {
        let deadline = Instant::now() + self.timeout;
        let request = self.head.request(&batch.spans.into_bytes());
        let body: Bytes = match &self.way {
            Way::Grpc(_) => request.into(),
            Way::Http(post) => post.packed(request).map_err(|error| error.to_string())?,
        };
        let mut backoff = Backoff::new();
        loop {
            let done = match &mut self.way {
                Way::Http(post) => post.send(body.clone()).await,
                Way::Grpc(call) => call.send(body.clone()).await,
            };
            let Err(refusal) = done else { return Ok(()) };
            let time = deadline.saturating_duration_since(Instant::now());
            match backoff.next(refusal.again, time, jitter()) {
                Some(pause) => sleep(pause).await,
                None => return Err(refusal.text),
            }
        }
    }
}

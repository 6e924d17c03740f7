//! What the runtime observes, handed on to whoever keeps, counts or exports it.
//!
//! Requests that are over are collected for a moment and handed on together, off their own path.
//!
//! *Invariant:* a request pays for a lock and a push; what comes faster than it is taken is dropped and
//! counted.

use mcpvisor_actors::mutex::lock;
use mcpvisor_actors::observation::{Observed, Observer, SessionOver, Trace, TraceContext};
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::session::LogLevel;
use mcpvisor_actors::timeline::Event;
use std::collections::VecDeque;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;
use tokio::sync::Notify;
use tokio::task::{JoinSet, yield_now};
use tokio::time::sleep;

/// How long requests that are over are collected.
const TOGETHER: Duration = Duration::from_millis(20);
/// Most of them that wait.
const MOST: usize = 65_536;
/// Most that are handed on before others get their turn.
const AT_ONCE: usize = 512;

/// Somebody who keeps, counts or exports. Its methods do nothing unless it says otherwise.
pub trait Sink: Send + Sync + 'static {
    /// The spans of a request; the first sink that traces decides.
    fn trace(
        &self,
        _told: Option<&TraceContext>,
        _ambient: Option<&TraceContext>,
    ) -> Option<Trace> {
        None
    }
    /// A request came. On its path: never waits.
    fn began(&self, _request: &Arc<Observed>) {}
    /// These requests are over, in the order of their ends.
    fn over(&self, _requests: &[Arc<Observed>]) {}
    /// A server sent a log message. On the path of its frames: never waits.
    fn said(&self, _server: &ServerName, _level: LogLevel, _params: &[u8], _request: Option<u64>) {}
    /// A fact became known of a server. Never waits.
    fn noted(&self, _server: &ServerName, _event: &Event) {}
    /// A client's session ended. Never waits.
    fn session_over(&self, _session: &SessionOver) {}
}

/// Hands on what is observed to all sinks.
pub struct Hub {
    shared: Arc<Shared>,
    _collector: JoinSet<()>,
}

struct Shared {
    sinks: Vec<Arc<dyn Sink>>,
    over: Mutex<VecDeque<Arc<Observed>>>,
    /// Held while requests are handed on, so that they are in order.
    handing: Mutex<()>,
    first: Notify,
    dropped: AtomicU64,
}

impl Hub {
    /// A hub for these sinks. Needs a runtime.
    pub fn new(sinks: Vec<Arc<dyn Sink>>) -> Self {
        let shared = Arc::new(Shared {
            sinks,
            over: Mutex::default(),
            handing: Mutex::default(),
            first: Notify::new(),
            dropped: AtomicU64::new(0),
        });
        let mut collector = JoinSet::new();
        collector.spawn({
            let shared = Arc::clone(&shared);
            async move {
                loop {
                    shared.first.notified().await;
                    sleep(TOGETHER).await;
                    shared.settled().await;
                    if !lock(&shared.over).is_empty() {
                        shared.first.notify_one();
                    }
                }
            }
        });
        Self { shared, _collector: collector }
    }

    /// Hands on what is over by now, so that whoever asks next sees it. Blocks.
    pub fn settle(&self) {
        self.shared.settle();
    }

    /// The same, with room for others in between.
    pub async fn settled(&self) {
        self.shared.settled().await;
    }

    /// Requests nobody was told of, because too many ended at once.
    pub fn dropped(&self) -> u64 {
        self.shared.dropped.load(Ordering::Relaxed)
    }
}

impl Shared {
    fn settle(&self) {
        let mut left = lock(&self.over).len();
        while self.hand_on(&mut left) {}
    }

    async fn settled(&self) {
        let mut left = lock(&self.over).len();
        while self.hand_on(&mut left) {
            yield_now().await;
        }
    }

    /// Hands on some; whether there are more of those that were `left`.
    fn hand_on(&self, left: &mut usize) -> bool {
        let _in_order = lock(&self.handing);
        let some: Vec<_> = {
            let mut over = lock(&self.over);
            let count = over.len().min(AT_ONCE);
            over.drain(..count).collect()
        };
        if some.is_empty() {
            return false;
        }
        self.sinks.iter().for_each(|sink| sink.over(&some));
        *left = left.saturating_sub(some.len());
        *left > 0
    }
}

impl Observer for Hub {
    fn is_idle(&self) -> bool {
        self.shared.sinks.is_empty()
    }

    fn trace(&self, told: Option<TraceContext>, ambient: Option<TraceContext>) -> Option<Trace> {
        self.shared.sinks.iter().find_map(|sink| sink.trace(told.as_ref(), ambient.as_ref()))
    }

    fn began(&self, request: &Arc<Observed>) {
        self.shared.sinks.iter().for_each(|sink| sink.began(request));
    }

    fn over(&self, request: Arc<Observed>) {
        let mut over = lock(&self.shared.over);
        if over.len() >= MOST {
            self.shared.dropped.fetch_add(1, Ordering::Relaxed);
            return;
        }
        over.push_back(request);
        if over.len() == 1 {
            self.shared.first.notify_one();
        }
    }

    fn said(&self, server: &ServerName, level: LogLevel, params: &[u8], request: Option<u64>) {
        self.shared.sinks.iter().for_each(|sink| sink.said(server, level, params, request));
    }

    fn noted(&self, server: &ServerName, event: &Event) {
        self.shared.sinks.iter().for_each(|sink| sink.noted(server, event));
    }

    fn session_over(&self, session: &SessionOver) {
        self.shared.sinks.iter().for_each(|sink| sink.session_over(session));
    }
}

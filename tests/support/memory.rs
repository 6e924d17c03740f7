//! An MCP server in memory: no process, no socket, no thread, and no time but the runtime's own, so
//! that it works under a paused clock.
//!
//! A [`Memory`] is the server over all its connections. What it does is its [`Script`], which may be
//! changed at any moment; what was asked of it is written down with its time. Servers that share a
//! [`Shakes`] are counted together while they shake hands.
//!
//! *Invariant:* it says nothing by itself: every frame answers a request or was asked for by the test.
#![allow(dead_code)] // each test uses its part

#[path = "memory/line.rs"]
mod line;

use futures_util::future::BoxFuture;
use line::{Line, inbound};
use mcpvisor_actors::server::{Connector, Inbound, Loss, ServerName, ServerSpec, Transport};
use serde_json::Value;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, Weak};
use std::task::Waker;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What a server does.
#[derive(Debug, Clone)]
pub(crate) struct Script {
    /// Why no connection is made, if none is.
    pub(crate) refuse: Option<Loss>,
    /// How long a connection takes to be made, or refused.
    pub(crate) connect_takes: Duration,
    /// How long every answer takes.
    pub(crate) latency: Duration,
    /// How long the answer to a call takes above that.
    pub(crate) call_takes: Duration,
    /// What becomes of the question for its era.
    pub(crate) discovers: Fate,
    /// What becomes of `initialize`.
    pub(crate) initializes: Fate,
    /// How long the first answer of each connection takes above that: it is slow to start.
    pub(crate) starts_in: Duration,
    /// What becomes of pings.
    pub(crate) pings: Fate,
    /// What becomes of calls.
    pub(crate) calls: Fate,
    /// It hears requests and answers none.
    pub(crate) mute: bool,
    /// Its tools; none is the one tool `echo`.
    pub(crate) tools: Vec<String>,
    /// How long a polite end takes.
    pub(crate) close_takes: Duration,
    /// Its process computes all the time.
    pub(crate) computes: bool,
    /// It does not write down what it was asked.
    pub(crate) forgetful: bool,
}

impl Default for Script {
    /// A server of the initialize era that does well.
    fn default() -> Self {
        Self {
            refuse: None,
            connect_takes: Duration::ZERO,
            latency: Duration::ZERO,
            call_takes: Duration::ZERO,
            discovers: Fate::Unknown,
            initializes: Fate::Answered,
            starts_in: Duration::ZERO,
            pings: Fate::Answered,
            calls: Fate::Answered,
            mute: false,
            tools: Vec::new(),
            close_takes: Duration::ZERO,
            computes: false,
            forgetful: false,
        }
    }
}

/// What becomes of a request.
#[derive(Debug, Clone, Default)]
pub(crate) enum Fate {
    /// It is answered with a result.
    #[default]
    Answered,
    /// It is answered with -32601.
    Unknown,
    /// It is not answered.
    Ignored,
    /// It is reported as failed after it was sent.
    Failed(Loss),
    /// The connection ends with this.
    Deadly(Loss),
}

/// Something a server was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum What {
    Connect,
    Discover,
    Initialize,
    /// `subscriptions/listen`, with its filter.
    Listen(String),
    Ping,
    List,
    /// A call, by its `key`.
    Call(String),
    /// A request was given up.
    Cancel,
    /// A connection ended, politely or not.
    End,
}

/// Counts the servers that shake hands at the same time.
#[derive(Debug, Clone, Default)]
pub(crate) struct Shakes(Arc<Mutex<Shaken>>);

#[derive(Debug, Default)]
struct Shaken {
    open: usize,
    most: usize,
    begun: Vec<(Instant, String)>,
}

impl Shakes {
    /// The most there ever were.
    pub(crate) fn most(&self) -> usize {
        lock(&self.0).most
    }

    /// Who began, in order, since the last time this was asked.
    pub(crate) fn begun(&self) -> Vec<(Instant, String)> {
        std::mem::take(&mut lock(&self.0).begun)
    }

    /// Counts anew.
    pub(crate) fn anew(&self) {
        let mut shaken = lock(&self.0);
        shaken.most = shaken.open;
        shaken.begun.clear();
    }

    fn begin(&self, name: &str) -> Shaking {
        let mut shaken = lock(&self.0);
        shaken.open += 1;
        shaken.most = shaken.most.max(shaken.open);
        shaken.begun.push((Instant::now(), name.to_owned()));
        Shaking(self.clone())
    }
}

/// One handshake, until it is dropped.
struct Shaking(Shakes);

impl Drop for Shaking {
    fn drop(&mut self) {
        lock(&self.0.0).open -= 1;
    }
}

/// One server; clones are the same.
#[derive(Clone)]
pub(crate) struct Memory(Arc<Inner>);

struct Inner {
    name: String,
    shakes: Shakes,
    script: Mutex<Script>,
    heard: Mutex<Vec<(Instant, What)>>,
    wire: Mutex<Weak<Mutex<Wire>>>,
}

/// What the test says over a connection.
#[derive(Default)]
struct Wire {
    said: VecDeque<Inbound>,
    waker: Option<Waker>,
    frozen: bool,
}

impl Memory {
    /// A server that does well.
    pub(crate) fn new(name: &str) -> Self {
        Self::among(name, &Shakes::default())
    }

    /// One of several.
    pub(crate) fn among(name: &str, shakes: &Shakes) -> Self {
        Self(Arc::new(Inner {
            name: name.to_owned(),
            shakes: shakes.clone(),
            script: Mutex::default(),
            heard: Mutex::default(),
            wire: Mutex::default(),
        }))
    }

    /// How the gateway reaches it; everything else as it is by default.
    pub(crate) fn spec(&self) -> ServerSpec {
        ServerSpec::new(ServerName::new(&self.0.name), Arc::new(self.clone()))
    }

    pub(crate) fn name(&self) -> &str {
        &self.0.name
    }

    /// Changes what it does, from now on.
    pub(crate) fn set(&self, change: impl FnOnce(&mut Script)) {
        change(&mut lock(&self.0.script));
    }

    /// Ends its connection of this moment, if there is one.
    pub(crate) fn cut(&self, loss: Loss) {
        self.push(Inbound::Lost(loss));
    }

    /// Says something over its connection of this moment, if there is one.
    pub(crate) fn say(&self, message: &Value) {
        self.push(inbound(message));
    }

    /// Makes its connection of this moment mute; the next one is not.
    pub(crate) fn freeze(&self) {
        if let Some(wire) = lock(&self.0.wire).upgrade() {
            lock(&wire).frozen = true;
        }
    }

    fn push(&self, inbound: Inbound) {
        let Some(wire) = lock(&self.0.wire).upgrade() else { return };
        let mut wire = lock(&wire);
        wire.said.push_back(inbound);
        if let Some(waker) = wire.waker.take() {
            waker.wake();
        }
    }

    /// When it was asked this.
    pub(crate) fn times(&self, of: impl Fn(&What) -> bool) -> Vec<Instant> {
        lock(&self.0.heard).iter().filter(|(_, what)| of(what)).map(|(at, _)| *at).collect()
    }

    /// How often it was asked exactly this.
    pub(crate) fn count(&self, what: &What) -> usize {
        self.times(|heard| heard == what).len()
    }

    /// What it was asked of these, in order.
    pub(crate) fn asked(&self, of: &[What]) -> Vec<What> {
        let heard = lock(&self.0.heard);
        heard.iter().map(|(_, what)| what).filter(|what| of.contains(what)).cloned().collect()
    }

    /// When it was pinged.
    pub(crate) fn pings(&self) -> Vec<Instant> {
        self.times(|what| *what == What::Ping)
    }

    /// When somebody connected, or tried.
    pub(crate) fn connects(&self) -> Vec<Instant> {
        self.times(|what| *what == What::Connect)
    }

    /// The keys of the calls it executed, in order.
    pub(crate) fn executed(&self) -> Vec<String> {
        let heard = lock(&self.0.heard);
        let key = |what: &What| match what {
            What::Call(key) => Some(key.clone()),
            _ => None,
        };
        heard.iter().filter_map(|(_, what)| key(what)).collect()
    }

    /// Forgets what it was asked.
    pub(crate) fn forget(&self) {
        lock(&self.0.heard).clear();
    }
}

impl Inner {
    fn note(&self, what: What) {
        if !lock(&self.script).forgetful {
            lock(&self.heard).push((Instant::now(), what));
        }
    }

    fn script(&self) -> Script {
        lock(&self.script).clone()
    }
}

impl Connector for Memory {
    fn connect(&self) -> BoxFuture<'static, Result<Box<dyn Transport>, Loss>> {
        let server = Arc::clone(&self.0);
        Box::pin(async move {
            server.note(What::Connect);
            let shaking = server.shakes.begin(&server.name);
            let takes = lock(&server.script).connect_takes;
            if !takes.is_zero() {
                sleep(takes).await;
            }
            if let Some(loss) = lock(&server.script).refuse.clone() {
                return Err(loss);
            }
            let wire = Arc::default();
            *lock(&server.wire) = Arc::downgrade(&wire);
            Ok(Box::new(Line::new(server, wire, shaking)) as Box<dyn Transport>)
        })
    }

    fn kind(&self) -> &'static str {
        "memory"
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

//! One gateway in a process of its own, its faulty servers, and a healthy neighbour.
//!
//! *Invariant:* the gateway that served at the beginning is the one that serves at the end.

use crate::neighbour::{self, Neighbour};
use crate::process::{Gateway, Setup};
use crate::row::Row;
use crate::server::Server;
use crate::subject::Subject;
use crate::table;
use crate::timeline::Timeline;
use serde_json::{Value, json};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::Duration;

/// One stage at a time, so that times are those of the gateway; across processes the runner sees to it.
static TURN: Mutex<()> = Mutex::new(());
/// Stages that wait for theirs.
static WAITING: AtomicUsize = AtomicUsize::new(0);

/// How often servers are looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pace {
    /// As configured by default.
    Default,
    /// Every two seconds.
    Short,
    /// Twice a second, so that a trend shows in a short time.
    Quick,
}

impl Pace {
    fn config(self) -> Value {
        let monitor = |interval| json!({ "check_interval": interval, "adaptive_interval": false });
        let mut config = match self {
            Self::Default => json!({}),
            Self::Short => {
                json!({ "monitor": monitor("2s"), "ping": { "interval": "1s", "timeout": "1s" } })
            }
            Self::Quick => {
                json!({ "monitor": monitor("500ms"), "ping": { "interval": "200ms", "timeout": "5s" } })
            }
        };
        config["defaults"] = json!({ "call_timeout": "20s" });
        config["limits"] = json!({ "max_message_bytes": "1MiB" });
        config
    }
}

/// A gateway at work.
pub(crate) struct Stage {
    _turn: MutexGuard<'static, ()>,
    subjects: Vec<Subject>,
    neighbour: Neighbour,
    before: Duration,
    gateway: Gateway,
    setup: Setup,
}

impl Stage {
    /// Starts all servers and the gateway, and watches the neighbour for a calm time.
    pub(crate) fn open(pace: Pace, rows: &[Row]) -> Self {
        WAITING.fetch_add(1, Ordering::SeqCst);
        let turn = TURN.lock().unwrap_or_else(PoisonError::into_inner);
        WAITING.fetch_sub(1, Ordering::SeqCst);
        let mut setup = Setup::new(pace.config()).server(neighbour::NAME, "", json!({}));
        let mut servers = Vec::new();
        for (number, row) in rows.iter().enumerate() {
            for transport in row.on {
                let name = format!("{}-{number}-{}", row.faults[0], transport.word());
                let server = Server::new(&name, *transport, row.flags, setup.folder());
                setup = setup.entry(&name, server.entry(row.settings));
                servers.push((server, *row));
            }
        }
        let gateway = setup.serve();
        let (neighbour, before) = Neighbour::call(gateway.client());
        let subject = |(server, row)| Subject::new(server, row, gateway.client(), setup.folder());
        let subjects = servers.into_iter().map(subject).collect();
        Self { _turn: turn, subjects, neighbour, before, gateway, setup }
    }

    /// The servers under test.
    pub(crate) fn take(&mut self) -> Vec<Subject> {
        std::mem::take(&mut self.subjects)
    }

    /// What must hold after every fault.
    pub(crate) fn judge(mut self) {
        let during = self.neighbour.judge(self.before);
        println!("the neighbour's p99: {:?} before, {during:?} during", self.before);
        assert!(self.gateway.is_running());
    }
}

/// Plays all rows at the same time, each on its transports, and judges what all of them promise.
pub(crate) fn play(pace: Pace, rows: &[Row]) {
    let mut stage = Stage::open(pace, rows);
    let subjects = stage.take();
    let failed: Vec<String> = std::thread::scope(|scope| {
        let begin = |mut subject: Subject| {
            let name = subject.server.name.clone();
            let play = move || {
                (subject.row.play)(&mut subject);
                subject.judge();
                table::keep(&subject.times);
            };
            let thread = std::thread::Builder::new().name(name.clone());
            (name, thread.spawn_scoped(scope, play).unwrap())
        };
        let plays: Vec<_> = subjects.into_iter().map(begin).collect();
        plays.into_iter().filter_map(|(name, play)| play.join().is_err().then_some(name)).collect()
    });
    for name in &failed {
        println!("{name}: {:#?}", Timeline::of(name, stage.setup.folder()).texts());
    }
    assert!(failed.is_empty(), "see above what happened to {failed:?}");
    stage.judge();
}

/// Whether no other test of this process is at it or waits for its turn.
pub(crate) fn is_over() -> bool {
    let busy = matches!(TURN.try_lock(), Err(TryLockError::WouldBlock));
    WAITING.load(Ordering::SeqCst) == 0 && !busy
}

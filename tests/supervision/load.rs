//! Callers that keep two servers busy and write down what became of every call.

use crate::gateway::{PATIENCE, Running, Session};
use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;
use tokio::time::{sleep, timeout};

/// The two servers that are called.
pub(crate) const SERVERS: [&str; 2] = ["a", "b"];
const CALLERS: usize = 6;

/// Callers at work; each has a session of its own and opens another one when it ends.
pub(crate) struct Load {
    stop: Arc<AtomicBool>,
    successes: Arc<[AtomicUsize; 2]>,
    callers: Vec<JoinHandle<Vec<Record>>>,
    /// Where the first sessions are in the tree.
    pub(crate) sessions: Vec<String>,
}

struct Record {
    server: &'static str,
    word: String,
    took: Duration,
}

impl Load {
    /// Lets callers loose; returns when calls flow.
    pub(crate) async fn on(running: &Running) -> Self {
        let stop = Arc::new(AtomicBool::new(false));
        let successes = Arc::new([AtomicUsize::new(0), AtomicUsize::new(0)]);
        let (mut callers, mut sessions) = (Vec::new(), Vec::new());
        for caller in 0..CALLERS * 2 {
            let session = running.session().await;
            sessions.push(session.path());
            let (stop, successes) = (Arc::clone(&stop), Arc::clone(&successes));
            let call = keep_calling(session, running.clients(), caller, stop, successes);
            callers.push(tokio::spawn(call));
        }
        let load = Self { stop, successes, callers, sessions };
        load.flows().await;
        load
    }

    /// Returns when both servers have answered some more calls of everybody.
    pub(crate) async fn flows(&self) {
        let count = || self.successes.each_ref().map(|count| count.load(Ordering::SeqCst));
        let (before, deadline) = (count(), Instant::now() + PATIENCE);
        while count().iter().zip(before).any(|(now, before)| *now < before + CALLERS * 3) {
            assert!(Instant::now() < deadline, "calls stopped: {before:?} and now {:?}", count());
            sleep(Duration::from_millis(5)).await;
        }
    }

    /// Ends it; what became of the calls.
    pub(crate) async fn finish(self) -> Report {
        self.stop.store(true, Ordering::SeqCst);
        let mut records = Vec::new();
        for caller in self.callers {
            let its = timeout(PATIENCE, caller).await.expect("a caller hangs").expect("no panic");
            records.extend(its);
        }
        Report(records)
    }
}

async fn keep_calling(
    mut session: Session,
    clients: mcpvisor_actors::session::Clients,
    caller: usize,
    stop: Arc<AtomicBool>,
    successes: Arc<[AtomicUsize; 2]>,
) -> Vec<Record> {
    let (side, mut records) = (caller % 2, Vec::new());
    let tool = format!("{}.echo", SERVERS[side]);
    while !stop.load(Ordering::SeqCst) {
        let key = format!("{caller}-{}", records.len());
        let begun = Instant::now();
        let answer = session.call(&tool, &key).await;
        let (took, word) = (begun.elapsed(), answer.word());
        if word == "ok" {
            assert_eq!(answer.text(), key, "somebody else's answer");
            successes[side].fetch_add(1, Ordering::SeqCst);
        } else if session.has_ended() {
            session = Session::open(clients.clone()).await;
        }
        records.push(Record { server: SERVERS[side], word, took });
    }
    records
}

/// What became of all calls.
pub(crate) struct Report(Vec<Record>);

impl Report {
    /// Every call to this server was a success or failed for one of these reasons, and in time.
    pub(crate) fn permits(&self, server: &str, reasons: &[&str]) -> &Self {
        let its = || self.0.iter().filter(|record| record.server == server);
        let words: BTreeSet<&str> = its().map(|record| &*record.word).collect();
        let strange: Vec<_> =
            words.into_iter().filter(|word| *word != "ok" && !reasons.contains(word)).collect();
        assert!(strange.is_empty(), "calls to {server} ended with {strange:?}");
        let longest = its().map(|record| record.took).max().expect("calls");
        assert!(longest < Duration::from_secs(10), "a call to {server} took {longest:?}");
        self
    }
}

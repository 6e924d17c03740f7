//! Sessions of an earlier run: who comes back, until when, and that there is one of each.

use super::*;
use crate::session::SessionStore;
use crate::tree::{Gateway, GatewaySpec};
use crate::wire::ProtocolVersion;
use futures_util::future::join_all;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

const PARAMS: &str = r#"{"protocolVersion":"2025-03-26","capabilities":{"roots":{}}}"#;
const IDLE: Duration = Duration::from_secs(600);

/// What is kept, and a clock of its own.
#[derive(Default)]
struct Memory(Mutex<(Vec<SessionRecord>, Duration)>, Disk);

/// Whether something is being saved, and how saving goes.
#[derive(Default)]
struct Disk {
    busy: AtomicBool,
    broken: AtomicBool,
    stuck: AtomicBool,
}

impl SessionStore for Memory {
    fn now(&self) -> Duration {
        Duration::from_secs(1_000_000) + self.0.lock().expect("a lock").1
    }

    fn load(&self) -> Vec<SessionRecord> {
        self.0.lock().expect("a lock").0.clone()
    }

    fn save(&self, records: &[SessionRecord]) -> bool {
        assert!(!self.1.busy.swap(true, Ordering::SeqCst), "two write at a time");
        while self.1.stuck.load(Ordering::SeqCst) {
            std::thread::yield_now();
        }
        let works = !self.1.broken.load(Ordering::SeqCst);
        if works {
            self.0.lock().expect("a lock").0 = records.to_vec();
        }
        self.1.busy.store(false, Ordering::SeqCst);
        works
    }
}

impl Memory {
    fn advance(&self, time: Duration) {
        self.0.lock().expect("a lock").1 += time;
    }
}

async fn gateway(store: &Arc<Memory>, max_sessions: usize) -> Gateway {
    let session_store = Some(Arc::clone(store) as Arc<dyn SessionStore>);
    let spec =
        GatewaySpec { session_store, session_idle: IDLE, max_sessions, ..Default::default() };
    Gateway::start(spec).await.expect("a tree")
}

/// Opens a session that is remembered.
async fn open(clients: &Clients) -> SessionHandle {
    let session = clients.open().await.expect("a session");
    let request = request_raw(1, "initialize", PARAMS).to_bytes();
    let message = Message::parse(request, Limits::default(), Strictness::Strict).expect("sound");
    let (stream, mut answer) = ClientStream::new();
    session.deliver(message, None, stream).expect("it lives");
    answer.next().await.expect("an answer");
    clients.remember(&session, PARAMS.as_bytes());
    session
}

async fn stop(gateway: Gateway) {
    gateway.stop(Duration::from_secs(5)).await;
}

#[tokio::test]
async fn a_session_comes_back_as_it_was_and_only_once() {
    let store = Arc::new(Memory::default());
    let first = gateway(&store, 8).await;
    let id = open(first.clients()).await.id().to_owned();
    stop(first).await;

    let second = gateway(&store, 8).await;
    let clients = second.clients();
    let found = join_all((0..8).map(|_| clients.find_or_restore(&id))).await;
    for session in found {
        let session = session.expect("there is room").expect("it is known");
        assert_eq!((session.id(), session.revision()), (&*id, Some(ProtocolVersion::V2025_03_26)));
    }
    assert_eq!(clients.sessions(), 1);
    assert!(clients.find_or_restore("another").await.expect("there is room").is_none());
    // a session that ends in this run is gone
    clients.find(&id).expect("it lives").close();
    while clients.find(&id).is_some() {
        tokio::task::yield_now().await;
    }
    assert!(clients.find_or_restore(&id).await.expect("there is room").is_none());
    stop(second).await;
    assert_eq!(store.load(), []);
}

#[tokio::test]
async fn a_session_is_known_for_as_long_as_it_may_be_idle() {
    for (away, back) in [(IDLE / 2, true), (IDLE * 2, false)] {
        let store = Arc::new(Memory::default());
        let first = gateway(&store, 8).await;
        let id = open(first.clients()).await.id().to_owned();
        stop(first).await;
        store.advance(away);
        let second = gateway(&store, 8).await;
        let found = second.clients().find_or_restore(&id).await.expect("there is room");
        assert_eq!(found.is_some(), back, "{away:?}");
        stop(second).await;
    }
}

#[tokio::test]
async fn a_session_without_a_place_waits_for_one() {
    let store = Arc::new(Memory::default());
    let first = gateway(&store, 8).await;
    let id = open(first.clients()).await.id().to_owned();
    stop(first).await;

    let second = gateway(&store, 1).await;
    let clients = second.clients();
    let other = clients.open().await.expect("a session");
    assert_eq!(clients.find_or_restore(&id).await.map(|_| ()), Err(NoRoom));
    other.close();
    while clients.find(other.id()).is_some() {
        tokio::task::yield_now().await;
    }
    let deadline = tokio::time::Instant::now() + Duration::from_secs(20);
    while !clients.find_or_restore(&id).await.is_ok_and(|found| found.is_some()) {
        assert!(tokio::time::Instant::now() < deadline, "it does not come back");
        tokio::task::yield_now().await;
    }
    stop(second).await;
}

#[tokio::test]
async fn a_session_that_is_being_restored_is_never_lost() {
    let store = Arc::new(Memory::default());
    let first = gateway(&store, 8).await;
    let id = open(first.clients()).await.id().to_owned();
    stop(first).await;

    let second = gateway(&store, 8).await;
    let clients = second.clients();
    let records = clients.records().expect("they are remembered");
    // between being claimed and being back, it is still among what is saved
    assert!(records.claim(&id).await.is_some());
    records.save().await;
    assert_eq!(store.load().len(), 1);
    assert!(clients.find_or_restore(&id).await.expect("there is room").is_some());
    stop(second).await;
    assert_eq!(store.load().len(), 1);
}

#[tokio::test]
async fn what_could_not_be_saved_is_saved_later_and_by_one_at_a_time() {
    let store = Arc::new(Memory::default());
    let gateway = gateway(&store, 8).await;
    open(gateway.clients()).await;
    let records = gateway.clients().records().expect("they are remembered");
    store.1.broken.store(true, Ordering::SeqCst);
    records.save().await;
    assert_eq!(store.load(), []);
    store.1.broken.store(false, Ordering::SeqCst);
    join_all((0..8).map(|_| records.save())).await;
    assert_eq!(store.load().len(), 1);
    stop(gateway).await;
}

#[tokio::test]
async fn clients_that_come_or_leave_while_the_gateway_stops_are_known() {
    let store = Arc::new(Memory::default());
    let first = gateway(&store, 8).await;
    let clients = first.clients().clone();
    let (leaves, stays) = (open(&clients).await, open(&clients).await);
    clients.freeze().await;
    assert_eq!(store.load().len(), 2);
    clients.end(&leaves);
    let comes = open(&clients).await;
    let ids = [leaves, stays, comes].map(|session| session.id().to_owned());
    stop(first).await;
    let second = gateway(&store, 8).await;
    for (id, known) in ids.iter().zip([false, true, true]) {
        let found = second.clients().find_or_restore(id).await.expect("there is room");
        assert_eq!(found.is_some(), known);
    }
    stop(second).await;
}

#[tokio::test]
async fn a_disk_that_does_not_move_holds_up_nobody() {
    let store = Arc::new(Memory::default());
    let gateway = gateway(&store, 8).await;
    open(gateway.clients()).await;
    store.1.stuck.store(true, Ordering::SeqCst);
    let stopped = tokio::time::timeout(Duration::from_secs(30), stop(gateway)).await;
    store.1.stuck.store(false, Ordering::SeqCst);
    assert!(stopped.is_ok());
}

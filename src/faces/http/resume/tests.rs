//! What is kept, what is forgotten to make room, and that every byte counted is given back.

use super::*;
use bytes::Bytes;
use futures_util::FutureExt;
use log::Log;
use mcpvisor_actors::session::ClientStream;
use tokio::task::unconstrained;
use tokio::time::Instant;

const PLENTY: ResumeSettings = ResumeSettings {
    max_bytes: usize::MAX,
    max_events: usize::MAX,
    max_total_bytes: usize::MAX,
    ttl: Duration::from_secs(60),
};

fn store(bounds: ResumeSettings) -> (Store, Arc<AtomicUsize>) {
    let total = Arc::new(AtomicUsize::new(0));
    (Store::new(bounds, Arc::clone(&total)), total)
}

fn name(number: u64) -> StreamName {
    StreamName { run: 1, kind: StreamKind::Calls, number }
}

/// Begins a stream that answers one request.
fn open(store: &mut Store, number: u64) -> ClientStream {
    let (sender, outbox) = Outbox::new();
    store.open(Stream {
        source: Some(outbox),
        log: Log::default(),
        name: name(number),
        requests: Asked::all(&[RawId::from(number)]),
        awaited: 1,
        replaced: false,
        read: true,
        known: true,
        driver: Arc::new(Notify::new()),
    });
    sender
}

/// What came on a stream and is not in its log yet.
fn waiting(stream: &Stream) -> Option<Outgoing> {
    unconstrained(stream.source.as_ref()?.next()).now_or_never()?
}

/// Adds one event, as its driver does; whether there is room for it.
fn add(store: &mut Store, number: u64, sender: &ClientStream, answer: bool) -> bool {
    let payload = Bytes::from(vec![b'x'; 1000]).into();
    if answer {
        assert!(sender.answer(payload, None));
    } else {
        sender.notify(payload).unwrap();
    }
    let stream = store.stream(name(number)).unwrap();
    let (read, came) = (stream.read, waiting(stream));
    store.add(name(number), came.as_ref(), Instant::now());
    if read {
        let log = &mut store.stream(name(number)).unwrap().log;
        log.take_after(log.newest() - 1).unwrap();
    }
    store.make_room(name(number))
}

#[tokio::test]
async fn nothing_is_kept_until_there_is_a_stream_and_all_of_it_is_given_back() {
    let resumption = Resumption::new(PLENTY);
    assert!(resumption.stores.is_empty());
    let (mut store, total) = store(PLENTY);
    assert_eq!(total.load(Ordering::Relaxed), 0);
    for number in 1..4 {
        let sender = open(&mut store, number);
        for _ in 0..number {
            assert!(add(&mut store, number, &sender, false));
        }
    }
    assert!(total.load(Ordering::Relaxed) > 6000);
    assert!(store.remove(name(2)).is_some());
    assert!(store.remove(name(2)).is_none());
    drop(store);
    assert_eq!(total.load(Ordering::Relaxed), 0);
}

/// Writes everything of a stream, and leaves it.
fn finish(store: &mut Store, number: u64) {
    let stream = store.stream(name(number)).unwrap();
    stream.read = false;
    stream.log.write(stream.log.newest());
}

#[tokio::test]
async fn a_stream_whose_client_saw_all_of_it_makes_room_before_one_whose_client_did_not() {
    let (mut store, _) = store(ResumeSettings { max_events: 3, ..PLENTY });
    let untold = open(&mut store, 1);
    store.stream(name(1)).unwrap().read = false;
    assert!(add(&mut store, 1, &untold, true));
    let told = open(&mut store, 2);
    assert!(add(&mut store, 2, &told, true));
    finish(&mut store, 2);
    let going_on = open(&mut store, 3);
    store.stream(name(3)).unwrap().read = false;
    assert!(add(&mut store, 3, &going_on, false));
    assert!(store.stream(name(2)).is_some(), "there was room");
    assert!(add(&mut store, 3, &going_on, false));
    assert!(store.stream(name(1)).is_some() && store.stream(name(2)).is_none());
    assert_eq!(store.forgotten.pop().unwrap().lost().len(), 0, "there is nothing to tell");
    assert!(add(&mut store, 3, &going_on, false));
    assert!(store.stream(name(1)).is_none());
    assert_eq!(store.forgotten.pop().unwrap().lost().len(), 1, "its client can be told");
    assert_eq!(store.stream(name(3)).unwrap().log.missing_after(0), 0);
    assert!(!add(&mut store, 3, &going_on, false));
}

#[tokio::test]
async fn what_a_reader_took_makes_room_for_a_call_whose_client_is_away() {
    let (mut store, _) = store(ResumeSettings { max_events: 3, ..PLENTY });
    let talks = open(&mut store, 1);
    for _ in 0..3 {
        assert!(add(&mut store, 1, &talks, false));
    }
    let waits = open(&mut store, 2);
    store.stream(name(2)).unwrap().read = false;
    for _ in 0..2 {
        assert!(add(&mut store, 2, &waits, false));
    }
    assert_eq!(store.stream(name(1)).unwrap().log.len(), 1);
    assert!(!add(&mut store, 2, &waits, false), "what may be on its way stays");
}

#[tokio::test]
async fn an_answer_that_is_being_written_is_kept_however_large_it_is() {
    let (mut store, _) = store(ResumeSettings { max_bytes: 1, ..PLENTY });
    let sender = open(&mut store, 1);
    assert!(add(&mut store, 1, &sender, false));
    assert!(add(&mut store, 1, &sender, true));
    let stream = store.stream(name(1)).unwrap();
    assert!(stream.log.keeps(2));
    assert_eq!(stream.log.missing_after(1), 0);
    assert_eq!((stream.lost().len(), stream.dropped_after(0).len()), (1, 0));
}

#[tokio::test]
async fn an_answer_waits_for_its_client_even_if_it_is_larger_than_what_one_session_may_keep() {
    for (bounds, room) in [
        (ResumeSettings { max_bytes: 1, ..PLENTY }, true),
        (ResumeSettings { max_total_bytes: 1, ..PLENTY }, false),
    ] {
        let (mut store, _) = store(bounds);
        let sender = open(&mut store, 1);
        store.stream(name(1)).unwrap().read = false;
        assert_eq!(add(&mut store, 1, &sender, true), room, "{bounds:?}");
    }
}

#[tokio::test]
async fn what_clients_took_makes_room_in_other_sessions() {
    let resumption = Resumption::new(ResumeSettings { max_total_bytes: 1, ..PLENTY });
    let mut theirs = Store::new(resumption.settings, Arc::clone(&resumption.total));
    let talks = open(&mut theirs, 1);
    for _ in 0..3 {
        theirs.stream(name(1)).unwrap().read = false;
        assert!(!add(&mut theirs, 1, &talks, false));
    }
    let log = &mut theirs.stream(name(1)).unwrap().log;
    log.take_after(1).unwrap();
    theirs.stream(name(1)).unwrap().read = true;
    let theirs = Arc::new(Mutex::new(theirs));
    resumption.stores.insert("theirs".into(), Arc::clone(&theirs));
    let mut over = Store::new(resumption.settings, Arc::clone(&resumption.total));
    let sender = open(&mut over, 2);
    add(&mut over, 2, &sender, true);
    finish(&mut over, 2);
    resumption.stores.insert("over".into(), Arc::new(Mutex::new(over)));
    let before = resumption.total.load(Ordering::Relaxed);
    resumption.make_room();
    assert!(!resumption.stores.contains_key("over"), "all of it was read");
    assert!(resumption.total.load(Ordering::Relaxed) < before);
    // the second may be on its way, the third was taken by nobody
    assert_eq!(lock(&theirs).stream(name(1)).unwrap().log.len(), 2);
}

#[tokio::test]
async fn answers_that_wait_make_room_in_sessions_that_take_more_than_their_part() {
    let resumption = Resumption::new(ResumeSettings { max_total_bytes: 6000, ..PLENTY });
    for (session, answers) in [("greedy", 4), ("modest", 1)] {
        let store = Store::new(resumption.settings, Arc::clone(&resumption.total));
        let store = Arc::new(Mutex::new(store));
        for number in 1..=answers {
            let sender = open(&mut lock(&store), number);
            sender.answer(Bytes::from(vec![b'x'; 1000]).into(), None);
            let came = waiting(lock(&store).stream(name(number)).unwrap());
            lock(&store).add(name(number), came.as_ref(), Instant::now());
            lock(&store).stream(name(number)).unwrap().read = false;
        }
        resumption.stores.insert(session.into(), store);
    }
    resumption.make_room();
    assert!(resumption.total.load(Ordering::Relaxed) <= 6000);
    let modest = Arc::clone(&resumption.stores.get("modest").unwrap());
    assert!(lock(&modest).stream(name(1)).is_some());
    let greedy = Arc::clone(&resumption.stores.get("greedy").unwrap());
    assert!(lock(&greedy).stream(name(1)).is_none() && lock(&greedy).stream(name(4)).is_some());
    assert_eq!(resumption.lost.lock().unwrap()[0].len(), 3, "their clients can be told");
}

#[tokio::test]
async fn an_answer_that_is_not_kept_any_more_is_told_of() {
    let (mut store, _) = store(ResumeSettings { max_events: 1, ..PLENTY });
    let (sender, outbox) = Outbox::new();
    store.open(Stream {
        requests: Asked::all(&[RawId::from(1), RawId::from(2)]),
        awaited: 2,
        source: Some(outbox),
        log: Log::default(),
        name: name(1),
        replaced: false,
        read: true,
        known: true,
        driver: Arc::new(Notify::new()),
    });
    let answer = mcpvisor_actors::wire::result_raw(&RawId::from(2), Bytes::from_static(b"{}"));
    sender.answer(answer, None);
    let came = waiting(store.stream(name(1)).unwrap());
    store.add(name(1), came.as_ref(), Instant::now());
    store.stream(name(1)).unwrap().log.take_after(0).unwrap();
    for _ in 0..2 {
        assert!(add(&mut store, 1, &sender, false));
    }
    let stream = store.stream(name(1)).unwrap();
    assert_eq!(stream.dropped_after(0), [RawId::from(2)]);
    assert_eq!(stream.dropped_after(1), []);
    let lost: Vec<_> = stream.lost().into_iter().map(|asked| asked.id).collect();
    assert_eq!(lost, [RawId::from(1)], "the other was written");
}

#[tokio::test]
async fn of_a_stream_that_is_read_the_oldest_events_make_room() {
    for bounds in [
        ResumeSettings { max_events: 3, ..PLENTY },
        ResumeSettings { max_bytes: 5000, ..PLENTY },
        ResumeSettings { max_total_bytes: 10_000, ..PLENTY },
    ] {
        let (mut store, total) = store(bounds);
        let sender = open(&mut store, 1);
        for _ in 0..50 {
            assert!(add(&mut store, 1, &sender, false));
        }
        let log = &store.stream(name(1)).unwrap().log;
        assert_eq!((log.len(), log.newest(), log.missing_after(47)), (3, 50, 0), "{bounds:?}");
        assert!(total.load(Ordering::Relaxed) <= 5000);
    }
}

#[tokio::test]
async fn a_stream_that_is_not_read_is_lost_when_there_is_no_room() {
    let (mut store, _) = store(ResumeSettings { max_events: 3, ..PLENTY });
    let sender = open(&mut store, 1);
    assert!(add(&mut store, 1, &sender, false));
    store.stream(name(1)).unwrap().read = false;
    assert!(add(&mut store, 1, &sender, false));
    assert!(add(&mut store, 1, &sender, false));
    assert!(!add(&mut store, 1, &sender, false));
}

#[tokio::test]
async fn what_was_read_makes_room_for_a_stream_that_is_not_read() {
    for bounds in
        [ResumeSettings { max_events: 3, ..PLENTY }, ResumeSettings { max_bytes: 6000, ..PLENTY }]
    {
        let (mut store, _) = store(bounds);
        let (heard, away) = (open(&mut store, 1), open(&mut store, 2));
        for _ in 0..3 {
            assert!(add(&mut store, 1, &heard, false));
        }
        store.stream(name(2)).unwrap().read = false;
        for _ in 0..2 {
            assert!(add(&mut store, 2, &away, false), "{bounds:?}");
        }
        assert!((0..3).any(|_| !add(&mut store, 2, &away, false)), "nothing is left: {bounds:?}");
        let kept = store.stream(name(1)).unwrap().log.len();
        assert_eq!(kept, 1, "it may still be on its way");
    }
}

#[tokio::test]
async fn what_other_sessions_hear_leaves_room_for_a_client_that_is_away() {
    let bounds = ResumeSettings { max_total_bytes: 20_000, ..PLENTY };
    let (mut one, total) = store(bounds);
    let mut other = Store::new(bounds, Arc::clone(&total));
    let (heard, away) = (open(&mut one, 1), open(&mut other, 2));
    for _ in 0..50 {
        assert!(add(&mut one, 1, &heard, false));
    }
    other.stream(name(2)).unwrap().read = false;
    for _ in 0..7 {
        assert!(add(&mut other, 2, &away, false));
    }
    assert!((0..5).any(|_| !add(&mut other, 2, &away, false)), "it is bounded, too");
    assert!(total.load(Ordering::Relaxed) <= 21_500);
}

#[tokio::test(start_paused = true)]
async fn what_a_reader_took_long_ago_is_not_kept() {
    let (mut store, _) = store(PLENTY);
    let sender = open(&mut store, 1);
    for _ in 0..3 {
        assert!(add(&mut store, 1, &sender, false));
    }
    tokio::time::advance(PLENTY.ttl).await;
    store.age(name(1), Instant::now());
    assert_eq!(store.stream(name(1)).unwrap().log.len(), 3, "a client may be gone without a sign");
    tokio::time::advance(PLENTY.ttl * 2).await;
    store.age(name(1), Instant::now());
    assert_eq!(store.stream(name(1)).unwrap().log.len(), 1);
    assert_eq!(store.stream(name(1)).unwrap().log.newest(), 3);
}

#[test]
fn every_lost_request_is_answered_once() {
    let told = String::from_utf8(told_lost(&[RawId::from(1), RawId::from(2)])).unwrap();
    for id in ["\"id\":1,", "\"id\":2,"] {
        assert_eq!(told.matches(id).count(), 1, "{told}");
    }
}

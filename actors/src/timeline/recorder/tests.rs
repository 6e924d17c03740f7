//! What the recorder promises: nothing lost, nothing twice, whoever dies.

use super::*;
use crate::server::ServerName;
use crate::timeline::{Event, EventKind};
use std::collections::HashMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, Ordering};

/// Keeps in memory; fails when told to.
#[derive(Default)]
struct Memory {
    kept: Mutex<HashMap<ServerName, Vec<Event>>>,
    full: AtomicBool,
}

impl TimelineStore for Memory {
    fn load(&self, server: &ServerName) -> Vec<Event> {
        self.kept(server)
    }

    fn append(&self, server: &ServerName, events: &[Event]) -> io::Result<()> {
        if self.full.load(Ordering::Relaxed) {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let mut kept = self.kept.lock().unwrap();
        kept.entry(server.clone()).or_default().extend_from_slice(events);
        Ok(())
    }
}

impl Memory {
    fn kept(&self, server: &ServerName) -> Vec<Event> {
        self.kept.lock().unwrap().get(server).cloned().unwrap_or_default()
    }

    fn full(&self, full: bool) {
        self.full.store(full, Ordering::Relaxed);
    }
}

fn verdict(n: u64) -> Event {
    Event::now(Some(n), EventKind::Verdict { text: n.to_string() })
}

fn numbers(events: &[Event]) -> Vec<u64> {
    events.iter().filter_map(|event| event.generation).collect()
}

struct Fixture {
    name: ServerName,
    memory: Arc<Memory>,
    timelines: Timelines,
}

impl Fixture {
    fn new() -> Self {
        let name = ServerName::new("git");
        let timelines = Timelines::of([name.clone()]);
        Self { name, memory: Arc::default(), timelines }
    }

    async fn start(&self) -> ActorRef<Message> {
        let (timelines, store) = (self.timelines.clone(), Arc::clone(&self.memory) as Arc<_>);
        Actor::spawn(None, Recorder, Arguments { timelines, store }).await.unwrap().0
    }

    fn put(&self, numbers: std::ops::Range<u64>) {
        numbers.for_each(|n| self.timelines.put(&self.name, verdict(n)));
    }

    /// Waits until the store has so many facts.
    async fn kept(&self, count: usize) {
        let deadline = Instant::now() + Duration::from_secs(20);
        while self.memory.kept(&self.name).len() < count {
            assert!(Instant::now() < deadline, "{:?}", self.memory.kept(&self.name));
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
    }
}

#[tokio::test]
async fn what_happens_is_on_disk_soon_and_at_the_end_at_once() {
    let fixture = Fixture::new();
    let recorder = fixture.start().await;
    fixture.put(0..3);
    fixture.kept(3).await;
    fixture.put(3..5);
    recorder.stop_and_wait(None, None).await.unwrap();
    assert_eq!(numbers(&fixture.memory.kept(&fixture.name)), [0, 1, 2, 3, 4]);
}

#[tokio::test]
async fn a_recorder_that_is_killed_loses_nothing_and_writes_nothing_twice() {
    let fixture = Fixture::new();
    for round in 0..5 {
        let recorder = fixture.start().await;
        fixture.put(round * 10..round * 10 + 10);
        recorder.kill_and_wait(None).await.unwrap();
    }
    fixture.put(50..60);
    assert_eq!(fixture.timelines.get(&fixture.name, 500).len(), 60, "readable without it");
    fixture.start().await.stop_and_wait(None, None).await.unwrap();
    assert_eq!(numbers(&fixture.memory.kept(&fixture.name)), (0..60).collect::<Vec<_>>());
}

#[tokio::test]
async fn an_earlier_run_is_read_back_before_anything_is_written() {
    let fixture = Fixture::new();
    fixture.memory.append(&fixture.name, &[verdict(0), verdict(1)]).unwrap();
    fixture.put(2..3);
    fixture.start().await.stop_and_wait(None, None).await.unwrap();
    assert_eq!(numbers(&fixture.timelines.get(&fixture.name, 500)), [0, 1, 2]);
    assert_eq!(numbers(&fixture.memory.kept(&fixture.name)), [0, 1, 2]);
}

#[tokio::test]
async fn what_a_full_disk_refused_is_written_once_there_is_room() {
    let fixture = Fixture::new();
    fixture.memory.full(true);
    let recorder = fixture.start().await;
    fixture.put(0..3);
    assert!(fixture.timelines.save(&*fixture.memory).is_err());
    assert!(fixture.timelines.unsaved());
    fixture.memory.full(false);
    fixture.put(3..4);
    fixture.kept(4).await;
    recorder.stop_and_wait(None, None).await.unwrap();
    assert_eq!(numbers(&fixture.memory.kept(&fixture.name)), [0, 1, 2, 3]);
    assert!(!fixture.timelines.unsaved());
}

#[tokio::test(start_paused = true)]
async fn a_recorder_with_nothing_to_write_lives_on() {
    let fixture = Fixture::new();
    let recorder = fixture.start().await;
    tokio::time::sleep(Duration::from_secs(3600)).await;
    fixture.put(0..1);
    fixture.kept(1).await;
    recorder.stop_and_wait(None, None).await.unwrap();
}

#[test]
fn many_writers_at_once_lose_nothing_that_matters() {
    let fixture = Fixture::new();
    std::thread::scope(|threads| {
        for _ in 0..4 {
            threads.spawn(|| fixture.put(0..50));
        }
        for _ in 0..20 {
            fixture.timelines.save(&*fixture.memory).unwrap();
        }
    });
    fixture.timelines.save(&*fixture.memory).unwrap();
    let kept = fixture.memory.kept(&fixture.name);
    assert_eq!(kept.len(), 200);
    assert_eq!(fixture.timelines.get(&fixture.name, 500), kept, "the same order everywhere");
}

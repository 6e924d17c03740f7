//! What a timeline promises about its bounds and its order.

use super::*;
use std::time::{Duration, SystemTime};

fn call(n: u64) -> Event {
    let kind = EventKind::Call { tool: "t".into(), outcome: "ok".into(), took_us: n };
    Event { at: SystemTime::UNIX_EPOCH + Duration::from_millis(n), generation: None, kind }
}

fn state(n: u64) -> Event {
    let kind = EventKind::State { state: n.to_string(), cause: None };
    Event { at: SystemTime::UNIX_EPOCH, generation: Some(n), kind }
}

fn of(events: &[Arc<Event>]) -> Vec<Event> {
    events.iter().map(|event| Event::clone(event)).collect()
}

fn skipped(events: &[Arc<Event>]) -> u64 {
    let count = |event: &Arc<Event>| match event.kind {
        EventKind::Skipped { count } => count,
        _ => 0,
    };
    events.iter().map(count).sum()
}

#[test]
fn facts_come_back_in_the_order_in_which_they_came_whatever_the_clock_did() {
    let (mut ring, now) = (Ring::default(), Instant::now());
    // call 1 says it is later than state 2, which is at zero
    let all = [call(1), state(2), call(3), state(4), call(5)];
    for event in &all {
        ring.put(event.clone(), now);
    }
    assert_eq!(of(&ring.last(100)), all);
    assert_eq!(of(&ring.last(2)), all[3..]);
    assert!(ring.last(0).is_empty());
}

#[test]
fn a_flood_takes_bounded_room_and_pushes_out_nothing_that_matters() {
    let (mut ring, now) = (Ring::default(), Instant::now());
    let started: Vec<Event> = (0..100).map(state).collect();
    for event in &started {
        ring.put(event.clone(), now);
    }
    for n in 0..100_000 {
        ring.put(call(n), now + Duration::from_millis(n));
    }
    let kept = ring.last(usize::MAX);
    assert_eq!(kept.len(), 100 + CHATTER + 1, "the last count is told, too");
    assert_eq!(of(&kept)[..100], started);
    assert_eq!(of(&ring.last(1))[0].kind, EventKind::Skipped { count: 980 });
}

#[test]
fn no_fact_of_a_burst_is_unaccounted_for() {
    let (mut ring, now) = (Ring::default(), Instant::now());
    for n in 0..1_000 {
        ring.put(call(n), now);
    }
    ring.put(call(1_000), now + Duration::from_secs(1));
    let kept = ring.last(usize::MAX);
    assert_eq!(kept.len(), 22);
    assert_eq!(skipped(&kept), 980);
    assert_eq!(of(&kept)[20].kind, EventKind::Skipped { count: 980 }, "in its place");
    assert_eq!(of(&kept)[20].at, call(999).at);
}

#[test]
fn what_matters_is_bounded_too() {
    let (mut ring, now) = (Ring::default(), Instant::now());
    (0..10_000).for_each(|n| ring.put(state(n), now));
    let kept = of(&ring.last(usize::MAX));
    assert_eq!(kept, (10_000 - 300..10_000).map(state).collect::<Vec<_>>());
}

#[test]
fn news_are_told_until_they_are_written() {
    let (mut ring, now) = (Ring::default(), Instant::now());
    ring.put(state(1), now);
    let first = ring.news();
    ring.put(call(2), now);
    assert_eq!(of(&ring.news().events), [state(1), call(2)], "not written yet");
    ring.wrote(first.mark);
    let second = ring.news();
    assert_eq!(of(&second.events), [call(2)]);
    ring.wrote(second.mark);
    assert!(ring.news().events.is_empty());
    assert_eq!(of(&ring.last(9)), [state(1), call(2)], "reading is not writing");
}

#[test]
fn what_was_skipped_is_written_once() {
    let (mut ring, now) = (Ring::default(), Instant::now());
    (0..50).for_each(|n| ring.put(call(n), now));
    let news = ring.news();
    assert_eq!((news.events.len(), skipped(&news.events)), (21, 30));
    ring.wrote(news.mark);
    assert!(ring.news().events.is_empty());
    (0..5).for_each(|n| ring.put(call(n), now));
    assert_eq!(skipped(&ring.news().events), 5, "the same second still");
}

#[test]
fn an_earlier_run_comes_before_this_one_and_is_not_news() {
    let (mut ring, now) = (Ring::default(), Instant::now());
    ring.put(state(1_000), now);
    ring.recall((0..400).map(state).chain((0..400).map(call)).collect());
    assert!(ring.recalled());
    let kept = of(&ring.last(usize::MAX));
    assert_eq!(kept.len(), MATTERS + CHATTER);
    assert_eq!((&kept[0], kept.last()), (&state(101), Some(&state(1_000))));
    assert_eq!(of(&ring.news().events), [state(1_000)]);
}

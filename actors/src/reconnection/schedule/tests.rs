//! Envelopes, floors and parking of one server's attempts.

use super::*;
use CauseClass::{Busy, CannotStart, CrashAtStart, CrashLater, NeedsLogin, SessionLost, Stopped};

const SECOND: Duration = Duration::from_secs(1);

fn exact() -> ReconnectionPolicy {
    ReconnectionPolicy { jitter: false, ..Default::default() }
}

/// A schedule whose connection has stood for so long.
fn connected(up: Duration) -> (Schedule, Instant) {
    let (mut schedule, now) = (Schedule::default(), Instant::now());
    schedule.begin(now);
    schedule.ready(now);
    (schedule, now + up)
}

/// Milliseconds from each loss to the next attempt, when every attempt fails at once.
fn crash_loop(class: CauseClass, policy: &ReconnectionPolicy, unit: f64, count: u32) -> Vec<u128> {
    let (mut schedule, mut now) = (Schedule::default(), Instant::now());
    (0..count)
        .map(|_| {
            schedule.begin(now);
            let next = schedule.lost(class, None, policy, unit, now).not_before;
            let waited = next.duration_since(now).as_millis();
            now = next;
            waited
        })
        .collect()
}

#[test]
fn delays_double_from_the_first_to_the_longest_and_are_never_closer_than_the_spacing() {
    assert_eq!(
        crash_loop(CrashAtStart, &exact(), 0.3, 9),
        [1000, 1000, 2000, 4000, 8000, 16000, 30000, 30000, 30000]
    );
    assert_eq!(
        crash_loop(CannotStart, &exact(), 0.3, 5),
        [5000, 10000, 20000, 30000, 30000],
        "what rarely heals starts slow"
    );
}

#[test]
fn with_jitter_a_delay_is_drawn_between_nothing_and_its_full_length() {
    let policy = ReconnectionPolicy::default();
    let spaced = [1000; 6];
    assert_eq!(crash_loop(CrashAtStart, &policy, 0.0, 6), spaced, "nothing, but spaced");
    assert_eq!(
        crash_loop(CrashAtStart, &policy, 1.0, 6),
        [1000, 1000, 2000, 4000, 8000, 16000],
        "the full length"
    );
    assert_eq!(crash_loop(CrashAtStart, &policy, 0.5, 6), [1000, 1000, 1000, 2000, 4000, 8000]);
}

#[test]
fn the_first_loss_after_a_stable_connection_is_tried_at_once_whatever_its_cause() {
    for class in CauseClass::ALL {
        let (mut schedule, now) = connected(60 * SECOND);
        let wait = schedule.lost(class, None, &exact(), 1.0, now).not_before - now;
        let expected = match class {
            NeedsLogin => PARKED_EVERY,
            Busy => Duration::from_millis(500),
            _ => Duration::ZERO,
        };
        assert_eq!((wait, schedule.failures()), (expected, 0), "{class}");
    }
}

#[test]
fn only_sustained_uptime_makes_the_count_begin_anew() {
    let policy = exact();
    let (mut schedule, mut now) = (Schedule::default(), Instant::now());
    for failures in 1..=4 {
        schedule.begin(now);
        schedule.ready(now);
        now += policy.stable_after.mul_f64(0.999);
        now = schedule.lost(CrashLater, None, &policy, 0.0, now).not_before;
        assert_eq!(schedule.failures(), failures, "ready, but not for long enough");
        assert_eq!(schedule.attempt(), failures + 1);
    }
    schedule.begin(now);
    schedule.ready(now);
    now += policy.stable_after;
    assert_eq!(schedule.lost(CrashLater, None, &policy, 0.0, now).not_before, now);
    assert_eq!(schedule.failures(), 0);
}

#[test]
fn a_lost_session_is_opened_again_at_once_but_one_lost_again_and_again_is_not() {
    let (mut schedule, mut now) = connected(2 * SECOND);
    let mut waits = Vec::new();
    for _ in 0..5 {
        let next = schedule.lost(SessionLost, None, &exact(), 0.0, now).not_before;
        waits.push((next - now).as_millis());
        schedule.begin(next);
        schedule.ready(next);
        now = next + 2 * SECOND;
    }
    assert_eq!(waits, [0, 500, 1000, 2000, 4000]);
}

#[test]
fn what_we_stopped_ourselves_is_no_failure() {
    let (mut schedule, now) = connected(2 * SECOND);
    assert_eq!(schedule.lost(Stopped, None, &exact(), 0.0, now).not_before, now);
    assert_eq!(schedule.failures(), 0);
}

#[test]
fn retry_after_is_a_floor_for_all_and_has_a_ceiling() {
    let (mut schedule, now) = connected(60 * SECOND);
    let verdict = schedule.lost(Busy, Some(42 * SECOND), &exact(), 0.0, now);
    assert_eq!(verdict.not_before, now + 42 * SECOND);
    assert_eq!(schedule.earliest(), Some(now + 42 * SECOND), "also for a call that waits");
    let (mut schedule, now) = connected(60 * SECOND);
    let verdict = schedule.lost(CauseClass::ServerError, Some(7 * SECOND), &exact(), 0.0, now);
    assert_eq!(verdict.not_before, now + 7 * SECOND, "whoever asks for it gets it");
    let (mut schedule, now) = connected(60 * SECOND);
    let verdict = schedule.lost(Busy, Some(Duration::MAX), &exact(), 0.0, now);
    assert_eq!(verdict.not_before, now + LONGEST_RETRY_AFTER, "never out of service for good");
    schedule.begin(verdict.not_before);
    assert_eq!(schedule.earliest(), Some(verdict.not_before + SPACING), "asked for only once");
    let later = now + 2 * LONGEST_RETRY_AFTER;
    let verdict = schedule.lost(Busy, Some(SECOND / 4), &exact(), 0.0, later);
    assert!(verdict.parked, "and it counts as down meanwhile");
}

#[test]
fn a_server_down_for_long_is_parked_and_still_tried_every_five_minutes() {
    let policy = ReconnectionPolicy::default();
    let start = Instant::now();
    let (mut schedule, mut now) = (Schedule::default(), start);
    let mut parked_after = None;
    for round in 0..300 {
        schedule.begin(now);
        let unit = f64::from(round % 11) / 10.0;
        let verdict = schedule.lost(CrashAtStart, None, &policy, unit, now);
        let wait = (verdict.not_before - now).as_secs_f64();
        assert_eq!(verdict.parked, now - start >= policy.park_after, "round {round}");
        if verdict.parked {
            parked_after.get_or_insert(now - start);
            assert!((wait - (240.0 + 120.0 * unit)).abs() < 0.001, "{wait} at {unit}");
        } else {
            assert!((1.0..=30.0).contains(&wait), "{wait}");
        }
        now = verdict.not_before;
    }
    let parked_after = parked_after.expect("parked at some time");
    assert!(parked_after < policy.park_after + policy.max_delay, "{parked_after:?}");
    schedule.begin(now);
    schedule.ready(now);
    now += 60 * SECOND;
    let verdict = schedule.lost(CrashLater, None, &policy, 1.0, now);
    assert_eq!((verdict.not_before, verdict.parked), (now, false), "recovered, it is as new");
}

#[test]
fn a_server_that_wants_a_login_is_asked_rarely_but_may_be_when_somebody_asks() {
    let (mut schedule, now) = (Schedule::default(), Instant::now());
    schedule.begin(now);
    let verdict = schedule.lost(NeedsLogin, None, &exact(), 0.0, now);
    assert_eq!(verdict, Verdict { not_before: now + PARKED_EVERY, parked: false, login: true });
    assert_eq!(schedule.earliest(), Some(now + SPACING));
}

#[test]
fn odd_policies_make_no_odd_delays() {
    let policy = ReconnectionPolicy { factor: f64::NAN, ..exact() };
    assert_eq!(crash_loop(CrashAtStart, &policy, f64::NAN, 3), [1000; 3]);
    let policy = ReconnectionPolicy { factor: 1e300, ..exact() };
    assert_eq!(crash_loop(CrashAtStart, &policy, 9.0, 4), [1000, 30000, 30000, 30000]);
    let policy = ReconnectionPolicy { factor: 1e300, max_delay: Duration::MAX, ..exact() };
    let day = LONGEST_DELAY.as_millis();
    assert_eq!(crash_loop(CrashAtStart, &policy, 0.0, 2), [1000, day]);
    let policy = ReconnectionPolicy { initial_delay: Duration::ZERO, ..exact() };
    assert_eq!(crash_loop(CrashAtStart, &policy, -1.0, 100), vec![1000; 100]);
}

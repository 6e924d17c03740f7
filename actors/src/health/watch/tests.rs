//! The watch over one server, with a clock given in: when it probes, what it concludes.

use super::*;

const T: Duration = Duration::from_secs(1);

fn rules() -> Rules {
    Rules {
        ping: PingPolicy::default(),
        interval: 60 * T,
        recheck: 10 * T,
        busy_limit: 55 * T,
        ignores_ping: false,
        at_work: false,
    }
}

fn up(start: Instant) -> Watch {
    let mut watch = Watch::default();
    watch.up(Generation::next(), 60 * T, start);
    watch
}

fn probe(method: ProbeMethod, seconds: f64, suspicion: bool) -> Step {
    Step::Probe { method, timeout: Duration::from_secs_f64(seconds), suspicion }
}

use ProbeMethod::{List, Ping};
const ALIVE: ProbeOutcome = ProbeOutcome::Alive { rtt: T };

#[test]
fn a_quiet_server_is_probed_every_interval_and_not_while_it_is_down() {
    let start = Instant::now();
    let mut watch = up(start);
    let mut at = Vec::new();
    for second in 1..=300 {
        let now = start + second * T;
        if let Step::Probe { .. } = watch.due(None, &rules(), now) {
            at.push(second);
            watch.probed(ALIVE, Some(now), &rules(), now);
        }
    }
    assert_eq!(at, [60, 120, 180, 240, 300]);
    watch.down();
    assert_eq!(watch.next(), None);
    assert_eq!(watch.due(None, &rules(), start + 600 * T), Step::Nothing);
}

#[test]
fn real_traffic_is_as_good_as_a_probe() {
    let start = Instant::now();
    let mut watch = up(start);
    let now = start + 60 * T;
    assert_eq!(watch.due(Some(now - 9 * T), &rules(), now), Step::Nothing);
    assert_eq!(watch.next(), Some(now + 51 * T), "an interval after it was heard");
    assert_eq!(watch.checks().outcome, None);
    let now = now + 60 * T;
    assert_eq!(watch.due(Some(now - 11 * T), &rules(), now), probe(Ping, 5.0, false));
    watch.probed(ALIVE, Some(now), &rules(), now);
    let often = Rules { interval: 9 * T, ..rules() };
    let later = now + 60 * T;
    assert_eq!(watch.due(Some(now), &often, later), probe(Ping, 5.0, false), "its own answer");
}

#[test]
fn silence_is_confirmed_by_a_longer_probe_of_another_kind_before_the_verdict() {
    let start = Instant::now();
    let mut watch = up(start);
    let mut now = start;
    let mut steps = Vec::new();
    let condemned = loop {
        now = watch.next().unwrap_or(now).max(now);
        let mut step = watch.due(Some(start), &rules(), now);
        while let Step::Probe { timeout, .. } = step {
            steps.push((now.duration_since(start).as_secs(), step));
            now += timeout;
            step = watch.probed(ProbeOutcome::Silent, Some(start), &rules(), now);
        }
        if let Step::Condemn { silent, probes } = step {
            break (silent, probes);
        }
    };
    let ping = probe(Ping, 5.0, false);
    assert_eq!(steps, [(60, ping), (70, ping), (80, ping), (85, probe(List, 10.0, false))]);
    assert_eq!(condemned, (95 * T, 4));
}

#[test]
fn a_suspicion_is_settled_within_seven_seconds() {
    let start = Instant::now();
    let mut watch = up(start);
    assert_eq!(watch.suspect(&rules(), start), probe(Ping, 1.5, true));
    let now = start + Duration::from_millis(1500);
    let confirm = watch.probed(ProbeOutcome::Silent, Some(start - T), &rules(), now);
    assert_eq!(confirm, probe(List, 5.0, true));
    let now = now + 5 * T;
    let verdict = watch.probed(ProbeOutcome::Silent, Some(start - T), &rules(), now);
    assert!(matches!(verdict, Step::Condemn { probes: 2, .. }));
}

#[test]
fn a_suspicion_during_a_routine_probe_is_settled_as_fast() {
    let start = Instant::now();
    let mut watch = up(start);
    let now = start + 60 * T;
    watch.due(None, &rules(), now);
    let routine = watch.awaits();
    assert_eq!(watch.suspect(&rules(), now + T), probe(Ping, 1.5, true));
    assert_ne!(watch.awaits(), routine, "the outcome of the routine probe does not count");
    assert_eq!(watch.suspect(&rules(), now + T), Step::Nothing, "once");
    let now = now + Duration::from_millis(2500);
    assert_eq!(watch.probed(ProbeOutcome::Silent, None, &rules(), now), probe(List, 5.0, true));

    let rules = Rules { ping: PingPolicy { max_failures: 1, ..rules().ping }, ..rules() };
    let mut watch = up(start);
    let now = start + 60 * T;
    watch.due(None, &rules, now);
    let confirm = watch.probed(ProbeOutcome::Silent, None, &rules, now + 5 * T);
    assert_eq!(confirm, probe(List, 10.0, false));
    assert_eq!(watch.suspect(&rules, now + 6 * T), probe(List, 5.0, true), "already confirming");
}

#[test]
fn any_frame_while_a_probe_waits_is_life_from_when_it_came() {
    let start = Instant::now();
    let table = [(ProbeOutcome::Silent, 61), (ProbeOutcome::Busy, 61), (ALIVE, 62)];
    for (outcome, next) in table {
        let mut watch = up(start);
        watch.suspect(&rules(), start);
        let now = start + 2 * T;
        assert_eq!(watch.probed(outcome, Some(start + T), &rules(), now), Step::Nothing);
        assert_eq!((watch.checks().failures, watch.next()), (0, Some(start + next * T)));
    }
}

#[test]
fn a_computing_server_is_left_alone_for_a_while() {
    let start = Instant::now();
    let mut watch = up(start);
    watch.suspect(&rules(), start);
    let now = start + 54 * T;
    // however long ago it was heard before
    let heard = Some(start - 100 * T);
    let step = watch.probed(ProbeOutcome::Busy, heard, &rules(), now);
    assert_eq!((step, watch.next()), (Step::Nothing, Some(now + 10 * T)));
    assert_eq!(watch.suspect(&rules(), now + 9 * T), Step::Nothing, "it is known to be busy");
    let now = now + 10 * T;
    assert_eq!(watch.suspect(&rules(), now), probe(Ping, 1.5, true));
    let step = watch.probed(ProbeOutcome::Busy, heard, &rules(), now + 2 * T);
    assert_eq!(step, probe(List, 5.0, true), "not for ever");
}

#[test]
fn a_server_at_work_that_is_known_not_to_speak_then_is_left_alone() {
    let start = Instant::now();
    let rules = Rules { at_work: true, ..rules() };
    let mut watch = up(start);
    watch.ask(&rules, start);
    let step = watch.probed(ProbeOutcome::Silent, None, &rules, start + 5 * T);
    assert_eq!((step, watch.checks().failures), (Step::Nothing, 0));
}

#[test]
fn a_server_that_ignores_pings_is_asked_for_its_list() {
    let start = Instant::now();
    let rules = Rules { ignores_ping: true, ..rules() };
    assert_eq!(up(start).due(None, &rules, start + 60 * T), probe(List, 5.0, false));
}

#[test]
fn without_probing_nothing_is_ever_sent() {
    let start = Instant::now();
    let rules = Rules { ping: PingPolicy { enabled: false, ..rules().ping }, ..rules() };
    let mut watch = up(start);
    assert_eq!(watch.due(None, &rules, start + 60 * T), Step::Nothing);
    assert_eq!(watch.suspect(&rules, start + 61 * T), Step::Nothing);
}

#[test]
fn a_probe_whose_outcome_is_lost_is_sent_anew() {
    let start = Instant::now();
    let mut watch = up(start);
    assert_eq!(watch.due(None, &rules(), start + 60 * T), probe(Ping, 5.0, false));
    assert_eq!(watch.due(None, &rules(), start + 65 * T), Step::Nothing);
    assert_eq!(watch.due(None, &rules(), start + 665 * T), probe(Ping, 5.0, false));
}

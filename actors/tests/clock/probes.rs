//! When servers are probed.

use crate::memory::{Fate, Memory, What};
use crate::tree::{LATE, MIN, S, Tree, gaps, refused};
use mcpvisor_actors::fleet::State;
use mcpvisor_actors::health::{MonitorPatch, PingPatch};
use mcpvisor_actors::tree::GatewaySpec;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// A server that is checked as if it did badly, whatever it does.
async fn unstable(server: &Memory) -> Tree {
    let mut spec = server.spec();
    spec.monitor.quality_threshold = Some(100);
    let tree = Tree::with(vec![spec]).await;
    tree.is(server, State::Ready).await;
    tree
}

/// All gaps are as long as the interval, or up to a tenth shorter.
fn are_spread_below(interval: Duration, times: &[Instant]) {
    for gap in gaps(times) {
        assert!((interval.mul_f64(0.9)..=interval + LATE).contains(&gap), "{gap:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_well_is_probed_every_minute_or_up_to_a_tenth_sooner() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    let up = Instant::now();
    sleep(60 * MIN).await;
    let pings = server.pings();
    assert!((60..=67).contains(&pings.len()), "{}", pings.len());
    assert!(pings[0] - up <= 120 * S + LATE, "{:?}", pings[0] - up);
    are_spread_below(60 * S, &pings);
    assert_eq!(server.count(&What::List), 1, "listed once and probed by ping only");
    assert!(gaps(&pings).windows(2).any(|pair| pair[0] != pair[1]), "all the same");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_badly_is_probed_every_ten_seconds_or_up_to_a_tenth_sooner() {
    let server = Memory::new("a");
    let tree = unstable(&server).await;
    sleep(10 * MIN).await;
    let pings = server.pings();
    assert!((58..=68).contains(&pings.len()), "{}", pings.len());
    are_spread_below(10 * S, &pings);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_in_between_is_probed_in_proportion() {
    let server = Memory::new("a");
    server.set(|script| script.latency = 20 * Duration::from_millis(1));
    let mut spec = server.spec();
    spec.monitor.adaptive_interval = Some(false);
    let tree = Tree::with(vec![spec]).await;
    tree.is(&server, State::Ready).await;
    sleep(20 * MIN).await;
    are_spread_below(30 * S + 20 * Duration::from_millis(1), &server.pings());
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_is_down_is_not_probed_and_again_once_it_is_back() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    sleep(5 * MIN).await;
    server.set(|script| script.refuse = Some(refused()));
    server.cut(refused());
    tree.is(&server, State::Down).await;
    server.forget();
    sleep(20 * MIN).await;
    assert_eq!(server.pings(), []);
    assert!(server.connects().len() > 20, "it is tried: {}", server.connects().len());
    assert_eq!(tree.card(&server).checks().next, None);
    server.set(|script| script.refuse = None);
    let back = tree.is(&server, State::Ready).await;
    sleep(10 * MIN).await;
    let pings = server.pings();
    assert!(pings[0] >= back && pings.len() >= 7, "{}", pings.len());
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn real_traffic_postpones_probes_for_as_long_as_it_flows() {
    let server = Memory::new("a");
    let tree = unstable(&server).await;
    let client = tree.client().await;
    for n in 0..120 {
        assert_eq!(client.call(&server, &n.to_string()).await.word(), "ok");
        sleep(5 * S).await;
    }
    assert_eq!(server.pings(), [], "it was heard every 5 s");
    let last = Instant::now() - 5 * S;
    sleep(MIN).await;
    let pings = server.pings();
    let first = pings[0] - last;
    assert!((9 * S..=10 * S + LATE).contains(&first), "an interval after it was heard: {first:?}");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_does_not_know_ping_lives_and_is_asked_nothing_else() {
    let server = Memory::new("a");
    server.set(|script| script.pings = Fate::Unknown);
    let tree = Tree::ready(&[&server]).await;
    sleep(60 * MIN).await;
    assert!(server.pings().len() >= 60);
    assert_eq!((server.connects().len(), server.count(&What::List)), (1, 1));
    assert_eq!(tree.card(&server).quality().score, 100);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_ignores_pings_is_listed_instead_and_never_condemned() {
    let server = Memory::new("a");
    server.set(|script| script.pings = Fate::Ignored);
    let tree = Tree::ready(&[&server]).await;
    sleep(120 * MIN).await;
    assert_eq!(server.connects().len(), 1);
    assert_eq!(server.pings().len(), 3, "silence was confirmed once, and then it is known");
    let lists = server.count(&What::List);
    assert!((110..=136).contains(&lists), "{lists}");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_person_s_probe_is_sent_at_once() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    let now = Instant::now();
    tree.fleet().probe("a").unwrap();
    sleep(LATE).await;
    assert_eq!(server.pings(), [now]);
    assert!(tree.fleet().probe("b").is_err());
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn another_policy_holds_at_once() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    sleep(10 * MIN).await;
    let (monitor, ping) = (MonitorPatch::default(), PingPatch::default());
    let patch = MonitorPatch { stable_interval: Some(4 * S), ..monitor };
    tree.fleet().set_policies(&patch, &PingPatch { interval: Some(S), ..ping });
    server.forget();
    let now = Instant::now();
    sleep(MIN).await;
    let pings = server.pings();
    assert!(pings[0] - now <= 8 * S + LATE, "{:?}", pings[0] - now);
    are_spread_below(4 * S, &pings);

    tree.fleet().set_policies(&MonitorPatch { enabled: Some(false), ..monitor }, &ping);
    sleep(4 * S).await;
    server.forget();
    sleep(10 * MIN).await;
    assert_eq!(server.pings(), [], "switched off");

    tree.fleet().set_policies(&MonitorPatch { enabled: Some(true), ..monitor }, &ping);
    sleep(MIN).await;
    assert!(server.pings().len() >= 13, "switched on: {}", server.pings().len());
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn no_more_servers_are_probed_at_the_same_time_than_allowed() {
    let servers: Vec<Memory> = (0..40).map(|n| Memory::new(&format!("s{n}"))).collect();
    let specs = servers.iter().map(Memory::spec).collect();
    let spec = GatewaySpec { servers: specs, max_concurrent_checks: 4, ..GatewaySpec::default() };
    let tree = Tree::start(spec).await;
    for server in &servers {
        tree.is(server, State::Ready).await;
        server.set(|script| script.latency = S);
        tree.fleet().probe(server.name()).unwrap();
    }
    sleep(15 * S).await;
    let mut pings: Vec<_> = servers.iter().flat_map(Memory::pings).collect();
    pings.sort();
    assert!(pings.len() >= 40);
    for five in pings.windows(5) {
        assert!(five[4] - five[0] >= S, "five at once");
    }
    tree.stop().await;
}

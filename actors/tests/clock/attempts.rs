//! When a server that is down is tried again.

use crate::memory::{Fate, Memory, What};
use crate::tree::{LATE, MIN, S, Tree, gaps, refused, until};
use mcpvisor_actors::fleet::{BreakerState, State};
use mcpvisor_actors::server::{Loss, Order, Start};
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);

fn status(status: u16, retry_after: Option<Duration>) -> Loss {
    Loss::HttpStatus { status, retry_after, body: String::new() }
}

/// One server that refuses for this reason, tried so.
async fn refusing(server: &Memory, loss: Loss, jitter: bool) -> Tree {
    server.set(|script| script.refuse = Some(loss));
    let mut spec = server.spec();
    spec.reconnection.jitter = jitter;
    Tree::with(vec![spec]).await
}

#[tokio::test(start_paused = true)]
async fn the_delays_of_a_refusing_server_double_from_a_second_to_half_a_minute() {
    let server = Memory::new("a");
    let tree = refusing(&server, refused(), false).await;
    sleep(10 * MIN).await;
    let gaps = gaps(&server.connects());
    let expected = [1, 1, 2, 4, 8, 16, 30, 30, 30].map(|seconds| seconds * S);
    for (n, (gap, expected)) in gaps.iter().zip(expected).enumerate() {
        assert!((expected..=expected + LATE).contains(gap), "gap {n}: {gap:?}");
    }
    assert!(gaps[9..].iter().all(|gap| (30 * S..=30 * S + LATE).contains(gap)));
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn jitter_draws_each_delay_from_its_whole_length_but_never_below_a_second() {
    let (mut short, mut long) = (0, 0);
    for _ in 0..20 {
        let server = Memory::new("a");
        let tree = refusing(&server, refused(), true).await;
        sleep(10 * MIN).await;
        for (n, gap) in gaps(&server.connects()).into_iter().enumerate() {
            let full = (500 * MS * (1 << n.min(10))).min(30 * S).max(S);
            assert!((S..=full + LATE).contains(&gap), "gap {n}: {gap:?} of {full:?}");
            if full == 30 * S {
                *(if gap < 15 * S { &mut short } else { &mut long }) += 1;
            }
        }
        tree.stop().await;
    }
    let share = f64::from(short) / f64::from(short + long);
    assert!((0.35..0.65).contains(&share), "not even: {share}");
}

#[tokio::test(start_paused = true)]
async fn a_server_down_for_half_an_hour_is_parked_and_tried_every_five_minutes_or_on_use() {
    let server = Memory::new("a");
    let tree = refusing(&server, refused(), true).await;
    let start = Instant::now();
    let parked = tree.is(&server, State::Parked).await;
    let after = parked - start;
    assert!((30 * MIN..=30 * MIN + 31 * S).contains(&after), "parked after {after:?}");
    server.forget();
    sleep(60 * MIN).await;
    let tries = server.connects();
    assert!((9..=15).contains(&tries.len()), "{}", tries.len());
    for gap in gaps(&tries) {
        assert!((4 * MIN..=6 * MIN + LATE).contains(&gap), "{gap:?}");
    }
    let next = tree.card(&server).standing().next.expect("it is said");
    assert!(next > Instant::now() && next <= Instant::now() + 6 * MIN);

    // nobody is let wait for long in vain
    let client = tree.client().await;
    sleep(2 * S).await;
    server.forget();
    let answer = client.call(&server, "k").await;
    assert_eq!((answer.word().as_str(), !server.connects().is_empty()), ("unavailable", true));
    assert!(answer.took <= 4 * S + LATE, "{:?}", answer.took);

    sleep(10 * S).await;
    server.set(|script| script.refuse = None);
    let answer = client.call(&server, "k").await;
    assert_eq!(answer.word(), "ok", "{:?}", answer.reply);
    assert!(answer.took <= S + LATE, "on use, at once: {:?}", answer.took);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_parked_server_that_is_well_again_is_found_without_anybody() {
    let server = Memory::new("a");
    let tree = refusing(&server, refused(), true).await;
    tree.is(&server, State::Parked).await;
    server.set(|script| script.refuse = None);
    let well = Instant::now();
    let back = tree.is(&server, State::Ready).await;
    assert!(back - well <= 6 * MIN + LATE, "{:?}", back - well);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lost_connection_that_was_stable_is_made_anew_at_once() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    for _ in 0..5 {
        sleep(11 * S).await;
        server.forget();
        let lost = Instant::now();
        server.cut(Loss::OutputClosed { stderr: Vec::new() });
        sleep(LATE).await;
        assert_eq!(tree.state(&server), State::Ready);
        assert!(server.connects()[0] - lost <= LATE);
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_crash_loop_spawns_at_most_once_a_second_and_ends_when_its_cause_is_gone() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    let client = tree.client().await;
    let exited = || Loss::Exited { status: "exit status: 1".to_owned(), stderr: Vec::new() };
    let until = Instant::now() + 10 * MIN;
    while Instant::now() < until {
        sleep(100 * MS).await;
        server.cut(exited()); // a young connection does not make the count begin anew
        let _impatient = client.calls(&server, "k");
    }
    let gaps = gaps(&server.connects());
    assert!(gaps.iter().all(|gap| *gap >= S), "closer than a second: {gaps:?}");
    let back = tree.is(&server, State::Ready).await;
    assert!(back.saturating_duration_since(until) <= 5 * S);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn what_a_server_asks_for_is_honoured_also_when_calls_wait() {
    let server = Memory::new("a");
    let tree = refusing(&server, status(503, Some(40 * S)), true).await;
    let client = tree.client().await;
    let end = Instant::now() + 10 * MIN;
    while Instant::now() < end {
        assert_eq!(client.call(&server, "k").await.word(), "unavailable");
        sleep(S).await;
    }
    let gaps = gaps(&server.connects());
    assert!(gaps.len() >= 9, "{gaps:?}");
    assert!(gaps.iter().all(|gap| *gap >= 40 * S), "too early: {gaps:?}");

    // it must not talk itself out of service
    let server = Memory::new("b");
    let tree = refusing(&server, status(429, Some(1000 * 60 * MIN)), true).await;
    sleep(121 * MIN).await;
    assert_eq!(server.connects().len(), 3, "once an hour all the same");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_wants_a_login_is_tried_every_five_minutes_and_on_use_only() {
    let server = Memory::new("a");
    let tree = refusing(&server, Loss::NeedsLogin { status: 401 }, true).await;
    tree.is(&server, State::NeedsLogin).await;
    sleep(60 * MIN).await;
    let tries = server.connects();
    assert!((9..=16).contains(&tries.len()), "{}", tries.len());
    for gap in gaps(&tries) {
        assert!((4 * MIN..=6 * MIN + LATE).contains(&gap), "{gap:?}");
    }
    let client = tree.client().await;
    sleep(2 * S).await;
    server.set(|script| script.refuse = None);
    let answer = client.call(&server, "k").await;
    assert_eq!(answer.word(), "ok");
    assert!(answer.took <= S + LATE, "{:?}", answer.took);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_for_a_server_that_is_down_is_tried_with_and_told_why_after_its_wait() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    let client = tree.client().await;
    server.set(|script| script.refuse = Some(refused()));
    server.cut(refused());
    sleep(5 * MIN).await;
    server.forget();
    let answer = client.call(&server, "k").await;
    assert_eq!(answer.word(), "unavailable");
    assert!((2 * S..=4 * S + LATE).contains(&answer.took), "{:?}", answer.took);
    assert!(!server.connects().is_empty(), "it is tried");
    for word in ["`a`", "refused", "attempt"] {
        assert!(answer.text().contains(word), "no {word}: {}", answer.text());
    }
    assert!(client.tools().await.contains(&"a.echo".to_owned()), "still listed");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn the_breaker_opens_tries_one_call_and_closes_and_probes_pass_it() {
    let server = Memory::new("a");
    server.set(|script| script.calls = Fate::Ignored);
    let mut spec = server.spec();
    spec.limits.call_timeout = S;
    let tree = Tree::with(vec![spec]).await;
    tree.is(&server, State::Ready).await;
    let client = tree.client().await;
    let state = || tree.card(&server).vitals.breaker_state(Instant::now());
    for _ in 0..5 {
        assert_eq!(state(), BreakerState::Closed);
        assert_eq!(client.call(&server, "k").await.word(), "timeout");
    }
    let opened = Instant::now();
    assert_eq!(state(), BreakerState::Open);
    let answer = client.call(&server, "k").await;
    assert_eq!((answer.word().as_str(), answer.took < LATE), ("breaker_open", true));
    tree.fleet().probe("a").unwrap();
    sleep(LATE).await;
    assert!(!server.pings().is_empty(), "probes pass it");
    assert_eq!(tree.state(&server), State::Ready);

    until("it half-opens", || state() == BreakerState::HalfOpen).await;
    let open_for = opened.elapsed();
    assert!((7500 * MS..=12_500 * MS + LATE).contains(&open_for), "{open_for:?}");
    let executed = server.executed().len();
    let calls: Vec<_> = (0..10).map(|_| client.calls(&server, "k")).collect();
    sleep(2 * S).await;
    assert_eq!(server.executed().len(), executed + 1, "one call is tried");
    assert_eq!(state(), BreakerState::Open, "in vain");
    for call in calls {
        call.await.unwrap();
    }
    server.set(|script| script.calls = Fate::Answered);
    until("it half-opens", || state() == BreakerState::HalfOpen).await;
    assert_eq!(client.call(&server, "k").await.word(), "ok");
    assert_eq!(state(), BreakerState::Closed);
    assert_eq!(server.count(&What::Connect), 1, "the connection stood all the time");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn orders_are_carried_out_and_a_stopped_server_stays_so() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    let (fleet, client) = (tree.fleet().clone(), tree.client().await);
    sleep(MIN).await;
    let before = tree.generation(&server);
    fleet.order("a", Order::Restart).unwrap();
    sleep(2 * S).await;
    assert_eq!(tree.state(&server), State::Ready);
    assert_ne!(tree.generation(&server), before);
    assert_eq!(tree.card(&server).standing().attempts, 0, "an order is no failure");

    fleet.order("a", Order::Stop).unwrap();
    tree.is(&server, State::Stopped).await;
    server.forget();
    sleep(60 * MIN).await;
    let answer = client.call(&server, "k").await;
    assert_eq!((answer.word().as_str(), answer.took < LATE), ("unavailable", true));
    assert!(answer.text().contains("stopped by an operator"), "{}", answer.text());
    assert_eq!((server.connects().len(), server.pings().len()), (0, 0));

    fleet.order("a", Order::Start).unwrap();
    sleep(LATE).await;
    assert_eq!(client.call(&server, "k").await.word(), "ok");
    fleet.order("a", Order::Start).unwrap();
    sleep(S).await;
    assert_eq!(server.connects().len(), 1, "started once");
    assert!(fleet.order("b", Order::Start).is_err());
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_lazy_server_is_left_alone_until_it_is_known_to_be_needed() {
    let server = Memory::new("a");
    let mut spec = server.spec();
    spec.start = Start::Lazy;
    let tree = Tree::with(vec![spec]).await;
    // nothing is remembered of it, so it is asked once what it has
    tree.is(&server, State::Ready).await;
    assert_eq!(server.connects().len(), 1);
    tree.stop().await;
}

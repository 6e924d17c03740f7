//! What silence costs: a server that does not answer any more is found, one that does is left alone.

use crate::memory::{Fate, Memory, What};
use crate::tree::{LATE, MIN, S, Tree, gaps, until};
use mcpvisor_actors::fleet::State;
use mcpvisor_actors::server::Loss;
use std::time::Duration;
use tokio::time::{Instant, sleep};

const MS: Duration = Duration::from_millis(1);

/// Waits until the server has another connection, because this one says nothing. How long that took.
async fn is_replaced(tree: &Tree, server: &Memory) -> Duration {
    let (begun, before) = (Instant::now(), tree.generation(server));
    let ready = || tree.state(server) == State::Ready && tree.generation(server) != before;
    until("it is replaced", ready).await;
    let cause = tree.card(server).standing().cause.clone().map(|(_, loss)| loss);
    assert!(matches!(cause, Some(Loss::Unresponsive { .. })), "{cause:?}");
    begun.elapsed()
}

#[tokio::test(start_paused = true)]
async fn a_mute_server_nobody_calls_is_condemned_within_its_intervals_and_a_timeout() {
    for (threshold, bound) in [(60, 60 * S * 3 + 5 * S), (100, 10 * S * 3 + 5 * S)] {
        let server = Memory::new("a");
        let mut spec = server.spec();
        spec.monitor.quality_threshold = Some(threshold);
        spec.reconnection.stable_after = S;
        let tree = Tree::with(vec![spec]).await;
        tree.is(&server, State::Ready).await;
        for part in 0..20 {
            // wherever in the interval it falls silent
            sleep(bound + part * 700 * MS).await;
            server.freeze();
            let took = is_replaced(&tree, &server).await;
            assert!(took <= bound + LATE, "{took:?} of {bound:?} after {part}");
            assert!(took >= 15 * S, "not without a confirming probe: {took:?}");
        }
        tree.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_falls_mute_after_traffic_is_condemned_as_soon() {
    let server = Memory::new("a");
    let mut spec = server.spec();
    spec.monitor.quality_threshold = Some(100);
    let tree = Tree::with(vec![spec]).await;
    tree.is(&server, State::Ready).await;
    let client = tree.client().await;
    for part in 0..20 {
        sleep(MIN + part * 700 * MS).await;
        assert_eq!(client.call(&server, "k").await.word(), "ok");
        server.freeze();
        let took = is_replaced(&tree, &server).await;
        assert!(took <= 35 * S + LATE, "{took:?} after {part}");
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_mute_server_somebody_calls_is_replaced_and_the_call_answered_within_ten_seconds() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    let client = tree.client().await;
    for part in 0..40 {
        sleep(MIN + part * 700 * MS).await;
        server.freeze();
        let call = client.calls(&server, "k");
        let took = is_replaced(&tree, &server).await;
        assert!(took < 10 * S, "replaced after {took:?}");
        let answer = call.await.unwrap();
        assert_eq!(answer.word(), "outcome_unknown", "{:?}", answer.reply);
        assert!(answer.text().contains("`a`") && answer.text().contains("unanswered"));
        assert!(answer.took < 10 * S, "answered after {:?}", answer.took);
        assert_eq!(client.call(&server, "next").await.word(), "ok");
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_finds_a_mute_server_within_ten_seconds_also_while_a_probe_is_under_way() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    let client = tree.client().await;
    for part in 0..25 {
        sleep(2 * MIN).await;
        server.freeze();
        server.forget();
        // before the call, or after it
        let call = if part % 2 == 0 {
            tree.fleet().probe("a").unwrap();
            sleep(part * 200 * MS).await;
            client.calls(&server, "k")
        } else {
            let call = client.calls(&server, "k");
            sleep(part * 80 * MS).await;
            tree.fleet().probe("a").unwrap();
            call
        };
        let answer = call.await.unwrap();
        assert_eq!(answer.word(), "outcome_unknown", "{:?}", answer.reply);
        assert!(answer.took < 10 * S, "answered after {:?} at {part}", answer.took);
        assert!(server.count(&What::List) > 0, "confirmed by another method");
        tree.is(&server, State::Ready).await;
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_works_long_and_answers_pings_is_never_condemned_nor_its_call_disturbed() {
    let server = Memory::new("a");
    server.set(|script| script.call_takes = 50 * S);
    let tree = Tree::ready(&[&server]).await;
    let client = tree.client().await;
    let generation = tree.generation(&server);
    for n in 0..20 {
        let answer = client.call(&server, &n.to_string()).await;
        assert_eq!((answer.word().as_str(), answer.text()), ("ok", &*n.to_string()));
        assert!(answer.took <= 50 * S + LATE, "{:?}", answer.took);
    }
    assert_eq!(tree.generation(&server), generation);
    assert_eq!(server.executed().len(), 20, "each once");
    assert_eq!(server.count(&What::Cancel), 0);
    let pings = server.pings();
    assert!(gaps(&pings).iter().all(|gap| *gap >= 2 * S), "more often than every 2 s");
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_works_long_and_ignores_pings_is_asked_for_its_list_and_left_alone() {
    let server = Memory::new("a");
    server.set(|script| {
        script.call_takes = 50 * S;
        script.pings = Fate::Ignored;
    });
    let tree = Tree::ready(&[&server]).await;
    let client = tree.client().await;
    let generation = tree.generation(&server);
    for _ in 0..5 {
        assert_eq!(client.call(&server, "k").await.word(), "ok");
    }
    assert_eq!(tree.generation(&server), generation);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_process_that_computes_and_says_nothing_is_left_alone_for_as_long_as_a_call_may_take() {
    let server = Memory::new("a");
    server.set(|script| {
        script.computes = true;
        script.pings = Fate::Ignored;
    });
    let tree = Tree::ready(&[&server]).await;
    let client = tree.client().await;
    let generation = tree.generation(&server);
    server.freeze();
    let call = client.calls(&server, "k");
    sleep(50 * S).await;
    assert_eq!((tree.generation(&server), call.is_finished()), (generation, false));
    let answer = call.await.unwrap();
    assert!(answer.took <= 60 * S, "{:?}", answer.took);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_call_finds_its_mute_server_in_time_among_two_hundred_mute_ones() {
    let servers: Vec<Memory> = (0..200).map(|n| Memory::new(&format!("s{n}"))).collect();
    let tree = Tree::ready(&servers.iter().collect::<Vec<_>>()).await;
    let client = tree.client().await;
    sleep(5 * MIN).await;
    servers.iter().for_each(Memory::freeze);
    let mute = Instant::now();
    sleep(MIN).await; // routine probes fill all places
    let answer = client.call(&servers[150], "k").await;
    assert!(answer.took < 10 * S, "{:?}", answer.took);
    let back = || servers.iter().all(|server| server.connects().len() >= 2);
    until("all are replaced", back).await;
    assert!(mute.elapsed() < 10 * MIN, "{:?}", mute.elapsed());
    let twice = servers.iter().filter(|server| server.connects().len() > 2).count();
    assert_eq!(twice, 0, "replaced once");
    tree.stop().await;
}

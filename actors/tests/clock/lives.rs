//! One connection after another, and one incarnation of the health actors after another.

use crate::memory::{Fate, Memory, What};
use crate::tree::{LATE, MIN, S, Tree, until};
use mcpvisor_actors::fleet::State;
use mcpvisor_actors::server::{Loss, Order};
use serde_json::json;
use tokio::time::{Instant, sleep};

#[tokio::test(start_paused = true)]
async fn an_old_connection_that_still_closes_says_nothing_any_more() {
    let server = Memory::new("a");
    server.set(|script| {
        script.close_takes = 4 * S;
        script.call_takes = 3 * S;
    });
    let mut spec = server.spec();
    spec.limits.max_in_flight = 1;
    let tree = Tree::with(vec![spec]).await;
    tree.is(&server, State::Ready).await;
    let client = tree.client().await;
    sleep(MIN).await;
    let lost = client.calls(&server, "old");
    sleep(S).await;
    let before = tree.generation(&server);
    server.cut(Loss::StreamEnded);
    assert_eq!(lost.await.unwrap().word(), "outcome_unknown");
    tree.is(&server, State::Ready).await;
    let now = tree.generation(&server);
    assert_ne!(now, before);
    assert_eq!(server.count(&What::End), 0, "the old one still closes");
    // while it closes, its slot is not given back twice: one call at a time
    let calls = ["x", "y"].map(|key| client.calls(&server, key));
    sleep(2 * S).await;
    assert_eq!(server.executed(), ["old", "x"]);
    for (call, key) in calls.into_iter().zip(["x", "y"]) {
        let answer = call.await.unwrap();
        assert_eq!((answer.word().as_str(), answer.text()), ("ok", key));
    }
    until("it has closed", || server.count(&What::End) == 1).await;
    sleep(MIN).await;
    assert_eq!((tree.generation(&server), tree.state(&server)), (now, State::Ready));
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_late_answer_to_a_call_or_a_probe_is_nobody_s() {
    let server = Memory::new("a");
    let mut spec = server.spec();
    spec.limits.call_timeout = S;
    let tree = Tree::with(vec![spec]).await;
    tree.is(&server, State::Ready).await;
    let client = tree.client().await;
    sleep(MIN).await;
    server.set(|script| script.call_takes = 2 * S);
    assert_eq!(client.call(&server, "late").await.word(), "timeout");
    server.set(|script| script.call_takes = S / 2);
    for key in ["one", "two", "three"] {
        let answer = client.call(&server, key).await;
        assert_eq!((answer.word().as_str(), answer.text()), ("ok", key));
    }
    let strange = json!({ "jsonrpc": "2.0", "id": 1, "result": { "tools": [] } });
    server.say(&strange);
    sleep(LATE).await;
    assert_eq!(client.tools().await, ["a.echo"]);
    assert_eq!(server.connects().len(), 1);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn new_tools_of_a_replaced_server_are_seen_as_soon_as_it_is_ready() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    let client = tree.client().await;
    sleep(MIN).await;
    server.set(|script| script.tools = vec!["echo".to_owned(), "new".to_owned()]);
    server.cut(Loss::StreamEnded);
    sleep(S).await;
    assert_eq!(client.tools().await, ["a.echo", "a.new"]);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn killed_health_actors_take_up_where_they_died() {
    for victim in [
        "gateway/health/quality",
        "gateway/health/pings",
        "gateway/health/monitor",
        "gateway/health",
        "gateway/reconnection",
        "gateway/recorder",
    ] {
        let server = Memory::new("a");
        let tree = Tree::ready(&[&server]).await;
        let client = tree.client().await;
        sleep(5 * MIN).await;
        server.set(|script| script.call_takes = 5 * S);
        let under_way = client.calls(&server, "k");
        sleep(S).await;
        let cell = tree.gateway.roster().find(victim).expect("it runs");
        cell.kill();
        let successor = || {
            let found = tree.gateway.roster().find(victim);
            found.is_some_and(|found| found.get_id() != cell.get_id())
        };
        until(victim, successor).await;
        assert_eq!(under_way.await.unwrap().word(), "ok", "{victim}");
        server.forget();
        sleep(5 * MIN).await;
        let pings = server.pings().len();
        assert!((4..=7).contains(&pings), "{victim}: {pings} probes in five minutes");
        server.freeze();
        let before = tree.generation(&server);
        until("it is replaced", || tree.generation(&server) != before).await;
        tree.is(&server, State::Ready).await;
        server.cut(Loss::StreamEnded);
        sleep(2 * S).await;
        assert_eq!(tree.state(&server), State::Ready, "{victim}");
        tree.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_coordinator_killed_while_many_wait_forgets_nobody_and_grants_no_more_slots() {
    let shakes = crate::memory::Shakes::default();
    let servers: Vec<_> = (0..60).map(|n| Memory::among(&format!("s{n:02}"), &shakes)).collect();
    for server in &servers {
        server.set(|script| script.latency = S / 10);
    }
    let tree = Tree::with(servers.iter().map(Memory::spec).collect()).await;
    for _ in 0..3 {
        sleep(S).await;
        tree.gateway.roster().find("gateway/reconnection").expect("it runs").kill();
    }
    let ready = || servers.iter().all(|server| tree.state(server) == State::Ready);
    until("all are ready", ready).await;
    assert_eq!((shakes.most(), shakes.begun().len()), (3, 60));
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_restart_order_during_a_handshake_leaves_one_connection() {
    let server = Memory::new("a");
    server.set(|script| script.latency = S);
    let tree = Tree::with(vec![server.spec()]).await;
    for _ in 0..10 {
        sleep(S / 2).await;
        tree.fleet().order("a", Order::Restart).unwrap();
    }
    tree.is(&server, State::Ready).await;
    sleep(10 * S).await;
    assert_eq!(server.connects().len(), server.count(&What::End) + 1, "one is left");
    tree.stop().await;
    assert_eq!(server.connects().len(), server.count(&What::End), "none is left");
}

#[tokio::test(start_paused = true)]
async fn the_pulse_tells_a_loop_that_does_not_turn() {
    let tree = Tree::ready(&[]).await;
    let fleet = tree.fleet().clone();
    let pulse = fleet.pulse().await;
    assert!(pulse.len() == 6 && pulse.iter().all(|(_, turns)| *turns), "{pulse:?}");
    // what is killed at this moment does not answer; its successor does
    tree.gateway.roster().find("gateway/proxy").expect("it runs").kill();
    let pulse = fleet.pulse().await;
    assert_eq!(pulse.iter().find(|(name, _)| *name == "proxy"), Some(&("proxy", false)));
    sleep(S).await;
    assert!(fleet.pulse().await.iter().all(|(_, turns)| *turns));
    tree.stop().await;
    let asked = Instant::now();
    assert!(fleet.pulse().await.iter().all(|(_, turns)| !turns), "all have ended");
    assert!(asked.elapsed() <= S + LATE && fleet.reconnections().await.is_none());
}

#[tokio::test(start_paused = true)]
async fn a_failing_server_s_score_falls_and_it_is_probed_more_often() {
    let server = Memory::new("a");
    server.set(|script| script.pings = Fate::Answered);
    let mut spec = server.spec();
    spec.limits.call_timeout = S;
    spec.breaker.failures = 0;
    let tree = Tree::with(vec![spec]).await;
    tree.is(&server, State::Ready).await;
    let client = tree.client().await;
    sleep(10 * MIN).await;
    server.set(|script| script.calls = Fate::Ignored);
    for _ in 0..60 {
        client.call(&server, "k").await;
    }
    sleep(10 * S).await;
    let quality = tree.card(&server).quality();
    assert!(quality.score < 60, "{}", quality.score);
    sleep(MIN).await;
    server.forget();
    sleep(MIN).await;
    assert!(server.pings().len() >= 3, "{}", server.pings().len());
    tree.stop().await;
}

//! Whoever watches over the servers may die as well: no call notices, and the next incarnation goes on
//! where the last one died.

use crate::KILLS;
use crate::gateway::{Faulty, Running, until};
use crate::load::{Load, SERVERS};
use mcpvisor_actors::server::{Order, ServerName};
use mcpvisor_actors::timeline::EventKind;
use rustix::process::Signal;
use serde_json::json;
use std::time::{Duration, SystemTime};

/// Servers that are checked every second when nobody calls them.
async fn watched_closely() -> Running {
    let keys = json!({
        "call_wait": "8s",
        "monitor": { "stable_interval": "1s", "unstable_interval": "1s" },
        "ping": { "interval": "1s", "timeout": "500ms", "max_failures": 2 },
    });
    let servers = SERVERS.map(|name| Faulty(name, "--delay 50", keys.clone()));
    let running = Running::with(&servers).await;
    let session = running.session().await;
    for name in SERVERS {
        session.lists(&format!("{name}.echo")).await;
    }
    running
}

/// Probes of this server that were answered since then.
fn probed_since(running: &Running, server: &str, since: SystemTime) -> usize {
    let events = running.fleet().timelines.get(&ServerName::new(server), 500);
    let alive =
        |kind: &EventKind| matches!(kind, EventKind::Probe { outcome, .. } if outcome == "alive");
    events.iter().filter(|event| event.at >= since && alive(&event.kind)).count()
}

/// Kills it while calls flow; then everything it is there for must still be done.
async fn killing_is_noticed_by_nobody(path: &str) {
    let running = watched_closely().await;
    let load = Load::on(&running).await;
    for _ in 0..KILLS {
        running.kill(path).await;
        load.flows().await;
    }
    load.finish().await.permits("a", &[]).permits("b", &[]);

    let killed = SystemTime::now();
    for name in SERVERS {
        let probed = || (probed_since(&running, name, killed) >= 2).then_some(());
        until(&format!("{name} is probed after {path} died"), probed).await;
    }
    // a server that ends is started again
    let first = running.process("a").await;
    running.signal("a", Signal::KILL).await;
    let second = running.process_after("a", first).await;
    let session = running.session().await;
    assert!(session.call("a.echo", "k").await.is_ok(), "{path}");
    // one that falls silent is found though nobody calls it
    running.signal("a", Signal::STOP).await;
    running.process_after("a", second).await;
    assert!(session.call("a.echo", "k").await.is_ok(), "{path}");
    let pulse = running.fleet().pulse().await;
    assert!(pulse.iter().all(|(_, turns)| *turns), "{path}: {pulse:?}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_coordinator_is_noticed_by_no_call_and_its_successor_connects_servers() {
    killing_is_noticed_by_nobody("gateway/reconnection").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_health_supervisor_is_noticed_by_no_call_and_probes_go_on() {
    killing_is_noticed_by_nobody("gateway/health").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_analyzer_is_noticed_by_no_call_and_probes_go_on() {
    killing_is_noticed_by_nobody("gateway/health/quality").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_ping_manager_is_noticed_by_no_call_and_probes_go_on() {
    killing_is_noticed_by_nobody("gateway/health/pings").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_monitor_is_noticed_by_no_call_and_probes_go_on() {
    killing_is_noticed_by_nobody("gateway/health/monitor").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_recorder_is_noticed_by_no_call_and_its_successor_writes_on() {
    killing_is_noticed_by_nobody("gateway/recorder").await;
    let running = watched_closely().await;
    for _ in 0..KILLS {
        running.kill("gateway/recorder").await;
    }
    running.fleet().order("b", Order::Restart).unwrap();
    let written = || running.recorded("b").contains(r#""action":"restart""#).then_some(());
    until("the order is on disk", written).await;
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn health_actors_that_crash_again_and_again_are_the_root_s_business_and_cost_no_call() {
    let running = watched_closely().await;
    let load = Load::on(&running).await;
    // more than their supervisor bears: it ends, and the root starts all of them anew
    for _ in 0..6 {
        running.kill("gateway/health/monitor").await;
    }
    load.flows().await;
    load.finish().await.permits("a", &[]).permits("b", &[]);
    let killed = SystemTime::now();
    let probed = || (probed_since(&running, "a", killed) >= 2).then_some(());
    until("probes go on", probed).await;
    assert!(killed.elapsed().unwrap() < Duration::from_secs(30));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_registrar_is_noticed_by_no_call() {
    killing_is_noticed_by_nobody("gateway/registrar").await;
}

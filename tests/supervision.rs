//! Any actor may die at any moment: callers are answered, neighbours notice nothing, and the tree is
//! whole again.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/gateway.rs"]
#[expect(dead_code, reason = "this test needs a part of the fixture")]
mod gateway;
#[path = "supervision/heart.rs"]
mod heart;
#[path = "supervision/load.rs"]
mod load;

use gateway::{Faulty, Running, until};
use load::{Load, Report, SERVERS};
use mcpvisor::exit::Exit;
use mcpvisor::faces::{HttpEntrance, HttpSettings};
use mcpvisor_actors::tree::Ended;
use mcpvisor_actors::wire::code;
use serde_json::json;
use std::net::SocketAddr;
use std::sync::Arc;

/// As often as the root bears it.
const KILLS: usize = 3;

async fn two_servers() -> Running {
    let keys = json!({ "call_wait": "8s" });
    let servers = SERVERS.map(|name| Faulty(name, "--delay 50", keys.clone()));
    let running = Running::with(&servers).await;
    let session = running.session().await;
    for name in SERVERS {
        session.lists(&format!("{name}.echo")).await;
    }
    running
}

/// Kills the actor several times while calls flow.
async fn killing(path: &str) -> Report {
    let running = two_servers().await;
    let load = Load::on(&running).await;
    for _ in 0..KILLS {
        running.kill(path).await;
        load.flows().await;
    }
    let report = load.finish().await;
    running.stop().await;
    report
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_catalog_is_noticed_by_no_call() {
    killing("gateway/catalog").await.permits("a", &[]).permits("b", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_catalog_never_shows_an_empty_list() {
    let running = two_servers().await;
    let session = running.session().await;
    for _ in 0..KILLS {
        running.actor("gateway/catalog").await.kill();
        for _ in 0..50 {
            assert_eq!(session.tools().await, ["a.echo", "b.echo"]);
        }
        until("a catalog", || running.runs("gateway/catalog").then_some(())).await;
    }
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_proxy_fails_no_call_because_what_was_not_sent_is_sent_again() {
    killing("gateway/proxy").await.permits("a", &[]).permits("b", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_server_takes_only_its_own_calls_along_and_says_so() {
    killing("gateway/servers/a").await.permits("a", &["runner_died"]).permits("b", &[]);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_instance_takes_only_the_calls_it_had_sent_along() {
    let running = two_servers().await;
    let load = Load::on(&running).await;
    for _ in 0..KILLS {
        running.kill_instance("a").await;
        load.flows().await;
    }
    let lost = ["runner_died", "outcome_unknown"];
    load.finish().await.permits("a", &lost).permits("b", &[]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_pool_of_servers_comes_back_with_all_servers() {
    // a connection may see its process die before it is ended itself
    let lost = ["runner_died", "outcome_unknown"];
    killing("gateway/servers").await.permits("a", &lost).permits("b", &lost);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_pool_of_sessions_ends_sessions_but_hangs_and_loses_no_call() {
    let not_ready = format!("error {}", code::NOT_READY);
    let ended = ["SessionGone", &not_ready];
    killing("gateway/sessions").await.permits("a", &ended).permits("b", &ended);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_session_ends_for_its_client_alone() {
    let running = two_servers().await;
    let load = Load::on(&running).await;
    // even ones call `a`
    for path in load.sessions.iter().step_by(2) {
        running.actor(path).await.kill();
    }
    load.flows().await;
    let not_ready = format!("error {}", code::NOT_READY);
    load.finish().await.permits("a", &["SessionGone", &not_ready]).permits("b", &[]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_ingress_is_noticed_by_no_call_and_listens_again_at_the_same_address() {
    let listen = SocketAddr::from(([127, 0, 0, 1], 0));
    let face = HttpEntrance::bind(HttpSettings { listen, ..HttpSettings::default() }).unwrap();
    let url = format!("http://{}/mcp", face.local_addr());
    let servers = SERVERS.map(|name| Faulty(name, "--delay 50", json!({})));
    let running = Running::facing(&servers, vec![Arc::new(face)]).await;
    let session = running.session().await;
    for name in SERVERS {
        session.lists(&format!("{name}.echo")).await;
    }
    let load = Load::on(&running).await;
    for _ in 0..KILLS {
        running.kill("gateway/ingress").await;
        load.flows().await;
        let command = tokio::process::Command::new(env!("CARGO_BIN_EXE_mcpvisor"))
            .args(["tools", "--url", &url])
            .output();
        let listed = tokio::time::timeout(gateway::PATIENCE, command).await.expect("it hangs");
        let listed = listed.expect("it runs");
        assert!(listed.status.success(), "{}", String::from_utf8_lossy(&listed.stderr));
        assert!(String::from_utf8_lossy(&listed.stdout).contains("b.echo"));
    }
    load.finish().await.permits("a", &[]).permits("b", &[]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_crashes_six_times_in_a_minute_is_quarantined_alone() {
    let running = two_servers().await;
    let session = running.session().await;
    for _ in 0..5 {
        running.kill("gateway/servers/a").await;
    }
    running.actor("gateway/servers/a").await.kill();
    until("quarantine", || (!running.runs("gateway/servers/a")).then_some(())).await;
    let answer = session.call("a.echo", "k").await;
    assert_eq!(answer.word(), "not_running");
    assert_eq!(answer.details()["sent"], false);
    assert!(answer.text().contains("`a`"), "{}", answer.text());
    assert!(session.call("b.echo", "k").await.is_ok());
    assert!(running.runs("gateway/servers") && running.runs("gateway/proxy"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn more_crashes_than_the_root_bears_end_the_tree_and_leave_nothing() {
    for actor in ["catalog", "servers", "sessions", "proxy", "ingress"] {
        let running = two_servers().await;
        let path = format!("gateway/{actor}");
        for _ in 0..KILLS {
            running.kill(&path).await;
        }
        running.actor(&path).await.kill();
        assert_eq!(running.ended().await, Ended::GaveUp, "{actor}");
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_of_a_tree_that_gave_up_exits_with_70() {
    let running = two_servers().await;
    for _ in 0..KILLS {
        running.kill("gateway/proxy").await;
    }
    running.actor("gateway/proxy").await.kill();
    let exit = running.run().await;
    assert_eq!(exit, Exit::GaveUp);
    let code = std::process::ExitCode::from(exit);
    assert_eq!(format!("{code:?}"), format!("{:?}", std::process::ExitCode::from(70)));
}

//! A neighbour of a bad server stays fast and free of errors, whatever that one does, and who calls
//! the bad one is told in time what is wrong with which server.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/gateway.rs"]
#[expect(dead_code, reason = "this test needs a part of the fixture")]
mod gateway;

use gateway::{Answer, Faulty, Running, Session};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// A quick neighbour `good` beside `bad`.
struct Street {
    running: Running,
    session: Session,
}

impl Street {
    async fn with(flags: &str) -> Self {
        let keys = json!({
            "call_timeout": "2s", "call_wait": "2s", "route_timeout": "3s", "connect_timeout": "3s",
        });
        Self::having(flags, keys).await
    }

    async fn having(flags: &str, keys: Value) -> Self {
        let servers = [Faulty("good", "", json!({})), Faulty("bad", flags, keys)];
        let running = Running::with(&servers).await;
        let session = running.session().await;
        session.lists("good.echo").await;
        Self { running, session }
    }

    /// A call to the bad server, beside the test.
    fn call_bad(&self) -> JoinHandle<(Answer, Duration)> {
        let session = self.session.clone();
        tokio::spawn(async move {
            let begun = Instant::now();
            (session.call("bad.echo", "k").await, begun.elapsed())
        })
    }

    /// Calls the neighbour for a while: all succeed, and quickly.
    async fn neighbour_is_fine(&self) {
        let (mut took, begun) = (Vec::new(), Instant::now());
        while took.len() < 300 && (took.len() < 100 || begun.elapsed() < Duration::from_secs(5)) {
            let (call, key) = (Instant::now(), took.len().to_string());
            let answer = self.session.call("good.echo", &key).await;
            assert_eq!((answer.word(), answer.text()), ("ok".into(), key), "{answer:?}");
            took.push(call.elapsed());
        }
        took.sort();
        let p99 = took[took.len() * 99 / 100 - 1];
        assert!(p99 < Duration::from_secs(1), "99 of 100 calls within {p99:?}");
    }

    async fn stop(self) {
        self.running.stop().await;
    }
}

/// The call failed in time, and its text names the server and these causes.
async fn failed(call: JoinHandle<(Answer, Duration)>, reason: &str, causes: &[&str]) {
    let (answer, took) = call.await.expect("it ends");
    assert_eq!(answer.word(), reason, "{answer:?}");
    assert!(took < Duration::from_secs(8), "deadline 3 s and a wide margin, but {took:?}");
    let text = answer.text();
    assert!(text.contains("`bad`"), "{text}");
    assert!(causes.iter().all(|cause| text.contains(cause)), "{causes:?} not in: {text}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_exits_at_start_disturbs_no_neighbour() {
    let street = Street::with("--crash-at-start 3").await;
    assert_eq!(street.session.tools().await, ["good.echo"]);
    // that it has never told its tools is no reason to call them unknown
    failed(street.call_bad(), "unavailable", &["exit code 3", "nothing was sent"]).await;
    street.neighbour_is_fine().await;
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_is_killed_disturbs_no_neighbour_and_its_caller_is_told() {
    let street = Street::with("--delay 1500").await;
    street.session.lists("bad.echo").await;
    let call = street.call_bad();
    street.running.executing("bad", 1).await;
    street.running.signal("bad", Signal::KILL).await;
    failed(call, "outcome_unknown", &["SIGKILL"]).await;
    street.neighbour_is_fine().await;
    assert_eq!(street.session.tools().await, ["bad.echo", "good.echo"], "it is still listed");
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_disturbs_no_neighbour_and_its_call_times_out() {
    let street = Street::with("").await;
    street.session.lists("bad.echo").await;
    street.running.signal("bad", Signal::STOP).await;
    let call = street.call_bad();
    street.neighbour_is_fine().await;
    failed(call, "timeout", &["2 s"]).await;
    street.running.signal("bad", Signal::CONT).await;
    let (answer, _) = street.call_bad().await.unwrap();
    assert!(answer.is_ok(), "it goes on: {answer:?}");
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_stands_still_is_gone_when_the_gateway_has_stopped() {
    let street = Street::with("").await;
    street.session.lists("bad.echo").await;
    street.running.signal("bad", Signal::STOP).await;
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_closes_its_output_disturbs_no_neighbour_and_its_caller_is_told() {
    let street = Street::with("--close-stdout-on-call").await;
    street.session.lists("bad.echo").await;
    let call = street.call_bad();
    street.neighbour_is_fine().await;
    failed(call, "outcome_unknown", &["closed its output"]).await;
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_falls_silent_disturbs_no_neighbour_and_its_call_times_out() {
    let street = Street::with("--freeze-on-call").await;
    street.session.lists("bad.echo").await;
    let call = street.call_bad();
    street.neighbour_is_fine().await;
    failed(call, "timeout", &["2 s"]).await;
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_prints_garbage_disturbs_not_even_its_own_callers() {
    let street = Street::with("--garbage").await;
    street.session.lists("bad.echo").await;
    street.neighbour_is_fine().await;
    let (answer, _) = street.call_bad().await.unwrap();
    assert!(answer.is_ok(), "{answer:?}");
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_prints_lines_of_10_mib_disturbs_not_even_its_own_callers() {
    let keys = json!({ "call_timeout": "20s", "connect_timeout": "20s" });
    let street = Street::having("--huge-line 10485760", keys).await;
    street.session.lists("bad.echo").await;
    let calls: Vec<_> = (0..4).map(|_| street.call_bad()).collect();
    street.neighbour_is_fine().await;
    for call in calls {
        let (answer, _) = call.await.unwrap();
        assert!(answer.is_ok(), "a long line is noise: {answer:?}");
    }
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_never_answers_initialize_is_waited_for_by_nobody() {
    let begun = Instant::now();
    let street = Street::with("--mute-initialize").await;
    assert_eq!(street.session.tools().await, ["good.echo"]);
    assert!(begun.elapsed() < Duration::from_secs(10), "two lists of at most 2 s (`boot_wait`)");
    failed(street.call_bad(), "unavailable", &["nothing was sent"]).await;
    street.neighbour_is_fine().await;
    // `connect_timeout` is 3 s; from then on the cause is told
    let begun = Instant::now();
    while !street.session.call("bad.echo", "k").await.text().contains("no answer to `initialize") {
        assert!(begun.elapsed() < gateway::PATIENCE, "never told");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_hangs_while_it_starts_again_is_waited_for_no_longer_than_agreed() {
    // its second life stands still before, or soon after, it can say anything
    let street = Street::with("--delay 1500").await;
    street.session.lists("bad.echo").await;
    let first = street.running.process("bad").await;
    street.running.signal("bad", Signal::KILL).await;
    street.running.process_after("bad", first).await;
    street.running.signal("bad", Signal::STOP).await;
    let call = street.call_bad();
    street.neighbour_is_fine().await;
    let (answer, took) = call.await.unwrap();
    // unless it was quick enough, or another one took its place in time
    if !answer.is_ok() {
        assert!(["unavailable", "timeout"].contains(&&*answer.word()), "{answer:?}");
        assert!(answer.text().contains("`bad`"), "{}", answer.text());
    }
    assert!(took < Duration::from_secs(8), "{took:?}");
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_floods_stderr_disturbs_not_even_its_own_callers() {
    let street = Street::with("--flood-stderr").await;
    street.session.lists("bad.echo").await;
    street.neighbour_is_fine().await;
    let (answer, _) = street.call_bad().await.unwrap();
    assert!(answer.is_ok(), "{answer:?}");
    street.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_floods_list_changed_disturbs_not_even_its_own_callers() {
    let street = Street::with("--flood-list-changed").await;
    street.session.lists("bad.echo").await;
    street.neighbour_is_fine().await;
    let (answer, _) = street.call_bad().await.unwrap();
    assert!(answer.is_ok(), "{answer:?}");
    street.stop().await;
}

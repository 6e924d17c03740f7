//! A call is executed at most once, answered exactly once, and the answer tells the truth about it:
//! whatever dies in between. The servers write down what they execute.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/gateway.rs"]
#[expect(dead_code, reason = "this test needs a part of the fixture")]
mod gateway;

use gateway::{Answer, Faulty, Running, Session, until};
use rustix::process::Signal;
use serde_json::{Value, json};
use std::collections::HashMap;
use std::time::{Duration, Instant};
use tokio::task::JoinHandle;

/// One server `s` and a session that sees its tools.
async fn serving(flags: &str, keys: Value) -> (Running, Session) {
    let running = Running::with(&[Faulty("s", flags, keys)]).await;
    let session = running.session().await;
    session.lists("s.echo").await;
    (running, session)
}

/// A call that runs beside the test.
fn calling(session: &Session, key: String) -> JoinHandle<(String, Answer)> {
    let session = session.clone();
    tokio::spawn(async move {
        let answer = session.call("s.echo", &key).await;
        (key, answer)
    })
}

fn calls(session: &Session, prefix: &str, count: usize) -> Vec<JoinHandle<(String, Answer)>> {
    (0..count).map(|number| calling(session, format!("{prefix}{number}"))).collect()
}

async fn answers(calls: Vec<JoinHandle<(String, Answer)>>) -> Vec<(String, Answer)> {
    let mut answers = Vec::new();
    for call in calls {
        answers.push(call.await.expect("a call ends"));
    }
    answers
}

/// The answers agree with what was executed: nothing twice, successes once, what was not sent never.
fn check(answers: &[(String, Answer)], executed: &[String]) {
    let mut times = HashMap::<&str, usize>::new();
    for key in executed {
        *times.entry(key).or_default() += 1;
    }
    for (key, answer) in answers {
        let (times, details) = (times.get(key.as_str()).copied().unwrap_or(0), answer.details());
        match (answer, details["sent"].as_bool()) {
            (Answer::Reply(_), None) if answer.is_ok() => assert_eq!(times, 1, "{key} succeeded"),
            (Answer::Reply(_), Some(false)) => assert_eq!(times, 0, "{key}: {details}"),
            (Answer::Reply(_), Some(true)) => assert!(times <= 1, "{key} ran {times} times"),
            _ => panic!("{key}: {answer:?}"),
        }
    }
}

fn successes(answers: &[(String, Answer)]) -> usize {
    answers.iter().filter(|(_, answer)| answer.is_ok()).count()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_killed_during_a_call_makes_its_outcome_unknown_at_once_and_is_replaced() {
    let (running, session) = serving("--delay 5000", json!({})).await;
    let first = running.process("s").await;
    let call = calling(&session, "k".into());
    running.executing("s", 1).await;
    let begun = Instant::now();
    running.signal("s", Signal::KILL).await;
    let (_, answer) = call.await.unwrap();
    assert!(begun.elapsed() < Duration::from_secs(4), "promptly, but {:?}", begun.elapsed());
    assert_eq!(
        (answer.word().as_str(), &answer.details()["sent"]),
        ("outcome_unknown", &json!(true))
    );
    let text = answer.text();
    assert!(
        text.contains("`s`") && text.contains("SIGKILL") && text.contains("may have been"),
        "{text}"
    );
    assert_eq!(running.executed("s"), ["k"]);
    assert!(session.call("s.echo", "later").await.is_ok());
    running.process_after("s", first).await;
    assert_eq!(running.executed("s"), ["k", "later"]);
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn calls_made_while_the_child_is_down_are_executed_once_when_it_is_back() {
    // its next life takes a while to start, so that the calls come before it can take them
    let keys = json!({ "call_wait": "20s", "route_timeout": "20s" });
    let (running, session) = serving("--slow-initialize 1500", keys).await;
    let first = running.process("s").await;
    running.signal("s", Signal::KILL).await;
    running.process_after("s", first).await;
    let waiting = answers(calls(&session, "k", 20)).await;
    assert_eq!(successes(&waiting), 20, "{waiting:?}");
    check(&waiting, &running.executed("s"));
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_server_that_answers_twice_or_under_wrong_ids_gives_one_answer_a_call() {
    // the session itself asserts that no stream has two answers
    for (flags, word) in
        [("--double-answer", "ok"), ("--wrong-id-then-right", "ok"), ("--wrong-id", "timeout")]
    {
        let (running, session) = serving(flags, json!({ "call_timeout": "1s" })).await;
        let answers = answers(calls(&session, "k", 8)).await;
        for (key, answer) in &answers {
            assert_eq!(answer.word(), word, "{flags}");
            assert!(word != "ok" || answer.text() == *key, "{flags}: somebody else's answer");
        }
        check(&answers, &running.executed("s"));
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_actor_killed_with_calls_queued_and_in_flight_executes_none_of_them_twice() {
    for actor in ["proxy", "servers/s", "servers", "catalog", "instance"] {
        let keys = json!({ "max_in_flight": 3, "call_wait": "20s", "route_timeout": "20s" });
        let (running, session) = serving("--delay 150", keys).await;
        let early = calls(&session, "early", 24);
        running.executing("s", 5).await;
        let late = calls(&session, "late", 24);
        if actor == "instance" {
            running.kill_instance("s").await;
        } else {
            running.kill(&format!("gateway/{actor}")).await;
        }
        let mut answers = answers(early.into_iter().chain(late).collect()).await;
        check(&answers, &running.executed("s"));
        if ["proxy", "catalog"].contains(&actor) {
            assert_eq!(successes(&answers), 48, "{actor}: no call may notice");
        }
        answers.push(("after".into(), session.call("s.echo", "after").await));
        assert!(answers.last().unwrap().1.is_ok(), "{actor}: {:?}", answers.last());
        check(&answers, &running.executed("s"));
        running.stop().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_200_calls_across_crashes_none_is_executed_twice_and_every_answer_is_true() {
    let keys = json!({ "call_wait": "20s", "route_timeout": "20s" });
    let (running, session) = serving("--delay 20", keys).await;
    let calls = calls(&session, "k", 200);
    for enough in [10, 60] {
        running.executing("s", enough).await;
        let victim = running.process("s").await;
        running.signal("s", Signal::KILL).await;
        running.process_after("s", victim).await;
    }
    let answers = answers(calls).await;
    check(&answers, &running.executed("s"));
    let lost = answers.iter().filter(|(_, answer)| answer.word() == "outcome_unknown").count();
    assert_eq!(successes(&answers) + lost, 200, "{answers:?}");
    assert!(lost <= 32, "no more than were at the server in two crashes, but {lost}");
    running.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_child_that_exits_instead_of_answering_executes_each_call_once() {
    let keys = json!({ "call_wait": "2s", "max_in_flight": 1 });
    let (running, session) = serving("--exit-on-call --exit-code 7", keys).await;
    for key in ["one", "two"] {
        let answer = session.call("s.echo", key).await;
        assert_eq!(answer.word(), "outcome_unknown");
        assert!(answer.text().contains('7'), "the exit code: {}", answer.text());
    }
    until("both", || (running.executed("s").len() == 2).then_some(())).await;
    assert_eq!(running.executed("s"), ["one", "two"]);
    running.stop().await;
}

//! How long it takes to find out which era a server lives in, and what is asked of it by then.

use crate::memory::{Fate, Memory, What};
use crate::tree::{LATE, MIN, S, Tree};
use mcpvisor_actors::fleet::State;
use mcpvisor_actors::server::{EraChoice, Loss};
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// What a beginning is made of.
const BEGINNING: [What; 3] = [What::Connect, What::Discover, What::Initialize];

/// A server of 2026-07-28 that refuses `initialize`.
fn modern(name: &str) -> Memory {
    let server = Memory::new(name);
    server.set(|script| {
        script.discovers = Fate::Answered;
        script.initializes = Fate::Unknown;
    });
    server
}

fn exited() -> Loss {
    Loss::Exited { status: "exit status: 1".to_owned(), stderr: Vec::new() }
}

#[tokio::test(start_paused = true)]
async fn a_server_nobody_knows_is_asked_for_its_era_first_and_a_known_one_as_it_wants_it() {
    for (server, first) in [
        (Memory::new("a"), &[What::Connect, What::Discover, What::Initialize][..]),
        (modern("a"), &[What::Connect, What::Discover]),
    ] {
        let tree = Tree::ready(&[&server]).await;
        assert_eq!(server.asked(&BEGINNING), first);
        let listens = server.times(|what| matches!(what, What::Listen(_))).len();
        assert_eq!(listens, 2 - (first.len() - 1), "one listen, of 2026-07-28 only");
        sleep(MIN).await;
        server.forget();
        server.cut(exited());
        sleep(S).await;
        assert_eq!(tree.state(&server), State::Ready);
        let again: Vec<_> = first.iter().filter(|what| **what != What::Discover).cloned().collect();
        let again = if again.len() == 2 { again } else { first.to_vec() };
        assert_eq!(server.asked(&BEGINNING), again, "no more than it needs");
        assert_eq!(tree.client().await.call(&server, "k").await.word(), "ok");
        tree.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_starts_slowly_is_one_process_that_answers_both_questions_in_order() {
    for (server, after) in [(Memory::new("a"), 12), (modern("a"), 12)] {
        server.set(|script| script.starts_in = 12 * S);
        let begun = Instant::now();
        let tree = Tree::ready(&[&server]).await;
        let took = begun.elapsed();
        assert!((after * S..=after * S + S).contains(&took), "{took:?}");
        assert_eq!(server.asked(&BEGINNING), BEGINNING, "asked once each, in one process");
        let asked = server.times(|what| matches!(what, What::Discover | What::Initialize));
        let gap = asked[1] - asked[0];
        assert!((S..=5 * S).contains(&gap), "the silence is not waited for too long: {gap:?}");
        sleep(MIN).await;
        assert_eq!(server.count(&What::Cancel), 0, "neither question is taken back");
        tree.stop().await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_server_that_never_answers_the_question_is_of_the_initialize_era() {
    let server = Memory::new("a");
    server.set(|script| script.discovers = Fate::Ignored);
    let begun = Instant::now();
    let tree = Tree::ready(&[&server]).await;
    assert!(begun.elapsed() <= 5 * S, "{:?}", begun.elapsed());
    sleep(10 * MIN).await;
    assert_eq!((tree.state(&server), server.count(&What::Connect)), (State::Ready, 1));
    assert_eq!(server.count(&What::Cancel), 0);
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dies_of_the_question_is_started_again_at_once_and_never_asked_again() {
    let server = Memory::new("a");
    server.set(|script| script.discovers = Fate::Deadly(exited()));
    let begun = Instant::now();
    let tree = Tree::ready(&[&server]).await;
    assert!(begun.elapsed() <= 5 * LATE, "{:?}", begun.elapsed());
    let expected = [What::Connect, What::Discover, What::Connect, What::Initialize];
    assert_eq!(server.asked(&BEGINNING), expected);
    let order = server.asked(&[What::Connect, What::End]);
    assert_eq!(order, [What::Connect, What::End, What::Connect], "never two at a time");
    assert_eq!(tree.card(&server).standing().attempts, 0, "it is no failure");
    for _ in 0..3 {
        sleep(MIN).await;
        server.forget();
        server.cut(exited());
        sleep(S).await;
        assert_eq!(server.asked(&BEGINNING), [What::Connect, What::Initialize]);
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_dies_whatever_it_is_asked_is_started_once_an_attempt() {
    let server = Memory::new("a");
    server.set(|script| {
        script.discovers = Fate::Deadly(exited());
        script.initializes = Fate::Deadly(exited());
    });
    let tree = Tree::with(vec![server.spec()]).await;
    sleep(10 * MIN).await;
    let asked = server.asked(&BEGINNING);
    let expected = [What::Connect, What::Discover, What::Connect, What::Initialize];
    assert_eq!(asked[..4], expected, "the first time both are tried");
    let later: Vec<_> = asked[4..].chunks(2).map(|pair| pair[1].clone()).collect();
    assert!(later.len() > 10, "{later:?}");
    for (turn, question) in later.iter().enumerate() {
        let expected = if turn % 2 == 0 { What::Initialize } else { What::Discover };
        assert_eq!(*question, expected, "{turn}");
    }
    // whatever it was: once it is well, it is as it is
    server.set(|script| {
        script.discovers = Fate::Answered;
        script.initializes = Fate::Unknown;
    });
    tree.is(&server, State::Ready).await;
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_server_that_was_replaced_by_one_of_the_other_era_is_found_out_anew() {
    let server = Memory::new("a");
    let tree = Tree::ready(&[&server]).await;
    for (discovers, initializes, expected) in [
        (Fate::Answered, Fate::Unknown, &[What::Initialize, What::Discover][..]),
        (Fate::Unknown, Fate::Answered, &[What::Discover, What::Initialize]),
    ] {
        sleep(MIN).await;
        server.set(|script| {
            script.discovers = discovers;
            script.initializes = initializes;
        });
        server.forget();
        server.cut(exited());
        sleep(S).await;
        assert_eq!(tree.state(&server), State::Ready);
        assert_eq!(server.asked(&[What::Initialize, What::Discover]), expected);
        assert_eq!(server.count(&What::Connect), 1, "on the same connection");
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn a_modern_server_is_probed_by_discovery_and_its_listen_is_no_call() {
    let server = modern("a");
    let mut spec = server.spec();
    spec.ping.suspect_after = Some(S);
    let tree = Tree::with(vec![spec]).await;
    tree.is(&server, State::Ready).await;
    sleep(60 * MIN).await;
    assert_eq!((tree.state(&server), server.count(&What::Connect)), (State::Ready, 1));
    assert_eq!(server.pings().len(), 0, "there is no ping in that era");
    let probes = server.count(&What::Discover) - 1;
    assert!((60..=67).contains(&probes), "a minute apart, for no call is silent: {probes}");
    assert_eq!(server.times(|what| matches!(what, What::Listen(_))).len(), 1);
    assert_eq!(server.count(&What::Cancel), 0, "it is not timed out");
    assert_eq!(tree.card(&server).gate.in_flight(), 0);
    // a probe that is not answered counts as ever
    server.freeze();
    let frozen = Instant::now();
    tree.is(&server, State::Ready).await;
    while server.count(&What::Connect) == 1 {
        assert!(frozen.elapsed() < 10 * MIN, "never noticed");
        sleep(Duration::from_millis(100)).await;
    }
    tree.stop().await;
}

#[tokio::test(start_paused = true)]
async fn an_era_that_is_configured_is_not_asked_for() {
    let server = Memory::new("a");
    let mut spec = server.spec();
    spec.era = EraChoice::Legacy;
    let tree = Tree::with(vec![spec]).await;
    tree.is(&server, State::Ready).await;
    assert_eq!(server.count(&What::Discover), 0);
    tree.stop().await;

    let server = Memory::new("a");
    let mut spec = server.spec();
    spec.era = EraChoice::Modern;
    let tree = Tree::with(vec![spec]).await;
    sleep(MIN).await;
    assert_eq!((tree.state(&server), server.count(&What::Initialize)), (State::Down, 0));
    tree.stop().await;
}

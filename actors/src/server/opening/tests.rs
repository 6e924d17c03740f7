//! Every order of answers, as tables.

use super::*;
use crate::catalog::Manifest;
use Purpose::{Discover, Initialize};

const MODERN: &str = r#"{"supportedVersions":["2026-07-28"],"capabilities":{}}"#;
const DUAL: &str = r#"{"supportedVersions":["2025-11-25"],"capabilities":{}}"#;
const LEGACY: &str = r#"{"protocolVersion":"2025-11-25","capabilities":{}}"#;
const NO_METHOD: &str = r#"{"code":-32601,"message":"no"}"#;
const TOO_NEW: &str = r#"{"code":-32022,"message":"no","data":{"supported":["2026-07-28"]}}"#;
const FUTURE: &str = r#"{"code":-32022,"message":"no","data":{"supported":["2031-01-01"]}}"#;

fn guess(choice: EraChoice, first: Purpose) -> Guess {
    let again = choice == EraChoice::Auto;
    Guess { choice, first, again, patient: false, carriage: Carriage::Stream }
}

fn status(status: u16) -> Loss {
    Loss::HttpStatus { status, retry_after: None, body: String::new() }
}

/// Something that happens on a connection that is being opened.
#[derive(Debug, Clone)]
enum Event {
    Ok(Purpose, &'static str),
    Err(Purpose, &'static str),
    Fails(Purpose, Loss),
    Silence,
}

/// What it comes to, in a word.
fn word(verdict: &Verdict) -> &'static str {
    match verdict {
        Verdict::Wait => "wait",
        Verdict::Ask(Initialize) => "ask initialize",
        Verdict::Ask(_) => "ask discover",
        Verdict::Modern(_) => "modern",
        Verdict::Legacy(_) => "legacy",
        Verdict::No(_) => "no",
    }
}

fn played(guess: Guess, events: &[Event]) -> Vec<&'static str> {
    let now = Instant::now();
    let mut opening = Opening::new(guess);
    assert_eq!(opening.begin(now), guess.first);
    let happens = |event: &Event| match event.clone() {
        Event::Ok(purpose, text) => opening.answered(purpose, Ok(text.into()), now),
        Event::Err(purpose, text) => opening.answered(purpose, Err(text.into()), now),
        Event::Fails(purpose, loss) => opening.failed(purpose, loss),
        Event::Silence => opening.silent(now + SILENCE),
    };
    events.iter().map(happens).map(|verdict| word(&verdict)).collect()
}

#[test]
fn whichever_answer_decides_is_taken_in_every_order() {
    use Event::{Err, Fails, Ok, Silence};
    for (first, events, expected) in [
        (Discover, vec![Ok(Discover, MODERN)], vec!["modern"]),
        (
            Discover,
            vec![Err(Discover, NO_METHOD), Ok(Initialize, LEGACY)],
            vec!["ask initialize", "legacy"],
        ),
        // it answers the question and wants a handshake all the same
        (
            Discover,
            vec![Ok(Discover, DUAL), Ok(Initialize, LEGACY)],
            vec!["ask initialize", "legacy"],
        ),
        (Discover, vec![Ok(Discover, "[]")], vec!["ask initialize"]),
        // slow to start: both are answered, in order
        (
            Discover,
            vec![Silence, Ok(Discover, MODERN), Err(Initialize, TOO_NEW)],
            vec!["ask initialize", "wait", "modern"],
        ),
        (
            Discover,
            vec![Silence, Err(Discover, NO_METHOD), Ok(Initialize, LEGACY)],
            vec!["ask initialize", "wait", "legacy"],
        ),
        (
            Discover,
            vec![Silence, Ok(Discover, MODERN), Silence, Ok(Initialize, LEGACY)],
            vec!["ask initialize", "wait", "modern", "wait"],
        ),
        // of both eras: its stream is in the older one now
        (
            Discover,
            vec![Silence, Ok(Discover, MODERN), Ok(Initialize, LEGACY)],
            vec!["ask initialize", "wait", "legacy"],
        ),
        // what it never answers does not matter, nor what it answers late
        (
            Discover,
            vec![Silence, Ok(Initialize, LEGACY), Ok(Discover, MODERN)],
            vec!["ask initialize", "legacy", "wait"],
        ),
        // slow at the question only
        (
            Discover,
            vec![Silence, Err(Initialize, TOO_NEW), Silence, Ok(Discover, MODERN)],
            vec!["ask initialize", "wait", "wait", "modern"],
        ),
        (
            Discover,
            vec![Err(Discover, NO_METHOD), Err(Initialize, NO_METHOD)],
            vec!["ask initialize", "no"],
        ),
        (Discover, vec![Err(Discover, FUTURE)], vec!["no"]),
        // known to be of the initialize era, and replaced by a newer one
        (Initialize, vec![Ok(Initialize, LEGACY)], vec!["legacy"]),
        (Initialize, vec![Silence, Silence], vec!["wait", "wait"]),
        (
            Initialize,
            vec![Err(Initialize, TOO_NEW), Ok(Discover, MODERN)],
            vec!["ask discover", "modern"],
        ),
        (
            Initialize,
            vec![Fails(Initialize, status(404)), Fails(Discover, status(404))],
            vec!["ask discover", "no"],
        ),
        // HTTP: a 4xx without a modern error
        (
            Discover,
            vec![Fails(Discover, status(400)), Ok(Initialize, LEGACY)],
            vec!["ask initialize", "legacy"],
        ),
        (Discover, vec![Fails(Discover, status(405))], vec!["ask initialize"]),
        (Discover, vec![Fails(Discover, Loss::StreamEnded)], vec!["ask initialize"]),
        // what a status meant before it means still
        (Discover, vec![Fails(Discover, Loss::NeedsLogin { status: 401 })], vec!["no"]),
        (Discover, vec![Fails(Discover, status(429))], vec!["no"]),
        (Discover, vec![Fails(Discover, status(503))], vec!["no"]),
    ] {
        assert_eq!(
            played(guess(EraChoice::Auto, first), &events),
            expected,
            "{first:?} {events:?}"
        );
    }
}

#[test]
fn an_era_that_is_configured_is_the_only_one_tried() {
    use Event::{Err, Ok, Silence};
    let modern = guess(EraChoice::Modern, Discover);
    assert_eq!(played(modern, &[Silence, Ok(Discover, MODERN)]), ["wait", "modern"]);
    assert_eq!(played(modern, &[Err(Discover, NO_METHOD)]), ["no"]);
    let legacy = guess(EraChoice::Legacy, Initialize);
    assert_eq!(played(legacy, &[Ok(Initialize, LEGACY)]), ["legacy"]);
    assert_eq!(played(legacy, &[Err(Initialize, TOO_NEW)]), ["no"]);
}

#[test]
fn a_connection_that_ends_before_the_question_is_answered_died_of_it() {
    let exited = Loss::Exited { status: "exit status: 1".into(), stderr: vec![] };
    let closed = Loss::Unreachable { address: "a:1".into(), detail: "gone".into() };
    let auto = guess(EraChoice::Auto, Discover);
    let posts = Guess { carriage: Carriage::Posts, ..auto };
    for (guess, loss, died) in [
        (auto, &exited, true),
        (auto, &Loss::OutputClosed { stderr: vec![] }, true),
        (auto, &closed, true),
        (posts, &closed, false),
        (auto, &Loss::Stopped, false),
        (auto.without_discovery(), &exited, false),
        (Guess { again: false, ..auto }, &exited, false),
    ] {
        let now = Instant::now();
        let mut opening = Opening::new(guess);
        opening.begin(now);
        assert_eq!(opening.died_of(loss), died, "{guess:?} {loss:?}");
        opening.silent(now + SILENCE);
        assert_eq!(opening.died_of(loss), died, "also when it is slow");
        opening.answered(Discover, Err(NO_METHOD.into()), now);
        assert!(!opening.died_of(loss), "it had answered");
    }
}

#[test]
fn what_is_remembered_is_believed_until_it_is_refused() {
    let manifest = Manifest::of(&Bytes::from_static(LEGACY.as_bytes())).expect("good");
    let both = Manifest { is_modern_too: true, ..manifest.clone() };
    let newer = Manifest::discovered(&Bytes::from_static(MODERN.as_bytes())).expect("good");
    let legacy = Some(&manifest);
    let guessed = |doubts: Doubts, choice, carriage, era, attempt| {
        let guess = doubts.guess(choice, carriage, era, attempt);
        (guess.first, guess.again)
    };
    let (auto, stream) = (EraChoice::Auto, Carriage::Stream);
    let mut doubts = Doubts::default();
    assert_eq!(guessed(doubts, auto, stream, None, 1), (Discover, true));
    assert_eq!(guessed(doubts, auto, stream, legacy, 1).0, Initialize);
    assert_eq!(guessed(doubts, auto, stream, Some(&newer), 1).0, Discover);
    assert_eq!(guessed(doubts, auto, stream, Some(&both), 1).0, Discover, "patiently");
    for (known, patient) in [(None, false), (legacy, false), (Some(&both), true)] {
        assert_eq!(doubts.guess(auto, stream, known, 1).patient, patient);
    }
    assert_eq!(guessed(doubts, auto, Carriage::LegacyOnly, None, 1), (Initialize, false));
    assert_eq!(guessed(doubts, EraChoice::Legacy, stream, Some(&newer), 1), (Initialize, false));
    assert_eq!(guessed(doubts, EraChoice::Modern, stream, legacy, 1), (Discover, false));
    doubts.failed(&status(503));
    doubts.failed(&Loss::NameNotResolved { address: "a:1".into() });
    assert_eq!(guessed(doubts, auto, stream, legacy, 2).0, Initialize);
    doubts.failed(&status(404));
    assert_eq!(guessed(doubts, auto, stream, legacy, 2).0, Discover);
    doubts.dispelled();
    assert_eq!(guessed(doubts, auto, stream, legacy, 1).0, Initialize);
    // it may have been struck dumb by the question, where one stream is all there is
    doubts.failed(&Loss::TimedOut { stage: "initialize and tools/list", after: SILENCE });
    assert_eq!(guessed(doubts, auto, stream, None, 2).0, Initialize);
    assert_eq!(guessed(doubts, auto, Carriage::Posts, None, 2).0, Discover);
    doubts.dispelled();
    // it dies whatever it is asked: one process an attempt, one question and the other by turns
    doubts.died();
    let turns = [2, 3, 4].map(|attempt| guessed(doubts, auto, stream, None, attempt));
    assert_eq!(turns, [(Initialize, false), (Discover, false), (Initialize, false)]);
}

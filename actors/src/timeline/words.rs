//! One fact as a short sentence for people. Pure.
//!
//! What servers said may hold anything: control characters never reach a terminal, and no sentence is
//! longer than a few lines.

use super::trim::amount;
use super::{Event, EventKind};
use std::borrow::Cow;
use std::fmt::Write;
use std::time::{Duration, SystemTime};

/// Longest foreign text within a sentence, in characters.
const LONGEST: usize = 240;
/// Names of tools that are told one by one.
const NAMES: usize = 5;

/// The fact in words, without its time.
pub fn words(event: &Event) -> String {
    match &event.kind {
        EventKind::State { state, cause: Some(cause) } => {
            format!("{}: {}", clean(state), clean(cause))
        }
        EventKind::State { state, cause: None } => clean(state),
        EventKind::Attempt { attempt, urgency } => {
            format!("connecting, attempt {attempt} ({})", clean(&urgency.replace('_', " ")))
        }
        EventKind::Probe { outcome, rtt_us, suspicion } => probe(outcome, *rtt_us, *suspicion),
        EventKind::Verdict { text } => clean(text),
        EventKind::Tools { count, added, removed } => {
            let changes =
                [("new", added), ("gone", removed)].map(|(what, names)| part(what, names));
            let changes: Vec<String> = changes.into_iter().flatten().collect();
            let colon = if changes.is_empty() { "" } else { ": " };
            format!("{}{colon}{}", counted(*count as u64, "tool"), changes.join(", "))
        }
        EventKind::Stderr { lines } => {
            match lines.iter().rev().map(|line| clean(line)).find(|line| !line.is_empty()) {
                Some(last) => format!("its last words: {last}"),
                None => "it ended without a word".into(),
            }
        }
        EventKind::Noise { count, excerpt } => {
            let times = counted(*count, "time");
            format!("sent what is no message, {times} so far, last: {}", clean(excerpt))
        }
        EventKind::Call { tool, outcome, took_us } => {
            let (tool, took) = (clean(tool), took(*took_us));
            match outcome.as_str() {
                "ok" => format!("a call of {tool} took {took}"),
                _ => format!("a call of {tool} failed after {took}: {}", clean(outcome)),
            }
        }
        EventKind::Breaker { state } => match state.as_str() {
            "open" => "calls are refused for now: too many failed in a row".into(),
            "half_open" => "one call may try whether it serves again".into(),
            "closed" => "calls are served again".into(),
            other => format!("circuit breaker: {}", clean(other)),
        },
        EventKind::Quality { score, trend, issues } => {
            let mut text = format!("quality {score} of 100, {}", clean(trend));
            for (issue, mark) in
                issues.iter().zip([": "].into_iter().chain(std::iter::repeat("; ")))
            {
                let _never_fails = write!(text, "{mark}{}", clean(issue));
            }
            text
        }
        EventKind::Operator { action } => format!("an operator asked: {}", clean(action)),
        EventKind::Skipped { count } => {
            format!("{} came too fast to be kept one by one", counted(*count, "lesser fact"))
        }
    }
}

/// How long `at` was before `now`, in one unit.
pub fn ago(at: SystemTime, now: SystemTime) -> String {
    let Ok(past) = now.duration_since(at) else { return "just now".into() };
    match past.as_secs() {
        0 => "just now".into(),
        seconds @ 1..=119 => format!("{seconds} s ago"),
        seconds @ 120..=7_199 => format!("{} min ago", seconds / 60),
        seconds @ 7_200..=172_799 => format!("{} h ago", seconds / 3_600),
        seconds => format!("{} days ago", seconds / 86_400),
    }
}

fn probe(outcome: &str, rtt_us: Option<u64>, suspicion: bool) -> String {
    let said: Cow<'_, str> = match (outcome, rtt_us) {
        ("alive", Some(rtt)) => format!("answered a probe in {}", took(rtt)).into(),
        ("alive", None) => "answered a probe".into(),
        ("silent", _) => "did not answer a probe".into(),
        ("gone", _) => "its connection was gone when it was probed".into(),
        (other, _) => format!("probed: {}", clean(other)).into(),
    };
    let why = if suspicion { " (probed because a call heard nothing)" } else { "" };
    format!("{said}{why}")
}

fn part(what: &str, names: &[String]) -> Option<String> {
    let shown: Vec<String> = names.iter().take(NAMES).map(|name| clean(name)).collect();
    let more = if names.len() > NAMES { ", …" } else { "" };
    (!names.is_empty()).then(|| format!("{} {what} ({}{more})", amount(names), shown.join(", ")))
}

fn counted(count: u64, what: &str) -> String {
    let s = if count == 1 { "" } else { "s" };
    format!("{count} {what}{s}")
}

fn took(micros: u64) -> String {
    let seconds = Duration::from_micros(micros).as_secs_f64();
    match micros {
        0..=999 => format!("{micros} µs"),
        1_000..=9_999 => format!("{:.1} ms", seconds * 1e3),
        10_000..=999_499 => format!("{:.0} ms", seconds * 1e3),
        _ => format!("{seconds:.1} s"),
    }
}

/// Whether a terminal would do something else than show it: control characters, and those that turn
/// the direction of writing.
fn steers(c: char) -> bool {
    c.is_control() || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

fn visible(text: &str) -> impl Iterator<Item = char> {
    text.trim().chars().map(|c| if steers(c) { ' ' } else { c })
}

/// Foreign text on one line, without control characters: fit for a terminal.
pub fn plain(text: &str) -> String {
    visible(text).collect()
}

/// Foreign text on one line, without control characters, of bounded length: fit for a terminal.
pub fn clean(text: &str) -> String {
    let mut clean: String = visible(text).take(LONGEST + 1).collect();
    if let Some((at, _)) = clean.char_indices().nth(LONGEST) {
        clean.truncate(at);
        clean.push('…');
    }
    clean
}

#[cfg(test)]
mod tests;

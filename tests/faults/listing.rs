//! Servers whose tools change: by themselves, or with the next start.

use crate::process::Reply;
use crate::row::{ALL, Row};
use crate::stage::{Pace, play};
use crate::subject::Subject;
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

/// A client that was told sees the new tool by then.
const SEEN: Duration = Duration::from_secs(10);

pub(crate) const ROWS: &[Row] = &[
    Row::new(&["add-tool"], ALL, |subject| learns(subject, "add-tool fresh")),
    Row::new(&["remove-tool"], ALL, forgets),
    Row::new(&["list-changed"], ALL, |subject| {
        subject.serves();
        subject.strike_by("list-changed");
        subject.serves();
        subject.was_never_down();
    }),
    Row::new(&["kill"], ALL, restarts_with_more)
        .causes(&["the process ended (", "no connection to 127.0.0.1:"]),
];

#[test]
fn clients_learn_what_tools_are_new_or_gone() {
    play(Pace::Short, ROWS);
}

/// Each message is the news that the tools have changed.
fn news(mut stream: Reply) -> Receiver<()> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        while let Some(message) = stream.message() {
            let news = message.contains("notifications/tools/list_changed");
            if news && sender.send(()).is_err() {
                return;
            }
        }
    });
    receiver
}

/// Lists whenever the tools have changed, until the list is as expected.
fn sees(subject: &mut Subject, news: &Receiver<()>, expected: &[&str], since: Instant) {
    loop {
        let left = SEEN.saturating_sub(since.elapsed());
        news.recv_timeout(left).expect("the client was told in time");
        if subject.listed() == expected {
            subject.times.recovered = Some(since.elapsed());
            subject.times.bound = Some(SEEN);
            return;
        }
    }
}

fn learns(subject: &mut Subject, command: &str) {
    subject.serves();
    let news = news(subject.client().listen());
    subject.strike_by(command);
    sees(subject, &news, &["echo", "fresh"], Instant::now());
    subject.was_never_down();
}

fn forgets(subject: &mut Subject) {
    learns(subject, "add-tool fresh");
    let news = news(subject.client().listen());
    subject.strike_by("remove-tool fresh");
    sees(subject, &news, &["echo"], Instant::now());
}

fn restarts_with_more(subject: &mut Subject) {
    subject.serves();
    let news = news(subject.client().listen());
    subject.server.will_start_with("--tool fresh");
    subject.strike_by("kill");
    if !subject.is_stdio() {
        subject.server.end();
        subject.server.start();
    }
    sees(subject, &news, &["echo", "fresh"], Instant::now());
    subject.times.note = "a new tool after a restart".into();
    subject.serves();
}

//! Servers whose tools change: by themselves, or with the next start.

use crate::process::Http;
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

/// A client that listens.
struct Listener {
    client: Http,
    news: Receiver<()>,
}

impl Listener {
    fn of(subject: &Subject) -> Self {
        let client = subject.client();
        let mut stream = client.listen();
        let (sender, news) = channel();
        std::thread::spawn(move || {
            while let Some(message) = stream.message() {
                let news = message.contains("notifications/tools/list_changed");
                if news && sender.send(()).is_err() {
                    return;
                }
            }
        });
        Self { client, news }
    }

    /// Has the list read whenever the tools have changed, until it is as expected.
    fn sees(self, subject: &mut Subject, expected: &[&str], since: Instant) {
        while subject.listed() != expected {
            let left = SEEN.saturating_sub(since.elapsed());
            self.news.recv_timeout(left).expect("the client was told in time");
        }
        subject.times.recovered = Some(since.elapsed());
        subject.times.bound = Some(SEEN);
        self.client.leave();
    }
}

fn learns(subject: &mut Subject, command: &str) {
    subject.serves();
    let listener = Listener::of(subject);
    subject.strike_by(command);
    let since = Instant::now();
    listener.news.recv_timeout(SEEN).expect("the client was told");
    listener.sees(subject, &["echo", "fresh"], since);
    subject.was_never_down();
}

fn forgets(subject: &mut Subject) {
    learns(subject, "add-tool fresh");
    let listener = Listener::of(subject);
    subject.strike_by("remove-tool fresh");
    listener.sees(subject, &["echo"], Instant::now());
}

fn restarts_with_more(subject: &mut Subject) {
    subject.serves();
    let listener = Listener::of(subject);
    subject.server.will_start_with("--tool fresh");
    subject.strike_by("kill");
    if !subject.is_stdio() {
        subject.server.end();
        subject.server.start();
    }
    let since = Instant::now();
    listener.news.recv_timeout(SEEN).expect("the client was told");
    listener.sees(subject, &["echo", "fresh"], since);
    subject.times.note = "a new tool after a restart".into();
    subject.serves();
}

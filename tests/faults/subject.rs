//! A server that misbehaves, seen by a client of the gateway.
//!
//! *Invariant:* every call is answered within its deadline, and every failure of the gateway's own
//! names the server and a cause that was to be expected; else the test fails there and then.

use crate::process::{Http, Reply, call, parse, request};
use crate::row::Row;
use crate::server::{Server, Transport};
use crate::table::Times;
use crate::timeline::{self, Timeline};
use serde_json::Value;
use std::collections::HashSet;
use std::path::Path;
use std::time::{Duration, Instant};

/// Calls of the configurations here are over by then: in the queue, then at the server.
const DEADLINE: Duration = Duration::from_secs(10 + 20 + 1);
/// Rest between two calls of a client that insists.
const REST: Duration = Duration::from_millis(10);

/// How a call ended.
#[derive(Debug)]
pub(crate) struct Called {
    pub(crate) took: Duration,
    /// The answer, whatever the server said in it.
    pub(crate) answer: Value,
    /// The words of the gateway, when the answer is not the server's.
    pub(crate) failure: Option<String>,
}

impl Called {
    pub(crate) fn is_served(&self) -> bool {
        self.failure.is_none() && self.answer["result"]["isError"] == false
    }
}

/// A server under test, and a client.
pub(crate) struct Subject {
    pub(crate) server: Server,
    pub(crate) row: Row,
    pub(crate) times: Times,
    pub(crate) timeline: Timeline,
    client: Http,
    calls: usize,
    served: HashSet<String>,
    struck: (Instant, u64),
}

impl Subject {
    pub(crate) fn new(server: Server, row: Row, client: Http, folder: &Path) -> Self {
        let times = Times::of(row.faults[0], server.transport.word());
        let timeline = Timeline::of(&server.name, folder);
        let struck = (Instant::now(), timeline::now());
        Self { server, row, times, timeline, client, calls: 0, served: HashSet::new(), struck }
    }

    pub(crate) fn is_stdio(&self) -> bool {
        self.server.transport == Transport::Stdio
    }

    /// Another client.
    pub(crate) fn client(&self) -> Http {
        self.client.another()
    }

    /// Calls `echo` and waits for the answer.
    pub(crate) fn call(&mut self) -> Called {
        self.begin().end(self)
    }

    /// Calls `echo`; the answer is waited for later.
    pub(crate) fn begin(&mut self) -> Waiting {
        self.calls += 1;
        let key = format!("{}-{}", self.server.name, self.calls);
        let tool = format!("{}.echo", self.server.name);
        let arguments = format!(r#"{{"key":"{key}"}}"#);
        let since = Instant::now();
        let stream = self.client.begin(&call(&self.calls.to_string(), &tool, &arguments));
        let reader = std::thread::spawn(move || {
            let mut lines = Reply::read(stream).rest();
            // a document may have several lines, of a stream the last message is the answer
            let whole = serde_json::from_str(&lines.join("\n"));
            let answer = whole.unwrap_or_else(|_| parse(&lines.pop().unwrap()));
            (answer, since.elapsed())
        });
        Waiting { key, reader }
    }

    /// Calls; the server is to serve it.
    pub(crate) fn serves(&mut self) -> Called {
        let called = self.call();
        assert!(called.is_served(), "{}: {}", self.server.name, called.answer);
        called
    }

    /// Calls so often; all are to be served.
    pub(crate) fn serves_all(&mut self, count: usize) {
        for _ in 0..count {
            self.serves();
        }
    }

    /// Calls; the gateway is to say why it is not served.
    pub(crate) fn fails(&mut self) -> String {
        let called = self.call();
        called.failure.unwrap_or_else(|| panic!("{}: {}", self.server.name, called.answer))
    }

    /// The fault strikes now.
    pub(crate) fn strike(&mut self) {
        self.struck = (Instant::now(), timeline::now());
    }

    /// The same, by a command.
    pub(crate) fn strike_by(&mut self, command: &str) {
        let mut control = self.server.control();
        self.strike();
        control.order(command);
    }

    /// A command that is obeyed.
    pub(crate) fn order(&mut self, command: &str) {
        self.server.control().order(command);
    }

    /// When the fault struck, as timelines count.
    pub(crate) fn struck_at(&self) -> u64 {
        self.struck.1
    }

    /// A call that waited since the fault struck was answered within the bound.
    pub(crate) fn was_answered(&mut self, bound: Duration) {
        let took = self.struck.0.elapsed();
        self.times.answered = Some(took);
        assert!(took <= bound, "{} was answered after {took:?}", self.server.name);
    }

    /// Calls on until one is served, which must be within the bound after the fault struck.
    pub(crate) fn recovers(&mut self, bound: Duration) {
        let since = self.struck.0;
        self.recovers_since(since, bound);
    }

    /// The same, after the cause was gone.
    pub(crate) fn recovers_since(&mut self, since: Instant, bound: Duration) {
        let name = self.server.name.clone();
        loop {
            let called = self.call();
            let took = since.elapsed();
            if called.is_served() {
                self.times.recovered = Some(took);
                self.times.bound = Some(bound);
                assert!(took <= bound, "{name} served again after {took:?}, not {bound:?}");
                return;
            }
            assert!(took <= bound + DEADLINE, "{name} never served again: {called:?}");
            std::thread::sleep(REST);
        }
    }

    /// The gateway noticed that the connection ended; within the bound, if there is one. Why it did.
    pub(crate) fn was_noticed(&mut self, bound: Option<Duration>) -> String {
        let down = |event: &Value| event["cause"].is_string();
        let event = self.timeline.first(self.struck.1, "state", down);
        let took = Duration::from_millis(timeline::at(&event).saturating_sub(self.struck.1));
        self.times.detected = Some(took);
        if let Some(bound) = bound {
            assert!(took <= bound, "{} was found out after {took:?}", self.server.name);
        }
        event["cause"].as_str().unwrap().to_owned()
    }

    /// The connection stood since the fault struck. What is not on disk yet is waited for.
    pub(crate) fn was_never_down(&mut self) {
        std::thread::sleep(Duration::from_millis(1500));
        let events = self.timeline.since(self.struck.1);
        let down: Vec<&Value> = events.iter().filter(|event| event["event"] == "state").collect();
        assert!(down.is_empty(), "{}: {down:?}", self.server.name);
        if self.times.note.is_empty() {
            self.times.note = "the connection stands".into();
        }
    }

    /// The names of its tools, as the gateway lists them.
    pub(crate) fn listed(&self) -> Vec<String> {
        let answer = self.client.answer(&request("\"list\"", "tools/list", "{}"));
        let tools = answer["result"]["tools"].as_array().unwrap();
        let mine = format!("{}.", self.server.name);
        let names = tools.iter().filter_map(|tool| tool["name"].as_str()?.strip_prefix(&mine));
        names.map(str::to_owned).collect()
    }

    /// No call was executed twice, and each that was served was executed.
    pub(crate) fn judge(&self) {
        let mut executed = HashSet::new();
        for line in self.server.read("log") {
            let key = line.split(' ').nth(2).unwrap_or_default().to_owned();
            assert!(executed.insert(key), "{} executed twice: {line}", self.server.name);
        }
        for key in &self.served {
            assert!(
                executed.contains(key),
                "{} never executed {key}: {executed:?}",
                self.server.name
            );
        }
    }
}

/// A call on its way.
pub(crate) struct Waiting {
    key: String,
    reader: std::thread::JoinHandle<(Value, Duration)>,
}

impl Waiting {
    /// Waits for the answer.
    pub(crate) fn end(self, subject: &mut Subject) -> Called {
        let (answer, took) = self.reader.join().unwrap();
        let name = &subject.server.name;
        assert!(took <= DEADLINE, "{name} was answered after {took:?} only");
        let ours = answer["result"]["_meta"].get("mcpvisor/error").is_some();
        let failure = ours.then(|| {
            let text = answer["result"]["content"][0]["text"].as_str().unwrap().to_owned();
            assert!(text.contains(&format!("server `{name}`")), "{text}");
            let known = subject.row.causes.iter().any(|cause| text.contains(cause));
            assert!(known, "{name}: the cause is not told: {text}");
            text
        });
        let called = Called { took, answer, failure };
        if called.is_served() {
            subject.served.insert(self.key);
        }
        called
    }
}

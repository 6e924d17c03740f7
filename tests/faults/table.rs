//! What was measured, kept in a file until the last test prints it.
//!
//! *Invariant:* only the rows of this run are printed, whatever is left of another one.

use crate::process::until;
use crate::stage;
use std::fs::{self, OpenOptions};
use std::io::Write;
use std::time::Duration;

const FILE: &str = concat!(env!("CARGO_TARGET_TMPDIR"), "/faults.tsv");

/// The times of one fault on one transport.
#[derive(Debug, Clone)]
pub(crate) struct Times {
    fault: &'static str,
    transport: &'static str,
    /// From the fault to the gateway's knowledge.
    pub(crate) detected: Option<Duration>,
    /// From the fault to the answer of the call that waited.
    pub(crate) answered: Option<Duration>,
    /// From the fault, or from the end of its cause, to the next call that was served.
    pub(crate) recovered: Option<Duration>,
    /// The longest that may take.
    pub(crate) bound: Option<Duration>,
    /// What else was seen.
    pub(crate) note: String,
}

impl Times {
    pub(crate) fn of(fault: &'static str, transport: &'static str) -> Self {
        let (detected, answered, recovered, bound) = (None, None, None, None);
        Self { fault, transport, detected, answered, recovered, bound, note: String::new() }
    }

    fn cells(&self) -> [String; 7] {
        let ms = |span: Option<Duration>| {
            span.map_or_else(|| "-".into(), |it| it.as_millis().to_string())
        };
        let Self { fault, transport, detected, answered, recovered, bound, note } = self;
        let [detected, answered, recovered, bound] =
            [detected, answered, recovered, bound].map(|it| ms(*it));
        [(*fault).into(), (*transport).into(), detected, answered, recovered, bound, note.clone()]
    }
}

/// One run of all tests: a process each, or all of them in one.
fn run() -> String {
    std::env::var("NEXTEST_RUN_ID").unwrap_or_else(|_| std::process::id().to_string())
}

/// Keeps a row and prints it.
pub(crate) fn keep(times: &Times) {
    let cells = times.cells();
    println!("{}", padded(&cells));
    let line = format!("{}\t{}\n", run(), cells.join("\t"));
    let mut file = OpenOptions::new().create(true).append(true).open(FILE).unwrap();
    file.write_all(line.as_bytes()).unwrap();
}

/// Comes last: by its name here, by its priority in `.config/nextest.toml`.
#[test]
fn what_was_measured_is_printed() {
    until("the other tests are over", stage::is_over);
    print();
}

/// Prints everything of this run and forgets the others.
fn print() {
    let all = fs::read_to_string(FILE).unwrap_or_default();
    let run = run();
    let mine: Vec<&str> =
        all.lines().filter(|line| line.split('\t').next() == Some(run.as_str())).collect();
    let head = ["fault", "transport", "detected", "answered", "recovered", "bound", "(ms)"];
    println!("{}", padded(&head.map(str::to_owned)));
    for line in &mine {
        let cells: Vec<String> = line.split('\t').skip(1).map(str::to_owned).collect();
        println!("{}", padded(&cells));
    }
    fs::write(FILE, mine.join("\n") + "\n").unwrap();
}

fn padded(cells: &[String]) -> String {
    let [fault, transport, detected, answered, recovered, bound, note] = cells else {
        return cells.join(" ");
    };
    format!(
        "{fault:<24} {transport:<9} {detected:>8} {answered:>8} {recovered:>9} {bound:>6}  {note}"
    )
}

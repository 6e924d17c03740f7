//! What the gateway wrote down about a server.

use crate::process::eventually;
use serde_json::Value;
use std::fs;
use std::path::{Path, PathBuf};
use std::time::{SystemTime, UNIX_EPOCH};

/// The timeline of one server, in its file, and the gateway's log.
pub(crate) struct Timeline {
    file: PathBuf,
    log: PathBuf,
}

impl Timeline {
    pub(crate) fn of(server: &str, folder: &Path) -> Self {
        let file = folder.join("state/timeline").join(format!("{server}.jsonl"));
        Self { file, log: folder.join("gateway.log") }
    }

    /// All facts since then that are on disk.
    pub(crate) fn since(&self, then: u64) -> Vec<Value> {
        let text = fs::read_to_string(&self.file).unwrap_or_default();
        let events = text.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
        events.filter(|event| at(event) >= then).collect()
    }

    /// The first fact since then of this kind with this property; it is written within a second or so.
    pub(crate) fn first(&self, then: u64, kind: &str, is: impl Fn(&Value) -> bool) -> Value {
        let fits = |event: &Value| event["event"] == kind && is(event);
        let find = || self.since(then).into_iter().find(|event| fits(event));
        eventually(&format!("{kind} in {}", self.file.display()), find)
    }

    /// Everything, for people.
    pub(crate) fn texts(&self) -> Vec<String> {
        self.since(0).iter().map(Value::to_string).collect()
    }

    /// The lines of the gateway's log.
    pub(crate) fn log(&self) -> Vec<String> {
        fs::read_to_string(&self.log).unwrap().lines().map(str::to_owned).collect()
    }
}

/// When a fact was, in milliseconds since 1970.
pub(crate) fn at(event: &Value) -> u64 {
    event["atMs"].as_u64().unwrap()
}

/// This moment, as timelines count.
pub(crate) fn now() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
    u64::try_from(since.as_millis()).unwrap()
}

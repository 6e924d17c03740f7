//! MCP log messages: copied on the path of the frames, read on the writing thread.
//!
//! Source: MCP 2025-11-25 "Logging", `notifications/message`: `level`, optional `logger`, `data` of any type.

use super::LogStore;
use super::entry::{Entry, Level, Source};
use super::intake::Draft;
use crate::telemetry::Sink;
use mcpvisor_actors::clock::unix_millis;
use mcpvisor_actors::server::ServerName;
use mcpvisor_actors::session::LogLevel;
use serde::Deserialize;
use serde_json::{Map, Value};
use std::time::SystemTime;

/// Longest message that is read; of a longer one the beginning is shown as it came.
const READ: usize = 64 << 10;
/// The members of `data` that are its text, the first one wins.
const TEXTS: [&str; 3] = ["message", "msg", "text"];

/// A log message as it came.
#[derive(Debug)]
pub(super) struct Said {
    pub(super) at: SystemTime,
    pub(super) server: ServerName,
    pub(super) level: LogLevel,
    pub(super) request: Option<u64>,
    pub(super) params: Box<[u8]>,
    /// Whether `params` is only the beginning.
    pub(super) cut: bool,
}

#[derive(Deserialize)]
struct Params {
    logger: Option<String>,
    #[serde(default)]
    data: Value,
}

impl Sink for LogStore {
    fn said(&self, server: &ServerName, level: LogLevel, params: &[u8], request: Option<u64>) {
        if !self.admits(server, params.len()) {
            return;
        }
        let read = params.len().min(READ);
        self.put(Draft::Said(Said {
            at: SystemTime::now(),
            server: server.clone(),
            level,
            request,
            params: params[..read].into(),
            cut: read < params.len(),
        }));
    }
}

impl Said {
    /// The entry that is kept of it.
    pub(super) fn read(self) -> Entry {
        let (level, word) = severity(self.level);
        let whole =
            if self.cut { None } else { serde_json::from_slice::<Params>(&self.params).ok() };
        let (logger, text, mut fields) = match whole {
            Some(Params { logger, data }) => {
                let (text, fields) = text(data);
                (logger, text, fields)
            }
            None => (None, String::from_utf8_lossy(&self.params).into_owned(), Map::new()),
        };
        if let Some(word) = word {
            fields.entry("severity").or_insert_with(|| word.into());
        }
        let mut entry = Entry::new(Source::Mcp, level, text);
        entry.at_ms = unix_millis(self.at);
        entry.server = Some(self.server.to_string());
        entry.request = self.request;
        (entry.logger, entry.fields) = (logger, fields);
        entry
    }
}

/// Our level, and the word of theirs where ours says less.
const fn severity(level: LogLevel) -> (Level, Option<&'static str>) {
    match level {
        LogLevel::Debug => (Level::Debug, None),
        LogLevel::Info => (Level::Info, None),
        LogLevel::Warning => (Level::Warn, None),
        LogLevel::Error => (Level::Error, None),
        LogLevel::Notice => (Level::Info, Some(level.as_str())),
        LogLevel::Critical | LogLevel::Alert | LogLevel::Emergency => {
            (Level::Error, Some(level.as_str()))
        }
    }
}

/// The text in `data`, and what is beside it.
fn text(data: Value) -> (String, Map<String, Value>) {
    match data {
        Value::String(text) => (text, Map::new()),
        Value::Object(mut members) => {
            let key = TEXTS.iter().find(|key| members.get(**key).is_some_and(Value::is_string));
            match key.and_then(|key| members.remove(*key)) {
                Some(Value::String(text)) => (text, members),
                _ => (Value::Object(members).to_string(), Map::new()),
            }
        }
        other => (other.to_string(), Map::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(level: LogLevel, params: &str) -> Entry {
        let (server, request) = (ServerName::new("s"), Some(7));
        let params = params.as_bytes().into();
        Said { at: SystemTime::now(), server, level, request, params, cut: false }.read()
    }

    #[test]
    fn data_of_every_kind_becomes_text_and_fields() {
        for (data, text, fields) in [
            (r#""plain""#, "plain", json!({})),
            (r#"{"message":"m","n":1}"#, "m", json!({ "n": 1 })),
            (r#"{"msg":"m","message":2}"#, "m", json!({ "message": 2 })),
            (r#"{"n":1}"#, r#"{"n":1}"#, json!({})),
            ("[1,2]", "[1,2]", json!({})),
            ("null", "null", json!({})),
        ] {
            let params = format!(r#"{{"level":"info","logger":"l","data":{data}}}"#);
            let entry = read(LogLevel::Info, &params);
            assert_eq!((entry.text.as_str(), json!(entry.fields)), (text, fields), "{data}");
            assert_eq!((entry.logger.as_deref(), entry.request), (Some("l"), Some(7)));
        }
        let broken = read(LogLevel::Alert, "no JSON");
        assert_eq!((broken.level, broken.text.as_str()), (Level::Error, "no JSON"));
        assert_eq!(json!(broken.fields), json!({ "severity": "alert" }));
    }
}

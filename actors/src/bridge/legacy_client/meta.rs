//! What is put into every request for a server of 2026-07-28.

use super::Retry;
use crate::bridge::{Abilities, Fault, MODERN, key, tasks};
use crate::observation::TraceContext;
use crate::session::LogLevel;
use crate::wire::{Edits, Members, Message, ObjectEdit, Span, string};
use bytes::Bytes;

/// The client of a session as the `_meta` of its requests says it.
#[derive(Debug, Clone)]
pub struct ModernMeta {
    capabilities: Bytes,
    client_info: Option<Bytes>,
    log_level: Option<LogLevel>,
    trace: Option<TraceContext>,
}

impl ModernMeta {
    /// From what a client declared: the JSON texts of two objects. Tasks are taken out.
    pub fn new(capabilities: &Bytes, client_info: Option<Bytes>) -> Self {
        Self {
            capabilities: tasks::hidden(capabilities),
            client_info,
            log_level: None,
            trace: None,
        }
    }

    /// From the parameters of `initialize`; `None` when they are no object.
    pub fn of_initialize(params: &[u8]) -> Option<Self> {
        let members = Members::of(params)?;
        let object = |key| {
            let raw = members.get(key).ok().flatten()?;
            let text = raw.get().as_bytes();
            text.starts_with(b"{").then(|| Bytes::copy_from_slice(text))
        };
        let capabilities = object("capabilities").unwrap_or_else(|| Bytes::from_static(b"{}"));
        Some(Self::new(&capabilities, object("clientInfo")))
    }

    /// The same client wanting log messages from this level on, or none.
    #[must_use]
    pub fn at_level(self, log_level: Option<LogLevel>) -> Self {
        Self { log_level, ..self }
    }

    /// The same client making a request in this trace, or in none of ours.
    #[must_use]
    pub fn within(self, trace: Option<TraceContext>) -> Self {
        Self { trace, ..self }
    }

    /// Who the client says it is: the JSON text of an object.
    pub fn client_info(&self) -> Option<&Bytes> {
        self.client_info.as_ref()
    }

    /// What the client may be asked for.
    pub fn abilities(&self) -> Abilities {
        Abilities::of(&self.capabilities).unwrap_or_default()
    }

    /// The edits that make a request of the client's one of 2026-07-28: `_meta` is filled in, the
    /// client's progress token and other members stay, a `task` is taken out. With `retry` it is the
    /// repetition that carries the input asked for; it needs a new id.
    ///
    /// Source: MCP 2026-07-28 schema, `RequestMetaObject`; 2025-11-25 "Tasks": a `task` nobody declared
    /// to understand is ignored.
    pub fn request(&self, message: &Message, retry: Option<&Retry>) -> Result<Edits, Fault> {
        const NOT_OBJECTS: &str = "`params` and `params._meta` must be objects, each there once";
        let whole = message.bytes();
        let Some(params) = message.params() else {
            let mut envelope = ObjectEdit::of(whole).ok_or(Fault::BadParams(NOT_OBJECTS))?;
            envelope.set("params", self.params(""));
            return Ok(envelope.finish(whole));
        };
        let mut outer = ObjectEdit::of(params).ok_or(Fault::BadParams(NOT_OBJECTS))?;
        let mut edits = Edits::default();
        match outer.sole("_meta").map_err(|_| Fault::BadParams(NOT_OBJECTS))? {
            None => outer.set("_meta", self.object()),
            Some(raw) => {
                let mut meta =
                    ObjectEdit::of(raw.get().as_bytes()).ok_or(Fault::BadParams(NOT_OBJECTS))?;
                for key in key::OF_REQUESTS {
                    meta.remove(key);
                }
                for (key, value) in self.members() {
                    meta.set(key, value);
                }
                if let Some(trace) = &self.trace {
                    trace.put_into(&mut meta);
                }
                edits.extend(meta.finish(whole));
            }
        }
        outer.remove("task");
        outer.remove("inputResponses");
        outer.remove("requestState");
        if let Some(retry) = retry {
            for (key, value) in retry.members() {
                outer.set(key, value);
            }
        }
        edits.extend(outer.finish(whole));
        Ok(edits)
    }

    /// The edits that give a request what it lacks of `_meta`; what it says stays. One whose `params` or
    /// `_meta` is no object is left as it is.
    pub fn fill(&self, message: &Message) -> Edits {
        let (whole, mut edits) = (message.bytes(), Edits::default());
        let Some(params) = message.params() else {
            let envelope = ObjectEdit::of(whole).map(|mut envelope| {
                envelope.set("params", self.params(""));
                envelope.finish(whole)
            });
            return envelope.unwrap_or_default();
        };
        let Some(mut outer) = ObjectEdit::of(params) else { return edits };
        match outer.get("_meta") {
            None => outer.set("_meta", self.object()),
            Some(raw) => {
                let Some(mut meta) = ObjectEdit::of(raw.get().as_bytes()) else { return edits };
                for (key, value) in self.members() {
                    meta.set_default(key, value);
                }
                edits.extend(meta.finish(whole));
            }
        }
        edits.extend(outer.finish(whole));
        edits
    }

    /// The parameters of a request of our own; `members` is the JSON text of its other members, such
    /// as `"cursor":"x"`, or empty.
    pub fn params(&self, members: &str) -> String {
        let comma = if members.is_empty() { "" } else { "," };
        format!("{{\"_meta\":{}{comma}{members}}}", self.object())
    }

    /// The JSON text of `_meta` alone.
    fn object(&self) -> String {
        let members = self.members();
        let mut texts: Vec<_> = members
            .iter()
            .map(|(key, value)| format!("{}:{}", string(key), String::from_utf8_lossy(value)))
            .collect();
        texts.extend(self.trace.as_ref().map(TraceContext::members));
        format!("{{{}}}", texts.join(","))
    }

    fn members(&self) -> Vec<(&'static str, Bytes)> {
        let mut members = vec![
            (key::PROTOCOL_VERSION, Bytes::from(string(MODERN))),
            (key::CLIENT_CAPABILITIES, self.capabilities.clone()),
        ];
        members.extend(self.client_info.clone().map(|info| (key::CLIENT_INFO, info)));
        let level = self.log_level.map(|level| Bytes::from(string(level.as_str())));
        members.extend(level.map(|level| (key::LOG_LEVEL, level)));
        members
    }
}

/// A value of `json`, sharing its memory.
pub(super) fn shared(json: &Bytes, part: &str) -> Bytes {
    Span::of(part.as_bytes(), json).share(json)
}

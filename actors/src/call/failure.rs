//! Why a call has no result of its server: every such answer is worded here.

use super::LastWord;
use crate::bridge::Era;
use crate::bridge::modern_client::CacheHints;
use crate::observation::Outcome;
use crate::server::{Loss, ServerName};
use crate::session::identity;
use crate::wire::{Method, Payload, RawId, Subject, code, error_reply, result_raw};
use bytes::Bytes;
use serde_json::json;
use std::time::Duration;

/// A failure of ours. The text names the server, the cause and what to do; machine-readable details
/// stand beside it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No such thing.
    #[error("unknown {} `{name}`{}", .subject.noun(), Near(*.subject, .near))]
    Unknown {
        /// What kind of thing.
        subject: Subject,
        /// As the client named it.
        name: String,
        /// Names that look alike.
        near: Vec<String>,
    },
    /// No such task.
    #[error("unknown task `{task}`: it was not made by this client, or too long ago")]
    UnknownTask {
        /// As the client named it.
        task: String,
    },
    /// An operator switched the tool off.
    #[error(
        "tool `{tool}` of server `{server}` was switched off by an operator; nothing was sent, do \
         without it or ask for it to be switched on"
    )]
    SwitchedOff {
        /// The server.
        server: ServerName,
        /// Its own name there.
        tool: Box<str>,
    },
    /// The server did not declare that it can do this.
    #[error("method not allowed: server `{server}` did not declare `{method}`; nothing was sent")]
    NotDeclared {
        /// The server.
        server: ServerName,
        /// The method.
        method: &'static str,
    },
    /// The server's queue is full.
    #[error(
        "server `{server}` is overloaded: {in_flight} calls at work and {queued} waiting; nothing was \
         sent, try again in a moment"
    )]
    Overloaded {
        /// The server.
        server: ServerName,
        /// Calls at the server.
        in_flight: usize,
        /// Calls in the queue.
        queued: usize,
    },
    /// The call waited too long for a free slot.
    #[error(
        "server `{server}` had no free slot within {} s; nothing was sent, try again later",
        .waited.as_secs_f32()
    )]
    QueueTimeout {
        /// The server.
        server: ServerName,
        /// How long the call waited.
        waited: Duration,
    },
    /// The server is not up.
    #[error("server `{server}` is {state}{}; nothing was sent", Attempt(.cause.as_ref(), *.attempt, *.next))]
    Unavailable {
        /// The server.
        server: ServerName,
        /// Its state, in a word.
        state: &'static str,
        /// Why it is down, when it was up or was tried.
        cause: Option<Loss>,
        /// Connection attempts since it was last up.
        attempt: u32,
        /// Time to the next attempt.
        next: Option<Duration>,
    },
    /// The server's actor is not running, again not on the second try: it crashed too often.
    #[error(
        "server `{server}` is out of service after repeated faults inside the gateway; nothing was \
         sent, try again in some minutes and report the faults in the gateway's log"
    )]
    NotRunning {
        /// The server.
        server: ServerName,
    },
    /// The server answered none of its last calls.
    #[error(
        "server `{server}` answered none of its last calls{}, so it gets none for {:.1} s; nothing \
         was sent, try again then",
        Last(.cause.as_deref()), .next.as_secs_f32()
    )]
    BreakerOpen {
        /// The server.
        server: ServerName,
        /// Why the last of them failed.
        cause: Option<String>,
        /// Time to the next call it gets.
        next: Duration,
    },
    /// The request could not be delivered; the server certainly did not get it.
    #[error("server `{server}` did not take the call: {cause}; nothing was executed")]
    Refused {
        /// The server.
        server: ServerName,
        /// Why.
        cause: Loss,
    },
    /// No answer in time.
    #[error(
        "server `{server}` gave no sign of this call for {} s, so it was cancelled; it may have been \
         executed, check before repeating it",
        .after.as_secs_f32()
    )]
    Timeout {
        /// The server.
        server: ServerName,
        /// The silence, or the whole duration when the ceiling was hit.
        after: Duration,
    },
    /// The connection ended, or the answer could not be read, after the call was sent.
    #[error(
        "server `{server}` was lost during this call: {cause}; it may have been executed, check \
         before repeating it"
    )]
    OutcomeUnknown {
        /// The server.
        server: ServerName,
        /// Why.
        cause: Loss,
    },
    /// An actor died with the call unsent, twice.
    #[error("the gateway could not pass the call on; nothing was sent, try again")]
    NotSent,
    /// An actor died with the call sent.
    #[error(
        "the gateway lost track of this call; it may have been executed, check before repeating it"
    )]
    RunnerDied,
}

impl Failure {
    /// A word for programs and metrics.
    pub const fn reason(&self) -> &'static str {
        match self {
            Self::Unknown { subject: Subject::Tool, .. } => "unknown_tool",
            Self::Unknown { subject: Subject::Prompt, .. } => "unknown_prompt",
            Self::Unknown { .. } => "unknown_resource",
            Self::UnknownTask { .. } => "unknown_task",
            Self::SwitchedOff { .. } => "switched_off",
            Self::NotDeclared { .. } => "not_declared",
            Self::Overloaded { .. } => "overloaded",
            Self::QueueTimeout { .. } => "queue_timeout",
            Self::Unavailable { .. } => "unavailable",
            Self::NotRunning { .. } => "not_running",
            Self::BreakerOpen { .. } => "breaker_open",
            Self::Refused { .. } => "refused",
            Self::Timeout { .. } => "timeout",
            Self::OutcomeUnknown { .. } => "outcome_unknown",
            Self::NotSent => "not_sent",
            Self::RunnerDied => "runner_died",
        }
    }

    /// Whether the call may have reached its server. If not, repeating it is safe.
    pub const fn sent(&self) -> bool {
        matches!(self, Self::Timeout { .. } | Self::OutcomeUnknown { .. } | Self::RunnerDied)
    }

    fn server(&self) -> Option<&ServerName> {
        match self {
            Self::NotDeclared { server, .. }
            | Self::SwitchedOff { server, .. }
            | Self::Overloaded { server, .. }
            | Self::QueueTimeout { server, .. }
            | Self::Unavailable { server, .. }
            | Self::NotRunning { server }
            | Self::BreakerOpen { server, .. }
            | Self::Refused { server, .. }
            | Self::Timeout { server, .. }
            | Self::OutcomeUnknown { server, .. } => Some(server),
            Self::Unknown { .. } | Self::UnknownTask { .. } | Self::NotSent | Self::RunnerDied => {
                None
            }
        }
    }

    /// The code of this failure where it is told as a JSON-RPC error.
    fn code(&self, era: Era) -> i32 {
        match self {
            Self::Unknown { subject: Subject::Resource, .. } if era != Era::Modern => {
                code::RESOURCE_NOT_FOUND
            }
            Self::Unknown { .. } | Self::UnknownTask { .. } | Self::SwitchedOff { .. } => {
                code::INVALID_PARAMS
            }
            Self::NotDeclared { .. } => code::METHOD_NOT_FOUND,
            Self::Overloaded { .. } => code::OVERLOADED,
            Self::QueueTimeout { .. } => code::QUEUE_TIMEOUT,
            Self::Unavailable { .. } => code::UNAVAILABLE,
            Self::NotRunning { .. } => code::NOT_RUNNING,
            Self::BreakerOpen { .. } => code::BREAKER_OPEN,
            Self::Refused { .. } => code::REFUSED,
            Self::Timeout { .. } => code::TIMEOUT,
            Self::OutcomeUnknown { .. } => code::OUTCOME_UNKNOWN,
            Self::NotSent => code::NOT_SENT,
            Self::RunnerDied => code::RUNNER_DIED,
        }
    }

    /// The answer to a request of this method. What is unknown is a protocol error; every other failure
    /// of a tool's call is a tool result with `isError`, which models read and act on. Other methods
    /// have no such result: theirs are JSON-RPC errors with the same text and details.
    ///
    /// Source: MCP 2025-11-25 "Tools", "Prompts" and "Resources", error handling.
    pub fn render(&self, id: &RawId, method: Method, era: Era) -> LastWord {
        let text = self.to_string();
        let payload = self.payload(id, method, era, &text);
        let (reason, sent) = (self.reason(), self.sent());
        let text = self.recorded().unwrap_or(text).into();
        LastWord { payload, outcome: Outcome::Failed { reason, sent, text } }
    }

    /// What records say of it, when that is not all its client is told: no query of a URI.
    fn recorded(&self) -> Option<String> {
        let Self::Unknown { subject, name, near } = self else { return None };
        let near = near.iter().map(|name| subject.label(name)).collect();
        Some(Self::Unknown { subject: *subject, name: subject.label(name), near }.to_string())
    }

    fn payload(&self, id: &RawId, method: Method, era: Era, text: &str) -> Payload {
        if let Self::Unknown { subject, name, near } = self {
            let mut data = json!({ "near": near });
            if matches!(subject, Subject::Resource | Subject::Template) {
                data["uri"] = name.as_str().into();
            }
            return error_reply(Some(id), self.code(era), text, Some(&data));
        }
        let details = json!({ "mcpvisor/error": self.details() });
        if method != Method::CallTool {
            return error_reply(Some(id), self.code(era), text, Some(&details));
        }
        let result = json!({
            "content": [{ "type": "text", "text": text }],
            "isError": true,
            "_meta": details,
        });
        let result = Bytes::from(result.to_string());
        if era != Era::Modern {
            return result_raw(id, result);
        }
        let face = identity::face(CacheHints::default());
        let edits = face.complete(method.as_str(), &result, &result).unwrap_or_default();
        result_raw(id, edits.splice(&result).to_bytes())
    }

    /// What programs are told beside the text.
    fn details(&self) -> serde_json::Value {
        let mut details = json!({
            "reason": self.reason(),
            "sent": self.sent(),
            "retryable": !self.sent()
                && !matches!(self, Self::NotDeclared { .. } | Self::SwitchedOff { .. }),
        });
        if let Some(server) = self.server() {
            details["server"] = server.as_str().into();
        }
        if let Self::Unavailable { state, attempt, next, .. } = self {
            details["state"] = (*state).into();
            details["attempt"] = (*attempt).into();
            details["nextAttemptMs"] =
                next.map(|next| u64::try_from(next.as_millis()).unwrap_or(u64::MAX)).into();
        }
        details
    }
}

/// The answer to a method that no server here declared.
pub fn method_not_allowed(id: &RawId, method: &str) -> LastWord {
    let text = format!("method not allowed: no server behind this gateway declared `{method}`");
    LastWord::error(id, code::METHOD_NOT_FOUND, &text)
}

struct Near<'a>(Subject, &'a [String]);

impl std::fmt::Display for Near<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.1 {
            [] => write!(f, "; `{}` names all there are", self.0.list()),
            near => write!(f, "; did you mean {}?", near.join(", ")),
        }
    }
}

struct Last<'a>(Option<&'a str>);

impl std::fmt::Display for Last<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Some(cause) => write!(f, " (the last: {cause})"),
            None => Ok(()),
        }
    }
}

struct Attempt<'a>(Option<&'a Loss>, u32, Option<Duration>);

impl std::fmt::Display for Attempt<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if let Some(cause) = self.0 {
            write!(f, ": {cause}")?;
        }
        if self.1 > 0 {
            write!(f, " (attempt {}", self.1)?;
            if let Some(next) = self.2 {
                write!(f, ", next in {:.1} s", next.as_secs_f32())?;
            }
            f.write_str(")")?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;

//! Why a call has no result of its server: every such answer is worded here.

use crate::server::{Loss, ServerName};
use crate::wire::{Payload, RawId, code, error_reply, result_raw};
use bytes::Bytes;
use serde_json::json;
use std::time::Duration;

/// A failure of ours. The text names the server, the cause and what to do; machine-readable details
/// stand beside it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Failure {
    /// No such tool.
    #[error("unknown tool `{name}`{}", Near(.near))]
    UnknownTool {
        /// As called.
        name: String,
        /// Names that look alike.
        near: Vec<String>,
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
            Self::UnknownTool { .. } => "unknown_tool",
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
            Self::Overloaded { server, .. }
            | Self::QueueTimeout { server, .. }
            | Self::Unavailable { server, .. }
            | Self::NotRunning { server }
            | Self::BreakerOpen { server, .. }
            | Self::Refused { server, .. }
            | Self::Timeout { server, .. }
            | Self::OutcomeUnknown { server, .. } => Some(server),
            Self::UnknownTool { .. } | Self::NotSent | Self::RunnerDied => None,
        }
    }

    /// The answer to a `tools/call`. An unknown tool is a protocol error; everything else is a tool
    /// result with `isError`, which models read and act on.
    ///
    /// Source: MCP 2025-11-25 "Tools", error handling.
    pub fn render(&self, id: &RawId) -> Payload {
        if let Self::UnknownTool { near, .. } = self {
            let data = json!({ "near": near });
            return error_reply(Some(id), code::INVALID_PARAMS, &self.to_string(), Some(&data));
        }
        let mut details = json!({
            "reason": self.reason(),
            "sent": self.sent(),
            "retryable": !self.sent(),
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
        let result = json!({
            "content": [{ "type": "text", "text": self.to_string() }],
            "isError": true,
            "_meta": { "mcpvisor/error": details },
        });
        result_raw(id, Bytes::from(result.to_string()))
    }
}

/// The answer to a method that no server here declared.
pub fn method_not_allowed(id: &RawId, method: &str) -> Payload {
    let text = format!("method not allowed: no server behind this gateway declared `{method}`");
    error_reply(Some(id), code::METHOD_NOT_FOUND, &text, None)
}

struct Near<'a>(&'a [String]);

impl std::fmt::Display for Near<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            [] => f.write_str("; `tools/list` names all there are"),
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
mod tests {
    use super::*;

    #[test]
    fn an_unavailable_server_is_told_with_cause_attempt_and_next_try() {
        let failure = Failure::Unavailable {
            server: ServerName::new("files"),
            state: "down",
            cause: Some(Loss::Exited { status: "exit code 3".into(), stderr: vec!["boom".into()] }),
            attempt: 2,
            next: Some(Duration::from_millis(1500)),
        };
        assert_eq!(
            failure.to_string(),
            "server `files` is down: the process ended (exit code 3); its last words: boom (attempt \
             2, next in 1.5 s); nothing was sent"
        );
        let text = failure.render(&RawId::from(4)).to_bytes();
        let reply: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(reply["result"]["isError"], true);
        assert_eq!(
            reply["result"]["_meta"]["mcpvisor/error"],
            json!({"reason":"unavailable","sent":false,"retryable":true,"server":"files",
                   "state":"down","attempt":2,"nextAttemptMs":1500})
        );
    }

    #[test]
    fn an_unknown_tool_is_invalid_params_with_its_likely_names() {
        let failure = Failure::UnknownTool { name: "ecko".into(), near: vec!["a.echo".into()] };
        let text = failure.render(&RawId::from(4)).to_bytes();
        let reply: serde_json::Value = serde_json::from_slice(&text).expect("JSON");
        assert_eq!(reply["error"]["code"], -32602);
        assert_eq!(reply["error"]["message"], "unknown tool `ecko`; did you mean a.echo?");
    }
}

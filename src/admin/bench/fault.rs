//! What can go wrong at the bench.

use crate::admin::refusal::Refusal;
use axum::http::StatusCode;
use mcpvisor_actors::fleet::RawFault;

/// A request at the bench that was not carried out.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(in crate::admin) enum BenchFault {
    #[error(transparent)]
    Send(RawFault),
    #[error("{0} watch the frames of this server already")]
    Watchers(usize),
    #[error("there are {0} recordings already")]
    Recordings(usize),
    #[error("there is no recording {0}")]
    NoRecording(String),
    #[error("there is no tool `{0}`")]
    NoTool(String),
    #[error("`{0}` is the gateway's own tool, which has no switch")]
    OwnTool(&'static str),
}

impl BenchFault {
    pub(in crate::admin) const fn status(&self) -> StatusCode {
        match self {
            Self::Send(
                RawFault::NoMessage(_)
                | RawFault::Opening(_)
                | RawFault::Shared(_)
                | RawFault::TwoTokens,
            ) => StatusCode::BAD_REQUEST,
            Self::Send(RawFault::NoSuchServer(_)) | Self::NoRecording(_) | Self::NoTool(_) => {
                StatusCode::NOT_FOUND
            }
            Self::Send(RawFault::NotReady(_) | RawFault::OfOthers)
            | Self::Recordings(_)
            | Self::OwnTool(_) => StatusCode::CONFLICT,
            Self::Send(RawFault::Busy(_)) | Self::Watchers(_) => StatusCode::TOO_MANY_REQUESTS,
            Self::Send(RawFault::Late(_)) => StatusCode::GATEWAY_TIMEOUT,
            Self::Send(RawFault::Lost { .. }) => StatusCode::BAD_GATEWAY,
        }
    }

    pub(in crate::admin) const fn code(&self) -> &'static str {
        match self {
            Self::Send(RawFault::NoSuchServer(_)) => "no_such_server",
            Self::Send(RawFault::NotReady(_)) => "not_ready",
            Self::Send(RawFault::NoMessage(_) | RawFault::TwoTokens) => "bad_message",
            Self::Send(RawFault::Opening(_)) => "opens_connection",
            Self::Send(RawFault::Shared(_)) => "changes_what_is_shared",
            Self::Send(RawFault::OfOthers) => "of_somebody_else",
            Self::Send(RawFault::Busy(_)) => "too_many_requests",
            Self::Send(RawFault::Late(_)) => "no_answer",
            Self::Send(RawFault::Lost { .. }) => "not_delivered",
            Self::Watchers(_) => "too_many_watchers",
            Self::Recordings(_) => "too_many_recordings",
            Self::NoRecording(_) => "no_such_recording",
            Self::NoTool(_) => "no_such_tool",
            Self::OwnTool(_) => "own_tool",
        }
    }

    pub(in crate::admin) const fn remedy(&self) -> &'static str {
        match self {
            Self::Send(RawFault::NoSuchServer(_)) => "GET /api/v1/servers lists them.",
            Self::Send(RawFault::NotReady(_)) => {
                "Start it, or wait until it is ready; `mcpvisor doctor` tells what it lacks."
            }
            Self::Send(RawFault::NoMessage(_)) => {
                "Send one JSON-RPC 2.0 message: a request, a notification or a response."
            }
            Self::Send(RawFault::Opening(_)) => {
                "Restart the server and watch its frames to see the handshake."
            }
            Self::Send(RawFault::Shared(_)) => {
                "Have a client of this gateway do that: it is carried to the server."
            }
            Self::Send(RawFault::OfOthers) => {
                "Name the id of a request sent here, as its frame shows it."
            }
            Self::Send(RawFault::TwoTokens) => "Name one progress token, or none.",
            Self::Send(RawFault::Busy(_)) => "Wait for their answers.",
            Self::Send(RawFault::Late(_)) => {
                "It may have been executed: look before it is repeated. Allow more with `timeoutMs`."
            }
            Self::Send(RawFault::Lost { .. }) => {
                "Watch the frames of the server, and see `mcpvisor explain` for what happened."
            }
            Self::Watchers(_) => "End one of them.",
            Self::Recordings(_) => "Delete one of them.",
            Self::NoRecording(_) => "GET /api/v1/recordings lists them.",
            Self::NoTool(_) => {
                "`mcpvisor tools` lists them; one that is not known yet is called SERVER__TOOL."
            }
            Self::OwnTool(_) => "Leave it out with `status_tool: false` in the configuration.",
        }
    }
}

impl From<BenchFault> for Refusal {
    fn from(fault: BenchFault) -> Self {
        Self::Bench(fault)
    }
}

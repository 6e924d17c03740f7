//! Why something cannot be carried over, as a client is told.

use super::{BadState, HeaderFault, MODERN_VERSIONS, Need};
use crate::wire::{Payload, RawId, code, error_reply};
use serde_json::{Value, json};

/// A refusal of the bridge.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Fault {
    /// A member every request of 2026-07-28 carries is not there.
    #[error("`params._meta[\"{0}\"]` is missing; every request of {version} carries it", version = MODERN_VERSIONS[0])]
    MissingMeta(&'static str),
    /// Such a member is not what it must be.
    #[error("`params._meta[\"{key}\"]` must be {must}")]
    BadMeta {
        /// Which one.
        key: &'static str,
        /// What it must be.
        must: &'static str,
    },
    /// The client asks for a revision that is not spoken here.
    #[error("unsupported protocol version `{requested}`; use one of {known}", known = MODERN_VERSIONS.join(", "))]
    UnsupportedVersion {
        /// What it asked for.
        requested: String,
    },
    /// The headers do not say what the body says.
    #[error("header mismatch: {0}")]
    Header(#[from] HeaderFault),
    /// The server needs something the client did not declare.
    #[error("the server requires the `{}` capability of the client for this request", .0.as_str())]
    MissingCapability(Need),
    /// The request belongs to an extension the client did not declare.
    #[error("the request requires the extension `{0}`, which the client did not declare")]
    MissingExtension(&'static str),
    /// The parameters are wrong.
    #[error("{0}")]
    BadParams(&'static str),
    /// The method does not exist in this era.
    #[error("method not found: `{0}`")]
    NoSuchMethod(Box<str>),
    /// The `requestState` is refused.
    #[error("`requestState` is refused ({0}); send the request again without it")]
    State(#[from] BadState),
    /// No more calls can wait for input.
    #[error(
        "too many calls wait for input of their clients; this one was given up, try again later"
    )]
    TooManyParked,
    /// The server asked for input too often.
    #[error("the server asked for input {0} times for one request and was given up")]
    TooManyRounds(u8),
    /// The server's answer makes no sense in its era.
    #[error("the server's answer cannot be passed on: {0}")]
    BadAnswer(&'static str),
}

impl Fault {
    /// The JSON-RPC code.
    pub const fn code(&self) -> i32 {
        match self {
            Self::MissingMeta(_) | Self::BadMeta { .. } | Self::BadParams(_) | Self::State(_) => {
                code::INVALID_PARAMS
            }
            Self::UnsupportedVersion { .. } => code::UNSUPPORTED_VERSION,
            Self::Header(_) => code::HEADER_MISMATCH,
            Self::MissingCapability(_) | Self::MissingExtension(_) => code::MISSING_CAPABILITY,
            Self::NoSuchMethod(_) => code::METHOD_NOT_FOUND,
            Self::TooManyParked => code::OVERLOADED,
            Self::TooManyRounds(_) | Self::BadAnswer(_) => code::INTERNAL_ERROR,
        }
    }

    /// The HTTP status it travels with on 2026-07-28.
    ///
    /// Source: MCP 2026-07-28 "Streamable HTTP", server validation; "Base protocol", error codes.
    pub const fn http_status(&self) -> u16 {
        match self {
            Self::MissingMeta(_)
            | Self::BadMeta { .. }
            | Self::UnsupportedVersion { .. }
            | Self::Header(_)
            | Self::MissingCapability(_)
            | Self::MissingExtension(_) => 400,
            Self::NoSuchMethod(_) => 404,
            Self::BadParams(_)
            | Self::State(_)
            | Self::TooManyParked
            | Self::TooManyRounds(_)
            | Self::BadAnswer(_) => 200,
        }
    }

    /// The error's `data`.
    pub fn data(&self) -> Option<Value> {
        match self {
            Self::UnsupportedVersion { requested } => {
                Some(json!({ "supported": MODERN_VERSIONS, "requested": requested }))
            }
            Self::MissingCapability(need) => {
                Some(json!({ "requiredCapabilities": need.capabilities() }))
            }
            Self::MissingExtension(name) => {
                Some(json!({ "requiredCapabilities": { "extensions": { *name: {} } } }))
            }
            _ => None,
        }
    }

    /// The whole answer; `id` is absent when the request's own could not be read.
    pub fn reply(&self, id: Option<&RawId>) -> Payload {
        error_reply(id, self.code(), &self.to_string(), self.data().as_ref())
    }
}

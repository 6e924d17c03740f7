//! What a request of 2026-07-28 says about its client: the members of `_meta` that replace a session.

use super::{Abilities, Fault, MODERN_VERSIONS};
use crate::session::LogLevel;
use crate::wire::Raw;
use crate::wire::{Members, Message, RawId, Span};
use bytes::Bytes;
use memchr::memmem::Finder;
use std::sync::LazyLock;

/// The keys of `_meta` that belong to the protocol itself.
///
/// Source: MCP 2026-07-28 schema, `RequestMetaObject`, `ResultMetaObject`, `NotificationMetaObject`.
pub mod key {
    /// The revision a request is written in.
    pub const PROTOCOL_VERSION: &str = "io.modelcontextprotocol/protocolVersion";
    /// What its client can be asked for.
    pub const CLIENT_CAPABILITIES: &str = "io.modelcontextprotocol/clientCapabilities";
    /// Who its client is.
    pub const CLIENT_INFO: &str = "io.modelcontextprotocol/clientInfo";
    /// Which log messages it wants while it runs.
    pub const LOG_LEVEL: &str = "io.modelcontextprotocol/logLevel";
    /// Who answered.
    pub const SERVER_INFO: &str = "io.modelcontextprotocol/serverInfo";
    /// The `subscriptions/listen` request a notification belongs to.
    pub const SUBSCRIPTION_ID: &str = "io.modelcontextprotocol/subscriptionId";

    /// Those a client puts into a request.
    pub const OF_REQUESTS: [&str; 4] =
        [PROTOCOL_VERSION, CLIENT_CAPABILITIES, CLIENT_INFO, LOG_LEVEL];
}

/// The client of one request of 2026-07-28.
#[derive(Debug, Clone)]
pub struct RequestMeta {
    /// The revision, one of [`MODERN_VERSIONS`].
    pub version: &'static str,
    /// What it declared: the JSON text of an object.
    pub capabilities: Bytes,
    /// The same as far as it decides what it may be asked for.
    pub abilities: Abilities,
    /// Who it says it is: the JSON text of an object.
    pub client_info: Option<Bytes>,
    /// The least severe log messages it wants; none at all when absent.
    pub log_level: Option<LogLevel>,
    /// Its progress token as spelled, and where that stands.
    pub progress_token: Option<(Bytes, Span)>,
}

impl RequestMeta {
    /// Reads it out of a request; the version is judged first, because its meaning depends on it.
    pub fn of(message: &Message) -> Result<Self, Fault> {
        let whole = message.bytes();
        let meta = meta_of(message)?.ok_or(Fault::MissingMeta(key::PROTOCOL_VERSION))?;
        let get = |key| {
            let must = "there at most once";
            meta.get(key).map_err(|_| Fault::BadMeta { key, must })
        };
        let object = |key| match get(key)? {
            Some(raw) if !raw.get().starts_with('{') => {
                Err(Fault::BadMeta { key, must: "an object" })
            }
            raw => Ok(raw.map(|raw| Span::of(raw.get().as_bytes(), whole).share(whole))),
        };
        let requested =
            get(key::PROTOCOL_VERSION)?.ok_or(Fault::MissingMeta(key::PROTOCOL_VERSION))?;
        let requested = text(requested)
            .ok_or(Fault::BadMeta { key: key::PROTOCOL_VERSION, must: "a string" })?;
        let Some(version) = MODERN_VERSIONS.into_iter().find(|known| *known == requested) else {
            return Err(Fault::UnsupportedVersion { requested });
        };
        let capabilities = object(key::CLIENT_CAPABILITIES)?
            .ok_or(Fault::MissingMeta(key::CLIENT_CAPABILITIES))?;
        let client_info = object(key::CLIENT_INFO)?;
        let log_level = match get(key::LOG_LEVEL)? {
            None => None,
            Some(raw) => Some(level(raw).ok_or(Fault::BadMeta {
                key: key::LOG_LEVEL,
                must: "a log level, such as \"info\"",
            })?),
        };
        let progress_token = match get("progressToken")? {
            None => None,
            Some(raw) => {
                let span = Span::of(raw.get().as_bytes(), whole);
                let token = span.share(whole);
                if RawId::new(token.clone()).is_none() {
                    let must = "a string or a number";
                    return Err(Fault::BadMeta { key: "progressToken", must });
                }
                Some((token, span))
            }
        };
        let abilities = Abilities::of(&capabilities).unwrap_or_default();
        Ok(Self { version, capabilities, abilities, client_info, log_level, progress_token })
    }
}

/// What stands in parameters that may name a revision: a slash in a key may be written as `\/`, and any
/// letter as `\u00..`.
static MENTIONS: LazyLock<[Finder<'static>; 2]> =
    LazyLock::new(|| [&b"protocolVersion"[..], br"\u00"].map(Finder::new));

/// The revision a message names in its `_meta`, whatever it is; `None` when it names none. Parameters
/// that cannot name one are not parsed.
pub(super) fn named_version(message: &Message) -> Option<String> {
    let params = message.params()?;
    if MENTIONS.iter().all(|mention| mention.find(params).is_none()) {
        return None;
    }
    text(meta_of(message).ok()??.get(key::PROTOCOL_VERSION).ok()??)
}

/// The members of `params._meta`.
pub(super) fn meta_of(message: &Message) -> Result<Option<Members<'_>>, Fault> {
    const BAD: Fault = Fault::BadParams("`params` and `params._meta` must be objects");
    let Some(params) = message.params() else { return Ok(None) };
    let params = Members::of(params).ok_or(BAD)?;
    match params.get("_meta").map_err(|_| BAD)? {
        None => Ok(None),
        Some(raw) => Members::of(raw.get().as_bytes()).ok_or(BAD).map(Some),
    }
}

fn text(raw: Raw<'_>) -> Option<String> {
    serde_json::from_str(raw.get()).ok()
}

fn level(raw: Raw<'_>) -> Option<LogLevel> {
    let name = text(raw)?;
    LogLevel::ALL.into_iter().find(|level| level.as_str() == name)
}

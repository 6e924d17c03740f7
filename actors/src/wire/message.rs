//! One JSON-RPC message: its bytes, and where the members we own stand in them.

use super::{Limits, Members, Payload, Raw, RawId, Span, Splice, WireError, notification, string};
use bytes::Bytes;

/// What a message is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Kind {
    /// Asks for an answer.
    Request {
        /// The sender's id.
        id: RawId,
        /// The method, unescaped.
        method: Box<str>,
    },
    /// Tells something.
    Notification {
        /// The method, unescaped.
        method: Box<str>,
    },
    /// Answers a request.
    Response {
        /// The id answered; `None` when the sender could not tell which (`id: null`).
        id: Option<RawId>,
        /// Whether it carries a result (else an error).
        ok: bool,
    },
}

/// How much deviation from JSON-RPC 2.0 is tolerated.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Strictness {
    /// What a client sends must be JSON-RPC 2.0.
    Strict,
    /// A server may forget `jsonrpc` or send `error: null` beside a result.
    Liberal,
}

/// A parsed envelope over untouched bytes.
#[derive(Debug, Clone)]
pub struct Message {
    bytes: Bytes,
    kind: Kind,
    id: Option<Span>,
    params: Option<Span>,
    /// `result` or `error`, whichever counts.
    outcome: Option<Span>,
    /// Whether `result` has `isError: true`; `None` where that was not looked at.
    flagged: Option<bool>,
    /// The envelope is well-formed JSON-RPC, so splicing it yields JSON-RPC again.
    regular: bool,
}

impl Message {
    /// Parses the envelope of one message; `limits` are checked first.
    #[expect(
        clippy::needless_pass_by_value,
        reason = "the message keeps the bytes; a reference would promise otherwise"
    )]
    pub fn parse(bytes: Bytes, limits: Limits, how: Strictness) -> Result<Self, WireError> {
        limits.check_size(&bytes)?;
        let text = match simdutf8::compat::from_utf8(&bytes) {
            Ok(text) => text,
            Err(fault) => {
                limits.check_depth(&bytes)?;
                return Err(WireError::NotUtf8 { at: fault.valid_up_to() });
            }
        };
        let members = match Members::scanned(text, limits.max_depth) {
            Some(members) => members,
            None => parsed(text, limits)?,
        };
        let envelope = Envelope::of(&members)?;
        let regular = envelope.jsonrpc.is_some_and(|raw| raw.get() == r#""2.0""#);
        if how == Strictness::Strict && !regular {
            return Err(WireError::NotJsonRpc("`jsonrpc` must be \"2.0\""));
        }
        let span = |raw: Raw<'_>| Span::of(raw.get().as_bytes(), &bytes);
        let error = envelope.error.filter(|raw| how == Strictness::Strict || raw.get() != "null");
        let kind = envelope.kind(error, &bytes)?;
        Ok(Self {
            id: envelope.id.map(span),
            params: envelope.params.map(span),
            outcome: error.or(envelope.result).map(span),
            flagged: envelope.flagged,
            regular: regular && !(envelope.error.is_some() && envelope.result.is_some()),
            kind,
            bytes: bytes.clone(),
        })
    }

    /// What it is.
    pub fn kind(&self) -> &Kind {
        &self.kind
    }

    /// The bytes it arrived in.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// The raw JSON of `params`.
    pub fn params(&self) -> Option<&[u8]> {
        self.params.map(|span| span.slice(&self.bytes))
    }

    /// The raw JSON of `result` or `error`, sharing the message's allocation.
    pub fn outcome(&self) -> Option<Bytes> {
        self.outcome.map(|span| span.share(&self.bytes))
    }

    /// The raw JSON of `result` or `error`.
    pub fn outcome_raw(&self) -> Option<&[u8]> {
        self.outcome.map(|span| span.slice(&self.bytes))
    }

    /// The span of `result` or `error`, whichever counts.
    pub fn outcome_span(&self) -> Option<Span> {
        self.outcome
    }

    /// Whether its result has `isError: true`; `None` where that was not found out on the way.
    pub(crate) fn is_flagged(&self) -> Option<bool> {
        self.flagged
    }

    /// The message with another id, ready to be written; further edits may be given.
    pub fn with_id(&self, id: &[u8], edits: &[(Span, &[u8])]) -> Payload {
        match self.id {
            Some(span) if self.regular => {
                let mut splice = Splice::new(&self.bytes).replace(span, id);
                for (span, bytes) in edits {
                    splice = splice.replace(*span, bytes);
                }
                splice.finish()
            }
            _ => self.recomposed(id, edits),
        }
    }

    /// The message with another id and else as it came, also where that is no JSON-RPC.
    pub fn respelled(&self, id: &[u8]) -> Payload {
        let splice = Splice::new(&self.bytes);
        self.id.map_or(splice, |span| Splice::new(&self.bytes).replace(span, id)).finish()
    }

    /// The notification with edits in its parameters, ready to be written.
    pub fn notified(&self, edits: &[(Span, &[u8])]) -> Payload {
        let mut splice = Splice::new(&self.bytes);
        for (span, bytes) in edits {
            splice = splice.replace(*span, bytes);
        }
        match (&self.kind, self.params.map(|span| span.range())) {
            (Kind::Notification { method }, Some(params)) if !self.regular => {
                let head =
                    format!("{{\"jsonrpc\":\"2.0\",\"method\":{},\"params\":", string(method));
                let around = |part| Span::of(part, &self.bytes);
                let (before, after) = (&self.bytes[..params.start], &self.bytes[params.end..]);
                splice = splice.replace(around(before), head.as_bytes());
                splice.replace(around(after), b"}").finish()
            }
            (Kind::Notification { method }, None) if !self.regular => notification(method),
            _ => splice.finish(),
        }
    }

    /// A regular envelope around the parameters of an irregular request, or the outcome of an
    /// irregular response.
    fn recomposed(&self, id: &[u8], edits: &[(Span, &[u8])]) -> Payload {
        let (head, whole, nothing): (_, _, &[u8]) = match &self.kind {
            Kind::Request { method, .. } => {
                let method = string(method);
                let params: &[u8] = if self.params.is_some() { b",\"params\":" } else { b"" };
                ([b",\"method\":", method.as_bytes(), params].concat(), self.params, b"}")
            }
            Kind::Response { ok: false, .. } => (b",\"error\":".to_vec(), self.outcome, b"null}"),
            _ => (b",\"result\":".to_vec(), self.outcome, b"null}"),
        };
        let head = [b"{\"jsonrpc\":\"2.0\",\"id\":", id, &head].concat();
        let Some(whole) = whole else {
            return Payload::concat([head.into(), Bytes::copy_from_slice(nothing)]);
        };
        let around = |part| Span::of(part, &self.bytes);
        let outcome = whole.range();
        let mut splice = Splice::new(&self.bytes)
            .replace(around(&self.bytes[..outcome.start]), &head)
            .replace(around(&self.bytes[outcome.end..]), b"}");
        for (edit, bytes) in edits.iter().filter(|(edit, _)| whole.contains(*edit)) {
            splice = splice.replace(*edit, bytes);
        }
        splice.finish()
    }
}

/// The members of a message that is not an ordinary one, or why it is none at all.
fn parsed(text: &str, limits: Limits) -> Result<Members<'_>, WireError> {
    limits.check_depth(text.as_bytes())?;
    serde_json::from_str(text).map_err(|error| match text.trim_ascii_start().as_bytes().first() {
        Some(b'[') if !error.is_syntax() && !error.is_eof() => WireError::Batch,
        Some(b'{') | None => not_json(&error),
        _ if error.is_data() => WireError::NotJsonRpc("the message is not an object"),
        _ => not_json(&error),
    })
}

/// Where JSON ends to be JSON.
pub(super) fn not_json(error: &serde_json::Error) -> WireError {
    WireError::NotJson { line: error.line(), column: error.column() }
}

/// The members of an envelope that decide what the message is.
#[derive(Default)]
struct Envelope<'a> {
    jsonrpc: Option<Raw<'a>>,
    id: Option<Raw<'a>>,
    method: Option<Raw<'a>>,
    params: Option<Raw<'a>>,
    result: Option<Raw<'a>>,
    error: Option<Raw<'a>>,
    /// Whether `result` has `isError: true`.
    flagged: Option<bool>,
}

impl<'a> Envelope<'a> {
    fn of(members: &Members<'a>) -> Result<Self, WireError> {
        let mut envelope = Self::default();
        for member in members.iter() {
            let place = match member.key.as_ref() {
                "jsonrpc" => &mut envelope.jsonrpc,
                "id" => &mut envelope.id,
                "method" => &mut envelope.method,
                "params" => &mut envelope.params,
                "result" => {
                    envelope.flagged = member.flagged;
                    &mut envelope.result
                }
                "error" => &mut envelope.error,
                _ => continue,
            };
            if place.replace(member.value).is_some() {
                return Err(WireError::NotJsonRpc("an envelope member stands twice"));
            }
        }
        Ok(envelope)
    }

    fn kind(&self, error: Option<Raw<'_>>, bytes: &Bytes) -> Result<Kind, WireError> {
        let id = match self.id {
            Some(raw) if raw.get() != "null" => {
                let share = Span::of(raw.get().as_bytes(), bytes).share(bytes);
                Some(
                    RawId::new(share)
                        .ok_or(WireError::NotJsonRpc("`id` is not a string or number"))?,
                )
            }
            _ => None,
        };
        if let Some(method) = self.method {
            if self.result.is_some() || self.error.is_some() {
                return Err(WireError::NotJsonRpc("both a request and a response"));
            }
            let method = serde_json::from_str::<String>(method.get())
                .map_err(|_| WireError::NotJsonRpc("`method` is not a string"))?
                .into_boxed_str();
            return match (id, self.id) {
                (Some(id), _) => Ok(Kind::Request { id, method }),
                (None, Some(_)) => Err(WireError::NotJsonRpc("a request's `id` must not be null")),
                (None, None) => Ok(Kind::Notification { method }),
            };
        }
        match (error, self.result) {
            (Some(_), _) => Ok(Kind::Response { id, ok: false }),
            (None, Some(_)) => Ok(Kind::Response { id, ok: true }),
            (None, None) => {
                Err(WireError::NotJsonRpc("neither `method` nor `result` nor `error` is there"))
            }
        }
    }
}

#[cfg(test)]
#[path = "message/tests.rs"]
mod tests;

//! The few members of `params` that are ours to read or replace.

use super::members::DuplicateKey;
use super::{Members, Message, Method, Raw, Span, Subject};
use bytes::Bytes;

/// What a request names that goes to a server: the spans to replace on the way down.
#[derive(Debug, Clone)]
pub struct CallParams {
    /// The request's method.
    pub method: Method,
    /// What kind of thing it names.
    pub subject: Subject,
    /// Its name or URI, unescaped.
    pub name: String,
    /// Where that stands in the message.
    pub name_span: Span,
    /// The client's progress token and where it stands, when it asked for progress.
    pub progress_token: Option<(Bytes, Span)>,
    /// It is to be run as a task of 2025-11-25.
    pub as_task: bool,
}

/// Why `params` of a call are refused with -32602.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NotCallParams {
    /// No params, or not an object.
    #[error("`params` must be an object with `{0}`")]
    NotAnObject(&'static str),
    /// What is to be named is missing or not a string.
    #[error("`{key}` must be the {what}, as a string")]
    NoName {
        /// The member that must be there.
        key: &'static str,
        /// What it says.
        what: &'static str,
    },
    /// `arguments` is there and neither object nor null.
    #[error("`params.arguments` must be an object")]
    BadArguments,
    /// `ref` is missing or of no known type.
    #[error("`params.ref` must be an object whose `type` is `ref/prompt` or `ref/resource`")]
    BadRef,
    /// `_meta` is there and not an object, or its progress token is neither string nor number.
    #[error("`params._meta` must be an object, its `progressToken` a string or a number")]
    BadMeta,
    /// A member we must read stands twice.
    #[error("a member of `params` stands twice")]
    Duplicate,
}

impl From<DuplicateKey> for NotCallParams {
    fn from(DuplicateKey: DuplicateKey) -> Self {
        Self::Duplicate
    }
}

/// Where a name stands: the member, its full key, what it says.
struct Place<'a>(Option<Raw<'a>>, &'static str, &'static str);

impl CallParams {
    /// Reads what is named and the progress token; all else is only looked at from outside.
    pub fn of(method: Method, message: &Message) -> Result<Self, NotCallParams> {
        let whole = message.bytes();
        let no_object = NotCallParams::NotAnObject(match method {
            Method::CallTool | Method::GetPrompt => "name",
            Method::ReadResource | Method::Subscribe | Method::Unsubscribe => "uri",
            Method::Complete => "ref",
            Method::GetTask | Method::TaskResult | Method::CancelTask | Method::UpdateTask => {
                "taskId"
            }
            Method::OfExtension => return Self::of_extension(message),
        });
        let params = message.params().ok_or(no_object)?;
        let members = Members::of(params).ok_or(no_object)?;
        let (subject, Place(name, key, what)) = match method {
            Method::CallTool => {
                (Subject::Tool, Place(members.get("name")?, "params.name", "name of a tool"))
            }
            Method::GetPrompt => {
                (Subject::Prompt, Place(members.get("name")?, "params.name", "name of a prompt"))
            }
            Method::ReadResource | Method::Subscribe | Method::Unsubscribe => {
                (Subject::Resource, Place(members.get("uri")?, "params.uri", "URI of a resource"))
            }
            Method::Complete => reference(members.get("ref")?)?,
            Method::GetTask | Method::TaskResult | Method::CancelTask | Method::UpdateTask => {
                (Subject::Tool, Place(members.get("taskId")?, "params.taskId", "id of a task"))
            }
            Method::OfExtension => return Self::of_extension(message),
        };
        let missing = NotCallParams::NoName { key, what };
        let name = name.ok_or(missing)?;
        if matches!(method, Method::CallTool | Method::GetPrompt)
            && let Some(arguments) = members.get("arguments")?
            && !(arguments.get().starts_with('{') || arguments.get() == "null")
        {
            return Err(NotCallParams::BadArguments);
        }
        Ok(Self {
            method,
            subject,
            name: serde_json::from_str(name.get()).map_err(|_| missing)?,
            name_span: Span::of(name.get().as_bytes(), whole),
            progress_token: progress_token(members.get("_meta")?, whole)?,
            as_task: members.get("task")?.is_some(),
        })
    }
}

impl CallParams {
    /// What a method of an extension names is the method itself.
    fn of_extension(message: &Message) -> Result<Self, NotCallParams> {
        let whole = message.bytes();
        let missing = NotCallParams::NoName { key: "method", what: "name of a method" };
        let envelope = Members::of(whole).ok_or(missing)?;
        let method = envelope.get("method")?.ok_or(missing)?;
        let params = message.params().and_then(Members::of);
        let meta = params.map_or(Ok(None), |params| params.get("_meta"))?;
        Ok(Self {
            method: Method::OfExtension,
            subject: Subject::Tool,
            name: serde_json::from_str(method.get()).map_err(|_| missing)?,
            name_span: Span::of(method.get().as_bytes(), whole),
            progress_token: progress_token(meta, whole)?,
            as_task: false,
        })
    }
}

impl CallParams {
    /// What is named, for logs and timelines: a URI without its query, which may hold secrets.
    pub fn label(&self) -> String {
        self.subject.label(&self.name)
    }
}

/// What the `ref` of a completion refers to.
fn reference(raw: Option<Raw<'_>>) -> Result<(Subject, Place<'_>), NotCallParams> {
    let members =
        raw.and_then(|raw| Members::of(raw.get().as_bytes())).ok_or(NotCallParams::BadRef)?;
    let kind = members.get("type")?.ok_or(NotCallParams::BadRef)?;
    let kind: String = serde_json::from_str(kind.get()).map_err(|_| NotCallParams::BadRef)?;
    match &*kind {
        "ref/prompt" => Ok((
            Subject::Prompt,
            Place(members.get("name")?, "params.ref.name", "name of a prompt"),
        )),
        "ref/resource" => Ok((
            Subject::Template,
            Place(members.get("uri")?, "params.ref.uri", "URI or URI template of a resource"),
        )),
        _ => Err(NotCallParams::BadRef),
    }
}

fn progress_token(
    meta: Option<Raw<'_>>,
    whole: &Bytes,
) -> Result<Option<(Bytes, Span)>, NotCallParams> {
    let Some(meta) = meta.filter(|meta| meta.get() != "null") else { return Ok(None) };
    let members = Members::of(meta.get().as_bytes()).ok_or(NotCallParams::BadMeta)?;
    let Some(token) = members.get("progressToken")? else { return Ok(None) };
    if !matches!(token.get().as_bytes()[0], b'"' | b'-' | b'0'..=b'9') {
        return Err(NotCallParams::BadMeta);
    }
    let span = Span::of(token.get().as_bytes(), whole);
    Ok(Some((span.share(whole), span)))
}

/// The token of a `notifications/progress`, and where it stands.
#[derive(Debug, Clone, Copy)]
pub struct ProgressParams {
    /// The token, as the number we gave out; other tokens are not ours.
    pub token: u64,
    /// Where the token stands in the message.
    pub token_span: Span,
}

impl ProgressParams {
    /// The token a request asks for progress with, and where it stands.
    pub fn requested(message: &Message) -> Option<(Bytes, Span)> {
        Self::asked(message).ok()?
    }

    /// The same, or why it cannot be said.
    pub fn asked(message: &Message) -> Result<Option<(Bytes, Span)>, NotCallParams> {
        let Some(members) = message.params().and_then(Members::of) else { return Ok(None) };
        progress_token(members.get("_meta")?, message.bytes())
    }

    /// `None` when the notification has no token of ours.
    pub fn of(message: &Message) -> Option<Self> {
        let members = Members::of(message.params()?)?;
        let token = members.get("progressToken").ok()??;
        Some(Self {
            token: token.get().trim_matches('"').parse().ok()?,
            token_span: Span::of(token.get().as_bytes(), message.bytes()),
        })
    }
}

/// The request a `notifications/cancelled` is about.
#[derive(Debug, Clone)]
pub struct CancelParams {
    /// The id's JSON text.
    pub request_id: Bytes,
    /// The reason's JSON text, when one is given.
    pub reason: Option<Bytes>,
}

impl CancelParams {
    /// `None` when no id is given.
    pub fn of(message: &Message) -> Option<Self> {
        let members = Members::of(message.params()?)?;
        let share =
            |raw: Raw<'_>| Span::of(raw.get().as_bytes(), message.bytes()).share(message.bytes());
        Some(Self {
            request_id: share(members.get("requestId").ok()??),
            reason: members.get("reason").ok().flatten().map(share),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::subject::SHOWN;
    use super::*;
    use crate::wire::{Limits, Strictness};

    fn message(method: Method, params: &str) -> Message {
        let method = method.as_str();
        let text = format!(r#"{{"jsonrpc":"2.0","id":1,"method":"{method}"{params}}}"#);
        let message = Message::parse(text.into(), Limits::default(), Strictness::Strict);
        message.expect("an envelope")
    }

    fn read(method: Method, params: &str) -> Result<CallParams, NotCallParams> {
        CallParams::of(method, &message(method, params))
    }

    #[test]
    fn wrong_params_are_told_apart() {
        for (params, expected) in [
            ("", "`params` must be an object with `name`"),
            (r#","params":[1]"#, "`params` must be an object with `name`"),
            (r#","params":{}"#, "`params.name` must be the name of a tool, as a string"),
            (r#","params":{"name":5}"#, "`params.name` must be the name of a tool, as a string"),
            (r#","params":{"name":"a","name":"b"}"#, "a member of `params` stands twice"),
            (r#","params":{"name":"a","arguments":[1]}"#, "`params.arguments` must be an object"),
            (
                r#","params":{"name":"a","_meta":3}"#,
                "`params._meta` must be an object, its `progressToken` a string or a number",
            ),
            (
                r#","params":{"name":"a","_meta":{"progressToken":{}}}"#,
                "`params._meta` must be an object, its `progressToken` a string or a number",
            ),
        ] {
            let error = read(Method::CallTool, params).expect_err(params);
            assert_eq!(error.to_string(), expected, "{params}");
        }
    }

    #[test]
    fn every_method_names_the_member_it_misses() {
        for (method, params, expected) in [
            (Method::GetPrompt, "{}", "`params.name` must be the name of a prompt, as a string"),
            (Method::ReadResource, "{}", "`params.uri` must be the URI of a resource, as a string"),
            (
                Method::Subscribe,
                r#"{"uri":null}"#,
                "`params.uri` must be the URI of a resource, as a string",
            ),
            (
                Method::Unsubscribe,
                r#"{"name":"a"}"#,
                "`params.uri` must be the URI of a resource, as a string",
            ),
            (
                Method::Complete,
                "{}",
                "`params.ref` must be an object whose `type` is `ref/prompt` or `ref/resource`",
            ),
            (
                Method::Complete,
                r#"{"ref":{"type":"ref/tool","name":"a"}}"#,
                "`params.ref` must be an object whose `type` is `ref/prompt` or `ref/resource`",
            ),
            (
                Method::Complete,
                r#"{"ref":{"type":"ref/prompt","uri":"a"}}"#,
                "`params.ref.name` must be the name of a prompt, as a string",
            ),
            (
                Method::Complete,
                r#"{"ref":{"type":"ref/resource","name":"a"}}"#,
                "`params.ref.uri` must be the URI or URI template of a resource, as a string",
            ),
        ] {
            let error = read(method, &format!(r#","params":{params}"#)).expect_err(params);
            assert_eq!(error.to_string(), expected, "{params}");
        }
    }

    #[test]
    fn what_is_named_is_found_wherever_it_stands() {
        for (method, params, subject) in [
            (Method::CallTool, r#"{"name":"\u0061:b"}"#, Subject::Tool),
            (Method::GetPrompt, r#"{"arguments":{},"name":"\u0061:b"}"#, Subject::Prompt),
            (Method::ReadResource, r#"{"uri":"\u0061:b"}"#, Subject::Resource),
            (
                Method::Complete,
                r#"{"argument":{"name":"x"},"ref":{"name":"\u0061:b","type":"ref/prompt"}}"#,
                Subject::Prompt,
            ),
            (
                Method::Complete,
                r#"{"ref":{"type":"ref/resource","uri":"\u0061:b"}}"#,
                Subject::Template,
            ),
        ] {
            let message = message(method, &format!(r#","params":{params}"#));
            let found = CallParams::of(method, &message).expect(params);
            assert_eq!((&*found.name, found.subject), ("a:b", subject));
            assert_eq!(found.name_span.slice(message.bytes()), br#""\u0061:b""#, "{params}");
        }
    }

    #[test]
    fn a_label_is_short_and_has_no_query() {
        let label = |method, params: &str| {
            read(method, &format!(r#","params":{params}"#)).expect("good").label()
        };
        assert_eq!(label(Method::ReadResource, r#"{"uri":"x://a?token=s#f"}"#), "x://a");
        assert_eq!(label(Method::CallTool, r#"{"name":"why?"}"#), "why?");
        let long = format!(r#"{{"uri":"{}"}}"#, "é".repeat(500));
        assert_eq!(label(Method::Subscribe, &long).chars().count(), SHOWN);
    }

    #[test]
    fn the_token_is_kept_as_it_was_spelled() {
        let params = r#","params":{"name":"a\u0062","_meta":{"progressToken": "t\n" }}"#;
        let params = read(Method::CallTool, params).expect("good");
        assert_eq!(params.name, "ab");
        assert_eq!(params.progress_token.expect("there").0, r#""t\n""#);
    }
}

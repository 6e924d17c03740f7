//! The texts the simulated server answers with, as pure functions.

use serde::Deserialize;
use serde_json::Value;
use std::borrow::Cow;

pub(super) const PARSE_ERROR: &str = r#"{"code":-32700,"message":"Parse error"}"#;
pub(super) const METHOD_NOT_FOUND: &str = r#"{"code":-32601,"message":"Method not found"}"#;
pub(super) const INVALID_PARAMS: &str = r#"{"code":-32602,"message":"Invalid params"}"#;
pub(super) const SIMULATED: &str = r#"{"code":-32603,"message":"simulated error"}"#;

/// The revisions with a handshake; the last is what unknown ones are answered with.
const VERSIONS: [&str; 4] = ["2024-11-05", "2025-03-26", "2025-06-18", "2025-11-25"];

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Initialize<'a> {
    #[serde(borrow)]
    protocol_version: Cow<'a, str>,
}

/// The version to agree on for these params of `initialize`.
pub(super) fn asked_version(params: &str) -> &'static str {
    let asked = serde_json::from_str::<Initialize<'_>>(params).ok();
    let known = |version: &&str| asked.as_ref().is_some_and(|a| a.protocol_version == *version);
    VERSIONS.into_iter().find(known).unwrap_or("2025-11-25")
}

/// The result of `initialize`.
pub(super) fn initialize(version: &str, capabilities: &Value) -> String {
    serde_json::json!({
        "protocolVersion": version,
        "capabilities": capabilities,
        "serverInfo": { "name": "faulty", "version": env!("CARGO_PKG_VERSION") },
    })
    .to_string()
}

/// The result of a call: its text argument, or all its arguments as they came.
pub(super) fn called(text: Option<&str>, arguments: &str) -> String {
    let text = Value::from(text.unwrap_or(arguments));
    format!(r#"{{"content":[{{"type":"text","text":{text}}}],"isError":false}}"#)
}

/// The result of a call that went wrong.
pub(super) fn failed() -> String {
    r#"{"content":[{"type":"text","text":"simulated failure"}],"isError":true}"#.to_owned()
}

/// The result of a call in every spelling that parsing and writing again would change.
pub(super) fn called_oddly(arguments: &str) -> String {
    let text = Value::from(arguments);
    let odd = r#""z":1.0,"a":1e2,"vendor":{"z":[1E+2,-0.0,0.10],"a":null,"escaped":"\u00e9\u4e2d\/","big":123456789012345678901234567890}"#;
    format!(
        r#"{{{odd},"content":[{{"vendorFirst":1.0,"type":"text","text":{text}}}],"isError":false,"_meta":{{"z":1.0,"a":{{}}}}}}"#
    )
}

/// The error of a call, in every spelling that parsing and writing again would change.
pub(super) fn failed_oddly(arguments: &str) -> String {
    let text = Value::from(arguments);
    format!(
        r#"{{"vendor":1.0,"data":{{"z":1e2,"a":[-0.0,null],"arguments":{text}}},"message":"caf\u00e9 is \/ closed","code":-32042,"hint":{{}}}}"#
    )
}

/// The params of progress number `step` of `total`.
pub(super) fn progress(token: &str, step: u32, total: u32) -> String {
    format!(r#"{{"progressToken":{token},"progress":{step},"total":{total},"vendor":1.0}}"#)
}

#[cfg(test)]
mod tests {
    use super::{asked_version, called, called_oddly, failed, failed_oddly, initialize, progress};
    use serde_json::Value;

    #[test]
    fn a_known_version_is_agreed_to_and_any_other_is_answered_with_ours() {
        for (params, version) in [
            (r#"{"protocolVersion":"2024-11-05"}"#, "2024-11-05"),
            (r#"{"protocolVersion":"2026-07-28"}"#, "2025-11-25"),
            ("{}", "2025-11-25"),
        ] {
            assert_eq!(asked_version(params), version);
        }
    }

    #[test]
    fn every_answer_is_json() {
        let arguments = r#"{"key":"a \" quote","n":1.0}"#;
        for text in [
            called(None, arguments),
            called(Some("line\nbreak"), arguments),
            called_oddly(arguments),
            failed(),
            failed_oddly(arguments),
            progress("\"t\"", 1, 2),
            initialize("2025-11-25", &serde_json::json!({ "tools": {} })),
            super::PARSE_ERROR.to_owned(),
            super::METHOD_NOT_FOUND.to_owned(),
            super::INVALID_PARAMS.to_owned(),
            super::SIMULATED.to_owned(),
        ] {
            assert!(serde_json::from_str::<Value>(&text).is_ok(), "{text}");
        }
    }
}

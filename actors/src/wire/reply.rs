//! Messages the gateway makes itself.

use super::{Payload, RawId};
use bytes::Bytes;
use serde::Serialize;

/// JSON text of a string.
pub fn string(text: &str) -> String {
    serde_json::Value::from(text).to_string()
}

/// A result whose JSON text is given.
pub fn result_raw(id: &RawId, result: Bytes) -> Payload {
    Payload::concat([
        Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"id\":"),
        Bytes::copy_from_slice(id.as_bytes()),
        Bytes::from_static(b",\"result\":"),
        result,
        Bytes::from_static(b"}"),
    ])
}

/// An error; `id` is absent when the request's own id could not be read.
pub fn error_reply(
    id: Option<&RawId>,
    code: i32,
    message: &str,
    data: Option<&serde_json::Value>,
) -> Payload {
    #[derive(Serialize)]
    struct Error<'a> {
        code: i32,
        message: &'a str,
        #[serde(skip_serializing_if = "Option::is_none")]
        data: Option<&'a serde_json::Value>,
    }
    let id = id.map_or(&b"null"[..], RawId::as_bytes);
    let error = serde_json::to_vec(&Error { code, message, data }).unwrap_or_default();
    Payload::concat([
        Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"id\":"),
        Bytes::copy_from_slice(id),
        Bytes::from_static(b",\"error\":"),
        Bytes::from(error),
        Bytes::from_static(b"}"),
    ])
}

/// An error whose JSON text is given.
pub fn error_raw(id: &RawId, error: Bytes) -> Payload {
    Payload::concat([
        Bytes::from_static(b"{\"jsonrpc\":\"2.0\",\"id\":"),
        Bytes::copy_from_slice(id.as_bytes()),
        Bytes::from_static(b",\"error\":"),
        error,
        Bytes::from_static(b"}"),
    ])
}

/// A notification without parameters.
pub fn notification(method: &str) -> Payload {
    Bytes::from(format!(r#"{{"jsonrpc":"2.0","method":{}}}"#, string(method))).into()
}

/// A notification whose parameters' JSON text is given.
pub fn notification_raw(method: &str, params: &str) -> Payload {
    Bytes::from(format!(r#"{{"jsonrpc":"2.0","method":{},"params":{params}}}"#, string(method)))
        .into()
}

/// A request of ours whose parameters' JSON text is given.
pub fn request_raw(id: u64, method: &str, params: &str) -> Payload {
    let method = string(method);
    Bytes::from(format!(r#"{{"jsonrpc":"2.0","id":{id},"method":{method},"params":{params}}}"#))
        .into()
}

//! The description of all pages as `OpenAPI` 3.1, as it is served.
//!
//! It is a file, which a test makes and compares (see `document`); nothing is made while a gateway runs.
//!
//! *Invariant:* each page behind the guard asks for the token where the gateway has one.

use axum::http::Method;
use bytes::Bytes;
use serde::Deserialize;
use std::collections::HashMap;
use std::sync::LazyLock;

/// The file. What it says of `security` holds where there is no token.
pub(super) const TEXT: &str = include_str!("openapi.json");

/// What stands before the rest where there is a token: pages ask for it unless they say otherwise.
const SECURED: &str = r#"{"security":[{"token":[]}],"#;

#[derive(Deserialize)]
struct Document {
    paths: HashMap<String, HashMap<String, Operation>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Operation {
    operation_id: String,
}

/// The description; `secured` when the pages ask for the token.
pub(super) fn text(secured: bool) -> Bytes {
    match TEXT.strip_prefix('{') {
        Some(rest) if secured => [SECURED, rest].concat().into(),
        _ => Bytes::from_static(TEXT.as_bytes()),
    }
}

/// What the operations are called, by method and path of the route. Read when first asked for.
pub(in crate::admin) fn actions() -> &'static HashMap<(Method, String), String> {
    static ACTIONS: LazyLock<HashMap<(Method, String), String>> = LazyLock::new(read);
    &ACTIONS
}

fn read() -> HashMap<(Method, String), String> {
    // a test compares the file with the code
    let Ok(Document { paths }) = serde_json::from_str(TEXT) else { return HashMap::new() };
    let mut actions = HashMap::new();
    for (path, operations) in paths {
        for (method, Operation { operation_id }) in operations {
            if let Ok(method) = Method::from_bytes(method.to_ascii_uppercase().as_bytes()) {
                actions.insert((method, path.clone()), operation_id);
            }
        }
    }
    actions
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn operations_are_known_by_method_and_path() {
        let stop = (Method::POST, "/api/v1/servers/{name}/stop".to_owned());
        assert_eq!(actions().get(&stop).map(String::as_str), Some("stopServer"));
        assert!(actions().len() > 30, "{}", actions().len());
    }

    #[test]
    fn a_token_is_asked_for_where_there_is_one() {
        let read = |secured| serde_json::from_slice::<serde_json::Value>(&text(secured)).unwrap();
        let (open, mut secured) = (read(false), read(true));
        let asked = secured.as_object_mut().unwrap().remove("security");
        assert_eq!(asked, Some(serde_json::json!([{ "token": [] }])));
        assert_eq!(open, secured);
        // but never by those that are open to everybody
        for page in ["/health", "/readyz"] {
            assert_eq!(open["paths"][page]["get"]["security"], serde_json::json!([]), "{page}");
        }
    }
}

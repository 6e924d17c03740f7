//! The API keeps to its own description: every page is called with good and bad input, and each answer is
//! checked against what the served document says of it.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "api_contract/document.rs"]
mod document;
#[path = "support/running.rs"]
mod running;
#[path = "api_contract/schema.rs"]
mod schema;
#[path = "api_contract/walk.rs"]
mod walk;

use document::Document;
use running::{Running, eventually, faulty};
use serde_json::{Value, json};
use std::path::Path;
use walk::Walk;

const TOKEN: &str = "0123456789-abcdef";

/// A gateway with a server that is up, one that is down, and a token.
fn gateway() -> Running {
    let mut down = faulty(&["--crash-at-start", "3"]);
    down["reconnection"] = json!({ "initial_delay": "1h", "max_delay": "1h", "jitter": false });
    // the description's examples name `files`
    let servers = json!({ "files": faulty(&[]), "down": down });
    Running::serve(&json!({ "admin": { "token": TOKEN }, "servers": servers }))
}

fn get(running: &Running, page: &str) -> Value {
    let head =
        format!("GET {page} HTTP/1.1\r\nhost: {{host}}\r\nauthorization: Bearer {TOKEN}\r\n");
    let answer = running.send(&head, b"");
    assert_eq!(answer.status, 200, "{answer:?}");
    serde_json::from_str(&answer.body).unwrap()
}

fn state(running: &Running, server: &str) -> Value {
    get(running, &format!("/api/v1/servers/{server}"))["state"].clone()
}

#[test]
fn the_description_is_sound_openapi_3_1() {
    let running = gateway();
    let document = Document(get(&running, "/api/v1/openapi.json"));
    document.check();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn every_answer_is_as_described_and_nothing_else_is_served() {
    let running = gateway();
    eventually("one server is up and one down", || {
        state(&running, "files") == "ready" && state(&running, "down") == "down"
    });
    let document = Document(get(&running, "/api/v1/openapi.json"));
    let mut walk = Walk::new(running.address, &document, TOKEN);
    walk.prepare().await;
    for operation in document.operations() {
        walk.with_everything(&operation).await;
        walk.without_token(&operation).await;
    }
    for path in document.paths() {
        walk.other_methods(&path).await;
    }
    walk.report();
}

#[test]
fn no_page_is_served_without_its_description() {
    fn sources(folder: &Path, found: &mut Vec<(String, String)>) {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                sources(&path, found);
            } else if path.extension().is_some_and(|it| it == "rs") {
                let text = std::fs::read_to_string(&path).unwrap();
                found.push((path.to_str().unwrap().replace('\\', "/"), text));
            }
        }
    }
    let mut found = Vec::new();
    sources(&Path::new(env!("CARGO_MANIFEST_DIR")).join("src"), &mut found);
    for (path, text) in found.iter().filter(|(path, _)| path.contains("/admin")) {
        let known = |page: &str| {
            path.ends_with("/admin/routes.rs")
                && ["DESCRIPTION", "\"/api/{*rest}\""].contains(&page)
        };
        // `routes!` describes what it registers; these do not
        for call in [".route(", ".nest(", ".route_service(", ".nest_service("] {
            for rest in text.split(call).skip(1).map(str::trim_start) {
                let page = rest.split([',', ')']).next().unwrap_or_default();
                let is_page = page.starts_with(['"', '&'])
                    || page.chars().all(|c| c.is_ascii_uppercase() || c == '_');
                let fine = !is_page || known(page) || path.ends_with("/admin/ui.rs");
                assert!(fine, "{path}: {call}{page}");
            }
        }
    }
}

//! The files of the web interface: what a browser is told with them, what they weigh, and where they are
//! served.
#![cfg(unix)]
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/running.rs"]
mod running;

use axum::body::Body;
use axum::http::Request;
use flate2::Compression;
use flate2::write::GzEncoder;
use mcpvisor::admin::{self, Desk, Exposure};
use running::{Answer, Running};
use secrecy::SecretString;
use serde_json::{Value, json};
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use tower_service::Service;

/// All files together, compressed as for the wire.
const BUDGET: usize = 250 * 1024;
const TOKEN: &str = "a-token-nobody-would-guess-0123456789";

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("src/admin/ui")
}

/// Every file below the folder, by its path there.
fn files() -> Vec<(String, Vec<u8>)> {
    let (mut found, mut folders) = (Vec::new(), vec![folder()]);
    while let Some(at) = folders.pop() {
        for entry in fs::read_dir(at).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder()).unwrap().to_str().unwrap().to_owned();
                found.push((name, fs::read(&path).unwrap()));
            }
        }
    }
    assert!(found.len() > 40, "only {} files", found.len());
    found
}

/// Our own code, not that of others.
fn own(kind: &str) -> Vec<(String, String)> {
    let ours = files().into_iter().filter(|(name, _)| !name.starts_with("vendor/"));
    ours.filter(|(name, _)| name.ends_with(kind))
        .map(|(name, bytes)| (name, String::from_utf8(bytes).unwrap()))
        .collect()
}

fn get(running: &Running, page: &str, headers: &str) -> Answer {
    running.send(&format!("GET {page} HTTP/1.1\r\nhost: {{host}}\r\n{headers}"), b"")
}

fn one_server() -> Value {
    json!({ "servers": { "demo": { "command": env!("CARGO_BIN_EXE_mcpvisor"), "args": ["demo", "demo"] } } })
}

#[test]
fn every_file_is_served_with_its_type_a_strict_policy_and_a_tag() {
    let running = Running::serve(&one_server());
    for (name, bytes) in files() {
        let answer = get(&running, &format!("/ui/{name}"), "");
        assert_eq!(answer.status, 200, "{name}");
        assert_eq!(answer.body.as_bytes(), bytes, "{name}");
        let kind = match name.rsplit('.').next().unwrap() {
            "html" => "text/html; charset=utf-8",
            "js" => "text/javascript; charset=utf-8",
            "css" => "text/css; charset=utf-8",
            "svg" => "image/svg+xml",
            _ => "text/plain; charset=utf-8",
        };
        assert_eq!(answer.header("content-type"), Some(kind), "{name}");
        let policy = answer.header("content-security-policy").unwrap();
        assert!(policy.starts_with("default-src 'none'; script-src 'self'; style-src 'self';"));
        assert!(
            policy.contains("frame-ancestors 'none'") && !policy.contains("unsafe"),
            "{policy}"
        );
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("referrer-policy"), Some("no-referrer"));
        assert_eq!(answer.header("cache-control"), Some("no-cache"));
        let tag = answer.header("etag").unwrap();

        let again = get(&running, &format!("/ui/{name}"), &format!("if-none-match: {tag}\r\n"));
        assert_eq!((again.status, &*again.body), (304, ""), "{name}");
        assert_eq!(again.header("etag"), Some(tag));
        assert!(again.header("content-security-policy").is_some());
    }
    let other = get(&running, "/ui/app.js", "if-none-match: W/\"0\", \"1\"\r\n");
    assert_eq!(other.status, 200, "what changed is sent");
}

#[test]
fn a_page_of_any_address_is_the_one_page_and_a_missing_file_is_missing() {
    let running = Running::serve(&one_server());
    let index = fs::read_to_string(folder().join("index.html")).unwrap();
    for page in ["/ui/", "/ui/tools", "/ui/servers/demo", "/ui/tools/demo.echo", "/ui/tools/x.js"] {
        let answer = get(&running, page, "");
        assert_eq!((answer.status, &*answer.body), (200, &*index), "{page}");
    }
    for missing in ["/ui/nothing.js", "/ui/parts/nothing.js", "/ui/../Cargo.toml", "/ui/%2e%2e/a.b"]
    {
        let answer = get(&running, missing, "");
        assert_eq!(answer.status, 404, "{missing}: {answer:?}");
    }
    assert_eq!(get(&running, "/ui", "").header("location"), Some("/ui/"));
    let put = running.send("POST /ui/ HTTP/1.1\r\nhost: {host}\r\n", b"");
    assert_eq!(put.status, 405, "{put:?}");
}

#[test]
fn only_a_browser_is_led_from_the_root_to_the_interface() {
    let running = Running::serve(&one_server());
    let browser = get(&running, "/", "accept: text/html,application/xhtml+xml,*/*;q=0.8\r\n");
    assert_eq!((browser.status, browser.header("location")), (303, Some("/ui/")), "{browser:?}");
    for accept in ["", "accept: */*\r\n", "accept: application/json\r\n"] {
        assert_eq!(get(&running, "/", accept).status, 404, "{accept}");
    }
}

#[test]
fn scripts_and_styles_are_compressed_for_who_takes_it() {
    let running = Running::serve(&one_server());
    let head = "HEAD /ui/vendor/uplot.js HTTP/1.1\r\nhost: {host}\r\naccept-encoding: gzip\r\n";
    let answer = running.send(head, b"");
    assert_eq!(answer.header("content-encoding"), Some("gzip"), "{answer:?}");
    assert!(
        answer.header("etag").unwrap().starts_with("W/"),
        "one tag for both forms is a weak one"
    );
}

#[test]
fn all_of_it_weighs_less_than_it_may() {
    let weigh = |bytes: &[u8]| {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
        encoder.write_all(bytes).unwrap();
        encoder.finish().unwrap().len()
    };
    let whole: usize = files().iter().map(|(_, bytes)| weigh(bytes)).sum();
    assert!(whole < BUDGET, "{whole} bytes compressed");
}

#[test]
fn no_file_asks_anybody_else_or_needs_what_the_policy_forbids() {
    for (name, text) in [own(".html"), own(".js"), own(".css")].concat() {
        // a namespace is a name, not a place
        let text = text.replace("http://www.w3.org/2000/svg", "");
        for place in
            ["http://", "https://", "//cdn", "@import", "eval(", "innerHTML", "javascript:"]
        {
            assert!(!text.contains(place), "{name} has {place}");
        }
        assert!(!text.contains(" style=\""), "{name} has a style within an element");
    }
    let index = fs::read_to_string(folder().join("index.html")).unwrap();
    let scripts = index.matches("<script").count();
    assert_eq!(scripts, index.matches("<script type=\"module\" src=\"/ui/").count(), "{index}");
}

#[test]
fn every_import_of_ours_finds_its_file_and_no_file_is_too_long() {
    for (name, text) in own(".js") {
        let lines = text.lines().count();
        assert!(lines <= 400, "{name} has {lines} lines");
        assert!(text.starts_with("// "), "{name} does not say first what it is for");
        let imports = text.split(" from '").skip(1).map(|rest| rest.split('\'').next().unwrap());
        for import in imports {
            let at = folder().join(&name).parent().unwrap().join(import);
            assert!(import.starts_with('.') && at.is_file(), "{name} imports {import}");
        }
    }
}

#[test]
fn with_a_token_the_files_are_open_and_what_they_show_is_not() {
    let mut config = one_server();
    config["admin"] = json!({ "token": TOKEN });
    let running = Running::serve(&config);
    assert_eq!(get(&running, "/ui/", "").status, 200);
    assert_eq!(get(&running, "/api/v1/servers", "").status, 401);
    let with = format!("authorization: Bearer {TOKEN}\r\n");
    assert_eq!(get(&running, "/api/v1/servers", &with).status, 200);
}

#[tokio::test]
async fn a_listener_others_reach_shows_the_interface_only_with_a_token() {
    for (token, page, root) in [(None, 403, 403), (Some(SecretString::from(TOKEN)), 200, 303)] {
        let mut routes = admin::router(Desk::new(), Exposure::Remote, token.as_ref());
        for (path, status) in [("/ui/", page), ("/ui/app.js", page), ("/", root)] {
            let request = Request::builder().uri(path).header("accept", "text/html");
            let answer = routes.call(request.body(Body::empty()).unwrap()).await.unwrap();
            assert_eq!(answer.status(), status, "{path}");
        }
    }
}

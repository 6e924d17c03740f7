//! `/ui`: the web interface, whose files are in the binary.
//!
//! There is no build step: the files under `ui/` are served as they are. A path of a page, such as
//! `/ui/servers/git`, gets `index.html`, which finds the page by itself.
//!
//! *Invariant:* nothing served here depends on what the gateway does or knows, and no answer lets a
//! browser run a script, or ask a host, other than ours.

use axum::Router;
use axum::body::Body;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderName, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use axum::routing::get;
use rust_embed::{Embed, EmbeddedFile};
use std::fmt::Write;

#[derive(Embed)]
#[folder = "src/admin/ui/"]
struct Assets;

const INDEX: &str = "index.html";

/// What every answer forbids the browser.
const HEADERS: [(HeaderName, HeaderValue); 6] = [
    (
        header::CONTENT_SECURITY_POLICY,
        HeaderValue::from_static(
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; \
             connect-src 'self'; font-src 'self'; base-uri 'none'; frame-ancestors 'none'; \
             form-action 'none'",
        ),
    ),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::REFERRER_POLICY, HeaderValue::from_static("no-referrer")),
    (
        HeaderName::from_static("cross-origin-opener-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    (
        HeaderName::from_static("cross-origin-resource-policy"),
        HeaderValue::from_static("same-origin"),
    ),
    // asked for again each time, and then mostly answered by 304
    (header::CACHE_CONTROL, HeaderValue::from_static("no-cache")),
];

/// The routes of the interface, and of `/` for browsers.
pub(super) fn routes<S: Clone + Send + Sync + 'static>() -> Router<S> {
    Router::new()
        .route("/", get(home))
        .route("/ui", get(async || Redirect::permanent("/ui/")))
        .route("/ui/", get(async |headers: HeaderMap| file(INDEX, &headers)))
        .route("/ui/{*path}", get(any_file))
}

/// A browser is led to the interface; anything else finds nothing, as before.
async fn home(headers: HeaderMap) -> Response {
    let accept = headers.get(header::ACCEPT).and_then(|accept| accept.to_str().ok());
    if accept.is_some_and(|accept| accept.contains("text/html")) {
        return Redirect::to("/ui/").into_response();
    }
    StatusCode::NOT_FOUND.into_response()
}

async fn any_file(Path(path): Path<String>, headers: HeaderMap) -> Response {
    let named = if Assets::get(&path).is_some() {
        path.as_str()
    } else if is_page(&path) {
        INDEX
    } else {
        return (StatusCode::NOT_FOUND, HEADERS, "There is no such file.").into_response();
    };
    file(named, &headers)
}

/// Whether a path without a file may be that of a page: it is not below a folder of ours, and does not
/// begin with the name of a file. What follows may hold dots, as names of tools do.
fn is_page(path: &str) -> bool {
    let first = path.split('/').next().unwrap_or_default();
    let folder = format!("{first}/");
    !first.contains('.') && !Assets::iter().any(|file| file.starts_with(&folder))
}

fn file(name: &str, headers: &HeaderMap) -> Response {
    let Some(EmbeddedFile { data, metadata, .. }) = Assets::get(name) else {
        return StatusCode::NOT_FOUND.into_response();
    };
    let tag = tag(&metadata.sha256_hash());
    let known = headers.get(header::IF_NONE_MATCH).and_then(|known| known.to_str().ok());
    let is_known = known.is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    let tag = [(header::ETAG, tag)];
    if is_known {
        return (StatusCode::NOT_MODIFIED, HEADERS, tag).into_response();
    }
    let kind = [(header::CONTENT_TYPE, content_type(name))];
    (HEADERS, tag, kind, Body::from(data.into_owned())).into_response()
}

/// Of the content alone; weak, because it may be sent compressed or not.
fn tag(hash: &[u8; 32]) -> String {
    let hex = hash[..16].iter().fold(String::new(), |mut hex, byte| {
        let _infallible = write!(hex, "{byte:02x}");
        hex
    });
    format!("W/\"{hex}\"")
}

fn content_type(name: &str) -> &'static str {
    match name.rsplit_once('.').map(|(_, extension)| extension) {
        Some("html") => "text/html; charset=utf-8",
        Some("js") => "text/javascript; charset=utf-8",
        Some("css") => "text/css; charset=utf-8",
        Some("svg") => "image/svg+xml",
        _ => "text/plain; charset=utf-8",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_told_from_files_that_are_missing() {
        for page in ["servers", "servers/git", "tools/files.read.js", "tools/a.b/c"] {
            assert!(is_page(page), "{page}");
        }
        for missing in ["nothing.js", "pages/nothing.js", "style/nothing", "vendor/x/y.css"] {
            assert!(!is_page(missing), "{missing}");
        }
    }

    #[test]
    fn every_file_has_a_type_a_browser_takes() {
        for file in Assets::iter() {
            let named = ["html", "js", "css", "svg", "md"].iter().any(|end| file.ends_with(end));
            assert!(named || file.contains("LICENSE-"), "{file}");
        }
    }
}

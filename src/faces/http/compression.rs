//! Large JSON documents and files of the web interface are compressed for clients that accept it; event
//! streams never are, because an event must not wait for the next one.

use axum::http::{Extensions, HeaderMap, StatusCode, Version, header};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};

/// Documents up to this size hardly shrink.
const SMALL: u16 = 1024;

/// Compresses what is worth it by zstd or gzip, whichever the client prefers.
pub(super) fn layer() -> CompressionLayer<impl Predicate + Send + Sync> {
    CompressionLayer::new()
        .quality(CompressionLevel::Fastest)
        .compress_when(SizeAbove::new(SMALL).and(is_document))
}

fn is_document(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kinds = ["application/json", "text/css", "text/html", "text/javascript"];
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kinds.iter().any(|known| kind.starts_with(known)))
}

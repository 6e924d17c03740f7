//! Large JSON documents and files of the web interface are compressed for clients that accept it; event
//! streams never are, because an event must not wait for the next one.

use axum::body::Body;
use axum::http::{Extensions, HeaderMap, HeaderValue, Request, StatusCode, Version, header};
use axum::response::Response;
use std::convert::Infallible;
use std::future::{Ready, ready};
use std::task::{Context, Poll};
use tower_http::CompressionLevel;
use tower_http::compression::CompressionLayer;
use tower_http::compression::predicate::{Predicate, SizeAbove};
use tower_layer::Layer;
use tower_service::Service;

/// Documents up to this size hardly shrink.
const SMALL: u16 = 1024;

/// Compresses what is worth it by zstd or gzip, whichever the client prefers.
pub(super) fn layer() -> CompressionLayer<impl Predicate + Send + Sync> {
    CompressionLayer::new().quality(CompressionLevel::Fastest).compress_when(worth_it())
}

/// The same for a response that is there already, to a request that accepts these encodings.
pub(super) async fn compressed(accepted: Option<HeaderValue>, response: Response) -> Response {
    if worth_it().should_compress(&response) {
        return Box::pin(compressing(accepted, response)).await;
    }
    response
}

async fn compressing(accepted: Option<HeaderValue>, response: Response) -> Response {
    let mut request = Request::new(());
    if let Some(accepted) = accepted {
        request.headers_mut().insert(header::ACCEPT_ENCODING, accepted);
    }
    let Ok(response) = layer().layer(There(Some(response))).call(request).await;
    response.map(Body::new)
}

/// A service that has its only response already.
struct There(Option<Response>);

impl Service<Request<()>> for There {
    type Response = Response;
    type Error = Infallible;
    type Future = Ready<Result<Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, _: Request<()>) -> Self::Future {
        ready(Ok(self.0.take().unwrap_or_default()))
    }
}

fn worth_it() -> impl Predicate + Send + Sync {
    SizeAbove::new(SMALL).and(is_document)
}

fn is_document(_: StatusCode, _: Version, headers: &HeaderMap, _: &Extensions) -> bool {
    let kinds = ["application/json", "text/css", "text/html", "text/javascript"];
    let kind = headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok());
    kind.is_some_and(|kind| kinds.iter().any(|known| kind.starts_with(known)))
}

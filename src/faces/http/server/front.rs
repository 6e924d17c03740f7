//! What a connection's requests meet. What is asked most, `/mcp`, goes by the same checks to the same endpoint,
//! but past the router and its layers, which an open event stream would keep; everything else goes through them.
//!
//! *Invariant:* no request reaches the endpoint here that the router would have kept from it.

use super::Peer;
use super::handover::Handover;
use crate::faces::http::closing::{Closing, Endless};
use crate::faces::http::compression;
use crate::faces::http::guard::{allowed, guard, let_in};
use crate::faces::http::host::Doorkeeper;
use crate::faces::http::{Shared, streamable};
use crate::websocket::Onward;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderValue, Version, header};
use axum::middleware::from_fn_with_state;
use axum::response::Response;
use futures_util::future::BoxFuture;
use hyper::Request;
use hyper::body::Incoming;
use std::convert::Infallible;
use std::sync::Arc;
use tokio::sync::watch;
use tower_service::Service;

/// The one address of all servers.
const ENDPOINT: &str = "/mcp";

/// All routes.
#[derive(Debug, Clone)]
pub(super) struct Front {
    face: Arc<Shared>,
    doorkeeper: Arc<Doorkeeper>,
    router: Router,
}

/// What requests of one connection have in common.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) peer: Peer,
    pub(super) onward: Onward,
    pub(super) closing: watch::Receiver<bool>,
    pub(super) endless: Endless,
    pub(super) handover: Handover,
}

impl Front {
    /// The routes behind the doorkeeper.
    pub(super) fn new(face: &Arc<Shared>, doorkeeper: Doorkeeper, router: Router) -> Self {
        let doorkeeper = Arc::new(doorkeeper);
        let guard = from_fn_with_state(Arc::clone(&doorkeeper), guard);
        let router = router.layer(compression::layer()).layer(guard);
        Self { face: Arc::clone(face), doorkeeper, router }
    }

    /// Answers one request.
    pub(super) fn serve(
        &self,
        mut request: Request<Incoming>,
        caller: &Caller,
    ) -> BoxFuture<'static, Result<Response, Infallible>> {
        // over HTTP/2 it need not be the only answer on its connection
        let one_at_a_time = request.version() < Version::HTTP_2;
        let endless = if one_at_a_time { caller.endless.clone() } else { Endless::default() };
        endless.set(false);
        if request.uri().path() == ENDPOINT {
            let suits = Handover::suits(request.method(), request.version());
            let handover = suits.then(|| caller.handover.clone());
            let (face, doorkeeper) = (Arc::clone(&self.face), Arc::clone(&self.doorkeeper));
            return Box::pin(direct(face, doorkeeper, request, handover));
        }
        let extensions = request.extensions_mut();
        extensions.insert(caller.onward.clone());
        extensions.insert(caller.peer);
        extensions.insert(Closing::new(caller.closing.clone(), endless));
        Box::pin(self.router.clone().call(request))
    }
}

async fn direct(
    face: Arc<Shared>,
    doorkeeper: Arc<Doorkeeper>,
    request: Request<Incoming>,
    handover: Option<Handover>,
) -> Result<Response, Infallible> {
    let (head, body) = request.into_parts();
    let origin = match let_in(&doorkeeper, &head) {
        Ok(origin) => origin,
        Err(answer) => return Ok(*answer),
    };
    let response = streamable::serve(&face, &head, Body::new(body)).await;
    let accepted: Option<HeaderValue> = head.headers.get(header::ACCEPT_ENCODING).cloned();
    let response = allowed(compression::compressed(accepted, response).await, origin);
    Ok(match handover {
        Some(handover) => handover.keep_back(response),
        None => response,
    })
}

//! Which part of the servers an address names: `…/servers/NAME`, `…/groups/NAME`, or all.
//!
//! *Invariant:* whoever answers a request knows no way in but that to the part the address names.

use super::Shared;
use super::refusal::{Refusal, Refused};
use axum::extract::{FromRequestParts, RawPathParams};
use axum::http::request::Parts;
use mcpvisor_actors::catalog::Selector;
use std::sync::Arc;

/// What follows the address of everything, for one server and for a group.
pub(super) const PARTS: [&str; 2] = ["/servers/{server}", "/groups/{group}"];

/// The face as a request sees it: its clients are those of the part its address names.
pub(super) struct Selected(pub(super) Arc<Shared>);

impl FromRequestParts<Arc<Shared>> for Selected {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, face: &Arc<Shared>) -> Result<Self, Refused> {
        let params = RawPathParams::from_request_parts(parts, face).await;
        let params = params.map_err(|_| Refused::from(Refusal::Address))?;
        let selector = match params.iter().next() {
            None => return Ok(Self(Arc::clone(face))),
            Some(("server", name)) => Selector::server(name),
            Some((_, name)) => Selector::group(name),
        };
        let clients = face.clients.viewing(&selector).map_err(Refusal::NoView)?;
        Ok(Self(Arc::new(Shared { clients, ..Shared::clone(face) })))
    }
}

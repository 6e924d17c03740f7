//! Where something is: which server, under which name of its own.

use super::Capabilities;
use crate::bridge::ParamHeaders;
use crate::otp::Address;
use crate::server::{self, Gate, ServerName, ServerSpec};
use std::sync::Arc;

/// Where something is called, read or completed.
#[derive(Debug, Clone)]
pub struct Route {
    /// Its server.
    pub server: ServerName,
    /// The server's actor.
    pub address: Address<server::Message>,
    /// The way past it.
    pub gate: Gate,
    /// What the server declared.
    pub capabilities: Capabilities,
    /// Its own name or URI there.
    pub own: Box<str>,
    /// Its parameters that are repeated in HTTP headers, when it is a tool.
    pub headers: ParamHeaders,
}

/// One configured server and what is known of it.
#[derive(Debug, Clone)]
pub struct Entry {
    /// Its configuration.
    pub spec: Arc<ServerSpec>,
    /// Its actor.
    pub address: Address<server::Message>,
    /// The way past it.
    pub gate: Gate,
}

impl Entry {
    /// The way to something of this server.
    pub(super) fn route(&self, capabilities: Capabilities, own: &str) -> Route {
        Route {
            server: self.spec.name.clone(),
            address: self.address.clone(),
            gate: self.gate.clone(),
            capabilities,
            own: own.into(),
            headers: ParamHeaders::default(),
        }
    }
}

//! How clients and servers are reached, in the words of the conventions.
//!
//! *Invariant:* of a server's address only host and port are told.

use crate::config::{Config, Target};
use std::collections::HashMap;
use std::sync::Arc;

/// How one server is reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Peer {
    /// `pipe` or `tcp`.
    pub(super) transport: &'static str,
    /// `http` or `websocket`, when it is one.
    pub(super) protocol: Option<&'static str>,
    /// Host and port, when it has some.
    pub(super) address: Option<(Arc<str>, Option<u16>)>,
}

/// All servers of a configuration.
pub(super) fn peers(config: &Config) -> HashMap<String, Peer> {
    let peer = |target: &Target| match target {
        Target::Stdio(_) => Peer { transport: "pipe", protocol: None, address: None },
        Target::Http(target) => {
            let url = &target.url;
            let websocket = target.kind == crate::downstream::HttpKind::WebSocket;
            Peer {
                transport: "tcp",
                protocol: Some(if websocket { "websocket" } else { "http" }),
                address: url.host_str().map(|host| (host.into(), url.port_or_known_default())),
            }
        }
    };
    config.servers.iter().map(|(name, server)| (name.clone(), peer(&server.target))).collect()
}

/// The transport of a face, and its protocol.
pub(super) fn face(face: &str) -> (&'static str, Option<&'static str>) {
    match face {
        "stdio" => ("pipe", None),
        "websocket" => ("tcp", Some("websocket")),
        _ => ("tcp", Some("http")),
    }
}

//! What an operator decides about the HTTP listener.

use super::resume::ResumeSettings;
use mcpvisor_actors::wire::Limits;
use std::net::{Ipv4Addr, SocketAddr};
use std::time::Duration;

/// Settings of the HTTP face; the defaults are safe on a developer's machine.
#[derive(Debug, Clone)]
pub struct HttpSettings {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Whether an address other machines can reach is accepted in `listen`.
    pub allow_remote: bool,
    /// Hosts accepted in `Host` beside loopback and the listen address: `name`, `name:port`, or
    /// `*` for any.
    pub allowed_hosts: Vec<String>,
    /// Origins accepted beside loopback ones: `https://app.example.org`, or `*` for any.
    pub allowed_origins: Vec<String>,
    /// Caps on one message.
    pub limits: Limits,
    /// Longest time from a connection to its first complete request head.
    pub header_timeout: Duration,
    /// Longest time between an answer and the next complete request head on the same connection.
    pub idle_timeout: Duration,
    /// Longest time for a request's body to arrive.
    pub body_timeout: Duration,
    /// How long an answer is awaited before the response becomes an event stream.
    pub json_patience: Duration,
    /// Silence on an event stream after which a comment shows that it is alive.
    pub keep_alive: Duration,
    /// Longest time requests in flight may take to finish when the gateway stops.
    pub drain: Duration,
    /// Connections open at a time; further ones are closed at once.
    pub max_connections: usize,
    /// What is kept of event streams for clients that resume them.
    pub resume: ResumeSettings,
}

impl Default for HttpSettings {
    fn default() -> Self {
        Self {
            listen: SocketAddr::from((Ipv4Addr::LOCALHOST, 3210)),
            allow_remote: false,
            allowed_hosts: Vec::new(),
            allowed_origins: Vec::new(),
            limits: Limits::default(),
            header_timeout: Duration::from_secs(10),
            idle_timeout: Duration::from_secs(75),
            body_timeout: Duration::from_secs(30),
            json_patience: Duration::from_secs(5),
            keep_alive: Duration::from_secs(15),
            drain: Duration::from_secs(10),
            max_connections: 4096,
            resume: ResumeSettings::default(),
        }
    }
}

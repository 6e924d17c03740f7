//! The validated configuration.
//!
//! *Invariant:* whoever holds a [`Config`] need not check any of it again; its `Debug` shows no
//! secret, nor arguments and queries, where people put them.

use super::faults::Fault;
use super::groups::Group;
use super::tree::Origin;
use super::view::View;
use crate::downstream::{HttpTarget, StdioTarget};
use crate::faces::ResumeSettings;
use crate::telemetry;
use mcpvisor_actors::bridge::modern_client::CacheHints;
use mcpvisor_actors::health::{BreakerPolicy, MonitorPatch, MonitorPolicy, PingPatch, PingPolicy};
use mcpvisor_actors::reconnection::ReconnectionPolicy;
use mcpvisor_actors::server::{CallLimits, EraChoice, Expose, Sharing, Start, ToolOverride};
#[cfg(test)]
use schemars::JsonSchema;
use secrecy::SecretString;
use serde::{Deserialize, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::Duration;

/// Everything the gateway is told from outside.
#[derive(Debug, Clone)]
pub struct Config {
    /// Where to listen.
    pub listen: SocketAddr,
    /// Where to remember things; the platform's folder when absent.
    pub state_dir: Option<PathBuf>,
    /// How tools are named for clients.
    pub naming: Naming,
    /// Limits of the whole gateway.
    pub limits: GlobalLimits,
    /// The HTTP endpoint.
    pub http: Http,
    /// The API for people and programs who look after the gateway.
    pub admin: Admin,
    /// Lists as clients see them.
    pub list: Listing,
    /// How long clients may keep lists of servers that do not say.
    pub cache: CacheHints,
    /// Logging.
    pub log: Log,
    /// What is exported over OTLP.
    pub telemetry: telemetry::Settings,
    /// Longest time a shutdown may take.
    pub shutdown_timeout: Duration,
    /// When servers are checked, unless they say otherwise.
    pub monitor: MonitorPolicy,
    /// Servers checked at the same time.
    pub max_concurrent_checks: usize,
    /// How servers are probed, unless they say otherwise.
    pub ping: PingPolicy,
    /// How servers are connected again; already part of each of `servers`.
    pub reconnection: ReconnectionPolicy,
    /// Servers being connected at the same time.
    pub max_concurrent_reconnections: usize,
    /// Whether clients see the tool `mcpvisor.status`.
    pub status_tool: bool,
    /// What servers take unless they say otherwise; already part of each of `servers`.
    pub defaults: ServerDefaults,
    /// The servers by name, disabled ones included.
    pub servers: BTreeMap<String, Server>,
    /// Parts of the servers by name.
    pub groups: BTreeMap<String, Group>,
    /// What is not wrong but worth knowing.
    pub notes: Vec<Fault>,
    /// Values of variables in arguments and URLs, which may be secrets.
    pub secrets: Vec<SecretString>,
    /// The file it was read from.
    pub path: Option<PathBuf>,
    /// What people may see of it.
    pub(super) view: View,
    /// Where `listen` was written.
    pub(super) listen_origin: ListenOrigin,
}

/// Where `listen` was written, for a fault that is only found later.
#[derive(Clone)]
pub(super) struct ListenOrigin {
    pub(super) file: String,
    pub(super) origin: Origin,
}

impl fmt::Debug for ListenOrigin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("_")
    }
}

/// How tools are named for clients.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Naming {
    /// With the server's name in front, or not.
    pub strategy: Strategy,
    /// What stands between server and tool.
    pub separator: String,
}

/// Whether tools carry their server's name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, schemars(inline))]
pub enum Strategy {
    /// `server.tool`.
    Prefix,
    /// `tool`, renamed only when two collide.
    Flat,
}

/// Limits of the whole gateway.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct GlobalLimits {
    /// Largest message, either way.
    pub max_message_bytes: usize,
    /// Deepest nesting of a message.
    pub max_depth: usize,
    /// Requests in flight, over all clients and servers.
    pub max_requests: usize,
    /// Client sessions at the same time.
    pub max_sessions: usize,
    /// Client connections at the same time.
    pub max_connections: usize,
    /// Longest wait for the headers of a request.
    pub header_timeout: Duration,
    /// Longest wait for the body of a request.
    pub body_timeout: Duration,
    /// A session without traffic is closed after this time.
    pub session_idle: Duration,
    /// One without traffic for this long makes room for a new one when all places are taken.
    pub session_yields_after: Duration,
}

/// The HTTP endpoint.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Http {
    /// `Host` headers answered besides those of the listener itself.
    pub allowed_hosts: Vec<String>,
    /// Origins of web pages that may call.
    pub allowed_origins: Vec<String>,
    /// Whether `listen` may be more than loopback.
    pub allow_remote: bool,
    /// What is kept for clients that resume event streams.
    pub resume: ResumeSettings,
    /// Whether sessions go on after the gateway was restarted.
    pub persist_sessions: bool,
}

/// The API for people and programs who look after the gateway.
#[derive(Debug, Clone, Default)]
pub struct Admin {
    /// What requests must show; without it the API is for this machine alone.
    pub token: Option<SecretString>,
}

/// Lists as clients see them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listing {
    /// Entries on one page.
    pub page_size: usize,
    /// Longest wait of the first list for servers that are still starting.
    pub boot_wait: Duration,
}

/// Logging.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Log {
    /// A filter `tracing_subscriber::EnvFilter` has accepted.
    pub level: String,
    /// How lines look.
    pub format: LogFormat,
    /// What is kept of it, and of what servers say.
    pub store: LogStore,
}

/// What is kept of the log and of what servers say.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LogStore {
    /// Whether anything is.
    pub enabled: bool,
    /// Bytes of all its files.
    pub max_bytes: u64,
    /// Age of the oldest entry.
    pub max_age: Duration,
}

/// How log lines look.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, clap::ValueEnum)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(rename_all = "lowercase")]
#[cfg_attr(test, schemars(inline))]
pub enum LogFormat {
    /// For people on a terminal, else for machines.
    Auto,
    /// For people.
    Human,
    /// For machines.
    Json,
}

/// What servers take unless they say otherwise.
#[derive(Clone)]
pub struct ServerDefaults {
    /// Whether a server is used at all.
    pub enabled: bool,
    /// When it is started.
    pub start: Start,
    /// Calls at the same time; absent: by the kind of server.
    pub max_in_flight: Option<usize>,
    /// Call limits, with `max_in_flight` as for a process when it is absent above.
    pub limits: CallLimits,
    /// Longest time to connect, shake hands and list.
    pub connect_timeout: Duration,
    /// Time a process has to stop by itself.
    pub stop_grace: Duration,
    /// Which tools are shown.
    pub expose: Expose,
    /// Overrides by the tools' own names.
    pub tools: BTreeMap<String, ToolOverride>,
    /// Who is connected first, 0 to 100.
    pub priority: u8,
    /// Whether the gateway is ready only with it.
    pub required: bool,
    /// Whether clients share its connection.
    pub sharing: Sharing,
    /// Whether it is told which trace a call belongs to; absent: by the kind of server.
    pub propagate: Option<bool>,
    /// When calls are refused at once.
    pub breaker: BreakerPolicy,
    /// How long clients may keep a resource, when the server does not say.
    pub cache: CacheHints,
}

/// One server.
#[derive(Clone)]
pub struct Server {
    /// Its name.
    pub name: String,
    /// Whether it is used at all.
    pub enabled: bool,
    /// When it is started.
    pub start: Start,
    /// How it is reached.
    pub target: Target,
    /// Call limits.
    pub limits: CallLimits,
    /// Longest time to connect, shake hands and list.
    pub connect_timeout: Duration,
    /// Which tools are shown.
    pub expose: Expose,
    /// Overrides by the tools' own names.
    pub tools: BTreeMap<String, ToolOverride>,
    /// What it overrides of [`Config::monitor`].
    pub monitor: MonitorPatch,
    /// What it overrides of [`Config::ping`].
    pub ping: PingPatch,
    /// How it is connected again.
    pub reconnection: ReconnectionPolicy,
    /// Who is connected first, 0 to 100.
    pub priority: u8,
    /// Servers that are connected before it: of this configuration, others than itself, without
    /// cycles; some may be disabled.
    pub depends_on: Vec<String>,
    /// Words by which groups find it.
    pub tags: Vec<String>,
    /// How it is spoken to.
    pub era: EraChoice,
    /// Whether the gateway is ready only with it.
    pub required: bool,
    /// Whether clients share its connection.
    pub sharing: Sharing,
    /// Whether it is told which trace a call belongs to.
    pub propagate: bool,
    /// When calls are refused at once.
    pub breaker: BreakerPolicy,
    /// How long clients may keep a resource, when the server does not say.
    pub cache: CacheHints,
    /// Hash of what makes it this server: how it is reached, secrets included.
    pub fingerprint: String,
}

/// How a server is reached.
#[derive(Clone)]
pub enum Target {
    /// A process of ours.
    Stdio(StdioTarget),
    /// A URL.
    Http(HttpTarget),
}

impl fmt::Display for Target {
    /// Without arguments, user, query and fragment.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio(target) => f.write_str(&target.command),
            Self::Http(target) => {
                let mut url = target.url.clone();
                url.set_query(None);
                url.set_fragment(None);
                // Both fail only for URLs without a host, which validation refuses.
                let _ = url.set_password(None);
                let _ = url.set_username("");
                write!(f, "{url}")
            }
        }
    }
}

impl fmt::Debug for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Stdio(it) => f
                .debug_struct("Stdio")
                .field("command", &it.command)
                .field("args", &it.args.len())
                .field("env", &it.env.keys())
                .field("cwd", &it.cwd)
                .field("stop_grace", &it.stop_grace)
                .field("limits", &it.limits)
                .finish(),
            Self::Http(it) => f
                .debug_struct("Http")
                .field("url", &self.to_string())
                .field("headers", &it.headers.keys())
                .field("connect_timeout", &it.connect_timeout)
                .field("limits", &it.limits)
                .field("kind", &it.kind)
                .finish(),
        }
    }
}

/// Patterns as they were written; a compiled one prints pages.
pub(super) fn patterns(expose: &Expose) -> [Vec<&str>; 2] {
    [&expose.allow, &expose.deny].map(|list| list.iter().map(|it| it.glob().glob()).collect())
}

impl fmt::Debug for ServerDefaults {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerDefaults")
            .field("enabled", &self.enabled)
            .field("start", &self.start)
            .field("max_in_flight", &self.max_in_flight)
            .field("limits", &self.limits)
            .field("connect_timeout", &self.connect_timeout)
            .field("stop_grace", &self.stop_grace)
            .field("expose", &patterns(&self.expose))
            .field("tools", &self.tools)
            .field("priority", &self.priority)
            .field("required", &self.required)
            .field("sharing", &self.sharing)
            .field("propagate", &self.propagate)
            .field("breaker", &self.breaker)
            .field("cache", &self.cache)
            .finish()
    }
}

impl fmt::Debug for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("name", &self.name)
            .field("enabled", &self.enabled)
            .field("start", &self.start)
            .field("target", &self.target)
            .field("limits", &self.limits)
            .field("connect_timeout", &self.connect_timeout)
            .field("expose", &patterns(&self.expose))
            .field("tools", &self.tools)
            .field("monitor", &self.monitor)
            .field("ping", &self.ping)
            .field("reconnection", &self.reconnection)
            .field("priority", &self.priority)
            .field("depends_on", &self.depends_on)
            .field("tags", &self.tags)
            .field("era", &self.era)
            .field("required", &self.required)
            .field("sharing", &self.sharing)
            .field("propagate", &self.propagate)
            .field("breaker", &self.breaker)
            .field("cache", &self.cache)
            .field("fingerprint", &self.fingerprint)
            .finish()
    }
}

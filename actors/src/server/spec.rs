//! What is to be known about a server before it is started: validated configuration.

use super::{Connector, EraChoice, Sharing};
use crate::bridge::modern_client::CacheHints;
use crate::health::{BreakerPolicy, MonitorPatch, PingPatch};
use crate::reconnection::ReconnectionPolicy;
use std::collections::BTreeMap;
use std::fmt;
use std::sync::Arc;
use std::time::Duration;

/// A server's name as configured; also the prefix of its tools.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ServerName(Arc<str>);

impl ServerName {
    /// A name; the edges have checked it (`[A-Za-z0-9_-]`, 1 to 64 characters).
    pub fn new(name: &str) -> Self {
        Self(name.into())
    }

    /// As text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for ServerName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// When a server is started.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Start {
    /// With the gateway.
    #[default]
    Eager,
    /// By the first call, once its tools are known from an earlier run.
    Lazy,
}

/// How many calls a server takes at once and how long each may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CallLimits {
    /// Calls at the server at the same time.
    pub max_in_flight: usize,
    /// Calls that may wait for a free slot; one more is refused as overloaded.
    pub max_queue: usize,
    /// Longest wait in the queue or for the server to start.
    pub route_timeout: Duration,
    /// Longest wait for a call to a server that is down while it is being reconnected.
    pub call_wait: Duration,
    /// Longest silence of a call that was sent; progress starts it anew.
    pub call_timeout: Duration,
    /// Longest duration of a call, whatever its progress.
    pub call_ceiling: Duration,
}

impl Default for CallLimits {
    fn default() -> Self {
        Self {
            max_in_flight: 16,
            max_queue: 256,
            route_timeout: Duration::from_secs(10),
            call_wait: Duration::from_secs(2),
            call_timeout: Duration::from_secs(55),
            call_ceiling: Duration::from_secs(600),
        }
    }
}

/// Which tools of a server are shown: first `allow` (empty: all), then not `deny`. Globs over the
/// server's own tool names.
#[derive(Debug, Clone, Default)]
pub struct Expose {
    /// Shown when one matches; empty shows all.
    pub allow: Vec<globset::GlobMatcher>,
    /// Hidden when one matches.
    pub deny: Vec<globset::GlobMatcher>,
}

impl Expose {
    /// Whether the tool is shown and may be called.
    pub fn admits(&self, tool: &str) -> bool {
        (self.allow.is_empty() || self.allow.iter().any(|glob| glob.is_match(tool)))
            && !self.deny.iter().any(|glob| glob.is_match(tool))
    }
}

/// What is shown instead of what the server says about one of its tools.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ToolOverride {
    /// Another name (before the prefix is put in front).
    pub name: Option<String>,
    /// Another description.
    pub description: Option<String>,
}

/// Hides a server's own secrets in what it says about itself.
pub type Mask = Arc<dyn Fn(&str) -> String + Send + Sync>;

/// Everything the runtime must know about one server.
#[derive(Clone)]
pub struct ServerSpec {
    /// Its name.
    pub name: ServerName,
    /// When it is started.
    pub start: Start,
    /// Call limits.
    pub limits: CallLimits,
    /// Longest time from the start of connecting to the end of the handshake and first listing.
    pub connect_timeout: Duration,
    /// Which tools are shown.
    pub expose: Expose,
    /// Overrides by the server's own tool names.
    pub tools: BTreeMap<String, ToolOverride>,
    /// Changes when anything changes that makes another server of it; keys what is remembered on
    /// disk.
    pub fingerprint: String,
    /// Longest time its connection takes to close politely.
    pub stop_within: Duration,
    /// Hides its secrets.
    pub mask: Mask,
    /// How important it is among those that want to connect, 0 to 100.
    pub priority: u8,
    /// Servers that are to be up before it.
    pub depends_on: Vec<ServerName>,
    /// Whether the gateway is not ready without it.
    pub required: bool,
    /// What it changes of the gateway's monitoring policy.
    pub monitor: MonitorPatch,
    /// What it changes of the gateway's probing policy.
    pub ping: PingPatch,
    /// When it is tried again.
    pub reconnection: ReconnectionPolicy,
    /// When calls to it are refused at once.
    pub breaker: BreakerPolicy,
    /// Whether clients share its connection.
    pub sharing: Sharing,
    /// How long what it says may be kept by clients of 2026-07-28, unless it says so itself.
    pub cache: CacheHints,
    /// Which era it is spoken to in.
    pub era: EraChoice,
    /// Whether it is told which trace a call belongs to, in `_meta` and in HTTP headers.
    pub propagate: bool,
    /// How it is reached.
    pub connector: Arc<dyn Connector>,
}

impl ServerSpec {
    /// A server of this name, reached so; everything else as it is by default.
    pub fn new(name: ServerName, connector: Arc<dyn Connector>) -> Self {
        Self {
            fingerprint: name.as_str().to_owned(),
            name,
            start: Start::default(),
            limits: CallLimits::default(),
            connect_timeout: Duration::from_secs(30),
            expose: Expose::default(),
            tools: BTreeMap::new(),
            stop_within: Duration::from_secs(5),
            mask: Arc::new(str::to_owned),
            priority: 50,
            depends_on: Vec::new(),
            required: false,
            monitor: MonitorPatch::default(),
            ping: PingPatch::default(),
            reconnection: ReconnectionPolicy::default(),
            breaker: BreakerPolicy::default(),
            sharing: Sharing::default(),
            cache: CacheHints::default(),
            era: EraChoice::default(),
            propagate: false,
            connector,
        }
    }
}

impl fmt::Debug for ServerSpec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ServerSpec").field("name", &self.name).finish_non_exhaustive()
    }
}

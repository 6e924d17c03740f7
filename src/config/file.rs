//! The shape of the file: every key with its type, its default and what it is for.
//!
//! The JSON Schema, the check of unknown keys and the values all come from these types; nothing
//! else lists the keys (a test makes the schema from them, see [`super::schema`]). What a value means is judged in [`super::validate`] and [`super::server`].
//!
//! *Invariant:* every key has a default, so that what could not be read never hides other faults.

mod admin;
mod cache;
mod groups;
mod health;
mod http;
mod log;
mod telemetry;
mod text;

pub(super) use super::quantity::Span;
pub(super) use admin::Admin;
pub(super) use cache::Cache;
pub(super) use groups::Group;
pub(super) use health::{
    Breaker, Monitor, OwnMonitor, OwnPing, OwnReconnection, Ping, Reconnection,
};
pub(super) use http::Http;
pub(super) use log::Log;
pub(super) use telemetry::Telemetry;
pub(super) use text::{Secret, Text};

use super::quantity::Size;
use super::settings::Strategy;
use serde::Deserialize;
use std::collections::BTreeMap;
use std::time::Duration;
#[cfg(test)]
use {schemars::JsonSchema, serde::Serialize};

/// The priority of servers that do not say theirs.
pub(super) const USUAL_PRIORITY: u8 = 50;

const fn seconds(count: u64) -> Span {
    Span(Duration::from_secs(count))
}

/// The configuration of mcpvisor: one supervised endpoint for all your MCP servers.
#[derive(Deserialize)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct File {
    /// Address and port to listen on. Anything but this machine's loopback also needs
    /// `http.allow_remote`.
    pub(super) listen: String,
    /// Folder for what is remembered between runs (tool lists, protocol versions). By default the
    /// platform's own folder for state.
    pub(super) state_dir: Option<String>,
    /// How tools are named for clients.
    pub(super) naming: Naming,
    /// Limits of the whole gateway.
    pub(super) limits: Limits,
    /// The HTTP endpoint.
    pub(super) http: Http,
    /// The REST API, the metrics and the web pages.
    pub(super) admin: Admin,
    /// Lists (tools, resources, prompts) as clients see them.
    pub(super) list: Listing,
    /// How long clients of 2026-07-28 may keep what the gateway itself tells: lists of servers that do
    /// not say, and what it is.
    pub(super) cache: Cache,
    /// Logging: what is said on stderr, and what is kept.
    pub(super) log: Log,
    /// Traces, metrics and logs sent to an OpenTelemetry collector. Off without an endpoint.
    pub(super) telemetry: Telemetry,
    /// Longest time a shutdown may take, at most 28s.
    pub(super) shutdown_timeout: Span,
    /// How often servers are checked, and when they do well.
    pub(super) monitor: Monitor,
    /// How silent servers are asked whether they still live.
    pub(super) ping: Ping,
    /// How lost servers are connected again.
    pub(super) reconnection: Reconnection,
    /// Whether clients see the tool `mcpvisor.status`, which tells which servers are missing and
    /// why.
    pub(super) status_tool: bool,
    /// Settings for all servers; a server's own settings win, key by key.
    pub(super) defaults: Policy,
    /// The servers by name. The files of Claude, Cursor, VS Code, Cline, Windsurf and Gemini may be
    /// pasted.
    pub(super) servers: BTreeMap<String, Server>,
    /// Parts of the servers by name, which clients may select.
    pub(super) groups: BTreeMap<String, Group>,
}

impl Default for File {
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:3210".into(),
            state_dir: None,
            naming: Naming::default(),
            limits: Limits::default(),
            http: Http::default(),
            admin: Admin::default(),
            list: Listing::default(),
            cache: Cache::default(),
            log: Log::default(),
            telemetry: Telemetry::default(),
            shutdown_timeout: seconds(20),
            monitor: Monitor::default(),
            ping: Ping::default(),
            reconnection: Reconnection::default(),
            status_tool: false,
            defaults: Policy::default(),
            servers: BTreeMap::new(),
            groups: BTreeMap::new(),
        }
    }
}

/// How tools are named for clients.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Naming {
    /// `prefix` puts the server's name in front (`files.read`); `flat` keeps the tools' own names
    /// and renames only those that collide.
    pub(super) strategy: Strategy,
    /// What stands between server and tool: 1 to 3 of `A-Z a-z 0-9 _ . / -`.
    pub(super) separator: String,
}

impl Default for Naming {
    fn default() -> Self {
        Self { strategy: Strategy::Prefix, separator: ".".into() }
    }
}

/// Limits of the whole gateway.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Limits {
    /// Largest message, either way.
    pub(super) max_message_bytes: Size,
    /// Deepest nesting of a message.
    pub(super) max_depth: usize,
    /// Requests in flight at the same time, over all clients and servers.
    pub(super) max_requests: usize,
    /// Client sessions at the same time.
    pub(super) max_sessions: usize,
    /// Client connections at the same time.
    pub(super) max_connections: usize,
    /// Longest wait for the headers of a request.
    pub(super) header_timeout: Span,
    /// Longest wait for the body of a request.
    pub(super) body_timeout: Span,
    /// A session without traffic is closed after this time.
    pub(super) session_idle: Span,
    /// When `max_sessions` is reached, the session that was not used for the longest time makes room for
    /// a new one, if it was not used for at least this time, has no call in flight and no open stream.
    pub(super) session_yields_after: Span,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            max_message_bytes: Size(16 << 20),
            max_depth: 256,
            max_requests: 4096,
            max_sessions: 1024,
            max_connections: 1024,
            header_timeout: seconds(10),
            body_timeout: seconds(30),
            session_idle: seconds(30 * 60),
            session_yields_after: seconds(10),
        }
    }
}

/// Lists as clients see them.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Listing {
    /// Entries on one page of a list.
    pub(super) page_size: usize,
    /// Longest wait of the first list for servers that are still starting.
    pub(super) boot_wait: Span,
}

impl Default for Listing {
    fn default() -> Self {
        Self { page_size: 1000, boot_wait: seconds(2) }
    }
}

/// One server: how it is reached, and the settings that `defaults` also has.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default)]
#[cfg_attr(test, schemars(extend("additionalProperties" = false)))]
pub(super) struct Server {
    #[serde(flatten)]
    pub(super) reach: Reach,
    #[serde(flatten)]
    pub(super) policy: Policy,
    /// What this server overrides of the top-level `monitor`.
    pub(super) monitor: OwnMonitor,
    /// What this server overrides of the top-level `ping`.
    pub(super) ping: OwnPing,
    /// What this server overrides of the top-level `reconnection`.
    pub(super) reconnection: OwnReconnection,
    /// Servers that are connected before this one.
    pub(super) depends_on: Vec<String>,
    /// How it is spoken to: `modern` is revision 2026-07-28, `legacy` every one that opens with
    /// `initialize`; `auto` asks the server and remembers the answer.
    pub(super) era: Era,
    /// Words by which groups find it.
    pub(super) tags: Vec<String>,
}

/// How a server is spoken to.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize, Default)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum Era {
    #[default]
    Auto,
    Legacy,
    Modern,
}

/// How a server is reached: `command` for a process of ours, `url` for one that runs elsewhere.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default)]
pub(super) struct Reach {
    /// Program to run; may also be a list of the program and its first arguments.
    pub(super) command: Option<String>,
    /// Arguments of the program.
    pub(super) args: Vec<Text>,
    /// Environment variables of the program, on top of the gateway's own.
    pub(super) env: BTreeMap<String, Secret>,
    /// File of `NAME=value` lines, added to `env`; what `env` says itself wins.
    pub(super) env_file: Option<String>,
    /// Folder to run the program in.
    pub(super) cwd: Option<String>,
    /// Address of the server.
    pub(super) url: Option<String>,
    /// Headers sent with every request.
    pub(super) headers: BTreeMap<String, Secret>,
    /// What is spoken: `stdio` with `command`; with `url` `http` (streamable HTTP, or SSE when the
    /// server knows only that), `streamable-http`, `sse` or `websocket`. Absent: `stdio`, `http`, or
    /// `websocket` when the address begins with `ws://` or `wss://`.
    #[serde(rename = "type")]
    pub(super) kind: Option<Kind>,
}

/// What is spoken with a server.
#[derive(Clone, Copy, PartialEq, Eq, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(rename_all = "kebab-case")]
pub(super) enum Kind {
    Stdio,
    Http,
    StreamableHttp,
    Sse,
    #[serde(rename = "websocket")]
    WebSocket,
}

/// Settings that a server may have itself or take from `defaults`.
#[derive(Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default)]
#[cfg_attr(test, schemars(extend("additionalProperties" = false)))]
pub(super) struct Policy {
    /// Whether the server is used at all.
    pub(super) enabled: bool,
    /// `eager` starts it with the gateway; `lazy` with the first call, once its tools are known
    /// from an earlier run.
    pub(super) start: Start,
    /// Calls at the server at the same time. By default 16 with `command`, 64 with `url`.
    pub(super) max_in_flight: Option<usize>,
    /// Calls that may wait for a free place; one more is refused.
    pub(super) max_queue: usize,
    /// Longest wait for a free place or for the server to start.
    pub(super) route_timeout: Span,
    /// Longest wait of a call while the server is being reconnected.
    pub(super) call_wait: Span,
    /// Longest silence during a call; progress starts it anew.
    pub(super) call_timeout: Span,
    /// Longest duration of a call, whatever its progress.
    pub(super) call_ceiling: Span,
    /// Longest time to connect, shake hands and list for the first time.
    pub(super) connect_timeout: Span,
    /// Time a process has to stop by itself, before and again after it is told to.
    pub(super) stop_grace: Span,
    /// Which tools are shown.
    pub(super) expose: Expose,
    /// What is shown instead of a tool's own name or description, by the tool's own name.
    pub(super) tools: BTreeMap<String, Tool>,
    /// Who is connected first when many wait, 0 to 100: higher before lower.
    #[cfg_attr(test, schemars(range(max = 100)))]
    pub(super) priority: usize,
    /// Whether the gateway reports itself ready only while the server is.
    pub(super) required: bool,
    /// Whether clients share one connection to the server. `auto`: until it asks its clients something
    /// (sampling, elicitation, roots) that could concern several of them; then each session gets its
    /// own. `shared`: always, such questions are refused. `session`: never.
    pub(super) sharing: Sharing,
    /// Whether the server is told which trace a call belongs to: `traceparent` in `_meta` and in HTTP
    /// headers. By default only with `url`: processes are known that refuse what they do not know.
    pub(super) propagate: Option<bool>,
    /// When calls to a server that fails them are refused at once.
    pub(super) breaker: Breaker,
    /// How long clients of 2026-07-28 may keep a resource they read, when the server does not say.
    pub(super) cache: Cache,
}

impl Default for Policy {
    fn default() -> Self {
        let calls = mcpvisor_actors::server::CallLimits::default();
        Self {
            enabled: true,
            start: Start::Eager,
            max_in_flight: None,
            max_queue: calls.max_queue,
            route_timeout: Span(calls.route_timeout),
            call_wait: Span(calls.call_wait),
            call_timeout: Span(calls.call_timeout),
            call_ceiling: Span(calls.call_ceiling),
            connect_timeout: seconds(30),
            stop_grace: seconds(2),
            expose: Expose::default(),
            tools: BTreeMap::new(),
            priority: USUAL_PRIORITY.into(),
            required: false,
            sharing: Sharing::Auto,
            propagate: None,
            breaker: Breaker::default(),
            cache: Cache::default(),
        }
    }
}

/// When a server is started.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum Start {
    Eager,
    Lazy,
}

/// Whether clients share one connection to a server.
#[derive(Clone, Copy, Deserialize)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(rename_all = "lowercase")]
pub(super) enum Sharing {
    Auto,
    Shared,
    Session,
}

/// Which tools are shown.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Expose {
    /// Patterns (`read_*`) of which one must match; an empty list shows all.
    pub(super) allow: Vec<String>,
    /// Patterns of which none may match.
    pub(super) deny: Vec<String>,
}

/// What is shown instead of what a server says about a tool.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(Serialize, JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Tool {
    /// Another name: 1 to 128 of `A-Z a-z 0-9 _ . / -`.
    pub(super) name: Option<String>,
    /// Another description.
    pub(super) description: Option<String>,
}

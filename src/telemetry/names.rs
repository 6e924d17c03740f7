//! Every name telemetry uses, in one place: metrics with their labels, span attributes, events.
//!
//! Names without `mcpvisor.` are those of the OpenTelemetry semantic conventions for MCP (state: development),
//! so that dashboards made for any MCP server fit. The README's table is made from here.
//!
//! *Invariant:* no instrument and no attribute is named anywhere else.

/// What kind of number a metric is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Only grows.
    Counter,
    /// What is now.
    Gauge,
    /// How values are distributed.
    Histogram,
}

/// One metric.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Metric {
    /// Its name in OpenTelemetry.
    pub name: &'static str,
    /// What kind of number it is.
    pub kind: Kind,
    /// Its unit, as UCUM has it; in braces, what is counted.
    pub unit: &'static str,
    /// What it tells.
    pub about: &'static str,
    /// The attributes its values may have.
    pub labels: &'static [&'static str],
}

impl Metric {
    /// Its name in `/metrics`.
    pub fn prometheus(&self) -> String {
        let unit = match self.unit {
            "s" => "_seconds",
            "By" => "_bytes",
            _ => "",
        };
        let total = if self.kind == Kind::Counter { "_total" } else { "" };
        format!("{}{unit}{total}", self.name.replace('.', "_"))
    }
}

const fn counter(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    about: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Counter, unit, about, labels }
}

const fn gauge(
    name: &'static str,
    unit: &'static str,
    labels: &'static [&'static str],
    about: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Gauge, unit, about, labels }
}

const fn histogram(
    name: &'static str,
    labels: &'static [&'static str],
    about: &'static str,
) -> Metric {
    Metric { name, kind: Kind::Histogram, unit: "s", about, labels }
}

/// Method of the request.
pub const METHOD: &str = "mcp.method.name";
/// Revision of the protocol.
pub const REVISION: &str = "mcp.protocol.version";
/// Session of the client; spans only.
pub const SESSION: &str = "mcp.session.id";
/// URI of a resource; spans only.
pub const RESOURCE: &str = "mcp.resource.uri";
/// Name of a tool.
pub const TOOL: &str = "gen_ai.tool.name";
/// Name of a prompt.
pub const PROMPT: &str = "gen_ai.prompt.name";
/// `execute_tool`, of `tools/call` alone.
pub const OPERATION: &str = "gen_ai.operation.name";
/// Id of the request at its client; spans only.
pub const REQUEST_ID: &str = "jsonrpc.request.id";
/// Why it failed: a JSON-RPC code, `tool_error`, a reason of the gateway, `cancelled` or `lost`.
pub const ERROR: &str = "error.type";
/// The JSON-RPC code of an error.
pub const STATUS: &str = "rpc.response.status_code";
/// `pipe` or `tcp`.
pub const TRANSPORT: &str = "network.transport";
/// `http` or `websocket`; spans only.
pub const PROTOCOL: &str = "network.protocol.name";
/// Host of the server; client spans only.
pub const ADDRESS: &str = "server.address";
/// Port of the server; client spans only.
pub const PORT: &str = "server.port";
/// Name of the server in the configuration.
pub const SERVER: &str = "mcpvisor.server.name";
/// How a request ended: `ok`, `tool_error`, `error`, `failed`, `cancelled`, `lost`.
pub const OUTCOME: &str = "mcpvisor.outcome";
/// Number of the request in this process, as in `/api/v1/calls` and in logs; spans only.
pub const NUMBER: &str = "mcpvisor.request.number";
/// State of a server, as in `/api/v1/servers`.
pub const STATE: &str = "mcpvisor.state";
/// What kind of fault a reconnection follows; `none` the first time.
pub const CAUSE: &str = "mcpvisor.cause";
/// What a probe found: `alive`, `silent` or `gone`.
pub const PROBE: &str = "mcpvisor.probe.outcome";
/// What was dropped: `requests`, `traces`, `metrics`, `logs` (OTLP), `log_store` or lines of `stderr`.
pub const SIGNAL: &str = "mcpvisor.signal";
/// Why it was dropped: `queue_full` or `not_delivered`.
pub const REASON: &str = "mcpvisor.reason";
/// Version of the gateway.
pub const VERSION: &str = "service.version";
/// Seconds a request waited for a slot; spans only.
pub const QUEUED: &str = "mcpvisor.queue.seconds";
/// Seconds a request waited for its server to be ready; spans only.
pub const WAITED: &str = "mcpvisor.starting.seconds";

/// A request waited for a slot at its server.
pub const EVENT_QUEUE: &str = "mcpvisor.queue";
/// A request waited for its server to be connected.
pub const EVENT_STARTING: &str = "mcpvisor.starting";

/// What attributes beyond the list of a metric's own values become.
pub const OTHER: &str = "_other";

/// Boundaries of all histograms, in seconds, as the conventions have them.
pub const BOUNDARIES: [f64; 14] =
    [0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, 10.0, 30.0, 60.0, 120.0, 300.0];

const OF_SERVER: [&str; 9] =
    [METHOD, TOOL, PROMPT, OPERATION, ERROR, STATUS, REVISION, TRANSPORT, SERVER];
const OF_CLIENT: [&str; 8] = [METHOD, TOOL, PROMPT, OPERATION, ERROR, STATUS, TRANSPORT, SERVER];

/// Time from a client's request to its answer.
pub const SERVER_DURATION: Metric = histogram(
    "mcp.server.operation.duration",
    &OF_SERVER,
    "Time from a request of a client to its answer",
);
/// Time a request was at its server.
pub const CLIENT_DURATION: Metric = histogram(
    "mcp.client.operation.duration",
    &OF_CLIENT,
    "Time from handing a request to its server to the answer",
);
/// How long sessions of clients lasted.
pub const SERVER_SESSION: Metric = histogram(
    "mcp.server.session.duration",
    &[REVISION, TRANSPORT],
    "How long sessions of clients lasted",
);
/// How long connections to servers lasted.
pub const CLIENT_SESSION: Metric = histogram(
    "mcp.client.session.duration",
    &[TRANSPORT, SERVER],
    "How long servers were ready before they were not",
);
/// How long requests waited for a slot.
pub const QUEUE_DURATION: Metric = histogram(
    "mcpvisor.queue.duration",
    &[SERVER],
    "How long requests waited for a free slot at their server",
);
/// Requests that are over.
pub const CALLS: Metric = counter(
    "mcpvisor.calls",
    "{call}",
    &[METHOD, SERVER, OUTCOME],
    "Requests of clients that are over, by how they ended",
);
/// Requests that failed.
pub const ERRORS: Metric = counter(
    "mcpvisor.errors",
    "{error}",
    &[METHOD, SERVER, ERROR],
    "Requests of clients that did not get what they asked for, by class of error",
);
/// Attempts to connect.
pub const RECONNECTS: Metric = counter(
    "mcpvisor.server.reconnects",
    "{attempt}",
    &[SERVER, CAUSE],
    "Attempts to connect to a server, by the fault they follow",
);
/// Probes.
pub const PROBES: Metric = counter(
    "mcpvisor.server.probes",
    "{probe}",
    &[SERVER, PROBE],
    "Probes of a server, by what they found",
);
/// What servers sent that is no message.
pub const NOISES: Metric = counter(
    "mcpvisor.server.noises",
    "{noise}",
    &[SERVER],
    "Things a server sent that are no messages",
);
/// States of servers.
pub const SERVER_STATE: Metric = gauge(
    "mcpvisor.server.state",
    "{server}",
    &[SERVER, STATE],
    "1 for the state a server is in, 0 for the others",
);
/// Servers by state.
pub const SERVERS: Metric =
    gauge("mcpvisor.servers", "{server}", &[STATE], "Servers in each state");
/// Score.
pub const SCORE: Metric =
    gauge("mcpvisor.server.score", "{point}", &[SERVER], "Quality of a server, 0 to 100");
/// Failed attempts in a row.
pub const ATTEMPTS: Metric = gauge(
    "mcpvisor.server.attempts",
    "{attempt}",
    &[SERVER],
    "Attempts to connect that failed since the server was last stable",
);
/// Breakers.
pub const BREAKER: Metric = gauge(
    "mcpvisor.server.breaker",
    "{breaker}",
    &[SERVER, STATE],
    "1 for the state a server's circuit breaker is in, 0 for the others",
);
/// Connections.
pub const INSTANCES: Metric = gauge(
    "mcpvisor.server.instances",
    "{instance}",
    &[SERVER],
    "Connections to a server that are up or coming up",
);
/// Calls at a server.
pub const IN_FLIGHT: Metric =
    gauge("mcpvisor.server.in_flight", "{call}", &[SERVER], "Calls at a server");
/// Calls that wait at a server.
pub const QUEUE_DEPTH: Metric = gauge(
    "mcpvisor.server.queue.depth",
    "{call}",
    &[SERVER],
    "Calls that wait for a free slot at a server",
);
/// Tools of a server.
pub const TOOLS: Metric =
    gauge("mcpvisor.server.tools", "{tool}", &[SERVER], "Tools a server offers");
/// Processes of a server.
pub const PROCESSES: Metric = gauge(
    "mcpvisor.server.process.count",
    "{process}",
    &[SERVER],
    "Processes of a server that is a child of the gateway",
);
/// Memory of a server.
pub const MEMORY: Metric = gauge(
    "mcpvisor.server.process.memory",
    "By",
    &[SERVER],
    "Memory the processes of a server have in RAM",
);
/// Processor time of a server.
pub const CPU: Metric = counter(
    "mcpvisor.server.process.cpu",
    "s",
    &[SERVER],
    "Processor time the processes of a server used; begins anew with each process",
);
/// Open files of a server.
pub const DESCRIPTORS: Metric = gauge(
    "mcpvisor.server.process.fds",
    "{descriptor}",
    &[SERVER],
    "Files, sockets and pipes the processes of a server have open",
);
/// Sessions.
pub const SESSIONS: Metric =
    gauge("mcpvisor.sessions", "{session}", &[], "Sessions of clients that are open");
/// Requests in flight.
pub const REQUESTS: Metric = gauge(
    "mcpvisor.requests.in_flight",
    "{request}",
    &[],
    "Requests of clients that are not answered yet",
);
/// Dropped telemetry.
pub const DROPPED: Metric = counter(
    "mcpvisor.telemetry.dropped",
    "{item}",
    &[SIGNAL, REASON],
    "Telemetry that was given up so that no call had to wait",
);
/// Uptime.
pub const UPTIME: Metric = gauge("mcpvisor.uptime", "s", &[], "How long the gateway has run");
/// Version.
pub const BUILD: Metric =
    gauge("mcpvisor.build.info", "{build}", &[VERSION], "Always 1; the label tells the version");

/// All metrics, in the order of the README.
pub const METRICS: [Metric; 28] = [
    SERVER_DURATION,
    CLIENT_DURATION,
    SERVER_SESSION,
    CLIENT_SESSION,
    QUEUE_DURATION,
    CALLS,
    ERRORS,
    RECONNECTS,
    PROBES,
    NOISES,
    SERVER_STATE,
    SERVERS,
    SCORE,
    ATTEMPTS,
    BREAKER,
    INSTANCES,
    IN_FLIGHT,
    QUEUE_DEPTH,
    TOOLS,
    PROCESSES,
    MEMORY,
    CPU,
    DESCRIPTORS,
    SESSIONS,
    REQUESTS,
    DROPPED,
    UPTIME,
    BUILD,
];

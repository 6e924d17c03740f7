//! From a checked configuration to a running tree, and back down again.

use crate::admin::{Desk, Feed, Running, StatusTool};
use crate::config::{Config, Server, Strategy, Target};
use crate::downstream::{self, Custodian, HttpConnector, StdioConnector};
use crate::exit::Exit;
use crate::faces::HttpSettings;
use crate::ledger::Ledger;
use crate::logs::{self, Bounds, LogStore};
use crate::redaction::Redaction;
use crate::signals::Signals;
use crate::state::{self, CatalogFiles, SessionFile, SwitchFile, TimelineFiles};
use crate::telemetry::{Hub, Instruments, Sink};
use mcpvisor_actors::catalog::{
    CatalogStore, Forgetful, Group, Groups, Naming, NamingStrategy, SwitchStore,
};
use mcpvisor_actors::health::GlobalPolicy;
use mcpvisor_actors::ingress::Face;
use mcpvisor_actors::observation::Observer;
use mcpvisor_actors::otp::StartError;
use mcpvisor_actors::server::{Connector, Mask, ServerName, ServerSpec};
use mcpvisor_actors::session::{BuiltinTool, Listing, SessionStore};
use mcpvisor_actors::timeline::{TimelineStore, Unkept};
use mcpvisor_actors::tree::{Ended, Gateway, GatewaySpec};
use mcpvisor_actors::wire::Limits;
use secrecy::SecretString;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

/// Where things are kept from run to run.
struct Stores {
    catalogs: Arc<dyn CatalogStore>,
    timelines: Arc<dyn TimelineStore>,
    switches: Arc<dyn SwitchStore>,
    sessions: Option<Arc<dyn SessionStore>>,
}

impl Stores {
    /// Nowhere.
    fn none() -> Self {
        Self {
            catalogs: Arc::new(Forgetful),
            timelines: Arc::new(Unkept),
            switches: Arc::new(Forgetful),
            sessions: None,
        }
    }
}

/// What the last telemetry may take.
const FAREWELL: Duration = Duration::from_secs(2);

/// What stopping takes above draining and the end of the slowest server.
const ABOVE_SERVERS: Duration = Duration::from_secs(2);

/// Caps on one message, as configured.
pub fn limits(config: &Config) -> Limits {
    Limits { max_bytes: config.limits.max_message_bytes, max_depth: config.limits.max_depth }
}

/// The HTTP face's settings, as configured.
pub fn http_settings(config: &Config) -> HttpSettings {
    HttpSettings {
        listen: config.listen,
        allow_remote: config.http.allow_remote,
        allowed_hosts: config.http.allowed_hosts.clone(),
        allowed_origins: config.http.allowed_origins.clone(),
        limits: limits(config),
        header_timeout: config.limits.header_timeout,
        body_timeout: config.limits.body_timeout,
        max_connections: config.limits.max_connections,
        drain: drain(config),
        resume: config.http.resume,
        ..HttpSettings::default()
    }
}

/// How long calls in flight may go on once the gateway stops: what the servers need for their own
/// polite end is kept for them, but never more than half.
pub fn drain(config: &Config) -> Duration {
    let servers = enabled(config).map(stop_within).max().unwrap_or_default();
    let whole = stopping(config);
    whole.saturating_sub(servers + ABOVE_SERVERS).max(whole / 2)
}

/// What of the time for a shutdown the last telemetry may take, where any is sent.
pub fn farewell(config: &Config) -> Duration {
    let sends = config.telemetry.is_on();
    if sends { FAREWELL.min(config.shutdown_timeout / 4) } else { Duration::ZERO }
}

/// What of it is left for everything else.
pub fn stopping(config: &Config) -> Duration {
    config.shutdown_timeout.saturating_sub(farewell(config))
}

fn enabled(config: &Config) -> impl Iterator<Item = &Server> {
    config.servers.values().filter(|server| server.enabled)
}

fn stop_within(server: &Server) -> Duration {
    match &server.target {
        Target::Stdio(target) => downstream::stop_bound(target.stop_grace),
        Target::Http(_) => downstream::FAREWELL,
    }
}

/// Every secret the configuration holds.
pub fn redaction(config: &Config) -> Redaction {
    let targets = || config.servers.values().map(|server| &server.target);
    let written = targets().flat_map(|target| match target {
        Target::Stdio(target) => target.env.values(),
        Target::Http(target) => target.headers.values(),
    });
    let in_urls: Vec<SecretString> = targets()
        .filter_map(|target| match target {
            Target::Stdio(_) => None,
            Target::Http(target) => Some(target.url_secrets()),
        })
        .flatten()
        .collect();
    let sent = config.telemetry.targets().flat_map(|target| target.headers.values());
    let others = config.secrets.iter().chain(&config.admin.token).chain(sent);
    Redaction::of(written.chain(&in_urls).chain(others))
}

/// Starts the tree for a configuration.
pub async fn start(config: &Config, faces: Vec<Arc<dyn Face>>) -> Result<Gateway, StartError> {
    start_with(config, faces, &Desk::new()).await
}

/// Starts the tree for a configuration, and opens the desk once it runs.
pub async fn start_with(
    config: &Config,
    faces: Vec<Arc<dyn Face>>,
    desk: &Desk,
) -> Result<Gateway, StartError> {
    let folder = folder(config);
    let redaction = redaction(config);
    let logs = log_store(config, folder.as_deref(), &redaction);
    let (ledger, feed) = (Arc::new(Ledger::new()), Feed::new());
    let instruments = Instruments::start(config, redaction.clone());
    let mut sinks: Vec<Arc<dyn Sink>> =
        vec![Arc::clone(&ledger) as Arc<dyn Sink>, Arc::new(feed.clone()), Arc::new(logs.clone())];
    if !config.telemetry.disabled {
        sinks.push(Arc::clone(&instruments) as Arc<dyn Sink>);
    }
    let hub = Arc::new(Hub::new(sinks));
    let exe = std::env::current_exe().unwrap_or_else(|_| "mcpvisor".into());
    let custodian = Custodian::new(exe);
    let hidden = redaction.clone();
    let mask: Mask = Arc::new(move |text: &str| hidden.clean_cut(text));
    let naming = Naming {
        strategy: match config.naming.strategy {
            Strategy::Prefix => NamingStrategy::Prefix,
            Strategy::Flat => NamingStrategy::Flat,
        },
        separator: config.naming.separator.clone(),
    };
    let stores = stores(config, folder.as_deref());
    let status = || Arc::new(StatusTool::new(desk.clone())) as Arc<dyn BuiltinTool>;
    let spec = GatewaySpec {
        servers: enabled(config)
            .map(|server| server_spec(server, &custodian, &redaction, &mask, &logs))
            .collect(),
        naming,
        groups: groups(config),
        listing: Listing {
            page_size: config.list.page_size,
            boot_wait: config.list.boot_wait,
            cache: config.cache,
        },
        builtin: config.status_tool.then(status),
        health: GlobalPolicy { monitor: config.monitor, ping: config.ping },
        max_concurrent_checks: config.max_concurrent_checks,
        max_concurrent_reconnections: config.max_concurrent_reconnections,
        store: stores.catalogs,
        timeline_store: stores.timelines,
        switch_store: stores.switches,
        max_requests: config.limits.max_requests,
        max_sessions: config.limits.max_sessions,
        session_idle: config.limits.session_idle,
        session_yields_after: config.limits.session_yields_after,
        session_store: stores.sessions,
        drain: drain(config),
        observer: Arc::clone(&hub) as Arc<dyn Observer>,
        faces,
    };
    let gateway = match Gateway::start(spec).await {
        Ok(gateway) => gateway,
        Err(error) => {
            // with it goes the log, which tells why
            instruments.farewell(farewell(config)).await;
            return Err(error);
        }
    };
    let mut running = Running::of(&gateway, config, hub);
    (running.ledger, running.feed, running.logs) = (ledger, feed, logs);
    running.counted_by(instruments);
    desk.open(running);
    Ok(gateway)
}

fn groups(config: &Config) -> Groups {
    let group = |group: &crate::config::Group| Group {
        description: group.description.clone(),
        servers: group.servers.iter().map(|name| ServerName::new(name)).collect(),
        tools: group.tools.clone(),
    };
    let groups = config.groups.iter();
    groups.map(|(name, it)| (name.as_str().into(), Arc::new(group(it)))).collect()
}

fn server_spec(
    server: &Server,
    custodian: &Custodian,
    redaction: &Redaction,
    mask: &Mask,
    logs: &LogStore,
) -> ServerSpec {
    let name = ServerName::new(&server.name);
    let connector: Arc<dyn Connector> = match &server.target {
        Target::Stdio(target) => Arc::new(
            StdioConnector::new(target.clone(), custodian.clone())
                .hiding(redaction.clone())
                .logging(logs.of_server(&name)),
        ),
        Target::Http(target) => Arc::new(HttpConnector::new(target.clone())),
    };
    ServerSpec {
        name,
        start: server.start,
        limits: server.limits,
        connect_timeout: server.connect_timeout,
        expose: server.expose.clone(),
        tools: server.tools.clone(),
        fingerprint: server.fingerprint.clone(),
        stop_within: stop_within(server),
        priority: server.priority,
        depends_on: server.depends_on.iter().map(|name| ServerName::new(name)).collect(),
        required: server.required,
        monitor: server.monitor,
        ping: server.ping,
        reconnection: server.reconnection,
        breaker: server.breaker,
        sharing: server.sharing,
        propagate: server.propagate,
        mask: Arc::clone(mask),
        cache: server.cache,
        era: server.era,
        connector,
    }
}

/// The state folder, when it can be used.
fn folder(config: &Config) -> Option<PathBuf> {
    let Some(folder) = config.state_dir.clone().or_else(state::default_dir) else {
        tracing::warn!("there is no state folder here, so nothing is remembered; set --state-dir");
        return None;
    };
    match std::fs::create_dir_all(&folder) {
        Ok(()) => Some(folder),
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "the state folder cannot be used, so nothing is remembered; set --state-dir");
            None
        }
    }
}

/// Where catalogs, timelines, sessions and switches are kept.
fn stores(config: &Config, folder: Option<&Path>) -> Stores {
    let Some(folder) = folder else { return Stores::none() };
    match CatalogFiles::open(folder) {
        Ok(files) => {
            let sessions = config.http.persist_sessions.then(|| {
                Arc::new(SessionFile::new(folder, config.listen)) as Arc<dyn SessionStore>
            });
            Stores {
                catalogs: Arc::new(files),
                timelines: Arc::new(TimelineFiles::new(folder)),
                switches: Arc::new(SwitchFile::new(folder)),
                sessions,
            }
        }
        Err(error) => {
            tracing::warn!(folder = %folder.display(), %error, "the state folder cannot be used, so nothing is remembered; set --state-dir");
            Stores::none()
        }
    }
}

/// Where what is said is kept.
fn log_store(config: &Config, folder: Option<&Path>, redaction: &Redaction) -> LogStore {
    let settings = &config.log.store;
    if !settings.enabled {
        logs::keep_nothing();
        return LogStore::off();
    }
    let bounds = Bounds { max_bytes: settings.max_bytes, max_age: settings.max_age };
    LogStore::open(folder, bounds, redaction.clone())
}

/// Runs until a signal comes, the faces are done or the tree gives up; then stops in order.
pub async fn run(gateway: Gateway, config: &Config, signals: &mut Signals) -> Exit {
    let ended = tokio::select! {
        ended = gateway.ended() => ended,
        signal = signals.next() => {
            tracing::info!(signal, "stopping: calls in flight may finish");
            Ended::Stopped
        }
    };
    if ended == Ended::GaveUp {
        tracing::error!("the supervision tree gave up; start the gateway again and report this");
        return Exit::GaveUp;
    }
    let stop = gateway.stop(stopping(config));
    tokio::select! {
        in_time = stop => tracing::info!(in_time, "stopped"),
        // asked twice: dropping the tree kills the children at once
        signal = signals.next() => tracing::warn!(signal, "stopping at once"),
    }
    Exit::Ok
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::{Env, Format, parse};

    #[test]
    fn the_last_telemetry_is_within_the_time_for_a_shutdown() {
        for (endpoint, expected) in [("", 28), (r#""endpoint":"http://127.0.0.1:1""#, 26)] {
            let text = format!(r#"{{"shutdown_timeout":"28s","telemetry":{{{endpoint}}}}}"#);
            let config = parse(&text, Format::Json, &Env::default()).unwrap();
            assert_eq!(stopping(&config), Duration::from_secs(expected), "{text}");
            assert_eq!(stopping(&config) + farewell(&config), config.shutdown_timeout);
        }
    }

    #[test]
    fn only_servers_that_run_take_from_the_time_calls_in_flight_have() {
        let drain_with = |enabled: bool| {
            let text = format!(
                r#"{{"servers":{{"a":{{"command":"a","stop_grace":"1s"}},
                    "b":{{"command":"b","stop_grace":"20s","enabled":{enabled}}}}}}}"#
            );
            drain(&parse(&text, Format::Json, &Env::default()).unwrap())
        };
        let text = r#"{"servers":{"a":{"command":"a","stop_grace":"1s"}}}"#;
        let alone = drain(&parse(text, Format::Json, &Env::default()).unwrap());
        assert_eq!(drain_with(false), alone);
        assert!(drain_with(true) < alone);
    }
}

//! The checks of servers: their names and how they are reached.
//!
//! *Invariant:* values of `env` and `headers`, and URLs, appear in no message.

use super::dependencies;
use super::envfile;
use super::file::{self, Kind, Reach, Secret};
use super::fingerprint;
use super::groups;
use super::health;
use super::policy::policy;
use super::settings::{Server, ServerDefaults, Target};
use super::validate::Judge;
use crate::downstream::{HttpKind, HttpTarget, StdioTarget};
use mcpvisor_actors::health::{MonitorPolicy, PingPolicy};
use mcpvisor_actors::reconnection::ReconnectionPolicy;
use mcpvisor_actors::server::EraChoice;
use mcpvisor_actors::wire::Limits;
use reqwest::header::HeaderName;
use secrecy::{ExposeSecret, SecretString};
use std::collections::BTreeMap;

/// What servers share with the gateway, or override of it.
pub(super) struct Shared<'a> {
    pub(super) limits: &'a file::Limits,
    pub(super) monitor: MonitorPolicy,
    pub(super) ping: PingPolicy,
    pub(super) reconnection: ReconnectionPolicy,
}

/// Judges all servers.
pub(super) fn all(
    servers: BTreeMap<String, file::Server>,
    shared: &Shared<'_>,
    judge: &mut Judge<'_>,
) -> BTreeMap<String, Server> {
    let needs = |(name, entry): (&String, &file::Server)| (name.clone(), entry.depends_on.clone());
    let needs: dependencies::Written = servers.iter().map(needs).collect();
    let mut judged = BTreeMap::new();
    for (name, entry) in servers {
        if let Some(server) = one(&name, entry, shared, judge) {
            judged.insert(name, server);
        }
    }
    dependencies::check(&needs, &judged, judge);
    judged
}

fn one(
    name: &str,
    entry: file::Server,
    shared: &Shared<'_>,
    judge: &mut Judge<'_>,
) -> Option<Server> {
    let path = ["servers", name];
    groups::tags(name, &entry.tags, judge);
    let fits = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if name.is_empty() || name.len() > 64 || !name.chars().all(fits) {
        let message = format!("`{name}` is no name of a server");
        judge.fault(&path, message, "use 1 to 64 of A-Z a-z 0-9 _ -");
    }
    let is_http = entry.reach.url.is_some();
    let policy = policy(&entry.policy, Some(is_http), &path, judge);
    let below = |key| ["servers", name, key];
    let monitor = health::monitor(&entry.monitor, shared.monitor, &below("monitor"), judge);
    let ping = health::ping(&entry.ping, &below("ping"), judge);
    health::suspicion(name, &shared.ping.with(&ping), policy.limits.call_timeout, judge);
    let reconnection = health::reconnection(
        &entry.reconnection,
        shared.reconnection,
        &below("reconnection"),
        judge,
    );
    let limits =
        Limits { max_bytes: shared.limits.max_message_bytes.0, max_depth: shared.limits.max_depth };
    let target = target(name, entry.reach, &policy, limits, judge)?;
    let fingerprint = match &target {
        Target::Stdio(target) => fingerprint::of_stdio(target),
        Target::Http(target) => fingerprint::of_http(target),
    };
    let sse = matches!(&target, Target::Http(target) if target.kind == HttpKind::Sse);
    if sse && entry.era == file::Era::Modern {
        let message = "the type `sse` is older than the era `modern`";
        judge.fault(&below("era"), message, "remove one of them");
    }
    Some(Server {
        name: name.to_owned(),
        enabled: policy.enabled,
        start: policy.start,
        target,
        limits: policy.limits,
        connect_timeout: policy.connect_timeout,
        expose: policy.expose,
        tools: policy.tools,
        monitor,
        ping,
        reconnection,
        priority: policy.priority,
        depends_on: entry.depends_on,
        tags: entry.tags,
        era: match entry.era {
            file::Era::Auto => EraChoice::Auto,
            file::Era::Legacy => EraChoice::Legacy,
            file::Era::Modern => EraChoice::Modern,
        },
        required: policy.required,
        sharing: policy.sharing,
        propagate: policy.propagate.unwrap_or(is_http),
        breaker: policy.breaker,
        cache: policy.cache,
        fingerprint,
    })
}

fn target(
    name: &str,
    reach: Reach,
    policy: &ServerDefaults,
    limits: Limits,
    judge: &mut Judge<'_>,
) -> Option<Target> {
    let key = |key| ["servers", name, key];
    match (&reach.command, &reach.url) {
        (Some(_), Some(_)) => {
            let message = "`command` and `url` exclude each other";
            judge.fault(&key("url"), message, "keep the one the server is reached by");
            None
        }
        (None, None) => {
            // What was written but did not fit has its own fault.
            let given = |it| judge.tree.nearest(&["servers", name]).get(it).is_some();
            if !given("command") && !given("url") {
                let message = "neither `command` nor `url` is given";
                judge.fault(&["servers", name], message, "say how the server is reached");
            }
            None
        }
        (Some(_), None) => stdio(name, reach, policy, limits, judge).map(Target::Stdio),
        (None, Some(_)) => http(name, reach, policy, limits, judge).map(Target::Http),
    }
}

fn stdio(
    name: &str,
    reach: Reach,
    policy: &ServerDefaults,
    limits: Limits,
    judge: &mut Judge<'_>,
) -> Option<StdioTarget> {
    let key = |key| ["servers", name, key];
    if reach.kind.is_some_and(|kind| kind != Kind::Stdio) {
        let message = "this type needs `url`, not `command`";
        judge.fault(&key("type"), message, "remove it or write `stdio`");
    }
    if !reach.headers.is_empty() {
        let message = "`headers` are for servers with `url`";
        judge.fault(&key("headers"), message, "remove them or use `env`");
    }
    let command = reach.command?;
    if command.trim().is_empty() {
        judge.fault(&key("command"), "is empty", "name the program to run");
    }
    let mut env = BTreeMap::new();
    if let Some(text) = &reach.env_file {
        let path = judge.path(&key("env_file"), text);
        match envfile::load(&path) {
            Ok(pairs) => env.extend(pairs),
            Err(reason) if !text.is_empty() => {
                let shown = judge.shown(&key("env_file"), &path.display().to_string());
                let message = format!("{shown} {reason}");
                judge.fault(&key("env_file"), message, "name a file of `NAME=value` lines");
            }
            Err(_) => {}
        }
    }
    for (variable, Secret(value)) in reach.env {
        if variable.is_empty() || variable.contains(['=', '\0']) {
            let message = "is no name of an environment variable";
            judge.fault(&["servers", name, "env", &variable], message, "write NAME: value");
        }
        if value.expose_secret().contains('\0') {
            let message = "the value holds a NUL character";
            judge.fault(&["servers", name, "env", &variable], message, "remove it");
        }
        env.insert(variable, value);
    }
    Some(StdioTarget {
        command,
        args: reach.args.into_iter().map(|arg| arg.0).collect(),
        env,
        cwd: reach.cwd.as_deref().map(|text| judge.path(&key("cwd"), text)),
        stop_grace: policy.stop_grace,
        limits,
    })
}

fn http(
    name: &str,
    reach: Reach,
    policy: &ServerDefaults,
    limits: Limits,
    judge: &mut Judge<'_>,
) -> Option<HttpTarget> {
    let key = |key| ["servers", name, key];
    for (given, what) in [
        (!reach.args.is_empty(), "args"),
        (!reach.env.is_empty(), "env"),
        (reach.env_file.is_some(), "env_file"),
        (reach.cwd.is_some(), "cwd"),
    ] {
        if given {
            let message = format!("`{what}` is for servers with `command`");
            judge.fault(&key(what), message, "remove it");
        }
    }
    if reach.kind == Some(Kind::Stdio) {
        let message = "`stdio` needs `command`, not `url`";
        judge.fault(&key("type"), message, "remove it or write `http`");
    }
    let headers = headers(name, reach.headers, judge);
    let url = reqwest::Url::parse(&reach.url?).ok();
    let spoken = ["http", "https", "ws", "wss"];
    let Some(url) = url.filter(|url| spoken.contains(&url.scheme()) && url.has_host()) else {
        let message = "is no http, https, ws or wss URL";
        judge.fault(&key("url"), message, "write it like `https://mcp.example.com/mcp`");
        return None;
    };
    let is_socket = url.scheme().starts_with("ws");
    if is_socket && reach.kind.is_some_and(|kind| kind != Kind::WebSocket && kind != Kind::Stdio) {
        let message = "this type is spoken over http or https, but the URL is of a WebSocket";
        judge.fault(&key("type"), message, "remove it or write `websocket`");
    }
    Some(HttpTarget {
        url,
        headers,
        connect_timeout: policy.connect_timeout,
        limits,
        kind: match reach.kind {
            Some(Kind::StreamableHttp) => HttpKind::StreamableHttp,
            Some(Kind::Sse) => HttpKind::Sse,
            Some(Kind::WebSocket) => HttpKind::WebSocket,
            _ if is_socket => HttpKind::WebSocket,
            Some(Kind::Http | Kind::Stdio) | None => HttpKind::Auto,
        },
    })
}

fn headers(
    name: &str,
    written: BTreeMap<String, Secret>,
    judge: &mut Judge<'_>,
) -> BTreeMap<String, SecretString> {
    let mut headers: BTreeMap<String, SecretString> = BTreeMap::new();
    for (header, Secret(value)) in written {
        let path = ["servers", name, "headers", &header];
        if HeaderName::try_from(header.as_str()).is_err() {
            judge.fault(&path, "is no name of a header", "write it like `Authorization`");
        }
        if reqwest::header::HeaderValue::from_str(value.expose_secret()).is_err() {
            let message = "the value holds characters no header may have";
            judge.fault(&path, message, "remove line ends and control characters");
        }
        if headers.keys().any(|earlier| earlier.eq_ignore_ascii_case(&header)) {
            judge.fault(&path, "the header is given twice", "keep one spelling of it");
        }
        headers.insert(header, value);
    }
    headers
}

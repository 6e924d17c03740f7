//! What the values mean: the checks that types alone cannot make, gateway part.
//!
//! Everything is checked whatever else is wrong; a faulty value is replaced by its default only to
//! go on checking, for a configuration with faults never comes out.
//!
//! *Invariant:* pure but for `env_file`, whose contents are part of the configuration.

use super::faults::Ledger;
use super::file::{File, Limits};
use super::settings::{Config, GlobalLimits, Http, ListenOrigin, Listing, Naming};
use super::tree::{Node, dotted};
use super::view::View;
use super::{Env, admin, groups, health, log, policy, server, telemetry};
use crate::faces::ResumeSettings;
use mcpvisor_actors::health::{MonitorPolicy, PingPolicy};
use mcpvisor_actors::reconnection::ReconnectionPolicy;
use std::net::{Ipv4Addr, SocketAddr};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// The longest shutdown: container runtimes kill after 30 s.
const LONGEST_SHUTDOWN: Duration = Duration::from_secs(28);

/// What judging needs besides the values.
pub(super) struct Judge<'a> {
    /// Where everything was written.
    pub(super) tree: &'a Node,
    pub(super) ledger: &'a mut Ledger,
    /// The folder of the file, which relative paths start from.
    pub(super) folder: &'a Path,
    pub(super) env: &'a Env,
}

impl Judge<'_> {
    /// The value of `path` is wrong.
    pub(super) fn fault(
        &mut self,
        path: &[&str],
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let origin = &self.tree.nearest(path).origin;
        self.ledger.fault(origin, dotted(path), message, remedy);
    }

    /// Something about `path` is worth knowing.
    pub(super) fn note(
        &mut self,
        path: &[&str],
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        let origin = &self.tree.nearest(path).origin;
        self.ledger.note(origin, dotted(path), message, remedy);
    }

    /// Whether this key was given.
    pub(super) fn written(&self, path: &[&str]) -> bool {
        let step = |node, key: &&str| Node::get(node, key);
        path.iter().try_fold(self.tree, step).is_some()
    }

    /// Text for a message, unless it came out of the environment.
    pub(super) fn shown(&self, path: &[&str], text: &str) -> String {
        if self.tree.nearest(path).loose { "the value".into() } else { format!("`{text}`") }
    }

    /// More than nothing.
    pub(super) fn positive<T: Default + PartialEq + Copy>(
        &mut self,
        path: &[&str],
        value: T,
        remedy: &str,
    ) {
        if value == T::default() {
            self.fault(path, "must be more than 0", remedy);
        }
    }

    /// 0 to 100.
    pub(super) fn percent(&mut self, path: &[&str], value: usize) -> u8 {
        u8::try_from(value).ok().filter(|value| *value <= 100).unwrap_or_else(|| {
            self.fault(path, "is more than 100", "write 0 to 100");
            100
        })
    }

    /// A path from the file: `~/` is the home folder, relative is relative to the file.
    pub(super) fn path(&mut self, key: &[&str], text: &str) -> PathBuf {
        if text.is_empty() {
            self.fault(key, "is empty", "name a path or remove the key");
        }
        match (text.strip_prefix("~/"), self.env.get("HOME")) {
            (Some(below), Some(home)) => Path::new(home).join(below),
            _ => self.folder.join(text),
        }
    }
}

/// Judges the whole file.
pub(super) fn judge(file: File, name: &str, judge: &mut Judge<'_>) -> Config {
    let listen = listen(&file.listen, judge);
    let state_dir = file.state_dir.as_deref().map(|text| judge.path(&["state_dir"], text));
    let separator = &file.naming.separator;
    let fits = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    if !(1..=3).contains(&separator.len()) || !separator.chars().all(fits) {
        let shown = judge.shown(&["naming", "separator"], separator);
        let message = format!("{shown} is no separator");
        let remedy = "use 1 to 3 of A-Z a-z 0-9 _ . / -";
        judge.fault(&["naming", "separator"], message, remedy);
    }
    let log = log::log(file.log, judge);
    let limits = limits(&file.limits, judge);
    http(&file.http, judge);
    let admin = admin::admin(file.admin, judge);
    judge.positive(&["list", "page_size"], file.list.page_size, "write 1 or more");
    if file.shutdown_timeout.0.is_zero() || file.shutdown_timeout.0 > LONGEST_SHUTDOWN {
        let message = format!("{} is not between 0 and 28s", file.shutdown_timeout);
        judge.fault(&["shutdown_timeout"], message, "write 28s or less, but more than 0");
    }
    let monitor =
        health::monitor(&file.monitor.shared(), MonitorPolicy::default(), &["monitor"], judge);
    let monitor = MonitorPolicy::default().with(&monitor);
    let ping = health::ping(&file.ping.shared(), &["ping"], judge);
    let ping = PingPolicy::default().with(&ping);
    let reconnection = health::reconnection(
        &file.reconnection.shared(),
        ReconnectionPolicy::default(),
        &["reconnection"],
        judge,
    );
    let checks = file.monitor.max_concurrent_checks;
    judge.positive(&["monitor", "max_concurrent_checks"], checks, "write 1 or more");
    let attempts = file.reconnection.max_concurrent;
    judge.positive(&["reconnection", "max_concurrent"], attempts, "write 1 or more");
    let defaults = policy::policy(&file.defaults, None, &["defaults"], judge);
    let tags = file.servers.iter().map(|(name, it)| (name.clone(), it.tags.clone())).collect();
    let servers = {
        let shared = server::Shared { limits: &file.limits, monitor, ping, reconnection };
        server::all(file.servers, &shared, judge)
    };
    let groups = groups::all(file.groups, &tags, &servers, judge);
    Config {
        listen,
        state_dir,
        naming: Naming { strategy: file.naming.strategy, separator: file.naming.separator },
        limits,
        http: Http {
            allowed_hosts: file.http.allowed_hosts,
            allowed_origins: file.http.allowed_origins,
            allow_remote: file.http.allow_remote,
            persist_sessions: file.http.sessions.persist,
            resume: ResumeSettings {
                max_bytes: file.http.resume.max_bytes.0,
                max_events: file.http.resume.max_events,
                max_total_bytes: file.http.resume.max_total_bytes.0,
                ttl: file.http.resume.ttl.0,
            },
        },
        admin,
        list: Listing { page_size: file.list.page_size, boot_wait: file.list.boot_wait.0 },
        cache: file.cache.hints(),
        log,
        telemetry: telemetry::telemetry(&file.telemetry, judge),
        shutdown_timeout: file.shutdown_timeout.0,
        monitor,
        max_concurrent_checks: checks,
        ping,
        reconnection,
        max_concurrent_reconnections: attempts,
        status_tool: file.status_tool,
        defaults,
        servers,
        groups,
        notes: Vec::new(),
        secrets: Vec::new(),
        path: None,
        view: View::default(),
        listen_origin: ListenOrigin {
            file: name.to_owned(),
            origin: judge.tree.nearest(&["listen"]).origin.clone(),
        },
    }
}

fn listen(text: &str, judge: &mut Judge<'_>) -> SocketAddr {
    let address = match text.strip_prefix("localhost:") {
        Some(port) => format!("127.0.0.1:{port}").parse(),
        None => text.parse(),
    };
    address.unwrap_or_else(|_| {
        let message = format!("{} is no address and port", judge.shown(&["listen"], text));
        judge.fault(&["listen"], message, "write it like `127.0.0.1:3210` or `[::1]:3210`");
        SocketAddr::from((Ipv4Addr::LOCALHOST, 0))
    })
}

fn limits(limits: &Limits, judge: &mut Judge<'_>) -> GlobalLimits {
    for (key, count) in [
        ("max_message_bytes", limits.max_message_bytes.0),
        ("max_depth", limits.max_depth),
        ("max_requests", limits.max_requests),
        ("max_sessions", limits.max_sessions),
        ("max_connections", limits.max_connections),
    ] {
        judge.positive(&["limits", key], count, "write 1 or more");
    }
    for (key, span) in [
        ("header_timeout", limits.header_timeout),
        ("body_timeout", limits.body_timeout),
        ("session_idle", limits.session_idle),
        ("session_yields_after", limits.session_yields_after),
    ] {
        judge.positive(&["limits", key], span.0, "write a duration such as `10s`");
    }
    GlobalLimits {
        max_message_bytes: limits.max_message_bytes.0,
        max_depth: limits.max_depth,
        max_requests: limits.max_requests,
        max_sessions: limits.max_sessions,
        max_connections: limits.max_connections,
        header_timeout: limits.header_timeout.0,
        body_timeout: limits.body_timeout.0,
        session_idle: limits.session_idle.0,
        session_yields_after: limits.session_yields_after.0,
    }
}

fn http(http: &super::file::Http, judge: &mut Judge<'_>) {
    for (key, count) in [
        ("max_bytes", http.resume.max_bytes.0),
        ("max_events", http.resume.max_events),
        ("max_total_bytes", http.resume.max_total_bytes.0),
    ] {
        judge.positive(&["http", "resume", key], count, "write 1 or more; `ttl: 0` turns it off");
    }
    for (at, host) in http.allowed_hosts.iter().enumerate() {
        let path = ["http", "allowed_hosts", &at.to_string()];
        let host_only = |url: &reqwest::Url| {
            url.path() == "/" && url.query().is_none() && url.username().is_empty()
        };
        let url = reqwest::Url::parse(&format!("http://{host}"));
        if host.contains('/') || !url.is_ok_and(|url| host_only(&url)) {
            let message = format!("{} is no host name", judge.shown(&path, host));
            judge.fault(
                &path,
                message,
                "write it like `mcp.example.com` or `mcp.example.com:8443`",
            );
        }
    }
    for (at, origin) in http.allowed_origins.iter().enumerate() {
        let path = ["http", "allowed_origins", &at.to_string()];
        let url = reqwest::Url::parse(origin);
        let whole =
            |url: &reqwest::Url| url.has_host() && url.path().len() <= 1 && !origin.ends_with('/');
        if !url.is_ok_and(|url| whole(&url)) {
            let message = format!("{} is no origin", judge.shown(&path, origin));
            judge.fault(&path, message, "write scheme and host, like `https://app.example.com`");
        }
    }
}

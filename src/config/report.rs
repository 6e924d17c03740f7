//! What `mcpvisor check` says about a configuration without faults.
//!
//! *Invariant:* shows no secret: neither arguments, queries, nor values of `env` and `headers`.

use super::file::USUAL_PRIORITY;
use super::settings::{Config, Server, Target};
use crate::downstream::HttpKind;
use mcpvisor_actors::server::{EraChoice, Start};
use std::fmt;

/// A summary for people, one line a server, notes last.
pub struct Report<'a>(pub(super) &'a Config);

impl fmt::Display for Report<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = self.0;
        let used = config.servers.values().filter(|server| server.enabled).count();
        let disabled = config.servers.len() - used;
        write!(f, "ok: listens on {}, {used} server{}", config.listen, plural(used))?;
        if disabled > 0 {
            write!(f, ", {disabled} disabled")?;
        }
        let width = config.servers.keys().map(String::len).max().unwrap_or(0);
        for server in config.servers.values() {
            write!(f, "\n  {:width$}  {}", server.name, Line(server))?;
        }
        for (name, group) in &config.groups {
            let servers: Vec<&str> = group.servers.iter().map(String::as_str).collect();
            write!(f, "\n  group {name}: {}", servers.join(", "))?;
            if let Some(description) = &group.description {
                write!(f, " ({description})")?;
            }
        }
        for note in &config.notes {
            write!(f, "\nnote: {note}")?;
        }
        Ok(())
    }
}

struct Line<'a>(&'a Server);

impl fmt::Display for Line<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let server = self.0;
        let kind = match &server.target {
            Target::Stdio(_) => "stdio",
            Target::Http(target) => match target.kind {
                HttpKind::Auto => "http",
                HttpKind::StreamableHttp => "streamable-http",
                HttpKind::Sse => "sse",
                HttpKind::WebSocket => "websocket",
            },
        };
        let start = match (server.enabled, server.start) {
            (false, _) => "disabled",
            (true, Start::Eager) => "eager",
            (true, Start::Lazy) => "lazy",
        };
        let at_once = server.limits.max_in_flight;
        write!(
            f,
            "{kind}  {}  ({start}, {at_once} call{} at once",
            server.target,
            plural(at_once)
        )?;
        if server.priority != USUAL_PRIORITY {
            write!(f, ", priority {}", server.priority)?;
        }
        if server.required {
            f.write_str(", required")?;
        }
        if !server.depends_on.is_empty() {
            write!(f, ", after {}", server.depends_on.join(" and "))?;
        }
        match server.era {
            EraChoice::Auto => {}
            EraChoice::Legacy => f.write_str(", era legacy")?,
            EraChoice::Modern => f.write_str(", era modern")?,
        }
        f.write_str(")")
    }
}

fn plural(count: usize) -> &'static str {
    if count == 1 { "" } else { "s" }
}

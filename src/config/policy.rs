//! The checks of what servers and `defaults` share: when, how many, how long, which tools.
//!
//! *Invariant:* values that came out of the environment appear in no message.

use super::file::{self, Policy};
use super::health;
use super::settings::ServerDefaults;
use super::validate::Judge;
use globset::{Glob, GlobMatcher};
use mcpvisor_actors::server::{CallLimits, Expose, Sharing, Start, ToolOverride};
use std::collections::BTreeMap;

/// Calls at the same time, by the kind of server.
const STDIO_IN_FLIGHT: usize = 16;
const HTTP_IN_FLIGHT: usize = 64;

/// Judges the settings that servers and `defaults` share. `is_http` is unknown for `defaults`.
pub(super) fn policy(
    policy: &Policy,
    is_http: Option<bool>,
    path: &[&str],
    judge: &mut Judge<'_>,
) -> ServerDefaults {
    let below = |key| [path, &[key]].concat();
    for (key, span) in [
        ("route_timeout", policy.route_timeout),
        ("call_timeout", policy.call_timeout),
        ("call_ceiling", policy.call_ceiling),
        ("connect_timeout", policy.connect_timeout),
    ] {
        judge.positive(&below(key), span.0, "write a duration such as `10s`");
    }
    if let Some(count) = policy.max_in_flight {
        judge.positive(&below("max_in_flight"), count, "write 1 or more");
    }
    if policy.call_timeout.0 > policy.call_ceiling.0 && !policy.call_ceiling.0.is_zero() {
        let message = format!(
            "{} is more than `call_ceiling` ({})",
            policy.call_timeout, policy.call_ceiling
        );
        judge.fault(&below("call_timeout"), message, "lower it or raise `call_ceiling`");
    }
    let priority = judge.percent(&below("priority"), policy.priority);
    let breaker = health::breaker(&policy.breaker, &below("breaker"), judge);
    let by_kind = if is_http == Some(true) { HTTP_IN_FLIGHT } else { STDIO_IN_FLIGHT };
    ServerDefaults {
        enabled: policy.enabled,
        start: match policy.start {
            file::Start::Eager => Start::Eager,
            file::Start::Lazy => Start::Lazy,
        },
        max_in_flight: policy.max_in_flight,
        limits: CallLimits {
            max_in_flight: policy.max_in_flight.unwrap_or(by_kind),
            max_queue: policy.max_queue,
            route_timeout: policy.route_timeout.0,
            call_wait: policy.call_wait.0,
            call_timeout: policy.call_timeout.0,
            call_ceiling: policy.call_ceiling.0,
        },
        connect_timeout: policy.connect_timeout.0,
        stop_grace: policy.stop_grace.0,
        expose: Expose {
            allow: globs(&policy.expose.allow, &[path, &["expose", "allow"]].concat(), judge),
            deny: globs(&policy.expose.deny, &[path, &["expose", "deny"]].concat(), judge),
        },
        tools: overrides(&policy.tools, path, judge),
        priority,
        required: policy.required,
        sharing: match policy.sharing {
            file::Sharing::Auto => Sharing::Auto,
            file::Sharing::Shared => Sharing::Shared,
            file::Sharing::Session => Sharing::Session,
        },
        propagate: policy.propagate,
        breaker,
        cache: policy.cache.hints(),
    }
}

/// The patterns of tools in a list.
pub(super) fn globs(patterns: &[String], path: &[&str], judge: &mut Judge<'_>) -> Vec<GlobMatcher> {
    let mut matchers = Vec::new();
    for (at, pattern) in patterns.iter().enumerate() {
        let at = at.to_string();
        let path = [path, &[at.as_str()]].concat();
        match Glob::new(pattern) {
            _ if pattern.is_empty() => {
                judge.fault(&path, "is empty", "write a tool's name or a pattern such as `read_*`");
            }
            Ok(glob) => matchers.push(glob.compile_matcher()),
            Err(error) => {
                let message = format!("is no pattern ({})", error.kind());
                judge.fault(&path, message, "write a tool's name or a pattern such as `read_*`");
            }
        }
    }
    matchers
}

fn overrides(
    tools: &BTreeMap<String, file::Tool>,
    path: &[&str],
    judge: &mut Judge<'_>,
) -> BTreeMap<String, ToolOverride> {
    let fits = |c: char| c.is_ascii_alphanumeric() || "_./-".contains(c);
    let mut shown_as: BTreeMap<&str, &str> = BTreeMap::new();
    for (tool, it) in tools {
        let at = [path, &["tools", tool.as_str()]].concat();
        if tool.is_empty() {
            judge.fault(&at, "the name of the tool is empty", "name a tool of the server");
        }
        if it.name.is_none() && it.description.is_none() {
            judge.fault(&at, "overrides nothing", "give `name` or `description`, or remove it");
        }
        let Some(name) = &it.name else { continue };
        let at = [at.as_slice(), &["name"]].concat();
        if name.is_empty() || name.len() > 128 || !name.chars().all(fits) {
            let message = format!("{} is no name of a tool", judge.shown(&at, name));
            judge.fault(&at, message, "use 1 to 128 of A-Z a-z 0-9 _ . / -");
        }
        if let Some(other) = shown_as.insert(name, tool) {
            let message = format!("the tools `{other}` and `{tool}` get one name");
            judge.fault(&at, message, "choose another name for one of them");
        }
    }
    let overrides = |it: &file::Tool| ToolOverride {
        name: it.name.clone(),
        description: it.description.clone(),
    };
    tools.iter().map(|(tool, it)| (tool.clone(), overrides(it))).collect()
}

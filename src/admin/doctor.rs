//! What is wrong, in words, each with what to do about it. Pure.

use super::{Health, ServerReport, Status};
use std::time::Duration;

/// How bad something is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Severity {
    /// Worth knowing.
    Note,
    /// Calls fail, or the gateway does not do what it should.
    Red,
}

/// One thing worth telling.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Finding {
    /// How bad it is.
    pub severity: Severity,
    /// The server it is about, or `gateway`.
    pub about: String,
    /// What it is.
    pub text: String,
    /// What to do.
    pub fix: String,
}

/// Everything worth telling: what is red first, then by name.
pub fn findings(health: &Health, servers: &[ServerReport]) -> Vec<Finding> {
    let mut findings = of_gateway(health);
    findings.extend(servers.iter().flat_map(of_server));
    findings.sort_by(|a, b| b.severity.cmp(&a.severity));
    findings
}

fn of_gateway(health: &Health) -> Vec<Finding> {
    let red = |text, fix: &str| Finding {
        severity: Severity::Red,
        about: "gateway".into(),
        text,
        fix: fix.into(),
    };
    let stalled = health.loops.iter().filter(|(_, turns)| !**turns);
    let mut found: Vec<Finding> = stalled
        .map(|(name, _)| {
            let text = format!("its `{name}` loop does not answer");
            red(text, "Look whether the machine is overloaded; if not, restart the gateway and report it.")
        })
        .collect();
    if health.status == Status::Starting {
        found.push(red("it is still starting".into(), "Ask again in a second."));
    }
    found
}

fn of_server(server: &ServerReport) -> Vec<Finding> {
    let tell = |severity, text: String, fix: String| Finding {
        severity,
        about: server.name.clone(),
        text,
        fix,
    };
    let mut found = Vec::new();
    if let Some((severity, text, fix)) = standing(server) {
        found.push(tell(severity, text, fix));
    }
    if server.breaker != "closed" && server.available {
        let text = "calls are refused for now: too many failed in a row".to_owned();
        let fix = "Read the failures with `mcpvisor explain`; one call is tried by itself soon.";
        found.push(tell(Severity::Red, text, fix.into()));
    }
    if server.available && !server.quality.stale {
        let bad = server.score < server.quality_threshold;
        let severity = if bad { Severity::Red } else { Severity::Note };
        let issues = server.quality.issues.join("; ");
        if bad || !issues.is_empty() {
            let colon = if issues.is_empty() { "" } else { ": " };
            let trend = server.quality.trend.word();
            let text = format!("quality {} of 100, {trend}{colon}{issues}", server.score);
            let fix = "Look at the server's load and its own log; its calls may be too many or too heavy.";
            found.push(tell(severity, text, fix.into()));
        }
    }
    if server.noises > 0 && server.transport == "stdio" {
        let text = format!("wrote {} things to stdout that are no messages", server.noises);
        let fix = "Have it log to stderr: stdout is for messages only.";
        found.push(tell(Severity::Note, text, fix.into()));
    }
    found
}

/// What its state amounts to, when that is worth telling.
fn standing(server: &ServerReport) -> Option<(Severity, String, String)> {
    let required = if server.required { ", and the gateway is not ready without it" } else { "" };
    let next = server.next_try_ms.map_or_else(String::new, |next| {
        format!("; next attempt {}", if next == 0 { "now".into() } else { format!("in {}", spell(next)) })
    });
    let attempts = match server.attempts {
        0 => String::new(),
        1 => "; 1 attempt failed".into(),
        count => format!("; {count} attempts failed"),
    };
    let since = spell(server.since_ms);
    let at_rest = if server.required { Severity::Red } else { Severity::Note };
    match (&*server.state, &server.cause) {
        ("ready", _) => None,
        ("idle", _) => {
            let text = "not started: the first call starts it".to_owned();
            Some((Severity::Note, text, "Nothing to do; `start: eager` starts it with the gateway.".into()))
        }
        ("stopped", _) => {
            let text = format!("stopped by an operator {since} ago{required}");
            let fix = format!("POST /api/v1/servers/{}/start starts it.", server.name);
            Some((at_rest, text, fix))
        }
        ("queued" | "starting", _) if server.attempts == 0 => {
            let text = format!("{} for {since}{required}", server.word);
            Some((at_rest, text, "Wait; a slow start is told apart from a failed one by `connect_timeout`.".into()))
        }
        (_, Some(cause)) => {
            let text = cause.text.trim_end_matches('.');
            let text = format!("{} for {since}: {text}{attempts}{next}{required}", server.word);
            Some((Severity::Red, text, cause.remedy.clone()))
        }
        (_, None) => {
            let text = format!("{} for {since}{attempts}{next}{required}", server.word);
            Some((Severity::Red, text, "`mcpvisor explain` tells how it came to that.".into()))
        }
    }
}

/// Milliseconds as people read them, in one unit.
fn spell(millis: u64) -> String {
    let seconds = Duration::from_millis(millis).as_secs();
    match seconds {
        0 => format!("{millis} ms"),
        1..=119 => format!("{seconds} s"),
        120..=7_199 => format!("{} min", seconds / 60),
        _ => format!("{} h", seconds / 3_600),
    }
}

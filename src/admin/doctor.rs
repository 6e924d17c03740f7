//! What is wrong, in words, each with what to do about it. Pure.

use super::{Health, ServerReport, Status, clause, spell, when};
use std::cmp::Reverse;

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
    findings.sort_by_key(|finding| Reverse(finding.severity));
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
    let next = server
        .next_try_ms
        .map_or_else(String::new, |next| format!("; next attempt {}", when(next)));
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
            Some((
                Severity::Note,
                text,
                "Nothing to do; `start: eager` starts it with the gateway.".into(),
            ))
        }
        ("stopped", _) => {
            let text = format!("stopped by an operator {since} ago{required}");
            let fix = format!("`mcpvisor start {}` starts it.", server.name);
            Some((at_rest, text, fix))
        }
        ("queued" | "starting", _) if server.attempts == 0 => {
            let text = format!("{} for {since}{required}", server.word);
            Some((
                at_rest,
                text,
                "Wait; a slow start is told apart from a failed one by `connect_timeout`.".into(),
            ))
        }
        (_, Some(cause)) => {
            let text = clause(&cause.text);
            let text = format!("{} for {since}: {text}{attempts}{next}{required}", server.word);
            Some((Severity::Red, text, cause.remedy.clone()))
        }
        (_, None) => {
            let text = format!("{} for {since}{attempts}{next}{required}", server.word);
            Some((Severity::Red, text, "`mcpvisor explain` tells how it came to that.".into()))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::admin::{CauseReport, Sums};
    use serde_json::json;
    use std::collections::BTreeMap;

    fn health(loops: &[(&str, bool)]) -> Health {
        let loops = loops.iter().map(|(name, turns)| ((*name).to_owned(), *turns)).collect();
        let clients = Sums { sessions: 0, in_flight: 0 };
        Health {
            status: Status::Ok,
            version: String::new(),
            uptime_ms: 1,
            clients,
            loops,
            servers: Vec::new(),
        }
    }

    /// A server that is well.
    fn server() -> ServerReport {
        serde_json::from_value(json!({
            "name": "git", "transport": "stdio", "state": "ready", "word": "ready",
            "available": true, "sinceMs": 5000, "cause": null, "attempts": 0, "nextTryMs": null,
            "required": false, "priority": 50, "dependsOn": [], "tools": 3, "inFlight": 0,
            "queued": 0, "calls": { "served": 1, "failed": 0 }, "score": 100,
            "qualityThreshold": 60,
            "quality": {
                "score": 100, "parts": { "latency": 1.0, "reliability": 1.0, "stability": 1.0 },
                "latencyMeanMs": null, "latencyP95Ms": null, "latencyUsualMs": null,
                "jitterMs": null, "loss": 0.0, "trend": "stable", "forecast": null, "issues": [],
                "stale": false, "lastSampleMs": null,
            },
            "checks": {
                "lastMsAgo": null, "outcome": null, "failures": 0, "nextMs": null,
                "intervalMs": 0,
            },
            "breaker": "closed", "noises": 0, "pid": null,
        }))
        .unwrap()
    }

    fn told(server: ServerReport) -> Vec<(Severity, String, String)> {
        let found = findings(&health(&[("proxy", true)]), &[server]);
        found.into_iter().map(|found| (found.severity, found.text, found.fix)).collect()
    }

    fn down(state: &str, attempts: u32, cause: Option<CauseReport>) -> ServerReport {
        let (state, word) = (state.to_owned(), state.to_owned());
        ServerReport { state, word, attempts, cause, available: false, ..server() }
    }

    #[test]
    fn nothing_is_told_of_what_is_well() {
        assert_eq!(findings(&health(&[("proxy", true)]), &[server()]), []);
        assert_eq!(findings(&health(&[]), &[]), []);
    }

    #[test]
    fn every_red_light_is_told_with_its_fix_and_notes_come_last() {
        let cause = |class: &str, remedy: &str| CauseReport {
            class: class.into(),
            text: "it happened.".into(),
            remedy: remedy.into(),
        };
        for (server, severity, text, fix) in [
            (
                ServerReport {
                    next_try_ms: Some(3000),
                    ..down("down", 2, Some(cause("refused", "Check it.")))
                },
                Severity::Red,
                "down for 5 s: it happened; 2 attempts failed; next attempt in 3 s",
                "Check it.",
            ),
            (
                down("needs_login", 1, Some(cause("needs_login", "Log in."))),
                Severity::Red,
                "needs_login for 5 s: it happened; 1 attempt failed",
                "Log in.",
            ),
            (
                down("quarantined", 0, Some(cause("quarantined", "Report it."))),
                Severity::Red,
                "quarantined for 5 s: it happened",
                "Report it.",
            ),
            (down("starting", 0, None), Severity::Note, "starting for 5 s", "Wait"),
            (down("starting", 3, None), Severity::Red, "3 attempts failed", "explain"),
            (down("idle", 0, None), Severity::Note, "the first call starts it", "Nothing"),
            (down("stopped", 0, None), Severity::Note, "by an operator 5 s ago", "start git"),
            (
                ServerReport { required: true, ..down("stopped", 0, None) },
                Severity::Red,
                "the gateway is not ready without it",
                "start git",
            ),
            (
                ServerReport { breaker: "open".into(), ..server() },
                Severity::Red,
                "calls are refused for now",
                "explain",
            ),
            (
                ServerReport { score: 40, ..server() },
                Severity::Red,
                "quality 40 of 100, stable",
                "load",
            ),
            (ServerReport { noises: 3, ..server() }, Severity::Note, "3 things", "stderr"),
        ] {
            let told = told(server);
            let [(how_bad, words, what_to_do)] = &told[..] else { panic!("{told:?}") };
            assert_eq!(*how_bad, severity, "{told:?}");
            assert!(words.contains(text) && what_to_do.contains(fix), "{told:?}");
        }
        let both = ServerReport { noises: 1, breaker: "open".into(), ..server() };
        assert_eq!(
            told(both).iter().map(|it| it.0).collect::<Vec<_>>(),
            [Severity::Red, Severity::Note]
        );
    }

    #[test]
    fn a_loop_that_stalls_is_the_gateways_own_red_light() {
        let found = findings(&health(&[("monitor", false), ("proxy", true)]), &[]);
        assert_eq!(found.len(), 1);
        assert!(found[0].text.contains("`monitor`") && found[0].about == "gateway", "{found:?}");
        let loops = BTreeMap::from([("monitor".to_owned(), false)]);
        assert!(!Status::of(&loops, &[server()]).serves());
        assert!(Status::of(&BTreeMap::new(), &[down("down", 1, None)]).serves());
    }
}

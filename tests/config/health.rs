//! Monitoring, probes, reconnection and dependencies: what the blocks mean and what is refused.

use super::{faulty, said, sound};
use mcpvisor::config::{self, Env, Format};
use mcpvisor_actors::health::{BreakerPolicy, MonitorPatch, MonitorPolicy, PingPatch, PingPolicy};
use mcpvisor_actors::reconnection::ReconnectionPolicy;
use std::time::Duration;

/// Three servers; what `a` says follows.
const THREE: &str = "servers:\n  b: {command: x}\n  c: {command: x}\n  a:\n    command: x\n";

#[test]
fn a_file_that_says_nothing_gets_the_defaults_of_the_actors() {
    let config = sound("servers: {a: {command: x}}\n");
    assert_eq!(config.monitor, MonitorPolicy::default());
    assert_eq!(config.ping, PingPolicy::default());
    assert_eq!(config.reconnection, ReconnectionPolicy::default());
    assert_eq!((config.max_concurrent_checks, config.max_concurrent_reconnections), (64, 3));
    assert!(!config.status_tool);
    let server = &config.servers["a"];
    assert_eq!((server.monitor, server.ping), (MonitorPatch::default(), PingPatch::default()));
    assert_eq!(server.reconnection, ReconnectionPolicy::default());
    assert_eq!((server.priority, server.required, server.depends_on.len()), (50, false, 0));
    assert_eq!(server.breaker, BreakerPolicy::default());
}

#[test]
fn a_server_overrides_the_blocks_key_by_key() {
    let config = sound(
        "monitor: {check_interval: 5s}\nping: {timeout: 1s}\nreconnection: {factor: 3, max_delay: 9s}\n\
         servers:\n  a: {command: x, monitor: {stable_interval: 2m}, ping: {enabled: false}, reconnection: {max_delay: 7s}}\n  b: {command: x}\n",
    );
    let server = &config.servers["a"];
    let patch =
        MonitorPatch { stable_interval: Some(Duration::from_mins(2)), ..Default::default() };
    assert_eq!(server.monitor, patch, "what it does not say follows the gateway's");
    assert_eq!(server.ping, PingPatch { enabled: Some(false), ..Default::default() });
    let (own, others) = (server.reconnection, config.servers["b"].reconnection);
    assert_eq!((own.factor, own.max_delay.as_secs()), (3.0, 7));
    assert_eq!(others, config.reconnection);
    assert_eq!((others.factor, others.max_delay.as_secs()), (3.0, 9));
}

#[test]
fn the_breaker_of_a_server_takes_each_key_it_does_not_say_from_the_defaults() {
    let config = sound(
        "defaults: {priority: 7, breaker: {failures: 2, open_for: 3s}}\nservers: {a: {command: x, breaker: {failures: 9}}}\n",
    );
    let server = &config.servers["a"];
    assert_eq!((server.breaker.failures, server.breaker.open_for.as_secs()), (9, 3));
    assert_eq!(server.priority, 7);
}

/// Whole files, each with its faults.
const FAULTY: &[(&str, &str)] = &[
    (
        "monitor:\n  check_interval: 0\n",
        "config:2: monitor.check_interval: must be more than 0; write a duration such as `10s`",
    ),
    (
        "monitor:\n  stable_intervall: 1s\n",
        "config:2: monitor.stable_intervall: unknown key `stable_intervall`; did you mean `stable_interval`?",
    ),
    (
        "monitor:\n  unstable_interval: 2m\n",
        "config:2: monitor.unstable_interval: 2m is more than `stable_interval` (1m); lower it or raise `stable_interval`",
    ),
    (
        "monitor:\n  stable_interval: 5s\n",
        "config:2: monitor.stable_interval: 5s is less than `unstable_interval` (10s); raise it or lower `unstable_interval`",
    ),
    (
        "monitor:\n  quality_threshold: 101\n",
        "config:2: monitor.quality_threshold: is more than 100; write 0 to 100",
    ),
    (
        "monitor:\n  max_concurrent_checks: 0\n",
        "config:2: monitor.max_concurrent_checks: must be more than 0; write 1 or more",
    ),
    (
        "ping:\n  timeout: 0s\n",
        "config:2: ping.timeout: must be more than 0; write a duration such as `10s`",
    ),
    (
        "ping:\n  interval: 400days\n",
        "config:2: ping.interval: is more than 365 days; write a shorter duration",
    ),
    (
        "ping:\n  max_failures: 0\n",
        "config:2: ping.max_failures: must be more than 0; write 1 or more",
    ),
    (
        "ping:\n  max_failures: 99999999999\n",
        "config:2: ping.max_failures: is more than 1000; write a smaller number",
    ),
    (
        "reconnection:\n  factor: 0.5\n",
        "config:2: reconnection.factor: is not between 1 and 100; write a number such as `2.0`",
    ),
    (
        "reconnection:\n  factor: fast\n",
        "config:2: reconnection.factor: expected a number, found `fast`; write a number such as `2.0`",
    ),
    (
        "reconnection:\n  initial_delay: 1m\n",
        "config:2: reconnection.initial_delay: 1m is more than `max_delay` (30s); lower it or raise `max_delay`",
    ),
    (
        "reconnection:\n  max_delay: 0\n",
        "config:2: reconnection.max_delay: must be more than 0; write a duration such as `10s`",
    ),
    (
        "reconnection:\n  max_concurrent: 0\n",
        "config:2: reconnection.max_concurrent: must be more than 0; write 1 or more",
    ),
    (
        "defaults:\n  priority: 300\n",
        "config:2: defaults.priority: is more than 100; write 0 to 100",
    ),
    (
        "defaults:\n  breaker:\n    open_for: 0\n",
        "config:3: defaults.breaker.open_for: must be more than 0; write a duration such as `10s`",
    ),
    (
        "defaults:\n  ping: {enabled: false}\n",
        "config:2: defaults.ping: `ping` of all servers stands at the top level; move it out of `defaults`",
    ),
    (
        "status_tool: 1\n",
        "config:1: status_tool: expected true or false, found `1`; write true or false",
    ),
];

/// Lines of server `a` behind [`THREE`], each with its faults.
const FAULTY_SERVER: &[(&str, &str)] = &[
    (
        "    monitor:\n      max_concurrent_checks: 3\n",
        "config:7: servers.a.monitor.max_concurrent_checks: `max_concurrent_checks` is the whole gateway's, no server's; write it in the top-level `monitor`",
    ),
    (
        "    reconnection: {maxConcurrent: 3}\n",
        "config:6: servers.a.reconnection.max_concurrent: `max_concurrent` is the whole gateway's, no server's; write it in the top-level `reconnection`",
    ),
    (
        "    monitor:\n      unstable_interval: 2m\n",
        "config:7: servers.a.monitor.unstable_interval: 2m is more than `stable_interval` (1m); lower it or raise `stable_interval`",
    ),
    (
        "    reconnection:\n      max_delay: 100ms\n",
        "config:7: servers.a.reconnection.max_delay: 100ms is less than `initial_delay` (500ms); raise it or lower `initial_delay`",
    ),
    (
        "    ping:\n      max_failures: 0\n",
        "config:7: servers.a.ping.max_failures: must be more than 0; write 1 or more",
    ),
    ("    priority: 101\n", "config:6: servers.a.priority: is more than 100; write 0 to 100"),
    (
        "    priority: 5\n    breaker: {failures: 1001}\n",
        "config:7: servers.a.breaker.failures: is more than 1000; write a smaller number",
    ),
    (
        "    depends_on: b\n",
        "config:6: servers.a.depends_on: expected a list, found `b`; write `[a, b]`",
    ),
    (
        "    depends_on: [a]\n",
        "config:6: servers.a.depends_on[0]: a server cannot depend on itself; remove it",
    ),
    (
        "    depends_on: [b, b]\n",
        "config:6: servers.a.depends_on[1]: `b` is named twice; remove one of them",
    ),
    (
        "    depends_on: [nobody]\n",
        "config:6: servers.a.depends_on[0]: `nobody` is no server; name a server of this file",
    ),
    (
        "    depends_on:\n      - b\n      - cc\n  ccc: {command: x}\n",
        "config:8: servers.a.depends_on[1]: `cc` is no server; did you mean `ccc`?",
    ),
];

#[test]
fn each_fault_is_told_with_line_key_and_remedy() {
    for (text, wanted) in FAULTY {
        let servers = "servers: {a: {command: x}, b: {command: x}}\n";
        assert_eq!(faulty(&format!("{text}{servers}")), *wanted, "{text}");
    }
    for (lines, wanted) in FAULTY_SERVER {
        let text = format!("{THREE}{lines}");
        assert_eq!(faulty(&text), *wanted, "{text}");
    }
}

#[test]
fn a_factor_without_end_is_no_number() {
    let text = "[reconnection]\nfactor = inf\n[servers]\n";
    let faults = config::parse(text, Format::Toml, &Env::default()).expect_err("infinite");
    assert_eq!(
        faults.to_string(),
        "config:2: reconnection.factor: expected a number, found `inf`; write a number such as `2.0`"
    );
}

#[test]
fn a_cycle_of_dependencies_is_refused_with_its_way_round() {
    let text = "servers:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, depends_on: [d, c]}\n  c: {command: x, depends_on: [a]}\n  d: {command: x}\n";
    assert_eq!(
        faulty(text),
        "config:4: servers.c.depends_on[0]: `a` → `b` → `c` → `a` is a cycle of dependencies; remove one of them"
    );
}

#[test]
fn a_server_whose_own_entry_is_faulty_is_no_unknown_server() {
    let text = "servers:\n  a: {command: x, depends_on: [b, c]}\n  b:\n  c: {comand: x}\n";
    let faults = faulty(text);
    assert!(!faults.contains("is no server"), "{faults}");
}

#[test]
fn depending_on_a_disabled_server_is_noted_unless_one_is_disabled_oneself() {
    let text = "servers:\n  a: {command: x, depends_on: [b]}\n  b: {command: x, enabled: false}\n  c: {command: x, enabled: false, depends_on: [b]}\n";
    let config = sound(text);
    let notes: Vec<String> = config.notes.iter().map(ToString::to_string).collect();
    assert_eq!(
        notes,
        [
            "config:2: servers.a.depends_on[0]: `b` is disabled, so it is not waited for; enable it or remove it here"
        ]
    );
    assert_eq!(config.servers["a"].depends_on, ["b"]);
}

#[test]
fn a_suspicion_that_comes_after_the_end_of_the_call_is_noted_where_it_was_asked_for() {
    for (text, wanted) in [
        ("servers: {a: {command: x, call_timeout: 1s}}\n", None),
        ("ping: {suspect_after: 1m}\nservers: {a: {command: x}}\n", Some("ping.suspect_after")),
        (
            "servers: {a: {command: x, ping: {suspect_after: 55s}}}\n",
            Some("servers.a.ping.suspect_after"),
        ),
        ("servers: {a: {command: x, ping: {suspect_after: 55s, enabled: false}}}\n", None),
        ("servers: {a: {command: x, ping: {suspect_after: 0}}}\n", None),
    ] {
        let config = sound(text);
        let keys: Vec<&str> = config.notes.iter().map(|note| note.key.as_str()).collect();
        assert_eq!(keys, wanted.into_iter().collect::<Vec<_>>(), "{text}");
    }
}

#[test]
fn the_report_tells_priority_need_and_order_when_they_are_not_the_usual_ones() {
    let report =
        sound(&format!("{THREE}    priority: 90\n    required: true\n    depends_on: [c, b]\n"))
            .report()
            .to_string();
    assert_eq!(
        report,
        "ok: listens on 127.0.0.1:3210, 3 servers\n  \
         a  stdio  x  (eager, 16 calls at once, priority 90, required, after c and b)\n  \
         b  stdio  x  (eager, 16 calls at once)\n  \
         c  stdio  x  (eager, 16 calls at once)"
    );
}

#[test]
fn the_era_of_a_server_is_found_out_unless_it_is_told() {
    use mcpvisor_actors::server::EraChoice::{Auto, Legacy, Modern};
    for (line, era, told) in [
        ("", Auto, "(eager, 16 calls at once)"),
        ("    era: auto\n", Auto, "(eager, 16 calls at once)"),
        ("    era: legacy\n", Legacy, "(eager, 16 calls at once, era legacy)"),
        ("    era: modern\n", Modern, "(eager, 16 calls at once, era modern)"),
    ] {
        let config = sound(&format!("{THREE}{line}"));
        assert_eq!(config.servers["a"].era, era, "{line}");
        assert!(config.report().to_string().contains(&format!("a  stdio  x  {told}")), "{line}");
    }
    let text = "servers:\n  a: {url: 'http://h/', type: sse, era: modern}\n";
    let fault = "config:2: servers.a.era: the type `sse` is older than the era `modern`; remove one of them";
    assert_eq!(faulty(text), fault);
}

#[test]
fn camel_case_spellings_mean_the_same() {
    let camel = "statusTool: true\n\
        monitor: {checkInterval: 1s, adaptiveInterval: false, stableInterval: 3s, unstableInterval: 2s, maxConcurrentChecks: 4, qualityThreshold: 5}\n\
        ping: {maxFailures: 6, suspectAfter: 7s}\n\
        reconnection: {maxConcurrentReconnections: 8, initialDelay: 9ms, maxDelay: 10s, parkAfter: 11s, stableAfter: 12s}\n\
        defaults: {breaker: {openFor: 13s}}\n\
        servers: {b: {command: x}, a: {command: x, dependsOn: [b], monitor: {checkInterval: 14s}, breaker: {openFor: 15s}}}\n";
    let ours = "status_tool: true\n\
        monitor: {check_interval: 1s, adaptive_interval: false, stable_interval: 3s, unstable_interval: 2s, max_concurrent_checks: 4, quality_threshold: 5}\n\
        ping: {max_failures: 6, suspect_after: 7s}\n\
        reconnection: {max_concurrent: 8, initial_delay: 9ms, max_delay: 10s, park_after: 11s, stable_after: 12s}\n\
        defaults: {breaker: {open_for: 13s}}\n\
        servers: {b: {command: x}, a: {command: x, depends_on: [b], monitor: {check_interval: 14s}, breaker: {open_for: 15s}}}\n";
    assert_eq!(said(sound(camel)), said(sound(ours)));
    assert_eq!(
        faulty("reconnection: {maxConcurrent: 2, max_concurrent: 2}\nservers: {}\n"),
        "config:1: reconnection.maxConcurrent: `maxConcurrent` and `max_concurrent` are two spellings of one key; keep `max_concurrent` only"
    );
}

#[test]
fn variables_override_the_keys_of_blocks_at_any_depth() {
    let env: Env = [
        ("MCPVISOR__STATUS_TOOL", "true"),
        ("MCPVISOR__RECONNECTION__FACTOR", "1.5"),
        ("MCPVISOR__SERVERS__A__MONITOR__STABLE_INTERVAL", "3m"),
        ("MCPVISOR__SERVERS__A__RECONNECTION__FACTOR", "4"),
        ("MCPVISOR__SERVERS__A__BREAKER__FAILURES", "0"),
        ("MCPVISOR__SERVERS__A__DEPENDS_ON", "b, c"),
    ]
    .into_iter()
    .collect();
    let config = config::parse(THREE, Format::Yaml, &env).expect("sound");
    let ours = sound(&format!(
        "status_tool: true\nreconnection: {{factor: 1.5}}\n{THREE}    monitor: {{stable_interval: 3m}}\n    \
         reconnection: {{factor: 4}}\n    breaker: {{failures: 0}}\n    depends_on: [b, c]\n"
    ));
    assert_eq!(said(config), said(ours));

    let env: Env =
        [("MCPVISOR__SERVERS__A__MONITOR__MAX_CONCURRENT_CHECKS", "3")].into_iter().collect();
    let faults = config::parse(THREE, Format::Yaml, &env).expect_err("the gateway's key");
    assert!(
        faults.to_string().starts_with("MCPVISOR__SERVERS__A__MONITOR__MAX_CONCURRENT_CHECKS: "),
        "{faults}"
    );
}

#[test]
fn the_schema_tells_limits_defaults_and_other_spellings() {
    let schema = config::schema();
    let at = |pointer: &str| schema.pointer(pointer).expect(pointer).clone();
    assert_eq!(at("/properties/monitor/properties/check_interval/default"), "30s");
    assert_eq!(at("/properties/reconnection/properties/factor/type"), "number");
    assert_eq!(at("/properties/defaults/properties/priority/maximum"), 100);
    let server = "/properties/servers/additionalProperties/properties";
    assert_eq!(at(&format!("{server}/monitor/properties/quality_threshold/maximum")), 100);
    assert_eq!(at(&format!("{server}/monitor/additionalProperties")), false);
    assert_eq!(at(&format!("{server}/ping/properties/maxFailures/x-alias")), "max_failures");
    let keys = at(&format!("{server}/monitor/properties"));
    assert!(
        keys.get("max_concurrent_checks").is_none() && keys.get("maxConcurrentChecks").is_none()
    );
}

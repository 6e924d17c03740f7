//! Every key does something: changing its value changes the configuration.

use super::{said, sound};
use mcpvisor::config;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// Two values of each key of the HTTP endpoint.
fn http_cases() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("http.allowed_hosts", json!([]), json!(["a.example"])),
        ("http.allowed_origins", json!([]), json!(["https://a.example"])),
        ("http.allow_remote", json!(false), json!(true)),
        ("http.resume.max_bytes", json!(1), json!(2)),
        ("http.resume.max_events", json!(1), json!(2)),
        ("http.resume.max_total_bytes", json!(1), json!(2)),
        ("http.sessions.persist", json!(true), json!(false)),
        ("http.resume.ttl", json!("0s"), json!("1s")),
    ]
}

/// Two values of each key of telemetry.
fn telemetry_cases() -> Vec<(&'static str, Value, Value)> {
    vec![
        ("telemetry.endpoint", json!("http://a/"), json!("https://b:4318/x")),
        ("telemetry.protocol", json!("grpc"), json!("http/json")),
        ("telemetry.headers", json!({"a": "x"}), json!({"b": "x"})),
        ("telemetry.traces", json!(true), json!(false)),
        ("telemetry.metrics", json!(true), json!(false)),
        ("telemetry.logs", json!(true), json!(false)),
        ("telemetry.sample_ratio", json!(0), json!(0.5)),
        ("telemetry.service_name", json!("a"), json!("b")),
    ]
}

/// Two values of each key; the file around them is sound either way.
#[expect(clippy::too_many_lines, reason = "a table")]
fn cases() -> Vec<(&'static str, Value, Value)> {
    let mut cases = [groups().to_vec(), http_cases(), telemetry_cases()].concat();
    cases.extend([
        ("listen", json!("127.0.0.1:1"), json!("127.0.0.1:2")),
        ("state_dir", json!("/a"), json!("/b")),
        ("naming.strategy", json!("prefix"), json!("flat")),
        ("naming.separator", json!("."), json!("__")),
        ("limits.max_message_bytes", json!("1MiB"), json!(5)),
        ("limits.max_depth", json!(1), json!(2)),
        ("limits.max_requests", json!(1), json!(2)),
        ("limits.max_sessions", json!(1), json!(2)),
        ("limits.max_connections", json!(1), json!(2)),
        ("limits.header_timeout", json!("1s"), json!(2)),
        ("limits.body_timeout", json!("1s"), json!(2)),
        ("limits.session_idle", json!("1s"), json!(2)),
        ("limits.session_yields_after", json!("1s"), json!(2)),
        ("admin.token", json!(null), json!("0123456789abcdef")),
        ("list.page_size", json!(1), json!(2)),
        ("list.boot_wait", json!("0s"), json!("1s")),
        ("cache.ttl", json!("0s"), json!("1m")),
        ("cache.scope", json!("private"), json!("public")),
        ("log.level", json!("info"), json!("debug")),
        ("log.format", json!("human"), json!("json")),
        ("log.store.enabled", json!(true), json!(false)),
        ("log.store.max_bytes", json!("1MiB"), json!("2MiB")),
        ("log.store.max_age", json!("1h"), json!("7d")),
        ("shutdown_timeout", json!("1s"), json!("2s")),
        ("status_tool", json!(false), json!(true)),
        ("monitor.max_concurrent_checks", json!(1), json!(2)),
        ("reconnection.max_concurrent", json!(1), json!(2)),
        ("servers.*.depends_on", json!([]), json!(["t"])),
        ("servers.*.tags", json!([]), json!(["a"])),
        ("servers.*.era", json!("legacy"), json!("modern")),
        ("servers.*.type", json!("sse"), json!("http")),
        ("servers.*.command", json!("x"), json!("y")),
        ("servers.*.args", json!(["a"]), json!(["b"])),
        ("servers.*.env", json!({"A": "a"}), json!({"A": "b"})),
        ("servers.*.env_file", json!("Cargo.toml.none"), json!("/dev/null")),
        ("servers.*.cwd", json!("/a"), json!("/b")),
        ("servers.*.url", json!("http://a/"), json!("http://b/")),
        ("servers.*.headers", json!({"A": "a"}), json!({"A": "b"})),
    ]);
    for (policy, server, one, two) in [
        ("defaults.enabled", "servers.*.enabled", json!(true), json!(false)),
        ("defaults.start", "servers.*.start", json!("eager"), json!("lazy")),
        ("defaults.max_in_flight", "servers.*.max_in_flight", json!(1), json!(2)),
        ("defaults.max_queue", "servers.*.max_queue", json!(1), json!(2)),
        ("defaults.route_timeout", "servers.*.route_timeout", json!("1s"), json!("2s")),
        ("defaults.call_wait", "servers.*.call_wait", json!("1s"), json!("2s")),
        ("defaults.call_timeout", "servers.*.call_timeout", json!("1s"), json!("2s")),
        ("defaults.call_ceiling", "servers.*.call_ceiling", json!("90s"), json!("2m")),
        ("defaults.connect_timeout", "servers.*.connect_timeout", json!("1s"), json!("2s")),
        ("defaults.stop_grace", "servers.*.stop_grace", json!("1s"), json!("2s")),
        ("defaults.expose.allow", "servers.*.expose.allow", json!(["a"]), json!(["b"])),
        ("defaults.expose.deny", "servers.*.expose.deny", json!(["a"]), json!(["b"])),
        ("defaults.tools.*.name", "servers.*.tools.*.name", json!("a"), json!("b")),
        ("defaults.tools.*.description", "servers.*.tools.*.description", json!("a"), json!("b")),
        ("defaults.priority", "servers.*.priority", json!(0), json!(100)),
        ("defaults.required", "servers.*.required", json!(true), json!(false)),
        ("defaults.sharing", "servers.*.sharing", json!("shared"), json!("session")),
        ("defaults.propagate", "servers.*.propagate", json!(true), json!(false)),
        ("defaults.breaker.failures", "servers.*.breaker.failures", json!(0), json!(1)),
        ("defaults.breaker.open_for", "servers.*.breaker.open_for", json!("1s"), json!("2s")),
        ("defaults.cache.ttl", "servers.*.cache.ttl", json!("0s"), json!("1m")),
        ("defaults.cache.scope", "servers.*.cache.scope", json!("private"), json!("public")),
        ("monitor.enabled", "servers.*.monitor.enabled", json!(true), json!(false)),
        ("monitor.check_interval", "servers.*.monitor.check_interval", json!("1s"), json!("2s")),
        (
            "monitor.adaptive_interval",
            "servers.*.monitor.adaptive_interval",
            json!(true),
            json!(false),
        ),
        ("monitor.stable_interval", "servers.*.monitor.stable_interval", json!("1m"), json!("2m")),
        (
            "monitor.unstable_interval",
            "servers.*.monitor.unstable_interval",
            json!("1s"),
            json!("60s"),
        ),
        ("monitor.quality_threshold", "servers.*.monitor.quality_threshold", json!(0), json!(100)),
        ("ping.enabled", "servers.*.ping.enabled", json!(true), json!(false)),
        ("ping.interval", "servers.*.ping.interval", json!("1s"), json!("2s")),
        ("ping.timeout", "servers.*.ping.timeout", json!("1s"), json!("2s")),
        ("ping.max_failures", "servers.*.ping.max_failures", json!(1), json!(1000)),
        ("ping.suspect_after", "servers.*.ping.suspect_after", json!("0s"), json!("1s")),
        (
            "reconnection.initial_delay",
            "servers.*.reconnection.initial_delay",
            json!("1s"),
            json!("30s"),
        ),
        ("reconnection.factor", "servers.*.reconnection.factor", json!(1), json!(2.5)),
        ("reconnection.max_delay", "servers.*.reconnection.max_delay", json!("1s"), json!("2s")),
        ("reconnection.jitter", "servers.*.reconnection.jitter", json!(true), json!(false)),
        ("reconnection.park_after", "servers.*.reconnection.park_after", json!("1s"), json!("2s")),
        (
            "reconnection.stable_after",
            "servers.*.reconnection.stable_after",
            json!("1s"),
            json!("2s"),
        ),
    ] {
        cases.push((policy, one.clone(), two.clone()));
        cases.push((server, one, two));
    }
    cases
}

/// The same for the keys of groups.
fn groups() -> [(&'static str, Value, Value); 5] {
    [
        ("groups.*.servers", json!(["s"]), json!(["s", "t"])),
        ("groups.*.tags", json!([]), json!(["tagged"])),
        ("groups.*.tools.allow", json!([]), json!(["s.*"])),
        ("groups.*.tools.deny", json!([]), json!(["s.*"])),
        ("groups.*.description", json!("one"), json!("two")),
    ]
}

/// A document with one key set, and a server that fits to it.
fn document(path: &str, value: &Value) -> String {
    let remote = ["type", "url", "headers"].iter().any(|key| path == format!("servers.*.{key}"));
    let mut root = if remote {
        json!({"servers": {"s": {"url": "http://h/"}}})
    } else {
        json!({"servers": {"s": {"command": "x"}, "t": {"command": "y", "tags": ["tagged"]}}})
    };
    if path.starts_with("telemetry.") {
        root["telemetry"] = json!({"endpoint": "http://h/"});
    }
    let mut at = &mut root;
    for step in path.split('.') {
        at = &mut at[if step == "*" { "s" } else { step }];
    }
    *at = value.clone();
    root.to_string()
}

#[test]
fn changing_the_value_of_a_key_changes_the_configuration() {
    let dir = tempfile::tempdir().expect("a folder");
    let vars = dir.path().join("vars");
    std::fs::write(&vars, "A=1\n").expect("written");
    for (path, one, two) in cases() {
        let one = if path.ends_with("env_file") { json!(vars) } else { one };
        let (one, two) = (document(path, &one), document(path, &two));
        assert_ne!(said(sound(&one)), said(sound(&two)), "{path}");
        if path.starts_with("defaults.") {
            let server = |text: &str| format!("{:?}", sound(text).servers["s"]);
            assert_ne!(server(&one), server(&two), "{path} reaches the servers");
        }
    }
}

#[test]
fn no_key_is_left_out_of_this_table() {
    fn leaves(schema: &Value, path: &str, out: &mut BTreeSet<String>) {
        let children: Vec<(String, &Value)> = match schema["properties"].as_object() {
            Some(keys) => keys
                .iter()
                .filter(|(_, it)| it.get("x-alias").is_none())
                .map(|(key, it)| (format!("{path}{key}"), it))
                .collect(),
            None => Vec::new(),
        };
        for (path, it) in children {
            let named = &it["additionalProperties"];
            if it["properties"].is_object() {
                leaves(it, &format!("{path}."), out);
            } else if named["properties"].is_object() {
                leaves(named, &format!("{path}.*."), out);
            } else {
                out.insert(path);
            }
        }
    }
    let mut all = BTreeSet::new();
    leaves(&config::schema(), "", &mut all);
    let tested: BTreeSet<String> = cases().iter().map(|(path, ..)| (*path).to_owned()).collect();
    let left_out: Vec<_> = all.symmetric_difference(&tested).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
}

#[test]
fn a_server_wins_over_the_defaults_key_by_key() {
    let config = sound(
        "defaults: {max_queue: 1, call_wait: 1s}\nservers: {s: {command: x, max_queue: 2}, t: {url: 'http://h'}}\n",
    );
    let limits = config.servers["s"].limits;
    assert_eq!((limits.max_queue, limits.call_wait.as_secs()), (2, 1));
    assert_eq!((limits.max_in_flight, config.servers["t"].limits.max_in_flight), (16, 64));
    assert_eq!((config.servers["s"].propagate, config.servers["t"].propagate), (false, true));
}

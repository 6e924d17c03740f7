//! The spellings of other programs' files: Claude, Cursor, VS Code, Cline, Windsurf, Gemini.
//!
//! Their keys become ours before anything is checked, so that a pasted file means what it meant
//! there. Settings that have no meaning in a gateway are accepted and noted.
//!
//! *Invariant:* two spellings of one key in one table are a fault, never a silent choice.

use super::faults::Ledger;
use super::tree::{Node, Value, dotted};

/// Other names of keys of a server, each with ours.
pub(super) const OF_A_SERVER: [(&str, &str); 11] = [
    ("envFile", "env_file"),
    ("serverUrl", "url"),
    ("httpUrl", "url"),
    ("transport", "type"),
    ("transportType", "type"),
    ("disabled", "enabled"),
    ("timeout", "call_timeout"),
    ("dependsOn", "depends_on"),
    ("disabledTools", "expose"),
    ("excludeTools", "expose"),
    ("includeTools", "expose"),
];

/// Other names of keys of the blocks that the gateway, `defaults` and servers have, each with ours.
pub(super) const OF_A_BLOCK: [(&str, &str, &str); 15] = [
    ("monitor", "checkInterval", "check_interval"),
    ("monitor", "adaptiveInterval", "adaptive_interval"),
    ("monitor", "stableInterval", "stable_interval"),
    ("monitor", "unstableInterval", "unstable_interval"),
    ("monitor", "maxConcurrentChecks", "max_concurrent_checks"),
    ("monitor", "qualityThreshold", "quality_threshold"),
    ("ping", "maxFailures", "max_failures"),
    ("ping", "suspectAfter", "suspect_after"),
    ("reconnection", "maxConcurrent", "max_concurrent"),
    ("reconnection", "maxConcurrentReconnections", "max_concurrent"),
    ("reconnection", "initialDelay", "initial_delay"),
    ("reconnection", "maxDelay", "max_delay"),
    ("reconnection", "parkAfter", "park_after"),
    ("reconnection", "stableAfter", "stable_after"),
    ("breaker", "openFor", "open_for"),
];

/// Keys of a server that only a client can act on.
pub(super) const OF_NO_EFFECT: [&str; 3] = ["alwaysAllow", "autoApprove", "trust"];

/// Other names of the transports, each with ours.
pub(super) const TRANSPORTS: [(&str, &str); 5] = [
    ("streamableHttp", "streamable-http"),
    ("streamable_http", "streamable-http"),
    ("streamableHTTP", "streamable-http"),
    ("ws", "websocket"),
    ("webSocket", "websocket"),
];

/// Larger numbers of seconds are milliseconds by mistake.
const LONGEST_TIMEOUT: f64 = 10_000.0;

/// Gives everything its own spelling.
pub(super) fn normalise(root: &mut Node, ledger: &mut Ledger) {
    rename(root, "mcpServers", "servers", &[], ledger);
    if let Some(inputs) = root.take("inputs") {
        let remedy = "name environment variables instead, `${VAR}`";
        ledger.note(&inputs.origin, "inputs".into(), "nobody is asked for inputs here", remedy);
    }
    rename(root, "statusTool", "status_tool", &[], ledger);
    blocks(root, ledger);
    if let Some(defaults) = root.get_mut("defaults") {
        block_keys(defaults, &["defaults"], ledger);
    }
    let Some(servers) = root.get_mut("servers").and_then(Node::entries) else { return };
    for (name, server) in servers {
        server_keys(server, &["servers", name], ledger);
    }
}

/// Gives the keys of the gateway's own blocks their own spelling.
pub(super) fn blocks(root: &mut Node, ledger: &mut Ledger) {
    block_keys(root, &[], ledger);
}

fn server_keys(server: &mut Node, path: &[&str], ledger: &mut Ledger) {
    for key in OF_NO_EFFECT {
        if let Some(node) = server.take(key) {
            let message = "only a client can act on this; it has no effect here";
            ledger.note(&node.origin, below(path, key), message, "remove it");
        }
    }
    timeout(server, path, ledger);
    disabled(server, path, ledger);
    tool_lists(server, path, ledger);
    for (other, ours) in OF_A_SERVER {
        if server.get(other).is_some() {
            rename(server, other, ours, path, ledger);
        }
    }
    if let Some(Value::Text(text)) = server.get_mut("type").map(|node| &mut node.value)
        && let Some((_, ours)) = TRANSPORTS.iter().find(|(other, _)| other == text)
    {
        (*ours).clone_into(text);
    }
    command_list(server);
    block_keys(server, path, ledger);
}

fn block_keys(table: &mut Node, path: &[&str], ledger: &mut Ledger) {
    for (block, other, ours) in OF_A_BLOCK {
        if let Some(node) = table.get_mut(block) {
            rename(node, other, ours, &[path, &[block]].concat(), ledger);
        }
    }
}

/// `command: [program, argument, …]`.
fn command_list(server: &mut Node) {
    let Some(command) = server.get_mut("command") else { return };
    let Value::List(items) = &mut command.value else { return };
    if items.is_empty() {
        command.value = Value::Text(String::new());
        return;
    }
    let arguments = items.split_off(1);
    let origin = command.origin.clone();
    if let Some(program) = items.pop() {
        command.value = program.value;
    }
    match server.get_mut("args").map(|args| &mut args.value) {
        Some(Value::List(more)) => {
            more.splice(0..0, arguments);
        }
        Some(_) => {}
        None => server.put("args", Node::new(origin, Value::List(arguments))),
    }
}

/// `timeout`, in seconds; some clients write milliseconds.
fn timeout(server: &mut Node, path: &[&str], ledger: &mut Ledger) {
    let Some(node) = server.get("timeout") else { return };
    let Value::Number(number, spelled) = &node.value else { return };
    let Some(seconds) = number.as_f64().filter(|seconds| *seconds > LONGEST_TIMEOUT) else {
        return;
    };
    let message = format!("{spelled} seconds look like milliseconds");
    let remedy = format!("write `call_timeout: {}s`", seconds / 1000.0);
    let origin = node.origin.clone();
    server.take("timeout");
    ledger.fault(&origin, below(path, "timeout"), message, remedy);
}

/// `disabled: true` is `enabled: false`.
fn disabled(server: &mut Node, path: &[&str], ledger: &mut Ledger) {
    let Some(node) = server.get_mut("disabled") else { return };
    match &mut node.value {
        Value::Bool(it) => *it = !*it,
        Value::Text(text) if node.loose && matches!(text.as_str(), "true" | "false") => {
            node.value = Value::Bool(text == "false");
        }
        _ => {
            let (message, origin) =
                (format!("expected true or false, found {}", node.kind()), node.origin.clone());
            server.take("disabled");
            ledger.fault(&origin, below(path, "disabled"), message, "write true or false");
        }
    }
}

/// `disabledTools: […]` is `expose: {deny: […]}`, a list under `tools` is `expose: {allow: […]}`.
/// They hold names, not patterns.
fn tool_lists(server: &mut Node, path: &[&str], ledger: &mut Ledger) {
    let lists = [
        ("disabledTools", "deny"),
        ("excludeTools", "deny"),
        ("includeTools", "allow"),
        ("tools", "allow"),
    ];
    for (key, side) in lists {
        let listed = matches!(server.get(key).map(|node| &node.value), Some(Value::List(_)));
        if !listed {
            continue;
        }
        let Some(mut node) = server.take(key) else { continue };
        if let Value::List(items) = &mut node.value {
            for item in items {
                if let Value::Text(name) = &mut item.value
                    && name != "*"
                {
                    *name = globset::escape(name);
                }
            }
        }
        if server.get("expose").is_none() {
            server.put("expose", Node::new(node.origin.clone(), Value::Table(Vec::new())));
        }
        let Some(expose) = server.get_mut("expose") else { continue };
        if expose.get(side).is_some() {
            twice(&node, path, key, &format!("expose.{side}"), ledger);
        } else {
            expose.put(side, node);
        }
    }
}

fn rename(table: &mut Node, other: &str, ours: &str, path: &[&str], ledger: &mut Ledger) {
    let Some(node) = table.take(other) else { return };
    if table.get(ours).is_some() {
        twice(&node, path, other, ours, ledger);
    } else {
        table.put(ours, node);
    }
}

fn twice(node: &Node, path: &[&str], other: &str, ours: &str, ledger: &mut Ledger) {
    let message = format!("`{other}` and `{ours}` are two spellings of one key");
    ledger.fault(&node.origin, below(path, other), message, format!("keep `{ours}` only"));
}

fn below(path: &[&str], key: &str) -> String {
    dotted(&[path, &[key]].concat())
}

//! What the environment adds: overrides of keys, and variables inside values.

use super::said;
use mcpvisor::config::{self, Config, Env, Faults, Format};

const FILE: &str = "listen: 127.0.0.1:1\nservers:\n  My-Files:\n    command: x\n    env: {Mixed: a}\n  docs:\n    url: http://h/\n";

fn with(env: &[(&str, &str)]) -> Result<Config, Faults> {
    config::parse(FILE, Format::Yaml, &env.iter().copied().collect::<Env>())
}

#[test]
fn a_variable_overrides_the_key_it_names() {
    for (name, value, same) in [
        ("MCPVISOR__LISTEN", "127.0.0.1:4000", "listen: 127.0.0.1:4000"),
        ("MCPVISOR__LIMITS__MAX_SESSIONS", "7", "limits: {max_sessions: 7}"),
        ("MCPVISOR__LIMITS__MAX_MESSAGE_BYTES", "1MiB", "limits: {max_message_bytes: 1048576}"),
        ("MCPVISOR__LIMITS__SESSION_IDLE", "90", "limits: {session_idle: 90s}"),
        ("MCPVISOR__HTTP__ALLOW_REMOTE", "true", "http: {allow_remote: true}"),
        (
            "MCPVISOR__HTTP__ALLOWED_HOSTS",
            "a.example, b.example",
            "http: {allowed_hosts: [a.example, b.example]}",
        ),
        ("MCPVISOR__NAMING__STRATEGY", "flat", "naming: {strategy: flat}"),
        ("MCPVISOR__DEFAULTS__MAX_QUEUE", "3", "defaults: {max_queue: 3}"),
    ] {
        let rest = FILE.split_once('\n').expect("two lines").1;
        let listen = if name.ends_with("LISTEN") { "" } else { "listen: 127.0.0.1:1\n" };
        let text = format!("{listen}{same}\n{rest}");
        let written = config::parse(&text, Format::Yaml, &Env::default()).expect(&text);
        assert_eq!(said(with(&[(name, value)]).expect(name)), said(written), "{name}");
    }
}

#[test]
fn servers_are_found_whatever_their_case_and_new_names_keep_theirs() {
    let config = with(&[
        ("MCPVISOR__SERVERS__MY-FILES__MAX_QUEUE", "5"),
        ("MCPVISOR__SERVERS__MY-FILES__ENV__API_KEY", "s"),
        ("MCPVISOR__SERVERS__MY-FILES__ENV__MIXED", "b"),
        ("MCPVISOR__SERVERS__EXTRA__COMMAND", "y"),
        ("MCPVISOR_CONFIG", "another variable, not an override"),
    ])
    .expect("sound");
    let names: Vec<_> = config.servers.keys().collect();
    assert_eq!(names, ["My-Files", "docs", "extra"]);
    let files = &config.servers["My-Files"];
    assert_eq!(files.limits.max_queue, 5);
    let shown = format!("{files:?}");
    assert!(
        shown.contains("{\"API_KEY\", \"Mixed\"}") || shown.contains("[\"API_KEY\", \"Mixed\"]"),
        "{shown}"
    );
}

#[test]
fn keys_of_ours_below_a_key_of_a_server_are_found_in_upper_case() {
    let config = with(&[
        ("MCPVISOR__SERVERS__DOCS__EXPOSE__DENY", "x_*"),
        ("MCPVISOR__SERVERS__DOCS__TOOLS__Search__NAME", "find"),
        ("MCPVISOR__SERVERS__DOCS__HEADERS__X-Team", "a"),
    ])
    .expect("sound");
    let docs = "    expose: {deny: ['x_*']}\n    tools: {Search: {name: find}}\n    headers: {X-Team: a}\n";
    let written = config::parse(&format!("{FILE}{docs}"), Format::Yaml, &Env::default());
    assert_eq!(said(config), said(written.expect("sound")));
}

#[test]
fn a_fault_of_a_variable_names_the_variable() {
    for (name, value, wanted) in [
        (
            "MCPVISOR__LISTEN",
            "x",
            "MCPVISOR__LISTEN: listen: the value is no address and port; write it like `127.0.0.1:3210` or `[::1]:3210`",
        ),
        (
            "MCPVISOR__LIMITS__MAX_DEPTH",
            "many",
            "MCPVISOR__LIMITS__MAX_DEPTH: limits.max_depth: expected a whole number, found text; write a whole number, 0 or more",
        ),
        (
            "MCPVISOR__LISTNE",
            "x",
            "MCPVISOR__LISTNE: listne: unknown key `listne`; did you mean `listen`?",
        ),
        (
            "MCPVISOR__",
            "x",
            "MCPVISOR__: the name of the variable has an empty part; write MCPVISOR__KEY or MCPVISOR__KEY__KEY",
        ),
    ] {
        let faults = with(&[(name, value)]).expect_err(name);
        assert_eq!(faults.to_string(), wanted, "{name}");
        assert_eq!(faults.0[0].line, None);
    }
}

#[test]
fn variables_inside_values_may_be_numbers_and_cannot_add_keys() {
    let env: Env = [("N", "7"), ("B", "true"), ("D", "3s"), ("EVIL", "x\nlisten: 0.0.0.0:1")]
        .into_iter()
        .collect();
    let text = "limits: {max_sessions: '${N}', session_idle: '${D}'}\nhttp: {allow_remote: '${B}'}\n\
                servers: {a: {command: '${EVIL}'}}\n";
    let config = config::parse(text, Format::Yaml, &env).expect("sound");
    assert_eq!(config.limits.max_sessions, 7);
    assert_eq!(config.limits.session_idle.as_secs(), 3);
    assert!(config.http.allow_remote && config.listen.ip().is_loopback());
}

#[test]
fn a_quoted_number_is_no_number_in_the_file_itself() {
    let outcome = config::parse("limits: {max_depth: '7'}", Format::Yaml, &Env::default());
    assert!(outcome.is_err());
}

//! Each fault has its line, its key, a message and a remedy; all are told at once.

use super::{faulty, sound};
use mcpvisor::config::{self, Env, Format};

/// A server that is well, for files whose fault is elsewhere.
const ONE_COMMAND: &str = "servers:\n  a:\n    command: x\n";

#[test]
fn each_fault_is_told_with_line_key_and_remedy() {
    for (text, wanted) in ANYWHERE {
        assert_eq!(faulty(text), *wanted, "{text}");
    }
    for (lines, wanted) in BELOW_ONE_COMMAND {
        let text = format!("{ONE_COMMAND}{lines}");
        assert_eq!(faulty(&text), *wanted, "{text}");
    }
}

/// Whole files, each with its one fault.
const ANYWHERE: &[(&str, &str)] = &[
    (
        "listen: nonsense\n",
        "config:1: listen: `nonsense` is no address and port; write it like `127.0.0.1:3210` or `[::1]:3210`",
    ),
    (
        "listen: 3210\n",
        "config:1: listen: expected text, found `3210`; write text, in quotes when it looks like something else",
    ),
    ("listne: 1\n", "config:1: listne: unknown key `listne`; did you mean `listen`?"),
    ("state_dir: \"\"\n", "config:1: state_dir: is empty; name a path or remove the key"),
    (
        "naming:\n  separator: '::'\n",
        "config:2: naming.separator: `::` is no separator; use 1 to 3 of A-Z a-z 0-9 _ . / -",
    ),
    (
        "naming:\n  separator: ____\n",
        "config:2: naming.separator: `____` is no separator; use 1 to 3 of A-Z a-z 0-9 _ . / -",
    ),
    (
        "naming:\n  strategy: prefx\n",
        "config:2: naming.strategy: expected one of `prefix`, `flat`, found `prefx`; did you mean `prefix`?",
    ),
    (
        "limits:\n  max_depth: 0\n",
        "config:2: limits.max_depth: must be more than 0; write 1 or more",
    ),
    (
        "limits:\n  max_depth: -1\n",
        "config:2: limits.max_depth: expected a whole number, found `-1`; write a whole number, 0 or more",
    ),
    (
        "limits:\n  max_message_bytes: 16 parsecs\n",
        "config:2: limits.max_message_bytes: expected a size, found `16 parsecs`; write it like `16MiB` or as a number of bytes",
    ),
    (
        "limits:\n  header_timeout: 0s\n",
        "config:2: limits.header_timeout: must be more than 0; write a duration such as `10s`",
    ),
    ("limits: 5\n", "config:1: limits: expected a table of keys, found `5`; write keys below it"),
    (
        "http:\n  allowed_hosts:\n    - a.example\n    - http://b.example\n",
        "config:4: http.allowed_hosts[1]: `http://b.example` is no host name; write it like `mcp.example.com` or `mcp.example.com:8443`",
    ),
    (
        "http:\n  allowed_origins: [app.example]\n",
        "config:2: http.allowed_origins[0]: `app.example` is no origin; write scheme and host, like `https://app.example.com`",
    ),
    (
        "http:\n  allow_remote: maybe\n",
        "config:2: http.allow_remote: expected true or false, found `maybe`; write true or false",
    ),
    ("list:\n  page_size: 0\n", "config:2: list.page_size: must be more than 0; write 1 or more"),
    (
        "list:\n  boot_wait: soon\n",
        "config:2: list.boot_wait: expected a duration, found `soon`; write it like `10s`, `500ms` or `2m`, or as a number of seconds",
    ),
    (
        "log:\n  store:\n    max_bytes: 1000KiB\n",
        "config:3: log.store.max_bytes: 1000KiB is less than 1MiB; write `1MiB` or more; `enabled: false` turns it off",
    ),
    (
        "log:\n  store:\n    max_age: 0\n",
        "config:3: log.store.max_age: must be more than 0; write a duration such as `7d`",
    ),
    (
        "log:\n  level: a=b=c\n",
        "config:2: log.level: is no log filter; write error, warn, info, debug, trace or a filter such as `info,mcpvisor=debug`",
    ),
    (
        "shutdown_timeout: 1m\n",
        "config:1: shutdown_timeout: 1m is not between 0 and 28s; write 28s or less, but more than 0",
    ),
    (
        "servers:\n  a.b:\n    command: x\n",
        "config:2: servers.a.b: `a.b` is no name of a server; use 1 to 64 of A-Z a-z 0-9 _ -",
    ),
    (
        "servers:\n  a:\n    enabled: true\n",
        "config:2: servers.a: neither `command` nor `url` is given; say how the server is reached",
    ),
    (
        "servers:\n  a:\n",
        "config:2: servers.a: expected a table of keys, found nothing; write keys below it",
    ),
    (
        "servers:\n  a:\n    command: x\n    url: http://h\n",
        "config:4: servers.a.url: `command` and `url` exclude each other; keep the one the server is reached by",
    ),
    (
        "servers:\n  a:\n    command: ''\n",
        "config:3: servers.a.command: is empty; name the program to run",
    ),
    (
        "servers:\n  a:\n    command: []\n",
        "config:3: servers.a.command: is empty; name the program to run",
    ),
    (
        "servers:\n  a:\n    url: ftp://h\n",
        "config:3: servers.a.url: is no http, https, ws or wss URL; write it like `https://mcp.example.com/mcp`",
    ),
    (
        "servers:\n  a:\n    url: ws://h\n    type: sse\n",
        "config:4: servers.a.type: this type is spoken over http or https, but the URL is of a WebSocket; remove it or write `websocket`",
    ),
    (
        "servers:\n  a:\n    url: http://h\n    headers:\n      \"a b\": x\n",
        "config:5: servers.a.headers.a b: is no name of a header; write it like `Authorization`",
    ),
    (
        "servers:\n  a:\n    url: http://h\n    headers:\n      X: \"a\\nb\"\n",
        "config:5: servers.a.headers.X: the value holds characters no header may have; remove line ends and control characters",
    ),
    (
        "servers:\n  a:\n    url: http://h\n    args: [x]\n",
        "config:4: servers.a.args: `args` is for servers with `command`; remove it",
    ),
    (
        "servers:\n  a:\n    url: http://h\n    type: stdio\n",
        "config:4: servers.a.type: `stdio` needs `command`, not `url`; remove it or write `http`",
    ),
];

/// Lines behind [`ONE_COMMAND`], each with its one fault.
const BELOW_ONE_COMMAND: &[(&str, &str)] = &[
    (
        "    headers: {A: b}\n",
        "config:4: servers.a.headers: `headers` are for servers with `url`; remove them or use `env`",
    ),
    (
        "    type: sse\n",
        "config:4: servers.a.type: this type needs `url`, not `command`; remove it or write `stdio`",
    ),
    (
        "    type: streamable\n",
        "config:4: servers.a.type: expected one of `stdio`, `http`, `streamable-http`, `sse`, `websocket`, found `streamable`; did you mean `streamable-http`?",
    ),
    (
        "    comand: x\n",
        "config:4: servers.a.comand: unknown key `comand`; did you mean `command`?",
    ),
    (
        "    env: {A: [1]}\n",
        "config:4: servers.a.env.A: expected text, found a list; write text, in quotes when it looks like something else",
    ),
    (
        "    env_file: no/such\n",
        "config:4: servers.a.env_file: `no/such` cannot be read: No such file or directory (os error 2); name a file of `NAME=value` lines",
    ),
    (
        "    max_in_flight: 0\n",
        "config:4: servers.a.max_in_flight: must be more than 0; write 1 or more",
    ),
    (
        "    route_timeout: 0\n",
        "config:4: servers.a.route_timeout: must be more than 0; write a duration such as `10s`",
    ),
    (
        "    call_timeout: 2h\n",
        "config:4: servers.a.call_timeout: 2h is more than `call_ceiling` (10m); lower it or raise `call_ceiling`",
    ),
    (
        "    timeout: 60000\n",
        "config:4: servers.a.timeout: 60000 seconds look like milliseconds; write `call_timeout: 60s`",
    ),
    (
        "    timeout: 5\n    call_timeout: 5\n",
        "config:4: servers.a.timeout: `timeout` and `call_timeout` are two spellings of one key; keep `call_timeout` only",
    ),
    (
        "    disabled: true\n    enabled: false\n",
        "config:4: servers.a.disabled: `disabled` and `enabled` are two spellings of one key; keep `enabled` only",
    ),
    (
        "    disabled: 3\n",
        "config:4: servers.a.disabled: expected true or false, found a number; write true or false",
    ),
    (
        "    expose: {deny: [a]}\n    disabledTools: [b]\n",
        "config:5: servers.a.disabledTools: `disabledTools` and `expose.deny` are two spellings of one key; keep `expose.deny` only",
    ),
    (
        "    expose:\n      allow: ['a[']\n",
        "config:5: servers.a.expose.allow[0]: is no pattern (unclosed character class; missing ']'); write a tool's name or a pattern such as `read_*`",
    ),
    (
        "    expose:\n      deny: ['']\n",
        "config:5: servers.a.expose.deny[0]: is empty; write a tool's name or a pattern such as `read_*`",
    ),
    (
        "    tools:\n      t:\n        name: a b\n",
        "config:6: servers.a.tools.t.name: `a b` is no name of a tool; use 1 to 128 of A-Z a-z 0-9 _ . / -",
    ),
    (
        "    tools:\n      t: {name: n}\n      u: {name: n}\n",
        "config:6: servers.a.tools.u.name: the tools `t` and `u` get one name; choose another name for one of them",
    ),
    (
        "    tools:\n      t: {}\n",
        "config:5: servers.a.tools.t: overrides nothing; give `name` or `description`, or remove it",
    ),
    (
        "mcpServers: {}\n",
        "config:4: mcpServers: `mcpServers` and `servers` are two spellings of one key; keep `servers` only",
    ),
    (
        "    env: {A: '${NO_SUCH}'}\n",
        "config:4: servers.a.env.A: the environment variable `NO_SUCH` is not set; set it, give a default `${NO_SUCH:-…}`, or write `$${` for a plain `${`",
    ),
    (
        "    env: {A: '${input:key}'}\n",
        "config:4: servers.a.env.A: the environment variable `input:key` is not set; nobody is asked for inputs here: name an environment variable, `${VAR}`",
    ),
];

#[test]
fn all_faults_come_at_once_in_the_order_of_the_file() {
    let text = "\
listen: here
servers:
  b:
    comand: x
  a:
    command: x
    max_in_flight: 0
    timeout: 90000
    env:
      A: ${NO_SUCH} ${NOR_THIS}
limits:
  max_sessions: 0
";
    let lines: Vec<String> = faulty(text)
        .lines()
        .map(|line| line.split(": ").take(2).collect::<Vec<_>>().join(": "))
        .collect();
    assert_eq!(
        lines,
        [
            "config:1: listen",
            "config:3: servers.b",
            "config:4: servers.b.comand",
            "config:7: servers.a.max_in_flight",
            "config:8: servers.a.timeout",
            "config:10: servers.a.env.A",
            "config:10: servers.a.env.A",
            "config:12: limits.max_sessions",
        ]
    );
}

#[test]
fn a_fault_in_the_defaults_is_told_once_whatever_the_number_of_servers() {
    let text = "defaults:\n  max_in_flight: 0\n  start: never\nservers:\n  a: {command: x}\n  b: {url: 'http://h'}\n";
    let faults = faulty(text);
    assert_eq!(faults.lines().count(), 2, "{faults}");
    assert!(faults.starts_with("config:2: defaults.max_in_flight: "), "{faults}");
}

#[test]
fn what_does_not_parse_is_one_fault_with_a_line() {
    let mut indented = String::new();
    for level in 0..1000 {
        indented.extend([&" ".repeat(level), "a:\n"]);
    }
    for (format, text, line) in [
        (Format::Yaml, "a: 1\nb: [\n", 2..=3),
        (Format::Yaml, "listen: a\nlisten: b\n", 2..=2),
        (Format::Toml, "listen = 'a'\nlisten = 'b'\n", 2..=2),
        (Format::Toml, "listen = 'a'\nb =\n", 2..=2),
        (Format::Json, "{\n \"a\": \n}\n", 2..=3),
        (Format::Json, "{\"a\": 1} trailing", 1..=1),
        (Format::Json, "{\n\"listen\": 1,\n\"listen\": 2}", 1..=3),
        (Format::Json, &"[".repeat(100_000), 1..=1),
        (Format::Yaml, &"[".repeat(100_000), 1..=1),
        (Format::Yaml, &"- ".repeat(100_000), 1..=1),
        (Format::Yaml, &indented, 1..=20),
        (Format::Toml, &format!("{}=1", vec!["a"; 20_000].join(".")), 1..=1),
        (Format::Yaml, "", 1..=1),
        (Format::Yaml, "# only a comment\n", 1..=1),
        (Format::Json, " \n", 1..=1),
        (Format::Yaml, "- a\n- b\n", 1..=1),
        (Format::Yaml, "text\n", 1..=1),
    ] {
        let start = &text[..text.len().min(40)];
        let faults = config::parse(text, format, &Env::default()).expect_err(start);
        assert_eq!(faults.0.len(), 1, "{start}: {faults}");
        assert!(faults.0[0].line.is_some_and(|it| line.contains(&it)), "{start}: {faults}");
        let shown = faults.to_string();
        assert!(!shown.contains(['\n', '{']) && shown.len() < 200, "{start}: {faults}");
    }
}

#[test]
fn lines_and_columns_are_right_in_every_format() {
    for (format, text, line, column) in [
        (Format::Yaml, "servers:\n  a:\n    comand: x\n    command: y\n", 3, 5),
        (Format::Yaml, "servers: {a: {command: y, comand: x}}\n", 1, 27),
        (Format::Toml, "[servers.a]\ncommand = 'y'\ncomand = 'x'\n", 3, 1),
        (
            Format::Json,
            "{\"servers\": {\"a\": {\n  // no\n  \"command\": \"y\",\n  \"comand\": \"x\"}}}",
            4,
            3,
        ),
        (Format::Json, "{servers: {a: {\n command: 'y',\ncomand: 'x'}}}", 3, 1),
    ] {
        let faults = config::parse(text, format, &Env::default()).expect_err(text);
        assert_eq!(faults.0.len(), 1, "{faults}");
        assert_eq!((faults.0[0].line, faults.0[0].column), (Some(line), Some(column)), "{text}");
    }
}

#[test]
fn a_listener_others_can_reach_needs_permission() {
    let open = sound("servers: {}\nlisten: 0.0.0.0:3210\n");
    let faults = config::check_exposure(&open, false).expect_err("it is open");
    assert_eq!(
        faults.to_string(),
        "config:2: listen: 0.0.0.0:3210 can be reached by other machines; listen on 127.0.0.1, \
         pass --allow-remote or set http.allow_remote"
    );
    assert!(config::check_exposure(&open, true).is_ok());
    for text in [
        "listen: 127.0.0.1:1\n",
        "listen: '[::1]:1'\n",
        "listen: localhost:1\n",
        "listen: 0.0.0.0:1\nhttp: {allow_remote: true}\n",
    ] {
        assert!(config::check_exposure(&sound(text), false).is_ok(), "{text}");
    }
}

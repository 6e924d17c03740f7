//! The three formats say the same.

use super::said;
use mcpvisor::config::{self, Env, Format};
use std::fmt::Write as _;

const YAML: &str = r#"
listen: 127.0.0.1:4000
naming: {strategy: flat, separator: "__"}
limits: {max_message_bytes: 1MiB, max_depth: 64, session_idle: 0.5}
http:
  allowed_hosts: [a.example, b.example]
servers:
  files:
    command: npx
    args: [-y, pkg, 8080, 1.10, true]
    env: {PORT: 8080, "NAME": "ü \"q\" \\"}
    expose: {allow: ["a*"]}
    tools:
      t: {name: u, description: "two\nlines"}
  docs:
    url: https://h.example/mcp
    headers: {Authorization: Bearer x}
"#;

const TOML: &str = r#"
listen = "127.0.0.1:4000"
[naming]
strategy = "flat"
separator = "__"
[limits]
max_message_bytes = "1MiB"
max_depth = 64
session_idle = 0.5
[http]
allowed_hosts = ["a.example", "b.example"]
[servers.files]
command = "npx"
args = ["-y", "pkg", 8080, 1.10, true]
env = { PORT = 8080, NAME = "ü \"q\" \\" }
expose = { allow = ["a*"] }
tools.t = { name = "u", description = "two\nlines" }
[servers.docs]
url = "https://h.example/mcp"
headers = { Authorization = "Bearer x" }
"#;

const JSON: &str = r#"{
  // Comments are fine.
  "listen": "127.0.0.1:4000", /* here too */
  "naming": {"strategy": "flat", "separator": "__"},
  "limits": {"max_message_bytes": "1MiB", "max_depth": 64, "session_idle": 0.5},
  "http": {"allowed_hosts": ["a.example", "b.example"]},
  "servers": {
    "files": {
      "command": "npx",
      "args": ["-y", "pkg", 8080, "1.10", true],
      "env": {"PORT": 8080, "NAME": "\u00fc \"q\" \\"},
      "expose": {"allow": ["a*"]},
      "tools": {"t": {"name": "u", "description": "two\nlines"}},
    },
    docs: {"url": 'https://h.example/mcp', "headers": {"Authorization": "Bearer x"}},
  },
}"#;

#[test]
fn yaml_toml_and_json_give_one_configuration() {
    let read = |text, format| {
        said(config::parse(text, format, &Env::default()).unwrap_or_else(|f| panic!("{f}")))
    };
    let yaml = read(YAML, Format::Yaml);
    assert_eq!(yaml, read(TOML, Format::Toml));
    assert_eq!(yaml, read(JSON, Format::Json));
    assert_eq!(yaml, read(&format!("\u{feff}{JSON}"), Format::Json), "with a byte order mark");
}

#[test]
fn anchors_and_merge_keys_of_yaml_work() {
    let text = "servers:\n  a: &a {command: x, max_queue: 9}\n  b:\n    <<: *a\n    args: [y]\n";
    let config = super::sound(text);
    assert_eq!(config.servers["b"].limits.max_queue, 9);
}

#[test]
fn a_quadratic_pile_of_yaml_aliases_is_refused() {
    let mut text = String::from("a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n");
    for level in 1..9 {
        let before = format!("*a{}, ", level - 1).repeat(10);
        writeln!(text, "a{level}: &a{level} [{before}]").expect("written");
    }
    assert!(config::parse(&text, Format::Yaml, &Env::default()).is_err());
}

//! Files of other programs, pasted as they are.

use super::{said, sound};
use mcpvisor::config::{self, Config, Env, Format, Target};
use mcpvisor::downstream::HttpKind;

const OURS: &str = r"
servers:
  files:
    command: npx
    args: [-y, pkg, /data]
    env: {LEVEL: warn}
  docs:
    url: https://h.example/mcp
    headers: {X-Team: a}
";

const CLAUDE_DESKTOP: &str = r#"{
  "mcpServers": {
    "files": {"command": "npx", "args": ["-y", "pkg", "/data"], "env": {"LEVEL": "warn"}},
    "docs": {"type": "http", "url": "https://h.example/mcp", "headers": {"X-Team": "a"}}
  }
}"#;

const CURSOR: &str = r#"{
  "mcpServers": {
    "files": {"command": "npx", "args": ["-y", "pkg", "/data"], "env": {"LEVEL": "${env:LEVEL}"}},
    "docs": {"url": "https://h.example/mcp", "headers": {"X-Team": "${env:TEAM}"}}
  }
}"#;

const VS_CODE: &str = r#"{
  // .vscode/mcp.json
  "inputs": [{"type": "promptString", "id": "key", "password": true}],
  "servers": {
    "files": {"type": "stdio", "command": "npx", "args": ["-y", "pkg", "/data"], "env": {"LEVEL": "warn"}},
    "docs": {"type": "http", "url": "https://h.example/mcp", "headers": {"X-Team": "a"}},
  },
}"#;

const CLINE: &str = r#"{
  "mcpServers": {
    "files": {
      "command": "npx", "args": ["-y", "pkg", "/data"], "env": {"LEVEL": "warn"},
      "disabled": false, "autoApprove": ["read"], "alwaysAllow": [], "timeout": 55
    },
    "docs": {
      "type": "streamableHttp", "url": "https://h.example/mcp", "headers": {"X-Team": "a"},
      "disabled": false
    }
  }
}"#;

const WINDSURF: &str = r#"{
  "mcpServers": {
    "files": {"command": "npx", "args": ["-y", "pkg", "/data"], "env": {"LEVEL": "warn"}, "disabledTools": []},
    "docs": {"serverUrl": "https://h.example/mcp", "headers": {"X-Team": "a"}}
  }
}"#;

const GEMINI: &str = r#"{
  "mcpServers": {
    "files": {
      "command": "npx", "args": ["-y", "pkg", "/data"], "env": {"LEVEL": "${LEVEL:-warn}"},
      "trust": true
    },
    "docs": {"httpUrl": "https://h.example/mcp", "headers": {"X-Team": "a"}}
  }
}"#;

fn pasted(text: &str) -> Config {
    let env: Env = [("LEVEL", "warn"), ("TEAM", "a")].into_iter().collect();
    config::parse(text, Format::Json, &env).unwrap_or_else(|faults| panic!("{faults}"))
}

#[test]
fn the_files_of_six_clients_mean_the_same() {
    let ours = sound(OURS);
    for (client, text, notes) in [
        ("Claude Desktop", CLAUDE_DESKTOP, 0),
        ("Cursor", CURSOR, 0),
        ("VS Code", VS_CODE, 1),
        ("Windsurf", WINDSURF, 0),
        ("Gemini", GEMINI, 1),
    ] {
        let config = pasted(text);
        assert_eq!(config.notes.len(), notes, "{client}: {:?}", config.notes);
        assert_eq!(said(config), said(ours.clone()), "{client}");
    }
    // Cline names the protocol exactly, and so does its meaning here.
    let cline = pasted(CLINE);
    assert_eq!(cline.notes.len(), 2);
    let exact = OURS.replace("    url:", "    type: streamable-http\n    url:");
    assert_eq!(said(cline), said(sound(&exact)));
}

#[test]
fn every_spelling_of_a_transport_is_known() {
    for (spelled, kind) in [
        ("http", HttpKind::Auto),
        ("streamable-http", HttpKind::StreamableHttp),
        ("streamableHttp", HttpKind::StreamableHttp),
        ("streamable_http", HttpKind::StreamableHttp),
        ("sse", HttpKind::Sse),
    ] {
        for key in ["type", "transport", "transportType"] {
            let config = sound(&format!("servers: {{a: {{url: 'http://h', {key}: {spelled}}}}}"));
            match &config.servers["a"].target {
                Target::Http(target) => assert_eq!(target.kind, kind, "{key}: {spelled}"),
                Target::Stdio(_) => panic!("{key}: {spelled}"),
            }
        }
    }
}

#[test]
fn other_spellings_mean_what_ours_mean() {
    for (theirs, ours) in [
        ("command: [npx, -y, pkg], args: [z]", "command: npx, args: [-y, pkg, z]"),
        ("command: [npx]", "command: npx, args: []"),
        ("command: x, disabled: true", "command: x, enabled: false"),
        ("command: x, timeout: 20", "command: x, call_timeout: 20s"),
        ("command: x, disabledTools: [a, 'b*']", "command: x, expose: {deny: [a, 'b[*]']}"),
        (
            "command: x, includeTools: [a], excludeTools: [b]",
            "command: x, expose: {allow: [a], deny: [b]}",
        ),
        ("command: x, tools: ['*']", "command: x, expose: {allow: ['*']}"),
        ("command: x, envFile: /dev/null", "command: x, env_file: /dev/null"),
    ] {
        let read = |server: &str| said(sound(&format!("servers: {{a: {{{server}}}}}")));
        assert_eq!(read(theirs), read(ours), "{theirs}");
    }
}

#[test]
fn what_has_no_effect_is_noted_with_its_place() {
    let config = sound("servers:\n  a:\n    command: x\n    autoApprove: [t]\n");
    assert_eq!(
        config.notes[0].to_string(),
        "config:4: servers.a.autoApprove: only a client can act on this; it has no effect here; remove it"
    );
    assert!(config.report().to_string().contains("note: config:4: "));
}

#[test]
fn a_websocket_is_known_by_its_type_or_by_its_address() {
    for (url, kind, expected) in [
        ("ws://h/ws", "", HttpKind::WebSocket),
        ("wss://h/ws", "type: websocket", HttpKind::WebSocket),
        ("wss://h/ws", "type: ws", HttpKind::WebSocket),
        ("https://h/ws", "type: webSocket", HttpKind::WebSocket),
        ("https://h/ws", "", HttpKind::Auto),
    ] {
        let config = sound(&format!("servers:\n  s:\n    url: {url}\n    {kind}\n"));
        let Target::Http(target) = &config.servers["s"].target else { panic!("no URL") };
        assert_eq!((target.kind, target.url.as_str()), (expected, url), "{kind}");
    }
}

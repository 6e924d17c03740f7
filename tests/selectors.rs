//! One server or a group in place of everything, on every face: what is listed, what can be called, and
//! who is told of changes.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "selectors/changes.rs"]
mod changes;
#[path = "support/faces.rs"]
mod faces;
#[path = "support/memory.rs"]
mod memory;
#[path = "support/running.rs"]
mod running;

use faces::{Client, Face, initialize, request};
use running::{Answer, Place, Running, faulty};
use serde_json::{Value, json};

/// `git`, `files` and `tagged`, and the groups `code` and `reading`.
fn config() -> Value {
    let with = |flags: &[&str]| faulty(&[&["--tools", "0"], flags].concat());
    let mut tagged = with(&["--tool", "look"]);
    tagged["tags"] = json!(["eyes"]);
    json!({
        "status_tool": true,
        "list": { "boot_wait": "60s" },
        "servers": {
            "git": with(&["--tool", "log", "--tool", "read", "--prompt", "greet", "--resource", "x://both"]),
            "files": with(&["--tool", "read", "--tool", "write", "--prompt", "greet", "--resource", "x://both", "--resource", "x://own"]),
            "tagged": tagged,
        },
        "groups": {
            "code": { "servers": ["g*"], "description": "For work on the code." },
            "reading": {
                "servers": ["files"],
                "tags": ["eyes"],
                "tools": { "allow": ["*.read", "tagged.*"], "deny": ["git.*"] },
            },
        },
    })
}

/// All names or URIs a client lists.
fn listed(client: &mut Client, method: &str, member: &str, key: &str) -> Vec<String> {
    let listed = client.ask(method, &json!({}));
    let all = listed["result"][member].as_array().unwrap_or_else(|| panic!("{listed}"));
    all.iter().map(|one| one[key].as_str().unwrap().to_owned()).collect()
}

fn is_unknown(client: &mut Client, tool: &str) {
    let answer = client.call(tool, &json!({}));
    assert_eq!(answer["error"]["code"], -32_602, "{tool}: {answer}");
    let text = answer["error"]["message"].as_str().unwrap();
    assert!(text.contains("unknown") || text.contains("no tool"), "{tool}: {text}");
}

#[test]
fn one_server_is_seen_under_its_own_names_on_every_face() {
    let running = Running::serve(&config());
    for face in Face::ALL {
        let mut client = Client::open_at(face, &running, "/servers/files");
        assert_eq!(client.tools(), ["read", "write"], "{face:?}");
        for name in ["read", "files.read", "files__read"] {
            client.still_works(name, name);
        }
        for name in ["log", "git.log", "git__log", "git.read", "mcpvisor.status"] {
            is_unknown(&mut client, name);
        }
        assert_eq!(listed(&mut client, "prompts/list", "prompts", "name"), ["greet"]);
        let uris = listed(&mut client, "resources/list", "resources", "uri");
        assert_eq!(uris, ["x://both", "x://own"], "{face:?}");
        for (method, params) in [
            ("prompts/get", json!({ "name": "greet" })),
            ("prompts/get", json!({ "name": "files.greet" })),
            ("resources/read", json!({ "uri": "x://both" })),
            ("resources/read", json!({ "uri": "mcpvisor+files:x://both" })),
            ("resources/subscribe", json!({ "uri": "x://both" })),
        ] {
            let answer = client.ask(method, &params);
            assert!(answer["result"].is_object(), "{face:?} {method} {params}: {answer}");
        }
        let other = client.ask("prompts/get", &json!({ "name": "git.greet" }));
        assert_eq!(other["error"]["code"], -32_602, "{other}");
    }
}

#[test]
fn a_group_is_seen_under_the_names_of_everything_on_every_face() {
    let running = Running::serve(&config());
    for face in Face::ALL {
        let mut everything = Client::open_at(face, &running, "");
        let all = everything.tools();
        assert_eq!(all.len(), 6, "{all:?}");
        let mut client = Client::open_at(face, &running, "/groups/reading");
        assert_eq!(client.tools(), ["mcpvisor.status", "files.read", "tagged.look"], "{face:?}");
        client.still_works("files.read", "its name");
        client.still_works("files__read", "its alias");
        for name in ["files.write", "files__write", "write", "read", "git.read", "git__log"] {
            is_unknown(&mut client, name);
        }
        let status = client.call("mcpvisor.status", &json!({}));
        let servers = status["result"]["structuredContent"]["servers"].as_array().unwrap();
        let told: Vec<_> = servers.iter().map(|server| &server["name"]).collect();
        assert_eq!(told, ["files", "tagged"], "{status}");
        let uris = listed(&mut client, "resources/list", "resources", "uri");
        assert_eq!(uris, ["mcpvisor+files:x://both", "x://own"], "as for everybody");
        let hidden = client.ask("resources/read", &json!({ "uri": "mcpvisor+git:x://both" }));
        assert!(hidden["error"].is_object(), "{hidden}");
        let hidden = client.ask(
            "completion/complete",
            &json!({ "ref": { "type": "ref/prompt", "name": "git.greet" }, "argument": { "name": "a", "value": "" } }),
        );
        assert!(hidden["error"].is_object(), "{hidden}");
    }
}

#[test]
fn models_are_told_what_a_group_is_for_and_which_server_they_see() {
    let running = Running::serve(&config());
    for (part, told) in [
        ("", "A gateway to several MCP servers."),
        ("/groups/code", "For work on the code.\n\nA gateway to several"),
        ("/servers/git", "A gateway to the MCP server `git`."),
    ] {
        let result = Client::connect_at(Face::Http, &running, part).initialize("2025-11-25");
        assert!(result["instructions"].as_str().unwrap().starts_with(told), "{result}");
    }
}

fn post(running: &Running, path: &str, headers: &str, body: &str) -> Answer {
    let head = format!(
        "POST {path} HTTP/1.1\r\nhost: {{host}}\r\ncontent-type: application/json\r\n\
         accept: application/json, text/event-stream\r\n{headers}"
    );
    running.send(&head, body.as_bytes())
}

#[test]
fn an_unknown_part_is_not_found_and_told_with_what_there_is() {
    let running = Running::serve(&config());
    let body = request("1", "initialize", &initialize("2025-11-25"));
    let get = |path: &str| {
        let head =
            format!("GET {path} HTTP/1.1\r\nhost: {{host}}\r\naccept: text/event-stream\r\n");
        running.send(&head, b"")
    };
    let (servers, groups) = ("files, git, tagged", "code, reading");
    for (answer, there) in [
        (post(&running, "/mcp/servers/gti", "", &body), servers),
        (post(&running, "/mcp/groups/git", "", &body), groups),
        (post(&running, "/mcp/servers/%00", "", &body), servers),
        (get("/mcp/servers/gti"), servers),
        (get("/sse/servers/gti"), servers),
        (get("/sse/groups/gti"), groups),
        (get("/ws/groups/gti"), groups),
    ] {
        assert_eq!(answer.status, 404, "{answer:?}");
        let error: Value = serde_json::from_str(&answer.body).expect(&answer.body);
        assert_eq!(error["error"]["code"], -32_600, "{error}");
        let text = error["error"]["message"].as_str().unwrap();
        assert!(text.ends_with(there), "{text}");
    }
    assert_eq!(post(&running, "/mcp/servers/%ff", "", &body).status, 404);
    assert_eq!(post(&running, "/mcp/elsewhere", "", &body).status, 404);
}

#[test]
fn a_session_is_known_only_where_it_was_opened() {
    let running = Running::serve(&config());
    let client = Client::open_at(Face::Http, &running, "/groups/reading");
    let session = format!("mcp-session-id: {}\r\n", client.session.as_ref().unwrap());
    let ping = request("1", "ping", &json!({}));
    for (path, status) in [
        ("/mcp/groups/reading", 200),
        ("/mcp", 404),
        ("/mcp/groups/code", 404),
        ("/mcp/servers/files", 404),
    ] {
        assert_eq!(post(&running, path, &session, &ping).status, status, "{path}");
    }
}

#[test]
fn the_command_line_refuses_a_part_that_is_not_there_or_nobody_would_see() {
    let place = Place::with(&config());
    let config = place.text("config.json");
    for (args, told) in [
        (&["stdio", "--server", "gti"][..], "no server `gti` here; use one of: files, git, tagged"),
        (&["stdio", "--group", "git"], "no group `git` here; use one of: code, reading"),
        (&["serve", "--stdio", "--group", "git"], "no group `git` here"),
        (&["serve", "--server", "git"], "add --stdio"),
        (&["stdio", "--server", "git", "--group", "code"], "cannot be used with"),
    ] {
        let ran = place.run(&[args, &["--config", &config]].concat());
        assert_eq!(ran.code, Some(64), "{args:?} {ran:?}");
        assert!(ran.stderr.contains(told), "{args:?} {ran:?}");
    }
}

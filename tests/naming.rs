//! Under which names tools are shown, and that each name shown can be called.
#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "support/faces.rs"]
mod faces;
#[path = "support/running.rs"]
mod running;

use faces::{Client, Face};
use running::{Running, faulty};
use serde_json::{Value, json};

/// A gateway whose first list waits for all its servers, and a client of it.
fn gateway(naming: &Value, servers: &Value) -> (Running, Client) {
    let list = json!({ "boot_wait": "60s" });
    let running = Running::serve(&json!({ "naming": naming, "servers": servers, "list": list }));
    let client = Client::open(Face::Http, &running);
    (running, client)
}

/// A server with these tools and no other.
fn tools(names: &[&str]) -> Value {
    let flags: Vec<&str> = names.iter().flat_map(|name| ["--tool", name]).collect();
    faulty(&[&["--tools", "0"], flags.as_slice()].concat())
}

fn assert_called(client: &mut Client, name: &str) {
    client.still_works(name, name);
}

fn assert_refused(client: &mut Client, name: &str) {
    let answer = client.call(name, &json!({}));
    assert_eq!(answer["error"]["code"], -32_602, "{name}: {answer}");
}

#[test]
fn a_prefix_and_any_separator_stand_before_a_tool_and_the_alias_is_accepted_too() {
    for (separator, shown) in [(".", "git.log"), ("/", "git/log"), ("__", "git__log")] {
        let naming = json!({ "strategy": "prefix", "separator": separator });
        let (_running, mut client) = gateway(&naming, &json!({ "git": tools(&["log"]) }));
        assert_eq!(client.tools(), [shown]);
        assert_called(&mut client, shown);
        assert_called(&mut client, "git__log");
        assert_refused(&mut client, "log");
    }
}

#[test]
fn flat_names_are_plain_and_the_alias_is_accepted_too() {
    let servers = json!({ "git": tools(&["log"]), "files": tools(&["read"]) });
    let (_running, mut client) = gateway(&json!({ "strategy": "flat" }), &servers);
    assert_eq!(client.tools(), ["read", "log"]);
    for name in ["read", "log", "git__log", "files__read"] {
        assert_called(&mut client, name);
    }
}

#[test]
fn flat_collisions_are_renamed_alike_whoever_comes_first() {
    let late = |mut server: Value, late: bool| {
        if late {
            let args = server["args"].as_array_mut().unwrap();
            args.extend([json!("--slow-initialize"), json!("700")]);
        }
        server
    };
    let mut runs = Vec::new();
    for first_is_late in [false, true] {
        let servers = json!({
            "a": late(tools(&["log", "only_a"]), first_is_late),
            "b": late(tools(&["log", "log_a"]), !first_is_late),
        });
        let (_running, mut client) = gateway(&json!({ "strategy": "flat" }), &servers);
        let shown = client.tools();
        for name in &shown {
            assert_called(&mut client, name);
        }
        assert_refused(&mut client, "log");
        assert_called(&mut client, "a__log");
        runs.push(shown);
    }
    assert_eq!(runs[0], runs[1]);
    assert_eq!(runs[0][1..], ["only_a", "log_b", "log_a"]);
    assert!(runs[0][0].starts_with("log_a_"), "{:?}", runs[0]);
}

#[test]
fn every_odd_name_is_shown_within_the_spec_and_called_under_the_shown_name() {
    let long = "l".repeat(300);
    let odd = ["lög now", "l_g now", "日本", &long, "a b\"c\\d", "x/y.z-1"];
    for strategy in ["prefix", "flat"] {
        let (_running, mut client) =
            gateway(&json!({ "strategy": strategy }), &json!({ "s": tools(&odd) }));
        let shown = client.tools();
        assert_eq!(shown.len(), odd.len());
        for name in &shown {
            assert!((1..=128).contains(&name.len()), "{name}");
            assert!(name.chars().all(|c| c.is_ascii_alphanumeric() || "_./-".contains(c)));
            assert_called(&mut client, name);
        }
    }
}

#[test]
fn servers_whose_prefixed_names_collide_are_both_called() {
    let naming = json!({ "strategy": "prefix", "separator": "_" });
    let servers = json!({ "a": tools(&["b_c"]), "a_b": tools(&["c", "d"]) });
    let (_running, mut client) = gateway(&naming, &servers);
    let shown = client.tools();
    assert_eq!(shown.len(), 3);
    assert!(shown[0].starts_with("a_b_c_") && shown[1].starts_with("a_b_c_"), "{shown:?}");
    assert_ne!(shown[0], shown[1]);
    for name in &shown {
        assert_called(&mut client, name);
    }
    assert_refused(&mut client, "a_b_c");
}

#[test]
fn a_hidden_tool_is_neither_listed_nor_called() {
    let mut server = tools(&["read_one", "read_all", "write"]);
    server["expose"] = json!({ "allow": ["read_*"], "deny": ["*_all"] });
    let (_running, mut client) = gateway(&json!({}), &json!({ "s": server }));
    assert_eq!(client.tools(), ["s.read_one"]);
    for name in ["s.read_all", "s.write", "s__read_all", "s__write", "read_all"] {
        assert_refused(&mut client, name);
    }
    assert_called(&mut client, "s.read_one");
}

#[test]
fn an_override_is_shown_and_called_and_the_old_name_is_not() {
    let mut server = tools(&["search_v2", "other"]);
    server["tools"] = json!({
        "search_v2": { "name": "search", "description": "Finds \"pages\"." },
        "other": { "description": "Another." },
    });
    let (_running, mut client) = gateway(&json!({}), &json!({ "docs": server }));
    let listed = client.ask("tools/list", &json!({}));
    let tools = listed["result"]["tools"].as_array().unwrap();
    assert_eq!(tools[0]["name"], "docs.search");
    assert_eq!(tools[0]["description"], "Finds \"pages\".");
    assert_eq!(tools[0]["title"], "Echo", "the rest is the server's own");
    assert_eq!(tools[1]["name"], "docs.other");
    assert_eq!(tools[1]["description"], "Another.");
    assert_called(&mut client, "docs.search");
    assert_called(&mut client, "docs__search");
    assert_refused(&mut client, "docs.search_v2");
    assert_refused(&mut client, "docs__search_v2");
}

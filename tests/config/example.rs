//! `config.example.yaml` shows every key, and the schema describes every key.

use mcpvisor::config::{self, Env, Source};
use serde_json::Value;
use std::collections::BTreeSet;
use std::path::PathBuf;

fn path() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("config.example.yaml")
}

/// The paths of all keys of a schema, `*` for names of the user; aliases apart.
fn keys(schema: &Value, path: &str, own: &mut BTreeSet<String>, aliases: &mut BTreeSet<String>) {
    for (key, property) in schema["properties"].as_object().into_iter().flatten() {
        if property.get("x-alias").is_some() {
            aliases.insert(key.clone());
            continue;
        }
        let described = property["description"].as_str().is_some_and(|text| text.len() > 5);
        assert!(described, "{path}{key} has a description");
        own.insert(format!("{path}{key}"));
        keys(property, &format!("{path}{key}."), own, aliases);
    }
    if schema["additionalProperties"].is_object() {
        keys(&schema["additionalProperties"], &format!("{path}*."), own, aliases);
    }
}

/// The paths of all keys of a document; keys below a name of the user get `*`.
fn written(value: &Value, path: &str, own: &BTreeSet<String>, out: &mut BTreeSet<String>) {
    for (key, below) in value.as_object().into_iter().flatten() {
        let plain = format!("{path}{key}");
        let path = if own.contains(&plain) { plain } else { format!("{path}*") };
        written(below, &format!("{path}."), own, out);
        out.insert(path);
    }
}

#[test]
fn the_example_is_sound_and_shows_every_key() {
    let config = config::load(&Source { path: path(), env: Env::default() })
        .unwrap_or_else(|faults| panic!("{faults}"));
    assert_eq!(config.servers.len(), 2);
    assert!(config.notes.is_empty());
    assert_eq!(
        config.report().to_string(),
        "ok: listens on 127.0.0.1:3210, 2 servers\n  \
         docs   http  https://mcp.example.com/mcp  (eager, 16 calls at once, after files)\n  \
         files  stdio  npx  (lazy, 8 calls at once, priority 90, required)\n  \
         group writing: docs, files (To write texts about the files of this folder.)"
    );

    let text = std::fs::read_to_string(path()).expect("readable");
    let value: Value = serde_saphyr::from_str(&text).expect("YAML");
    let (mut own, mut aliases, mut out) = (BTreeSet::new(), BTreeSet::new(), BTreeSet::new());
    keys(&config::schema(), "", &mut own, &mut aliases);
    written(&value, "", &own, &mut out);
    let missing: Vec<_> = own.difference(&out).collect();
    assert!(missing.is_empty(), "missing in the example: {missing:?}");
    assert!(own.len() > 110, "the schema has all keys: {own:?}");
    for alias in aliases {
        assert!(text.contains(&alias), "the example mentions `{alias}`");
    }
}

#[test]
fn the_example_shows_the_defaults() {
    let text = std::fs::read_to_string(path()).expect("readable");
    let example: Value = serde_saphyr::from_str(&text).expect("YAML");
    let schema = config::schema();
    let mut compared = 0;
    for section in [
        "",
        "/naming",
        "/limits",
        "/list",
        "/log",
        "/log/store",
        "/monitor",
        "/ping",
        "/reconnection",
        "/defaults",
        "/defaults/breaker",
    ] {
        let at = section.replace('/', "/properties/");
        let properties = schema.pointer(&format!("{at}/properties")).and_then(Value::as_object);
        for (key, property) in properties.expect(section) {
            let shown = example.pointer(&format!("{section}/{key}"));
            if let (Some(default), Some(shown)) = (property.get("default"), shown)
                && !default.is_null()
                && !default.is_object()
            {
                assert_eq!(default, shown, "{section}/{key}");
                compared += 1;
            }
        }
    }
    assert!(compared >= 45, "{compared}");
}

#[test]
fn every_key_of_the_schema_that_can_have_a_default_tells_it() {
    let schema = config::schema();
    for pointer in [
        "/properties/listen",
        "/properties/limits/properties/max_message_bytes",
        "/properties/limits/properties/header_timeout",
        "/properties/defaults/properties/call_timeout",
        "/properties/servers/additionalProperties/properties/call_timeout",
        "/properties/servers/additionalProperties/properties/args",
    ] {
        let entry = schema.pointer(pointer).expect(pointer);
        assert!(entry.get("default").is_some(), "{pointer}: {entry}");
    }
    let server = schema.pointer("/properties/servers/additionalProperties").expect("servers");
    assert_eq!(server["additionalProperties"], Value::Bool(false));
    let transports = server["properties"]["type"]["enum"].as_array().expect("words");
    for word in ["stdio", "http", "streamable-http", "sse", "streamableHttp", "streamable_http"] {
        assert!(transports.iter().any(|it| it == word), "{word}");
    }
}

//! The JSON Schema of the file, for editors and for the check of its shape.
//!
//! What [`super::file`] and [`super::patch`] give rise to stands in files, which tests make and compare; the
//! product reads them.
//!
//! *Invariant:* every key comes from [`super::file`]; the other spellings carry `x-alias`.

#[cfg(test)]
mod document;

use super::spellings;
use serde_json::{Value as Json, json};

/// Of [`super::file::File`], everything in place.
const FILE: &str = include_str!("schema/file.json");
/// Of a change in [`super::patch`], everything in place.
const CHANGE: &str = include_str!("schema/change.json");

/// The JSON Schema of the file, other programs' spellings included.
pub fn schema() -> Json {
    let mut schema = own();
    let server = "/properties/servers/additionalProperties/properties";
    if let Some(Json::Object(keys)) = schema.pointer_mut(server) {
        for (other, ours) in spellings::OF_A_SERVER {
            let mut entry = alias(keys.get(ours).unwrap_or(&Json::Null), ours);
            if ours == "expose" {
                entry["type"] = json!("array");
                entry["items"] = json!({"type": "string"});
            } else if ours == "type" {
                entry["type"] = json!("string");
            }
            keys.insert(other.into(), entry);
        }
        for key in spellings::OF_NO_EFFECT {
            let description = "Accepted for files of other programs; has no effect.";
            keys.insert(key.into(), json!({"description": description, "x-alias": ""}));
        }
        for key in ["command", "tools"] {
            // `command: [program, argument]` and `tools: [name]`.
            if let Some(entry) = keys.get_mut(key) {
                let own = entry["type"].clone();
                entry["type"] = match own {
                    Json::Array(mut kinds) => {
                        kinds.push("array".into());
                        Json::Array(kinds)
                    }
                    one => json!([one, "array"]),
                };
                entry["items"] = json!({"type": "string"});
            }
        }
        if let Some(Json::Array(words)) = keys.get_mut("type").and_then(|it| it.get_mut("enum")) {
            words.extend(spellings::TRANSPORTS.iter().map(|(other, _)| Json::from(*other)));
        }
    }
    for place in ["", "/properties/defaults", "/properties/servers/additionalProperties"] {
        for (block, other, ours) in spellings::OF_A_BLOCK {
            let keys = schema.pointer_mut(&format!("{place}/properties/{block}/properties"));
            if let Some(Json::Object(keys)) = keys
                && let Some(own) = keys.get(ours)
            {
                keys.insert(other.into(), alias(own, ours));
            }
        }
    }
    if let Some(Json::Object(keys)) = schema.pointer_mut("/properties") {
        let status_tool = alias(keys.get("status_tool").unwrap_or(&Json::Null), "status_tool");
        keys.insert("statusTool".into(), status_tool);
        let mut entry = keys.get("servers").cloned().unwrap_or_default();
        entry["description"] = json!("Another spelling of `servers`.");
        entry["x-alias"] = json!("servers");
        keys.insert("mcpServers".into(), entry);
        let description = "Accepted for files of VS Code; has no effect.";
        keys.insert("inputs".into(), json!({"description": description, "x-alias": ""}));
    }
    schema
}

/// What an editor knows of another spelling of a key of ours.
fn alias(of: &Json, ours: &str) -> Json {
    let kind = of.get("type").cloned().unwrap_or_default();
    json!({"description": format!("Another spelling of `{ours}`."), "x-alias": ours, "type": kind})
}

/// The JSON Schema of our own spellings, everything in place.
pub(super) fn own() -> Json {
    read(FILE)
}

/// The JSON Schema of a change while the gateway runs.
pub(super) fn of_change() -> Json {
    read(CHANGE)
}

fn read(text: &str) -> Json {
    // a test compares the files with the types
    serde_json::from_str(text).unwrap_or_default()
}

//! Makes the schemas of the file and of a change from their types, for `file.json` and `change.json`. In tests
//! only; the product reads the files.
//!
//! *Invariant:* a key, a default or a description changes in both places or in none.

use super::{CHANGE, FILE};
use crate::config::{file, patch};
use schemars::JsonSchema;
use schemars::generate::SchemaSettings;
use serde::Serialize;
use std::path::Path;

/// As it stands in the file: a value a line, so that a change is seen for what it is.
fn written<T: JsonSchema>() -> String {
    let schema = SchemaSettings::draft2020_12()
        .with(|settings| settings.inline_subschemas = true)
        .into_generator()
        .into_root_schema_for::<T>();
    let mut text = Vec::new();
    let lines = serde_json::ser::PrettyFormatter::with_indent(b"");
    schema.serialize(&mut serde_json::Serializer::with_formatter(&mut text, lines)).unwrap();
    String::from_utf8(text).unwrap() + "\n"
}

#[test]
fn the_schemas_say_what_the_types_say() {
    for (name, is, was) in [
        ("file.json", written::<file::File>(), FILE),
        ("change.json", written::<patch::Change>(), CHANGE),
    ] {
        if std::env::var_os("RENEW").is_some() {
            let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/config/schema");
            std::fs::write(folder.join(name), is).unwrap();
            continue;
        }
        let remedy = "renew it: RENEW=1 cargo test --lib the_schemas_say_what_the_types_say";
        let differs = is.lines().zip(was.lines()).find(|(is, was)| is != was);
        assert_eq!(differs, None, "{name}: {remedy}");
        assert_eq!(is.len(), was.len(), "{name}: {remedy}");
    }
}

//! A check of values against JSON Schema, as far as the description uses it, and stricter: a key that
//! the schema does not name is a fault, unless the schema names none.

use serde_json::Value;
use std::collections::BTreeSet;

/// What is wrong with `value`, each with its place.
pub(crate) fn faults(document: &Value, schema: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    let check = Check { document };
    check.value(schema, value, "", &mut found);
    if found.is_empty() {
        check.unnamed(schema, value, "", &mut found);
    }
    found
}

struct Check<'a> {
    document: &'a Value,
}

impl<'a> Check<'a> {
    fn resolved(&self, schema: &'a Value) -> &'a Value {
        match schema["$ref"].as_str() {
            Some(to) => {
                let to = to.strip_prefix('#').expect("a local reference");
                let there = self.document.pointer(to).unwrap_or_else(|| panic!("nothing at {to}"));
                self.resolved(there)
            }
            None => schema,
        }
    }

    fn value(&self, schema: &'a Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        if let Some(kinds) = kinds(schema)
            && !kinds.iter().any(|kind| is(kind, value))
        {
            return found.push(format!("{at}: {value} is not {kinds:?}"));
        }
        if let Some(choices) = schema["enum"].as_array()
            && !choices.contains(value)
        {
            found.push(format!("{at}: {value} is none of {choices:?}"));
        }
        if let (Some(least), Some(number)) = (schema["minimum"].as_f64(), value.as_f64())
            && number < least
        {
            found.push(format!("{at}: {number} is less than {least}"));
        }
        for all in schema["allOf"].as_array().into_iter().flatten() {
            self.value(all, value, at, found);
        }
        for some in ["oneOf", "anyOf"] {
            if let Some(choices) = schema[some].as_array()
                && !choices.iter().any(|choice| self.fits(choice, value))
            {
                found.push(format!("{at}: {value} fits none of {some}"));
            }
        }
        if let Some(keys) = value.as_object() {
            for key in schema["required"].as_array().into_iter().flatten() {
                let key = key.as_str().expect("a key");
                if !keys.contains_key(key) {
                    found.push(format!("{at}: `{key}` is missing"));
                }
            }
            for (key, value) in keys {
                let of = schema["properties"]
                    .get(key)
                    .unwrap_or_else(|| &schema["additionalProperties"]);
                if of.is_object() {
                    self.value(of, value, &format!("{at}/{key}"), found);
                }
            }
        }
        if schema["items"].is_object() {
            for (index, item) in value.as_array().into_iter().flatten().enumerate() {
                self.value(&schema["items"], item, &format!("{at}/{index}"), found);
            }
        }
    }

    fn fits(&self, schema: &'a Value, value: &Value) -> bool {
        let mut found = Vec::new();
        self.value(schema, value, "", &mut found);
        found.is_empty()
    }

    /// The keys a schema names for this value; `None` when any will do.
    fn named(&self, schema: &'a Value, value: &Value) -> Option<BTreeSet<&'a str>> {
        let schema = self.resolved(schema);
        if schema["additionalProperties"].is_object() {
            return None;
        }
        let mut names = BTreeSet::new();
        if let Some(known) = schema["properties"].as_object() {
            names.extend(known.keys().map(String::as_str));
        }
        for all in schema["allOf"].as_array().into_iter().flatten() {
            names.extend(self.named(all, value)?);
        }
        for choice in self.chosen(schema, value) {
            names.extend(self.named(choice, value)?);
        }
        (!names.is_empty()).then_some(names)
    }

    /// The choices of a schema that this value fits.
    fn chosen(&self, schema: &'a Value, value: &Value) -> Vec<&'a Value> {
        let choices = ["oneOf", "anyOf"].iter().filter_map(|some| schema[*some].as_array());
        choices.flatten().filter(|choice| self.fits(choice, value)).collect()
    }

    /// Keys of the value that no schema names.
    fn unnamed(&self, schema: &'a Value, value: &Value, at: &str, found: &mut Vec<String>) {
        let schema = self.resolved(schema);
        match value {
            Value::Object(keys) => {
                let names = self.named(schema, value);
                for (key, value) in keys {
                    if names.as_ref().is_some_and(|names| !names.contains(&**key)) {
                        found.push(format!("{at}: `{key}` is not described"));
                    }
                    if let Some(of) = self.of_key(schema, key, value) {
                        self.unnamed(of, value, &format!("{at}/{key}"), found);
                    }
                }
            }
            Value::Array(items) if schema["items"].is_object() => {
                for (index, item) in items.iter().enumerate() {
                    self.unnamed(&schema["items"], item, &format!("{at}/{index}"), found);
                }
            }
            Value::Array(_) => {
                for choice in self.chosen(schema, value) {
                    self.unnamed(choice, value, at, found);
                }
            }
            _ => {}
        }
    }

    /// The one schema of a key's value, when there is one.
    fn of_key(&self, schema: &'a Value, key: &str, value: &Value) -> Option<&'a Value> {
        let schema = self.resolved(schema);
        if let Some(own) = schema["properties"].get(key) {
            return Some(own);
        }
        let all = schema["allOf"].as_array().into_iter().flatten();
        let choices =
            ["oneOf", "anyOf"].iter().filter_map(|some| schema[*some].as_array()).flatten();
        all.chain(choices).find_map(|part| {
            self.of_key(part, key, value).filter(|schema| self.fits(schema, value))
        })
    }
}

fn kinds(schema: &Value) -> Option<Vec<&str>> {
    match &schema["type"] {
        Value::String(one) => Some(vec![one]),
        Value::Array(some) => some.iter().map(Value::as_str).collect(),
        _ => None,
    }
}

fn is(kind: &str, value: &Value) -> bool {
    match kind {
        "null" => value.is_null(),
        "boolean" => value.is_boolean(),
        "integer" => value.is_i64() || value.is_u64(),
        "number" => value.is_number(),
        "string" => value.is_string(),
        "array" => value.is_array(),
        "object" => value.is_object(),
        other => panic!("`{other}` is no type of JSON Schema"),
    }
}

#[test]
fn a_value_that_is_not_as_described_is_found() {
    let document = serde_json::json!({ "s": {
        "type": "object", "required": ["a"], "properties": {
            "a": { "type": ["integer", "null"], "minimum": 0 },
            "b": { "oneOf": [{ "$ref": "#/t" }, { "type": "null" }] },
        },
    }, "t": { "type": "object", "properties": { "c": { "type": "string", "enum": ["x"] } } } });
    let at = serde_json::json!({ "$ref": "#/s" });
    for (value, wanted) in [
        (serde_json::json!({ "a": 1, "b": { "c": "x" } }), 0),
        (serde_json::json!({ "a": null, "b": null }), 0),
        (serde_json::json!({ "a": -1 }), 1),
        (serde_json::json!({}), 1),
        (serde_json::json!({ "a": 1, "d": 1 }), 1),
        (serde_json::json!({ "a": 1, "b": { "c": "y" } }), 1),
        (serde_json::json!({ "a": 1, "b": { "d": "y" } }), 1),
        (serde_json::json!([]), 1),
    ] {
        assert_eq!(faults(&document, &at, &value).len(), wanted, "{value}");
    }
}

//! Tree × schema → the values that fit, and a fault for each one that does not.
//!
//! It knows as much of JSON Schema as [`super::file`] gives rise to, and nothing of any key.
//! What does not fit is left out, so that its default stands in while the rest is checked.
//!
//! *Invariant:* when it adds no fault, deserialising its outcome succeeds.

use super::faults::Ledger;
use super::quantity::{self, KEYWORD};
use super::tree::{Node, Value, dotted};
use serde_json::{Map, Value as Json};

/// How alike two keys must be for "did you mean".
const ALIKE: f64 = 0.8;

/// Checks trees against one schema.
pub(super) struct Shape<'a> {
    pub(super) schema: &'a Json,
    pub(super) ledger: &'a mut Ledger,
}

impl Shape<'_> {
    /// The value of the whole tree.
    pub(super) fn check(&mut self, root: &Node) -> Json {
        let schema = self.schema;
        self.value(schema, root, &mut Vec::new()).unwrap_or_else(|| Json::Object(Map::new()))
    }

    fn value(&mut self, schema: &Json, node: &Node, path: &mut Vec<String>) -> Option<Json> {
        let schema = of_some(schema);
        if let Some(Json::String(what)) = schema.get(KEYWORD) {
            return self.quantity(what, node, path);
        }
        if let Some(choices) = choices(schema) {
            return self.choice(&choices, node, path);
        }
        match (&node.value, wanted(schema)) {
            (Value::Table(entries), "object") => Some(self.table(schema, entries, path)),
            (Value::List(items), "array") => Some(self.list(schema, items, path)),
            // `A,B` in an environment variable.
            (Value::Text(text), "array") if node.loose => {
                Some(text.split(',').map(str::trim).filter(|it| !it.is_empty()).collect())
            }
            (Value::Text(text), "string" | "scalar") => Some(Json::String(text.clone())),
            (Value::Number(_, spelled), "scalar") => Some(Json::String(spelled.clone())),
            (Value::Bool(it), "scalar") => Some(Json::String(it.to_string())),
            (Value::Bool(it), "boolean") => Some(Json::Bool(*it)),
            (Value::Text(text), "boolean") if node.loose && text.parse::<bool>().is_ok() => {
                Some(Json::Bool(text == "true"))
            }
            (Value::Number(number, _), "integer") if number.as_u64().is_some() => {
                Some(Json::Number(number.clone()))
            }
            (Value::Text(text), "integer") if node.loose && text.parse::<u64>().is_ok() => {
                text.parse::<u64>().ok().map(Json::from)
            }
            (Value::Number(number, _), "number") => Some(Json::Number(number.clone())),
            (Value::Text(text), "number") if node.loose && fraction(text).is_some() => {
                fraction(text).map(Json::Number)
            }
            (_, wanted) => {
                let (words, remedy) = match wanted {
                    "object" => ("a table of keys", "write keys below it"),
                    "array" => ("a list", "write `[a, b]`"),
                    "boolean" => ("true or false", "write true or false"),
                    "number" => ("a number", "write a number such as `2.0`"),
                    "integer" => ("a whole number", "write a whole number, 0 or more"),
                    _ => ("text", "write text, in quotes when it looks like something else"),
                };
                self.mismatch(node, path, words, remedy)
            }
        }
    }

    fn table(&mut self, schema: &Json, entries: &[(String, Node)], path: &mut Vec<String>) -> Json {
        let known = schema.get("properties").and_then(Json::as_object);
        let mut out = Map::new();
        for (key, node) in entries {
            path.push(key.clone());
            if let Some(property) = known.and_then(|known| known.get(key)) {
                // `key:` with nothing behind it is a key that is not given.
                if !matches!(node.value, Value::Null)
                    && let Some(value) = self.value(property, node, path)
                {
                    out.insert(key.clone(), value);
                }
            } else if let Some(any @ Json::Object(_)) = schema.get("additionalProperties") {
                if let Some(value) = self.value(any, node, path) {
                    out.insert(key.clone(), value);
                }
            } else {
                let names: Vec<&str> =
                    known.into_iter().flat_map(Map::keys).map(String::as_str).collect();
                let message = format!("unknown key `{key}`");
                self.ledger.fault(&node.origin, dotted(path), message, remedy_for(key, &names));
            }
            path.pop();
        }
        Json::Object(out)
    }

    fn list(&mut self, schema: &Json, items: &[Node], path: &mut Vec<String>) -> Json {
        let of = schema.get("items").unwrap_or(&Json::Null);
        let mut out = Vec::new();
        for (at, item) in items.iter().enumerate() {
            path.push(at.to_string());
            out.extend(self.value(of, item, path));
            path.pop();
        }
        Json::Array(out)
    }

    fn quantity(&mut self, what: &str, node: &Node, path: &[String]) -> Option<Json> {
        let text = match &node.value {
            Value::Text(text) => text.as_str(),
            Value::Number(number, _) => &number.to_string(),
            _ => "",
        };
        let (fits, words, remedy) = if what == "size" {
            (
                quantity::size(text).is_some(),
                "a size",
                "write it like `16MiB` or as a number of bytes",
            )
        } else {
            let fits = quantity::duration(text).is_some();
            (fits, "a duration", "write it like `10s`, `500ms` or `2m`, or as a number of seconds")
        };
        if fits {
            Some(Json::String(text.to_owned()))
        } else {
            self.mismatch(node, path, words, remedy)
        }
    }

    fn choice(&mut self, choices: &[&str], node: &Node, path: &[String]) -> Option<Json> {
        if let Value::Text(text) = &node.value
            && choices.contains(&text.as_str())
        {
            return Some(Json::String(text.clone()));
        }
        let list = choices.iter().map(|it| format!("`{it}`")).collect::<Vec<_>>().join(", ");
        let near = match &node.value {
            Value::Text(text) if !node.loose => nearest(text, choices),
            _ => None,
        };
        let remedy = near.map_or_else(|| "choose one".into(), |it| format!("did you mean `{it}`?"));
        self.mismatch(node, path, &format!("one of {list}"), &remedy)
    }

    fn mismatch(
        &mut self,
        node: &Node,
        path: &[String],
        words: &str,
        remedy: &str,
    ) -> Option<Json> {
        // Values of maps by the user's own names (`env`, `headers`) may be secrets.
        let found = match &node.value {
            Value::Text(text) if !node.loose => format!("`{text}`"),
            Value::Number(_, spelled) => format!("`{spelled}`"),
            Value::Bool(it) => format!("`{it}`"),
            _ => node.kind().to_owned(),
        };
        self.ledger.fault(
            &node.origin,
            dotted(path),
            format!("expected {words}, found {found}"),
            remedy,
        );
        None
    }
}

/// The schema of what is there: of an optional `anyOf [it, null]`, `it`.
pub(super) fn of_some(schema: &Json) -> &Json {
    let variants = schema.get("anyOf").and_then(Json::as_array);
    variants
        .and_then(|all| all.iter().find(|it| it.get("type") != Some(&Json::from("null"))))
        .unwrap_or(schema)
}

/// The one type a schema wants; `scalar` is anything that can be written as text.
fn wanted(schema: &Json) -> &str {
    match schema.get("type") {
        Some(Json::String(name)) => name,
        Some(Json::Array(names)) if names.iter().any(|it| it == "boolean") && names.len() > 2 => {
            "scalar"
        }
        Some(Json::Array(names)) => {
            names.iter().filter_map(Json::as_str).find(|it| *it != "null").unwrap_or("string")
        }
        _ => "string",
    }
}

/// The words of an enum.
fn choices(schema: &Json) -> Option<Vec<&str>> {
    if let Some(Json::Array(words)) = schema.get("enum") {
        return Some(words.iter().filter_map(Json::as_str).collect());
    }
    let variants = schema.get("oneOf")?.as_array()?;
    let mut words = Vec::new();
    for variant in variants {
        match (variant.get("const"), variant.get("enum")) {
            (Some(Json::String(word)), _) => words.push(word.as_str()),
            (_, Some(Json::Array(more))) => words.extend(more.iter().filter_map(Json::as_str)),
            _ => {}
        }
    }
    Some(words)
}

/// The number a text means.
fn fraction(text: &str) -> Option<serde_json::Number> {
    text.trim().parse().ok().and_then(serde_json::Number::from_f64)
}

/// The name that is most like a word, when one is alike at all.
pub(super) fn nearest<'n>(word: &str, names: &[&'n str]) -> Option<&'n str> {
    let likeness = |name: &str| strsim::jaro_winkler(&word.to_lowercase(), &name.to_lowercase());
    let best = names.iter().max_by(|a, b| likeness(a).total_cmp(&likeness(b)))?;
    (likeness(best) >= ALIKE).then_some(*best)
}

fn remedy_for(key: &str, names: &[&str]) -> String {
    match nearest(key, names) {
        Some(name) => format!("did you mean `{name}`?"),
        None => format!("remove it; known here: {}", names.join(", ")),
    }
}

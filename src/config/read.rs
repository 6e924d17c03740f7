//! Text → tree, for each format: YAML, TOML, and JSON with comments (JSON5).
//!
//! It never expands anything: `${…}` is still text here. A file that does not parse is one fault,
//! with the parser's own words.
//!
//! *Invariant:* every node has a place; equal files in two formats give equal values.

use super::tree::{Node, Origin, Value};
use mcpvisor_actors::wire::Limits;
use serde::de::DeserializeSeed;
use serde_saphyr::Spanned;
use std::path::Path;
use toml::de::{DeTable, DeValue};
use visit::{Located, Plain};

mod visit;

/// The formats of a configuration file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// `.yaml`, `.yml`
    Yaml,
    /// `.toml`
    Toml,
    /// `.json`, `.jsonc`, `.json5`: comments and trailing commas are fine in all three.
    Json,
}

impl Format {
    /// By the extension of a file's name.
    pub fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "yaml" | "yml" => Some(Self::Yaml),
            "toml" => Some(Self::Toml),
            "json" | "jsonc" | "json5" => Some(Self::Json),
            _ => None,
        }
    }
}

/// Why text is no tree.
pub(super) struct Unreadable {
    pub(super) origin: Origin,
    pub(super) detail: String,
}

/// Caps on a configuration file, so that none exhausts memory or the stack.
const CAPS: Limits = Limits { max_bytes: 4 << 20, max_depth: 16 };

/// Reads `text`; the outcome of an empty one is [`Value::Null`].
pub(super) fn read(text: &str, format: Format) -> Result<Node, Unreadable> {
    let at_start = |detail: String| Unreadable { origin: Origin::START, detail };
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    CAPS.check(text.as_bytes()).map_err(|e| at_start(e.to_string()))?;
    let root = match format {
        Format::Yaml => yaml(text),
        Format::Toml => toml(text),
        Format::Json if text.trim().is_empty() => Ok(Value::Null),
        Format::Json => json(text),
    };
    root.map(|value| Node::new(Origin::START, value))
}

fn yaml(text: &str) -> Result<Value, Unreadable> {
    let place = |at: serde_saphyr::Location| Origin::Place {
        line: usize::try_from(at.line()).unwrap_or(1).max(1),
        column: usize::try_from(at.column()).unwrap_or(1).max(1),
    };
    let mut budget = serde_saphyr::Budget::default();
    budget.max_depth = CAPS.max_depth;
    let mut options = serde_saphyr::Options::default();
    options.budget = Some(budget);
    options.with_snippet = false;
    // `y` is a word, not true.
    options.strict_booleans = true;
    let root: Option<Spanned<Plain>> =
        serde_saphyr::from_str_with_options(text, options).map_err(|error| Unreadable {
            origin: error.location().map_or(Origin::START, place),
            detail: match error.without_snippet() {
                serde_saphyr::Error::Budget { .. } => "too deep or too large".into(),
                error => one_line(&error.to_string()),
            },
        })?;
    Ok(root.map_or(Value::Null, |root| from_yaml(root, text, &place).value))
}

fn from_yaml(
    node: Spanned<Plain>,
    text: &str,
    place: &dyn Fn(serde_saphyr::Location) -> Origin,
) -> Node {
    let value = match node.value {
        Plain::Null => Value::Null,
        Plain::Bool(it) => Value::Bool(it),
        Plain::Number(it) => {
            let spelled = node.defined.span().byte_offset().zip(node.defined.span().byte_len());
            let spelled = spelled.and_then(|(from, length)| {
                let from = usize::try_from(from).ok()?;
                text.get(from..from + usize::try_from(length).ok()?)
            });
            let spelling = spelled.map_or_else(|| it.to_string(), |s| s.trim().to_owned());
            Value::Number(it, spelling)
        }
        Plain::Text(it) => Value::Text(it),
        Plain::List(items) => {
            Value::List(items.into_iter().map(|it| from_yaml(it, text, place)).collect())
        }
        Plain::Table(entries) => Value::Table(
            entries
                .into_iter()
                .map(|(key, it)| {
                    let mut node = from_yaml(it, text, place);
                    node.origin = place(key.referenced);
                    (key.value, node)
                })
                .collect(),
        ),
    };
    Node::new(place(node.referenced), value)
}

fn toml(text: &str) -> Result<Value, Unreadable> {
    let table = DeTable::parse(text).map_err(|error| Unreadable {
        origin: Origin::of_offset(text, error.span().map_or(0, |span| span.start)),
        detail: one_line(error.message()),
    })?;
    if table.get_ref().is_empty() {
        return Ok(Value::Null);
    }
    Ok(from_toml(DeValue::Table(table.into_inner()), Origin::START, text).value)
}

fn from_toml(value: DeValue<'_>, origin: Origin, text: &str) -> Node {
    let value = match value {
        DeValue::String(it) => Value::Text(it.into_owned()),
        DeValue::Boolean(it) => Value::Bool(it),
        DeValue::Integer(it) => {
            let number = i64::from_str_radix(it.as_str(), it.radix()).unwrap_or(i64::MAX);
            Value::Number(number.into(), it.to_string())
        }
        DeValue::Float(it) => match it.as_str().parse().ok().and_then(serde_json::Number::from_f64)
        {
            Some(number) => Value::Number(number, it.to_string()),
            None => Value::Text(it.to_string()),
        },
        DeValue::Datetime(it) => Value::Text(it.to_string()),
        DeValue::Array(items) => Value::List(
            items
                .into_iter()
                .map(|it| {
                    let origin = Origin::of_offset(text, it.span().start);
                    from_toml(it.into_inner(), origin, text)
                })
                .collect(),
        ),
        DeValue::Table(entries) => Value::Table(
            entries
                .into_iter()
                .map(|(key, it)| {
                    let origin = Origin::of_offset(text, key.span().start);
                    let node = from_toml(it.into_inner(), origin, text);
                    (key.into_inner().into_owned(), node)
                })
                .collect(),
        ),
    };
    Node::new(origin, value)
}

fn json(text: &str) -> Result<Value, Unreadable> {
    let unreadable = |error: &json5::Error| Unreadable {
        origin: error
            .position()
            .map_or(Origin::START, |at| Origin::Place { line: at.line + 1, column: at.column + 1 }),
        detail: one_line(&error.to_string()),
    };
    let mut deserializer = json5::Deserializer::from_str(text);
    let seed = Located { text, origin: Origin::START };
    // The crate's `from_str` is what refuses text after the end.
    json5::from_str::<serde::de::IgnoredAny>(text).map_err(|e| unreadable(&e))?;
    seed.deserialize(&mut deserializer).map(|node| node.value).map_err(|e| unreadable(&e))
}

/// The parser's words on one line, without the place, which the fault has itself.
fn one_line(text: &str) -> String {
    let words = text.split_whitespace().collect::<Vec<_>>().join(" ");
    match words.rfind(" at line ") {
        Some(at) => words[..at].to_owned(),
        None => words,
    }
}

//! `x-mcp-header`: parameters of a tool that travel as `Mcp-Param-…` headers, too.

use super::{HeaderFault, same, single, value};
use crate::wire::Members;
use memchr::memmem;
use serde_json::{Map, Value};

const ANNOTATION: &str = "x-mcp-header";
/// Beyond this, integers are not the same number to everybody.
const SAFE: f64 = 9_007_199_254_740_991.0;

/// The annotated parameters of one tool.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct ParamHeaders(Vec<ParamHeader>);

#[derive(Debug, Clone, PartialEq, Eq)]
struct ParamHeader {
    /// The whole name of the header.
    header: String,
    /// The keys that lead to the value in `arguments`.
    path: Vec<String>,
    integer: bool,
}

/// Why a tool's annotations are wrong: over HTTP such a tool must not be listed.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum BadAnnotation {
    /// The schema is no JSON object, or nested too deep.
    #[error("its input schema cannot be read")]
    Unreadable,
    /// Not a non-empty token.
    #[error("`x-mcp-header` of `{0}` must be a string that is an HTTP token")]
    NotAToken(String),
    /// Two parameters share a header.
    #[error("two parameters have the `x-mcp-header` `{0}`")]
    Twice(String),
    /// On something that is no string, integer or boolean.
    #[error("`x-mcp-header` of `{0}` needs the type string, integer or boolean")]
    NotPrimitive(String),
    /// Where no chain of `properties` leads.
    #[error("an `x-mcp-header` stands where only some arguments reach it")]
    OffChain,
}

impl ParamHeaders {
    /// Reads a tool's `inputSchema`, once when it is listed.
    ///
    /// Source: MCP 2026-07-28 "Streamable HTTP", custom headers from tool parameters.
    pub fn of_schema(schema: &[u8]) -> Result<Self, BadAnnotation> {
        let mentioned = memmem::find(schema, ANNOTATION.as_bytes()).is_some()
            || memmem::find(schema, b"\\u").is_some();
        if !mentioned {
            return Ok(Self::default());
        }
        let schema: Map<String, Value> =
            serde_json::from_slice(schema).map_err(|_| BadAnnotation::Unreadable)?;
        let mut found = Self::default();
        found.collect(&schema, &mut Vec::new())?;
        Ok(found)
    }

    /// Whether no parameter is annotated.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    fn collect(
        &mut self,
        schema: &Map<String, Value>,
        path: &mut Vec<String>,
    ) -> Result<(), BadAnnotation> {
        for (key, value) in schema {
            match (key.as_str(), value) {
                (ANNOTATION, _) if path.is_empty() => return Err(BadAnnotation::OffChain),
                (ANNOTATION, name) => self.enter(name, schema, path)?,
                ("properties", Value::Object(properties)) => {
                    for (name, property) in properties {
                        let Value::Object(property) = property else { continue };
                        path.push(name.clone());
                        self.collect(property, path)?;
                        path.pop();
                    }
                }
                // data, not schemas
                ("default" | "const" | "enum" | "examples", _) => {}
                (_, elsewhere) if mentions(elsewhere) => return Err(BadAnnotation::OffChain),
                _ => {}
            }
        }
        Ok(())
    }

    fn enter(
        &mut self,
        name: &Value,
        schema: &Map<String, Value>,
        path: &[String],
    ) -> Result<(), BadAnnotation> {
        let name = name.as_str().filter(|name| !name.is_empty() && name.bytes().all(is_tchar));
        let name = name.ok_or_else(|| BadAnnotation::NotAToken(path.join(".")))?;
        let kind = schema.get("type").and_then(Value::as_str);
        if !matches!(kind, Some("string" | "integer" | "boolean")) {
            return Err(BadAnnotation::NotPrimitive(path.join(".")));
        }
        let header = format!("Mcp-Param-{name}");
        if self.0.iter().any(|known| known.header.eq_ignore_ascii_case(&header)) {
            return Err(BadAnnotation::Twice(name.to_owned()));
        }
        let integer = kind == Some("integer");
        self.0.push(ParamHeader { header, path: path.to_vec(), integer });
        Ok(())
    }

    pub(super) fn of_arguments(&self, arguments: &[u8]) -> Vec<(String, String)> {
        let value = |param: &ParamHeader| param.value(arguments).ok().flatten();
        self.0
            .iter()
            .filter_map(|param| Some((param.header.clone(), value::encoded(&value(param)?))))
            .collect()
    }

    pub(super) fn check(
        &self,
        headers: &[(&str, &[u8])],
        arguments: Option<&[u8]>,
    ) -> Result<(), HeaderFault> {
        for param in &self.0 {
            let name = || param.header.clone().into();
            let body = arguments.map_or(Ok(None), |arguments| param.value(arguments))?;
            match (single(headers, &param.header)?, body) {
                (None, None) => {}
                (None, Some(_)) => return Err(HeaderFault::Missing(name())),
                (Some(_), None) => return Err(HeaderFault::Unexpected(name())),
                (Some(said), Some(body)) => {
                    let said =
                        value::decoded(said).ok_or_else(|| HeaderFault::Unreadable(name()))?;
                    if !(param.integer && same_number(&said, &body)) {
                        same(name(), &said, &body)?;
                    }
                }
            }
        }
        Ok(())
    }
}

impl ParamHeader {
    /// The value in `arguments` as text; `None` when it is absent, null or no primitive.
    fn value(&self, arguments: &[u8]) -> Result<Option<String>, HeaderFault> {
        let mut raw = arguments;
        for key in &self.path {
            let Some(members) = Members::of(raw) else { return Ok(None) };
            let member = members.get(key).map_err(|_| HeaderFault::AmbiguousBody("arguments"))?;
            let Some(member) = member else { return Ok(None) };
            raw = member.get().as_bytes();
        }
        let text = || String::from_utf8_lossy(raw).into_owned();
        Ok(match raw.first() {
            Some(b'"') => serde_json::from_slice(raw).ok(),
            Some(b't' | b'f' | b'-' | b'0'..=b'9') => Some(text()),
            _ => None,
        })
    }
}

/// Whether two spellings are one safe integer, such as `42` and `42.0`.
fn same_number(a: &str, b: &str) -> bool {
    let read = |text: &str| text.parse::<f64>().ok().filter(|number| number.abs() <= SAFE);
    matches!((read(a), read(b)), (Some(a), Some(b)) if a.to_bits() == b.to_bits())
}

/// Whether an annotation stands anywhere in a schema.
fn mentions(schema: &Value) -> bool {
    match schema {
        Value::Object(members) => members.iter().any(|(key, value)| {
            key == ANNOTATION
                || (!matches!(key.as_str(), "default" | "const" | "enum" | "examples")
                    && mentions(value))
        }),
        Value::Array(items) => items.iter().any(mentions),
        _ => false,
    }
}

/// Source: RFC 9110 §5.6.2.
fn is_tchar(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"!#$%&'*+-.^_`|~".contains(&byte)
}

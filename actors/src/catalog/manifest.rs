//! What one server said about itself.

use crate::wire::{Members, ProtocolVersion, Span, Splice, string};
use bytes::Bytes;
use serde_json::value::RawValue;

/// A server's own words: its `initialize` result and its tools, byte for byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Manifest {
    /// The raw `initialize` result.
    pub initialize: Bytes,
    /// The revision it speaks.
    pub version: ProtocolVersion,
    /// What it declared.
    pub capabilities: Capabilities,
    /// Its tools, in its own order.
    pub tools: Vec<Tool>,
}

/// The capabilities a server declared at `initialize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Capabilities {
    /// It has tools.
    pub tools: bool,
    /// It sends log messages and takes `logging/setLevel`.
    pub logging: bool,
}

impl Manifest {
    /// Reads an `initialize` result; the tools come later.
    pub fn of(initialize: &Bytes) -> Result<Self, String> {
        let members = Members::of(initialize).ok_or("the initialize result is not an object")?;
        let get = |key: &str| members.get(key).ok().flatten().map(RawValue::get);
        let version: String = get("protocolVersion")
            .and_then(|raw| serde_json::from_str(raw).ok())
            .ok_or("the initialize result has no protocolVersion")?;
        let version = ProtocolVersion::parse(&version).ok_or_else(|| {
            format!("the server speaks revision {version:.40}, which opens without `initialize` or is unknown")
        })?;
        let capabilities = get("capabilities").and_then(|raw| Members::of(raw.as_bytes()));
        let declared = |key: &str| {
            capabilities.as_ref().is_some_and(|members| {
                members.get(key).ok().flatten().is_some_and(|raw| raw.get().starts_with('{'))
            })
        };
        let capabilities = Capabilities { tools: declared("tools"), logging: declared("logging") };
        Ok(Self { version, capabilities, tools: Vec::new(), initialize: initialize.clone() })
    }

    /// The manifest as one JSON text, to be remembered.
    pub fn to_json(&self) -> Bytes {
        let mut text = b"{\"initialize\":".to_vec();
        text.extend_from_slice(&self.initialize);
        text.extend_from_slice(b",\"tools\":[");
        for (index, tool) in self.tools.iter().enumerate() {
            if index > 0 {
                text.push(b',');
            }
            text.extend_from_slice(&tool.raw);
        }
        text.extend_from_slice(b"]}");
        text.into()
    }

    /// Reads what [`Self::to_json`] wrote; `None` when it is anything else.
    pub fn from_json(text: &Bytes) -> Option<Self> {
        let members = Members::of(text)?;
        let share = |raw: &RawValue| Span::of(raw.get().as_bytes(), text).share(text);
        let mut manifest = Self::of(&share(members.get("initialize").ok()??)).ok()?;
        manifest.tools = Tool::list(&share(members.get("tools").ok()??))?;
        Some(manifest)
    }
}

/// One tool as its server described it.
#[derive(Debug, Clone, PartialEq)]
pub struct Tool {
    /// Its name at the server.
    pub name: String,
    raw: Bytes,
    name_span: Span,
    description: Option<Span>,
}

impl Tool {
    /// Reads the elements of a `tools` array; those that are no tools (no name) are left out.
    pub fn list(array: &Bytes) -> Option<Vec<Self>> {
        let elements: Vec<&RawValue> = serde_json::from_slice(array).ok()?;
        let share = |raw: &RawValue| Span::of(raw.get().as_bytes(), array).share(array);
        Some(elements.into_iter().filter_map(|raw| Self::of(&share(raw))).collect())
    }

    fn of(raw: &Bytes) -> Option<Self> {
        let members = Members::of(raw)?;
        let span = |value: &RawValue| Span::of(value.get().as_bytes(), raw);
        let name = members.get("name").ok()??;
        let description = members.get("description").ok()?;
        Some(Self {
            name: serde_json::from_str(name.get()).ok()?,
            name_span: span(name),
            description: description.map(span),
            raw: raw.clone(),
        })
    }

    /// The tool under another name and, if given, with another description; all else as it was.
    pub fn render(&self, name: &str, description: Option<&str>) -> Bytes {
        let splice = Splice::new(&self.raw);
        let name = string(name);
        let splice = match (description, self.description) {
            (None, _) => splice.replace(self.name_span, name.as_bytes()),
            (Some(text), Some(span)) => splice
                .replace(self.name_span, name.as_bytes())
                .replace(span, string(text).as_bytes()),
            (Some(text), None) => {
                let both = format!("{name},\"description\":{}", string(text));
                splice.replace(self.name_span, both.as_bytes())
            }
        };
        splice.finish().to_bytes()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_tool_keeps_everything_but_its_name() {
        let array = Bytes::from_static(
            br#"[ {"x":1.0,"name":"a","inputSchema":{"b":1,"a":2},"description":"d"}, {"name":5}, {"name":"n"} ]"#,
        );
        let tools = Tool::list(&array).expect("an array");
        assert_eq!(tools.len(), 2);
        assert_eq!(
            tools[0].render("s.a", Some("e")),
            r#"{"x":1.0,"name":"s.a","inputSchema":{"b":1,"a":2},"description":"e"}"#
        );
        assert_eq!(tools[1].render("s.n", Some("e")), r#"{"name":"s.n","description":"e"}"#);
    }

    #[test]
    fn a_manifest_survives_being_remembered() {
        let initialize = Bytes::from_static(
            br#"{"protocolVersion":"2025-06-18","capabilities":{"tools":{"listChanged":true},"logging":null},"serverInfo":{"name":"x"}}"#,
        );
        let mut manifest = Manifest::of(&initialize).expect("good");
        manifest.tools = Tool::list(&Bytes::from_static(br#"[{"name":"a"}]"#)).expect("array");
        assert_eq!(manifest.capabilities, Capabilities { tools: true, logging: false });
        assert_eq!(Manifest::from_json(&manifest.to_json()).expect("readable"), manifest);
    }

    #[test]
    fn a_stateless_revision_is_not_taken_for_a_handshake() {
        let initialize = Bytes::from_static(br#"{"protocolVersion":"2026-07-28"}"#);
        assert!(Manifest::of(&initialize).expect_err("no").contains("2026-07-28"));
    }
}

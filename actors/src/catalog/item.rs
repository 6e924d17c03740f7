//! One tool, prompt, resource or template as its server described it.

use crate::bridge::ParamHeaders;
use crate::wire::{Members, Span, Splice, Subject, string};
use bytes::Bytes;
use memchr::memmem;
use serde_json::value::RawValue;

/// Something a server lists, byte for byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name or URI at the server.
    pub name: String,
    /// Its parameters that are repeated in HTTP headers, when it is a tool.
    pub headers: ParamHeaders,
    raw: Bytes,
    name_span: Span,
    description: Option<Span>,
}

impl Item {
    /// Reads the elements of a list; those without a name or URI are left out.
    pub fn list(subject: Subject, array: &Bytes) -> Option<Vec<Self>> {
        let elements: Vec<&RawValue> = serde_json::from_slice(array).ok()?;
        let share = |raw: &RawValue| Span::of(raw.get().as_bytes(), array).share(array);
        Some(elements.into_iter().filter_map(|raw| Self::of(subject, &share(raw))).collect())
    }

    fn of(subject: Subject, raw: &Bytes) -> Option<Self> {
        let members = Members::of(raw)?;
        let span = |value: &RawValue| Span::of(value.get().as_bytes(), raw);
        let name = members.get(subject.key()).ok()??;
        let description = members.get("description").ok()?;
        Some(Self {
            name: serde_json::from_str(name.get()).ok()?,
            headers: headers(subject, &members, raw),
            name_span: span(name),
            description: description.map(span),
            raw: raw.clone(),
        })
    }

    /// As its server wrote it.
    pub fn raw(&self) -> &Bytes {
        &self.raw
    }

    /// The same under another name and, if given, with another description; all else as it was. Not a
    /// byte changes when the name is its own.
    pub fn render(&self, name: &str, description: Option<&str>) -> Bytes {
        if name == self.name && description.is_none() {
            return self.raw.clone();
        }
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

/// A tool whose annotations are wrong has none: over HTTP, its clients leave it out themselves.
fn headers(subject: Subject, members: &Members<'_>, raw: &[u8]) -> ParamHeaders {
    let schema = members.get("inputSchema").ok().flatten().filter(|_| subject == Subject::Tool);
    // most tools have none, and lists are long
    let mentioned = |word: &[u8]| memmem::find(raw, word).is_some();
    match schema {
        Some(schema) if mentioned(b"x-mcp-header") || mentioned(b"\\u00") => {
            ParamHeaders::of_schema(schema.get().as_bytes()).unwrap_or_default()
        }
        _ => ParamHeaders::default(),
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
        let tools = Item::list(Subject::Tool, &array).expect("an array");
        assert_eq!(tools.len(), 2);
        assert_eq!(
            tools[0].render("s.a", Some("e")),
            r#"{"x":1.0,"name":"s.a","inputSchema":{"b":1,"a":2},"description":"e"}"#
        );
        assert_eq!(tools[1].render("s.n", Some("e")), r#"{"name":"s.n","description":"e"}"#);
    }

    #[test]
    fn a_resource_that_keeps_its_uri_keeps_every_byte() {
        let array = Bytes::from_static(br#"[{"name":"n","uri":"a:\/\u0062"},{"name":"no uri"}]"#);
        let resources = Item::list(Subject::Resource, &array).expect("an array");
        assert_eq!(resources.len(), 1);
        assert_eq!(resources[0].name, "a:/b");
        assert_eq!(resources[0].render("a:/b", None), r#"{"name":"n","uri":"a:\/\u0062"}"#);
        assert_eq!(resources[0].render("c:d", None), r#"{"name":"n","uri":"c:d"}"#);
    }
}

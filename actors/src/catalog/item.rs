//! One tool, prompt, resource or template as its server described it.

use crate::bridge::{BadAnnotation, ParamHeaders};
use crate::wire::Raw;
use crate::wire::{Members, Span, Splice, Subject, string};
use bytes::Bytes;

/// Something a server lists, byte for byte.
#[derive(Debug, Clone, PartialEq)]
pub struct Item {
    /// Its name or URI at the server.
    pub name: String,
    /// The arguments of a tool that travel as HTTP headers, too, in 2026-07-28. A tool whose
    /// annotations are wrong is not to be listed over HTTP.
    pub headers: Result<ParamHeaders, BadAnnotation>,
    raw: Bytes,
    name_span: Span,
    description: Option<Span>,
}

impl Item {
    /// Reads the elements of a list; those without a name or URI are left out.
    pub fn list(subject: Subject, array: &Bytes) -> Option<Vec<Self>> {
        let elements: Vec<Raw<'_>> = serde_json::from_slice(array).ok()?;
        let share = |raw: Raw<'_>| Span::of(raw.get().as_bytes(), array).share(array);
        Some(elements.into_iter().filter_map(|raw| Self::of(subject, &share(raw))).collect())
    }

    fn of(subject: Subject, raw: &Bytes) -> Option<Self> {
        let members = Members::of(raw)?;
        let span = |value: Raw<'_>| Span::of(value.get().as_bytes(), raw);
        let name = members.get(subject.key()).ok()??;
        let description = members.get("description").ok()?;
        let schema = members.get("inputSchema").ok().flatten().filter(|_| subject == Subject::Tool);
        let headers = schema.map(|schema| ParamHeaders::of_schema(schema.get().as_bytes()));
        Some(Self {
            name: serde_json::from_str(name.get()).ok()?,
            headers: headers.unwrap_or_else(|| Ok(ParamHeaders::default())),
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
        let text = description.map(string).unwrap_or_default();
        let name = match (description, self.description) {
            (Some(_), None) => format!("{},\"description\":{text}", string(name)),
            _ => string(name),
        };
        let mut splice = Splice::new(&self.raw).replace(self.name_span, name.as_bytes());
        if let (Some(_), Some(span)) = (description, self.description) {
            splice = splice.replace(span, text.as_bytes());
        }
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

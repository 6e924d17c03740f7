//! Which tools the simulated server lists.

use super::settings::Settings;
use mcpvisor_actors::mutex::lock;
use std::sync::{Mutex, MutexGuard};

/// Name of the tool that appears after some calls.
pub(super) const EXTRA: &str = "extra";

/// The tools at this moment, in the order they are listed.
#[derive(Debug)]
pub(super) struct Tools {
    names: Mutex<Vec<String>>,
    /// The tool whose argument `text` travels as a header, too, and the one that says so wrongly.
    header_tool: Option<String>,
    bad_header_tool: Option<String>,
}

impl Tools {
    pub(super) fn new(settings: &Settings) -> Self {
        let first = (settings.tools > 0).then(|| "echo".to_owned());
        let numbered =
            (1..settings.tools).map(|number| format!("{}{number}", settings.tool_prefix));
        let names = first.into_iter().chain(numbered).chain(settings.tool.iter().cloned());
        let special = [&settings.input_tool, &settings.header_tool, &settings.bad_header_tool];
        let names = names.chain(special.into_iter().flatten().cloned());
        Self {
            names: Mutex::new(names.collect()),
            header_tool: settings.header_tool.clone(),
            bad_header_tool: settings.bad_header_tool.clone(),
        }
    }

    fn names(&self) -> MutexGuard<'_, Vec<String>> {
        lock(&self.names)
    }

    pub(super) fn count(&self) -> usize {
        self.names().len()
    }

    pub(super) fn has(&self, name: &str) -> bool {
        self.names().iter().any(|known| known == name)
    }

    /// Adds a tool unless there is one of that name.
    pub(super) fn add(&self, name: &str) {
        let mut names = self.names();
        if !names.iter().any(|known| known == name) {
            names.push(name.to_owned());
        }
    }

    pub(super) fn remove(&self, name: &str) {
        self.names().retain(|known| known != name);
    }

    /// The result of `tools/list` for `cursor`, or nothing if that cursor was never given out.
    pub(super) fn page(&self, size: Option<usize>, cursor: Option<&str>) -> Option<String> {
        page(&self.names(), size, cursor, |name| self.schema(name))
    }

    /// The input schema of a tool.
    pub(super) fn schema(&self, name: &str) -> String {
        let is = |tool: &Option<String>| tool.as_deref() == Some(name);
        let annotation = match () {
            () if is(&self.header_tool) => r#","x-mcp-header":"Text""#,
            () if is(&self.bad_header_tool) => r#","x-mcp-header":"no token""#,
            () => "",
        };
        format!(
            r#"{{"type":"object","properties":{{"text":{{"type":"string"{annotation}}},"key":{{"type":"string"}}}}}}"#
        )
    }
}

/// The result of `tools/list` for `cursor`, or nothing if that cursor was never given out.
fn page(
    names: &[String],
    size: Option<usize>,
    cursor: Option<&str>,
    schema: impl Fn(&str) -> String,
) -> Option<String> {
    let (start, end) = bounds(names.len(), size, cursor)?;
    let tools: Vec<String> =
        names[start..end].iter().map(|name| describe(name, &schema(name))).collect();
    let next =
        if end < names.len() { format!(",\"nextCursor\":\"page-{end}\"") } else { String::new() };
    Some(format!("{{\"tools\":[{}]{next}}}", tools.join(",")))
}

/// Where the page of a list begins and ends, or nothing if that cursor was never given out.
pub(super) fn bounds(
    length: usize,
    size: Option<usize>,
    cursor: Option<&str>,
) -> Option<(usize, usize)> {
    let start = match cursor {
        None => 0,
        Some(cursor) => cursor.strip_prefix("page-")?.parse().ok()?,
    };
    let end = size.map_or(length, |size| length.min(start + size.max(1)));
    (start <= end).then_some((start, end))
}

/// One tool; its members are in an order and of a kind that a careless proxy would change.
fn describe(name: &str, schema: &str) -> String {
    format!(
        r#"{{"name":{},"title":"Echo","description":"Returns its arguments","inputSchema":{schema},"vendor":1.0}}"#,
        serde_json::Value::from(name)
    )
}

#[cfg(test)]
mod tests {
    use super::page;

    #[test]
    fn pages_cover_every_tool_once_and_end() {
        let names: Vec<String> = (0..5).map(|n| format!("t{n}")).collect();
        for (size, cursor, tools, next) in [
            (None, None, 5, None),
            (Some(2), None, 2, Some("page-2")),
            (Some(2), Some("page-2"), 2, Some("page-4")),
            (Some(2), Some("page-4"), 1, None),
            (Some(5), None, 5, None),
        ] {
            let page: serde_json::Value =
                serde_json::from_str(&page(&names, size, cursor, |_| "{}".into()).unwrap())
                    .unwrap();
            assert_eq!(page["tools"].as_array().unwrap().len(), tools);
            assert_eq!(page["nextCursor"].as_str(), next);
        }
        for cursor in ["page-6", "page-x", "2"] {
            assert_eq!(page(&names, Some(2), Some(cursor), |_| "{}".into()), None);
        }
    }
}

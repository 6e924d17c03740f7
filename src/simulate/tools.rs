//! Which tools the simulated server lists.

use super::settings::Settings;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// Name of the tool that appears after some calls.
pub(super) const EXTRA: &str = "extra";

/// The tools at this moment, in the order they are listed.
#[derive(Debug)]
pub(super) struct Tools(Mutex<Vec<String>>);

impl Tools {
    pub(super) fn new(settings: &Settings) -> Self {
        let first = (settings.tools > 0).then(|| "echo".to_owned());
        let numbered =
            (1..settings.tools).map(|number| format!("{}{number}", settings.tool_prefix));
        let names = first.into_iter().chain(numbered).chain(settings.tool.iter().cloned());
        Self(Mutex::new(names.collect()))
    }

    fn names(&self) -> MutexGuard<'_, Vec<String>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
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
        page(&self.names(), size, cursor)
    }
}

/// The result of `tools/list` for `cursor`, or nothing if that cursor was never given out.
fn page(names: &[String], size: Option<usize>, cursor: Option<&str>) -> Option<String> {
    let (start, end) = bounds(names.len(), size, cursor)?;
    let tools: Vec<String> = names[start..end].iter().map(|name| describe(name)).collect();
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
fn describe(name: &str) -> String {
    format!(
        r#"{{"name":{},"title":"Echo","description":"Returns its arguments","inputSchema":{{"type":"object","properties":{{"text":{{"type":"string"}},"key":{{"type":"string"}}}}}},"vendor":1.0}}"#,
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
                serde_json::from_str(&page(&names, size, cursor).unwrap()).unwrap();
            assert_eq!(page["tools"].as_array().unwrap().len(), tools);
            assert_eq!(page["nextCursor"].as_str(), next);
        }
        for cursor in ["page-6", "page-x", "2"] {
            assert_eq!(page(&names, Some(2), Some(cursor)), None);
        }
    }
}

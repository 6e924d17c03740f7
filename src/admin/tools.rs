//! The tools clients can call, each with how it does.

use super::Running;
use super::report::is_available;
use crate::ledger::{Percentiles, ToolFigures};
use mcpvisor_actors::catalog::{Route, Seen, Snapshot};
use mcpvisor_actors::wire::Subject;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use serde_json::value::RawValue;
use std::sync::Arc;
use utoipa::ToSchema;

/// One tool. Figures count from the start of the gateway; times are in milliseconds.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolReport {
    /// Its name, as clients call it.
    pub name: String,
    /// Its server.
    pub server: String,
    /// Its name at that server.
    pub own: String,
    /// Its title, for people.
    pub title: Option<String>,
    /// What it does.
    pub description: Option<String>,
    /// Whether clients see it.
    pub enabled: bool,
    /// Whether calls of its server are served.
    pub available: bool,
    /// What it says of its behaviour.
    pub annotations: Option<Value>,
    /// Calls that are over.
    pub calls: u64,
    /// Those that failed.
    pub errors: u64,
    /// Those their clients gave up.
    pub cancelled: u64,
    /// Half of the calls took no longer.
    pub p50_ms: Option<f64>,
    /// 95 of 100.
    pub p95_ms: Option<f64>,
    /// 99 of 100.
    pub p99_ms: Option<f64>,
    /// When the last one came, in Unix milliseconds.
    pub last_at_ms: Option<u64>,
}

/// Everything known of one tool.
#[derive(Debug, Clone, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct ToolDetails {
    #[serde(flatten)]
    report: ToolReport,
    /// How long calls were with the server.
    downstream: Option<Percentiles>,
    /// What it takes: a JSON schema, as its server wrote it.
    #[schema(value_type = Option<Object>)]
    input_schema: Option<Box<RawValue>>,
    /// What it gives: a JSON schema, as its server wrote it.
    #[schema(value_type = Option<Object>)]
    output_schema: Option<Box<RawValue>>,
}

/// A tool, and what its server says of it.
struct Found {
    name: String,
    route: Arc<Route>,
    text: Box<RawValue>,
    enabled: bool,
}

/// What a tool is called.
#[derive(Debug, Deserialize)]
struct Named {
    name: String,
}

/// What a server says of a tool, as far as it is shown in lists.
#[derive(Debug, Deserialize)]
struct Listed {
    title: Option<Value>,
    description: Option<Value>,
    annotations: Option<Value>,
}

/// The rest.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Schemas {
    input_schema: Option<Box<RawValue>>,
    output_schema: Option<Box<RawValue>>,
}

/// Which tools somebody wants to see.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Search {
    /// Words that all stand in its name, title, description or server.
    words: Vec<String>,
    server: Option<String>,
}

impl Search {
    /// Looks for these words, among the tools of this server.
    pub(super) fn new(words: Option<&str>, server: Option<String>) -> Self {
        let words = words.unwrap_or_default().split_whitespace();
        Self { words: words.map(str::to_lowercase).collect(), server }
    }

    fn finds(&self, tool: &ToolReport) -> bool {
        if self.server.as_ref().is_some_and(|server| *server != tool.server) {
            return false;
        }
        let texts =
            [Some(&tool.name), Some(&tool.server), tool.title.as_ref(), tool.description.as_ref()];
        let texts: Vec<String> = texts.into_iter().flatten().map(|it| it.to_lowercase()).collect();
        self.words.iter().all(|word| texts.iter().any(|text| text.contains(word)))
    }
}

impl Running {
    /// The tools that are found, by name.
    pub(super) fn tools(&self, search: &Search) -> Vec<ToolReport> {
        let snapshot = self.clients.view().snapshot().load();
        let mut tools: Vec<ToolReport> = self
            .found(&snapshot)
            .into_iter()
            .filter_map(|found| self.report(&found))
            .filter(|tool| search.finds(tool))
            .collect();
        tools.sort_by(|one, other| one.name.cmp(&other.name));
        tools
    }

    /// Everything known of the tool of this name or alias.
    pub(super) fn tool(&self, name: &str) -> Option<ToolDetails> {
        let snapshot = self.clients.view().snapshot().load();
        let wanted = snapshot.route(Subject::Tool, name)?;
        let found = self.found(&snapshot).into_iter();
        let found = found.into_iter().find(|found| Arc::ptr_eq(&found.route, &wanted))?;
        let report = self.report(&found)?;
        let Schemas { input_schema, output_schema } =
            serde_json::from_str(found.text.get()).ok()?;
        let figures = self.ledger.tool(&report.server, &report.own);
        let downstream = figures.and_then(|figures| figures.downstream);
        Some(ToolDetails { report, downstream, input_schema, output_schema })
    }

    /// All tools: those that are listed, and those that would be if they were not switched off.
    fn found(&self, snapshot: &Snapshot) -> Vec<Found> {
        let named = |text: Box<RawValue>| {
            let Named { name } = serde_json::from_str(text.get()).ok()?;
            let route = snapshot.route(Subject::Tool, &name)?;
            Some(Found { name, route, text, enabled: true })
        };
        let mut found: Vec<Found> = texts(snapshot).into_iter().filter_map(named).collect();
        let section = snapshot.section(Subject::Tool);
        found.extend(section.switched_off().filter_map(|(name, route)| {
            let manifest = self.fleet.known.get(&route.server)?;
            let item = manifest.items[Subject::Tool].iter().find(|it| *it.name == *route.own)?;
            let text = serde_json::from_slice(item.raw()).ok()?;
            Some(Found { name: name.to_owned(), route: Arc::clone(route), text, enabled: false })
        }));
        found
    }

    fn report(&self, found: &Found) -> Option<ToolReport> {
        let Found { name, route, text, enabled } = found;
        let Listed { title, description, annotations } = serde_json::from_str(text.get()).ok()?;
        let text = |value: Option<Value>| value.and_then(|it| it.as_str().map(str::to_owned));
        let titled = annotations.as_ref().map(|it| it["title"].clone());
        let card = self.fleet.card(route.server.as_str()).ok();
        let ToolFigures { calls, errors, cancelled, whole, last_at_ms, .. } =
            self.ledger.tool(route.server.as_str(), &route.own).unwrap_or_default();
        Some(ToolReport {
            name: name.clone(),
            server: route.server.to_string(),
            own: route.own.to_string(),
            title: text(title).or_else(|| text(titled)),
            description: text(description),
            enabled: *enabled,
            available: card
                .is_some_and(|card| is_available(card.standing().state, card.spec.start)),
            annotations: annotations.filter(Value::is_object),
            calls,
            errors,
            cancelled,
            p50_ms: whole.map(|it| it.p50_ms),
            p95_ms: whole.map(|it| it.p95_ms),
            p99_ms: whole.map(|it| it.p99_ms),
            last_at_ms,
        })
    }
}

/// All tools as they are listed to clients of the initialize era, who see every one.
fn texts(snapshot: &Snapshot) -> Vec<Box<RawValue>> {
    let page = snapshot.section(Subject::Tool).page(Seen::Legacy, None, usize::MAX);
    let items = page.map(|page| page.items).unwrap_or_default();
    let mut text = Vec::with_capacity(items.len() + 2);
    text.push(b'[');
    text.extend_from_slice(&items);
    text.push(b']');
    serde_json::from_slice(&text).unwrap_or_default()
}

//! A change of policies while the gateway runs: the same keys, spellings and rules as in the file.
//!
//! Only a plain number means something else here: milliseconds, as programs that send JSON write
//! them.
//!
//! *Invariant:* pure; a [`PolicyPatch`] exists only when there is no fault.

use super::faults::{Faults, Ledger};
use super::file::{OwnMonitor, OwnPing};
use super::read::Format;
use super::tree::{Node, Value};
use super::{Env, health, quantity, root, schema, shape, spellings, validate};
use mcpvisor_actors::health::{GlobalPolicy, MonitorPatch, PingPatch};
#[cfg(test)]
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::Value as Json;
use std::path::Path;

/// What is asked to be changed; what is `None` stays.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct PolicyPatch {
    /// When servers are checked.
    pub monitor: MonitorPatch,
    /// How they are probed.
    pub ping: PingPatch,
    /// How many may connect at the same time.
    pub max_concurrent_reconnections: Option<usize>,
}

/// The shape of a change.
#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
pub(super) struct Change {
    monitor: OwnMonitor,
    ping: OwnPing,
    reconnection: Reconnections,
}

#[derive(Deserialize, Default)]
#[cfg_attr(test, derive(JsonSchema))]
#[serde(default, deny_unknown_fields)]
struct Reconnections {
    max_concurrent: Option<usize>,
}

impl PolicyPatch {
    /// Reads a change of `base` from JSON text.
    pub fn parse(text: &str, base: &GlobalPolicy) -> Result<Self, Faults> {
        let mut ledger = Ledger::new("body");
        let Some(mut root) = root(text, Format::Json, &mut ledger) else {
            return Err(ledger.faults());
        };
        spellings::blocks(&mut root, &mut ledger);
        let schema = schema::of_change();
        milliseconds(&mut root, &schema);
        let values = shape::Shape { schema: &schema, ledger: &mut ledger }.check(&root);
        let change: Change = serde_json::from_value(values).map_err(|error| {
            Faults::whole("body", error.to_string(), "see the API's description")
        })?;
        let (folder, env) = (Path::new(""), &Env::default());
        let mut judge = validate::Judge { tree: &root, ledger: &mut ledger, folder, env };
        let patch = Self {
            monitor: health::monitor(&change.monitor, base.monitor, &["monitor"], &mut judge),
            ping: health::ping(&change.ping, &["ping"], &mut judge),
            max_concurrent_reconnections: change.reconnection.max_concurrent,
        };
        if let Some(count) = patch.max_concurrent_reconnections {
            judge.positive(&["reconnection", "max_concurrent"], count, "write 1 or more");
        }
        ledger.close().map(|_notes| patch)
    }
}

/// Gives numbers without a unit, where durations are wanted, theirs.
fn milliseconds(root: &mut Node, schema: &Json) {
    for (block, table) in root.entries().into_iter().flatten() {
        for (key, node) in table.entries().into_iter().flatten() {
            let property = &schema["properties"][block.as_str()]["properties"][key.as_str()];
            let is_span = shape::of_some(property).get(quantity::KEYWORD).is_some();
            if is_span && let Value::Number(_, spelled) = &node.value {
                node.value = Value::Text(format!("{spelled}ms"));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::time::Duration;

    fn parse(text: &str) -> Result<PolicyPatch, Vec<String>> {
        PolicyPatch::parse(text, &GlobalPolicy::default()).map_err(|faults| {
            faults.0.into_iter().map(|fault| format!("{}: {}", fault.key, fault.message)).collect()
        })
    }

    #[test]
    fn both_spellings_and_both_ways_to_write_a_duration_are_understood() {
        let patch = parse(
            r#"{"monitor":{"stableInterval":"90s","unstable_interval":2500,"qualityThreshold":70},
                "ping":{"enabled":false,"suspectAfter":0},"reconnection":{"maxConcurrent":5}}"#,
        );
        let patch = patch.unwrap();
        assert_eq!(patch.monitor.stable_interval, Some(Duration::from_secs(90)));
        assert_eq!(patch.monitor.unstable_interval, Some(Duration::from_millis(2500)));
        assert_eq!(patch.monitor.quality_threshold, Some(70));
        assert_eq!(patch.monitor.enabled, None);
        assert_eq!(patch.ping.enabled, Some(false));
        assert_eq!(patch.ping.suspect_after, Some(Duration::ZERO));
        assert_eq!(patch.max_concurrent_reconnections, Some(5));
        assert_eq!(parse("{}"), Ok(PolicyPatch::default()));
    }

    #[test]
    fn every_fault_is_told_by_the_rules_of_the_file() {
        let faults = parse(
            r#"{"monitor":{"qualityThreshold":101,"check_interval":0,"unstable_interval":"5m"},
                "ping":{"max_failures":0,"timeuot":"1s"},"reconnection":{"max_concurrent":0},"x":1}"#,
        )
        .unwrap_err();
        for key in [
            "monitor.quality_threshold: ",
            "monitor.check_interval: ",
            "monitor.unstable_interval: ",
            "ping.max_failures: ",
            "ping.timeuot: ",
            "reconnection.max_concurrent: ",
            "x: ",
        ] {
            assert!(faults.iter().any(|fault| fault.starts_with(key)), "{key} {faults:?}");
        }
        assert_eq!(faults.len(), 7, "{faults:?}");
        for text in ["", "[]", "{", "7"] {
            assert_eq!(parse(text).unwrap_err().len(), 1, "{text}");
        }
    }
}

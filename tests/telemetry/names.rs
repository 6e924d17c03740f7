//! What is documented is there, and what is there is documented.

use crate::exposition;
use crate::running::faulty;
use crate::world::{Client, World};
use mcpvisor::telemetry::names::{Kind, METRICS, Metric};
use serde_json::json;
use std::collections::BTreeSet;

/// Adds Prometheus' own description of the resource.
const OF_THE_RESOURCE: &str = "target_info";

#[tokio::test(flavor = "multi_thread")]
async fn every_documented_metric_is_served_with_its_labels_and_no_other() {
    let config = json!({ "servers": { "s": faulty(&[]) } });
    let world = World::start(config, &[]).await;
    let client = Client::open(&world, "s.echo").await;
    client.call("s.echo").await;
    client.call("s.nothing").await;
    let ready = "mcpvisor_server_state{mcpvisor_server_name=\"s\",mcpvisor_state=\"ready\"}";
    assert_eq!(world.value(ready).await, 1.0);
    world.order("s", "probe").await;
    world.value("mcpvisor_server_probes_total{mcpvisor_probe_outcome=\"alive\",mcpvisor_server_name=\"s\"}").await;
    world.order("s", "restart").await;
    world.value("mcp_client_session_duration_seconds_count{mcpvisor_server_name=\"s\",network_transport=\"pipe\"}").await;
    world.value("mcpvisor_server_process_count{mcpvisor_server_name=\"s\"}").await;
    client.close().await;
    let over = "mcp_server_session_duration_seconds_count{mcp_protocol_version=\"2025-11-25\",network_transport=\"tcp\"}";
    world.value(over).await;

    let families = exposition::parse(&world.metrics().await);
    let served: BTreeSet<String> =
        families.keys().filter(|name| *name != OF_THE_RESOURCE).cloned().collect();
    let documented: BTreeSet<String> = METRICS.iter().map(Metric::prometheus).collect();
    let left_out: Vec<_> = served.symmetric_difference(&documented).collect();
    assert!(left_out.is_empty(), "{left_out:?}");
    for metric in METRICS {
        let family = &families[&metric.prometheus()];
        let kind = match metric.kind {
            Kind::Counter => "counter",
            Kind::Gauge => "gauge",
            Kind::Histogram => "histogram",
        };
        assert_eq!(family.kind, kind, "{}", metric.name);
        assert_eq!(family.help, metric.about, "{}", metric.name);
        let known: Vec<String> = metric.labels.iter().map(|it| it.replace('.', "_")).collect();
        for label in family.labels() {
            assert!(known.iter().any(|it| it == label), "{}: {label}", metric.name);
        }
    }
    world.stop().await;
}

#[test]
fn the_readme_lists_every_metric() {
    let readme = concat!(env!("CARGO_MANIFEST_DIR"), "/README.md");
    let readme = std::fs::read_to_string(readme).unwrap();
    for metric in METRICS {
        let labels: Vec<String> =
            metric.labels.iter().map(|it| format!("`{}`", it.replace('.', "_"))).collect();
        let labels = if labels.is_empty() { "–".to_owned() } else { labels.join(" ") };
        let row = format!("| `{}` | {labels} | {} |", metric.prometheus(), metric.about);
        assert!(readme.contains(&row), "missing in the README:\n{row}");
    }
}

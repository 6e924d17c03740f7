//! The numbers are those of what was done, at the collector as at `/metrics`.

use crate::collector::{Collector, spelled, until};
use crate::exposition::{self, Family};
use crate::peer::Peer;
use crate::world::{Client, SOON, World};
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::metrics::v1::Metric;
use opentelemetry_proto::tonic::metrics::v1::metric::Data;
use opentelemetry_proto::tonic::metrics::v1::number_data_point::Value as Number;
use serde_json::json;
use std::collections::BTreeMap;

/// A gateway with one server, and a collector that is told everything.
async fn world() -> (World, Peer, Collector) {
    let (peer, collector) = (Peer::start().await, Collector::start().await);
    let config = json!({
        "telemetry": { "endpoint": format!("http://{}", collector.http), "logs": false },
        "servers": { "peer": { "url": format!("http://{}/mcp", peer.address), "era": "legacy" } },
    });
    (World::start(config, &SOON).await, peer, collector)
}

/// How often each tool is called, and what the gateway says of it.
const SCRIPT: [(&str, u32, &str, Option<&str>); 4] = [
    ("peer.echo", 7, "ok", None),
    ("peer.slow", 3, "ok", None),
    ("peer.wrong", 2, "tool_error", Some("tool_error")),
    ("peer.refuse", 4, "error", Some("-32602")),
];

fn has(attributes: &[KeyValue], labels: &[(&str, &str)]) -> bool {
    labels.iter().all(|(key, value)| {
        let own = attributes.iter().find(|it| it.key == *key).and_then(|it| it.value.as_ref());
        own.and_then(spelled).as_deref() == Some(*value)
    })
}

/// The number of observations of a pushed histogram, or the value of a pushed counter.
fn pushed(metrics: &[Metric], name: &str, labels: &[(&str, &str)]) -> f64 {
    let metric = metrics.iter().find(|it| it.name == name);
    #[expect(clippy::cast_precision_loss)]
    match metric.and_then(|it| it.data.as_ref()) {
        Some(Data::Histogram(it)) => {
            let fits = it.data_points.iter().filter(|it| has(&it.attributes, labels));
            fits.map(|it| it.count as f64).sum()
        }
        Some(Data::Sum(it)) => {
            let fits = it.data_points.iter().filter(|it| has(&it.attributes, labels));
            fits.map(|it| match it.value {
                Some(Number::AsInt(it)) => it as f64,
                Some(Number::AsDouble(it)) => it,
                None => 0.0,
            })
            .sum()
        }
        _ => 0.0,
    }
}

fn pulled(families: &BTreeMap<String, Family>, name: &str, labels: &[(&str, &str)]) -> f64 {
    let suffix = if name.ends_with("_seconds") { "_count" } else { "" };
    let spelled: Vec<_> = labels.iter().map(|(key, it)| (key.replace('.', "_"), *it)).collect();
    let labels: Vec<_> = spelled.iter().map(|(key, it)| (key.as_str(), *it)).collect();
    families.get(name).map_or(0.0, |it| it.total(suffix, &labels))
}

#[tokio::test(flavor = "multi_thread")]
async fn the_numbers_are_those_of_a_scripted_sequence_pushed_and_pulled() {
    let (world, peer, collector) = world().await;
    let client = Client::open(&world, "peer.echo").await;
    for (tool, times, ..) in SCRIPT {
        for _ in 0..times {
            client.call(tool).await;
        }
    }
    assert_eq!(peer.calls("echo").len(), 7);
    let call = ("mcp.method.name", "tools/call");
    let at = ("mcpvisor.server.name", "peer");
    let families = exposition::parse(&world.metrics().await);
    until("the same number pushed", || {
        let count = pushed(&collector.received.metrics(), "mcpvisor.calls", &[call, at]);
        (count >= 16.0).then_some(())
    })
    .await;
    let metrics = collector.received.metrics();
    let mut checked = Vec::new();
    for (tool, times, outcome, error) in SCRIPT {
        let tool = ("gen_ai.tool.name", tool);
        checked.push(("mcp.server.operation.duration", vec![call, at, tool], times));
        checked.push(("mcp.client.operation.duration", vec![call, at, tool], times));
        if let Some(error) = error {
            checked.push(("mcpvisor.errors", vec![call, at, ("error.type", error)], times));
            let labels = vec![call, at, tool, ("error.type", error)];
            checked.push(("mcp.server.operation.duration", labels, times));
        } else {
            assert_eq!(outcome, "ok");
        }
    }
    checked.push(("mcpvisor.calls", vec![call, at, ("mcpvisor.outcome", "ok")], 10));
    checked.push(("mcpvisor.calls", vec![call, at, ("mcpvisor.outcome", "tool_error")], 2));
    checked.push(("mcpvisor.calls", vec![call, at, ("mcpvisor.outcome", "error")], 4));
    checked.push(("mcpvisor.queue.duration", vec![at], 16));
    checked.push(("mcpvisor.calls", vec![("mcp.method.name", "initialize")], 1));
    for (name, labels, expected) in checked {
        let suffix = if name.ends_with("duration") { "_seconds" } else { "_total" };
        let prometheus = format!("{}{suffix}", name.replace('.', "_"));
        let expected = f64::from(expected);
        assert_eq!(pulled(&families, &prometheus, &labels), expected, "pulled {name} {labels:?}");
        assert_eq!(pushed(&metrics, name, &labels), expected, "pushed {name} {labels:?}");
    }
    let slow = families["mcp_client_operation_duration_seconds"]
        .total("_sum", &[("gen_ai_tool_name", "peer.slow")]);
    assert!(slow >= 0.15, "three times 50 ms: {slow}");
    let state = |state: &str| {
        let labels = [("mcpvisor_server_name", "peer"), ("mcpvisor_state", state)];
        families["mcpvisor_server_state"].total("", &labels)
    };
    assert_eq!((state("ready"), state("down")), (1.0, 0.0));
    assert_eq!(families["mcpvisor_servers"].total("", &[("mcpvisor_state", "ready")]), 1.0);
    assert_eq!(families["mcpvisor_server_tools"].total("", &[]), 4.0);
    assert_eq!(families["mcpvisor_sessions"].total("", &[]), 1.0);
    assert_eq!(families["mcpvisor_telemetry_dropped_total"].total("", &[]), 0.0);
    world.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_a_client_makes_up_never_becomes_a_label() {
    let (world, _peer, _collector) = world().await;
    let client = Client::open(&world, "peer.echo").await;
    for number in 0..50 {
        client.call(&format!("peer.invented{number}")).await;
        client.request(&format!("invented/method{number}"), json!({}), &[]).await;
    }
    let text = world.metrics().await;
    assert!(!text.contains("invented"), "{text}");
    let families = exposition::parse(&text);
    let other = families["mcpvisor_calls_total"].total("", &[("mcp_method_name", "_other")]);
    assert_eq!(other, 50.0);
    world.stop().await;
}

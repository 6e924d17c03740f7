//! A collector that is gone, or never answers, costs no call anything, and what is lost is counted.

use crate::collector::{Collector, PATIENCE, until};
use crate::exposition;
use crate::peer::Peer;
use crate::world::{Client, World};
use serde_json::{Value, json};
use std::net::SocketAddr;
use std::time::{Duration, Instant};
use tokio::net::TcpListener;

/// Little room and quick exports, so that much is lost.
const NARROW: [(&str, &str); 5] = [
    ("OTEL_BSP_SCHEDULE_DELAY", "10"),
    ("OTEL_BSP_MAX_QUEUE_SIZE", "8"),
    ("OTEL_BSP_MAX_EXPORT_BATCH_SIZE", "4"),
    ("OTEL_METRIC_EXPORT_INTERVAL", "50"),
    ("OTEL_EXPORTER_OTLP_TIMEOUT", "20000"),
];
const CALLS: usize = 200;

/// Calls at a gateway with this section `telemetry`, and how long the slower half took at most.
async fn calls(telemetry: Value) -> (World, Duration) {
    let peer = Box::leak(Box::new(Peer::start().await));
    let url = format!("http://{}/mcp", peer.address);
    let config = json!({
        "telemetry": telemetry, "servers": { "peer": { "url": url, "era": "legacy" } },
    });
    let world = World::start(config, &NARROW).await;
    let client = Client::open(&world, "peer.echo").await;
    let mut took = Vec::new();
    for _ in 0..CALLS {
        let sent = Instant::now();
        assert_eq!(client.call("peer.echo").await["result"]["content"][0]["text"], "done");
        took.push(sent.elapsed());
    }
    took.sort();
    (world, took[CALLS * 9 / 10])
}

fn towards(address: SocketAddr, protocol: &str) -> Value {
    json!({ "endpoint": format!("http://{address}"), "protocol": protocol, "logs": false })
}

async fn lost(world: &World, reason: &str) -> f64 {
    let families = exposition::parse(&world.metrics().await);
    let labels = [("mcpvisor_signal", "traces"), ("mcpvisor_reason", reason)];
    families["mcpvisor_telemetry_dropped_total"].total("", &labels)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_never_answers_costs_no_call_anything() {
    let (off, usual) = calls(json!({})).await;
    off.stop().await;
    for protocol in ["grpc", "http/protobuf"] {
        // takes connections and says nothing
        let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let (world, slow) = calls(towards(mute.local_addr().unwrap(), protocol)).await;
        assert!(slow < usual * 10 + Duration::from_millis(50), "{protocol}: {slow:?}, {usual:?}");
        let full = lost(&world, "queue_full").await;
        assert!(full > 100.0, "{protocol}: {full}");
        let started = Instant::now();
        world.stop().await;
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_gone_costs_no_call_anything() {
    for protocol in ["grpc", "http/protobuf"] {
        let gone = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
        let (world, slow) = calls(towards(gone, protocol)).await;
        assert!(slow < Duration::from_secs(1), "{protocol}: {slow:?}");
        let deadline = Instant::now() + Duration::from_secs(30);
        while lost(&world, "not_delivered").await + lost(&world, "queue_full").await < 100.0 {
            assert!(Instant::now() < deadline, "{protocol}: nothing is counted");
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        let started = Instant::now();
        world.stop().await;
        assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_last_metrics_arrive_though_the_collector_of_spans_never_answers() {
    let mute = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let (traces, well) = (mute.local_addr().unwrap(), Collector::start().await);
    let peer = Peer::start().await;
    let (traces, well_at) = (format!("http://{traces}/v1/traces"), format!("http://{}", well.http));
    let env = [
        ("OTEL_EXPORTER_OTLP_ENDPOINT", &*well_at),
        ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", &traces),
        ("OTEL_EXPORTER_OTLP_PROTOCOL", "http/protobuf"),
        ("OTEL_EXPORTER_OTLP_TIMEOUT", "20000"),
        ("OTEL_BSP_SCHEDULE_DELAY", "10"),
        // never by itself
        ("OTEL_METRIC_EXPORT_INTERVAL", "3600000"),
    ];
    let config = json!({
        "telemetry": { "logs": false },
        "servers": { "peer": { "url": format!("http://{}/mcp", peer.address), "era": "legacy" } },
    });
    let world = World::start(config, &env).await;
    let client = Client::open(&world, "peer.echo").await;
    client.call("peer.echo").await;
    // the collector of spans has the first of them, and keeps quiet
    let _silent = tokio::time::timeout(PATIENCE, mute.accept()).await.expect("no span").unwrap();
    world.stop().await;
    until("the last metrics", || (!well.received.metrics().is_empty()).then_some(())).await;
}

//! Spans arrive, also when the collector is busy for a moment or the gateway ends.

use crate::collector::Collector;
use crate::peer::Peer;
use crate::world::{Client, SOON, World, spans_of};
use serde_json::{Value, json};

const GZIP: (&str, &str) = ("OTEL_EXPORTER_OTLP_COMPRESSION", "gzip");

fn config(peer: &Peer, collector: &Collector, protocol: &str) -> Value {
    let address = if protocol == "grpc" { collector.grpc } else { collector.http };
    let telemetry = json!({
        "endpoint": format!("http://{address}"), "protocol": protocol,
        "metrics": false, "logs": false,
    });
    let url = format!("http://{}/mcp", peer.address);
    json!({ "telemetry": telemetry, "servers": { "peer": { "url": url, "era": "legacy" } } })
}

#[tokio::test(flavor = "multi_thread")]
async fn a_collector_that_is_busy_for_a_moment_gets_every_span_once() {
    for (protocol, packed) in
        [("grpc", false), ("grpc", true), ("http/protobuf", false), ("http/protobuf", true)]
    {
        let (peer, collector) = (Peer::start().await, Collector::start().await);
        let mut env = SOON.to_vec();
        env.extend(packed.then_some(GZIP));
        let world = World::start(config(&peer, &collector, protocol), &env).await;
        let client = Client::open(&world, "peer.echo").await;
        collector.received.refuse(2);
        for _ in 0..20 {
            client.call("peer.echo").await;
        }
        spans_of(&collector.received, "tools/call", 40).await;
        world.stop().await;
        let spans = spans_of(&collector.received, "tools/call", 40).await;
        let mut ids: Vec<_> = spans.into_iter().map(|it| it.span.span_id).collect();
        ids.sort();
        ids.dedup();
        assert_eq!(ids.len(), 40, "{protocol}");
        let (refused, compressed) = collector.received.refused_and_compressed();
        assert_eq!((refused, compressed > 0), (0, packed), "{protocol}");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_waits_is_sent_when_the_gateway_ends() {
    for protocol in ["grpc", "http/protobuf", "http/json"] {
        let (peer, collector) = (Peer::start().await, Collector::start().await);
        let late = [("OTEL_BSP_SCHEDULE_DELAY", "3600000")];
        let world = World::start(config(&peer, &collector, protocol), &late).await;
        let client = Client::open(&world, "peer.echo").await;
        client.call("peer.echo").await;
        assert!(collector.received.spans().is_empty(), "{protocol}: not before its time");
        world.stop().await;
        let spans = collector.received.spans();
        let calls = spans.iter().filter(|it| it.span.name.starts_with("tools/call")).count();
        assert_eq!(calls, 2, "{protocol}");
    }
}
